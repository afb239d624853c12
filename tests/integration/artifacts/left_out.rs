//! What patterns match and no artifact can hold is named.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;

use super::listed;
use crate::cli::{Source, buildspec, contains, ends_with, engine};
use crate::harness::{Emulator, Runtime};

/// Only root makes devices.
const ODD: &str = "mkdir -p o d/e && echo a > a && mkfifo pipe o/p && ln -s /dev/zero zero\n\
    ln -s loop loop && ln -s d/e q && { mknod dev c 1 3 || mkfifo dev; }\n\
    for n in 1 2 3 4 5 6 7 8 9; do mkfifo o/$n; done";

const NAMED: &str = "src/dev`, `";
const MORE: &str = " and 2 more are devices, pipes or sockets; left out";

fn names_what_it_leaves_out(runtime: Runtime, before: &str) {
    let text = buildspec(&[ODD, before]) + "artifacts:\n  files: ['**/*']\n";
    let source = Source::with(&text);
    let output = source.run(runtime, &[]);
    ends_with(0, &output);
    let said = output.complaint();
    for words in [
        NAMED,
        MORE,
        "/zero` is a symbolic link to a device, a pipe or a socket; left out",
        "/loop` is a symbolic link to nothing that the build can reach; left out",
        "/q` is a symbolic link to a directory; left out",
    ] {
        contains(&said, words);
    }
    assert_eq!(said.matches("left out").count(), 4, "{said}");
    assert!(source.kept().join("artifacts/a").is_file());

    let text = buildspec(&[ODD, before]) + "artifacts:\n  files: [a, o/p, missing]\n";
    let source = Source::with(&text);
    let output = source.run(runtime, &[]);
    ends_with(0, &output);
    let said = output.complaint();
    contains(&said, "/o/p` is a device, a pipe or a socket; left out");
    contains(&said, "`missing` matches no file");
    assert!(!said.contains("`o/p` matches no file"), "{said}");
    assert_eq!(listed(&source.kept().join("artifacts")), ["a"]);
}

#[test]
fn devices_pipes_and_sockets_are_named_on_the_host() {
    names_what_it_leaves_out(Runtime::Host, "true");
}

#[test]
fn devices_pipes_and_sockets_are_named_in_a_container() {
    if !engine("devices, pipes and sockets") {
        return;
    }
    names_what_it_leaves_out(Runtime::Docker, "true");
    names_what_it_leaves_out(Runtime::Docker, "rm -f /usr/bin/find /bin/find");
}

#[test]
fn links_that_cannot_be_kept_are_named_by_what_they_are() {
    let text = buildspec(&[ODD]) + "artifacts:\n  files: ['**/*']\n  enable-symlinks: yes\n";
    let source = Source::with(&text);
    let output = source.run(Runtime::Host, &[]);
    ends_with(0, &output);
    let said = output.complaint();
    for words in [
        "/zero` is a symbolic link to a device, a pipe or a socket; left out",
        "/loop` is a symbolic link to nothing that the build can reach; left out",
        "/q` is a symbolic link that leads out of the artifact, or to a directory of which nothing is in it; left out",
    ] {
        contains(&said, words);
    }
}

#[test]
fn files_that_the_kernel_makes_up_are_named() {
    let text =
        buildspec(&["ln -s /proc/version v; echo a > a"]) + "artifacts:\n  files: ['**/*']\n";
    let source = Source::with(&text);
    let output = source.run(Runtime::Host, &[]);
    ends_with(0, &output);
    let words =
        "/v` is made up by the kernel as it is read; its copy may be empty, or end in zeros";
    contains(&output.complaint(), words);
    contains(&listed(&source.kept().join("artifacts")).join(" "), "v");
}

/// Nobody's on any machine.
const SOMEBODY: u32 = 54_321;

#[test]
fn folders_that_cannot_be_read_are_named() {
    let text =
        buildspec(&["mkdir -p d/closed && echo x > d/closed/x && echo a > a\nchmod 0 d/closed"])
            + "artifacts:\n  files: ['**/*', d/closed/x]\n";
    let source = Source::with(&text);
    let top = source.path();
    let mut emulator = Emulator::run(top, Runtime::Host);
    if rustix::process::geteuid().is_root() {
        // Root may read everything.
        for path in [top.to_owned(), top.join("buildspec.yml")] {
            chown(path, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        }
        emulator.command.uid(SOMEBODY).gid(SOMEBODY);
    }
    emulator.command.current_dir(top).env("HOME", top);
    let output = emulator.finish();
    for entry in walkdir::WalkDir::new(top).into_iter().flatten() {
        if entry.file_name() == "closed" {
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(entry.path(), mode).unwrap();
        }
    }
    ends_with(0, &output);
    let said = output.complaint();
    for words in [
        "/d/closed` is a directory that can't be read; what is in it is left out",
        "/d/closed/x` can't be looked for: a directory above can't be entered",
    ] {
        contains(&said, words);
    }
}

#[test]
fn what_a_variable_without_a_value_makes_of_a_pattern_is_said() {
    let text = buildspec(&["echo a > a"]) + "artifacts:\n  files: ['$NOSUCH/none-of-this/*', a]\n";
    let output = Source::with(&text).run(Runtime::Host, &[]);
    ends_with(0, &output);
    contains(
        &output.complaint(),
        "`$NOSUCH/none-of-this/*` is now `/none-of-this/*`",
    );
}
