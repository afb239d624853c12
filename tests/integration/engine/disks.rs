//! Full disks, read-only disks, and images that can't run a build.

use super::*;
use crate::cli::{contains, ends_with, shortened};
use crate::harness::{Emulator, Runtime};

/// A program that ends at once, without any library: x86-64 and nothing else.
const ENDS: &[u8] = &[
    0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x3e, 0, 1, 0, 0, 0, 0x78, 0,
    0x40, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0,
    0x38, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0,
    0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0,
    0x10, 0, 0, 0, 0, 0, 0, 0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, 0, 0, 0,
];

#[test]
fn an_image_without_a_shell() {
    if !engine("image without sh") {
        return;
    }
    let image = Image::of("buildspec-test/no-shell", &[("program", ENDS)]);
    let source = Source::commands(&["echo never"]);
    let output = source.run(Runtime::Docker, &["--image", &image.0]);
    ends_with(4, &output);
    contains(
        &output.complaint(),
        "buildspec-test/no-shell has no /bin/sh",
    );
    assert_eq!(source.record()["buildStatus"], "FAULT");
    assert_eq!(left(&source), Vec::<String>::new());
}

#[test]
fn an_image_whose_shell_is_none() {
    if !engine("image with a false sh") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("bin")).unwrap();
    fs::write(folder.path().join("bin/sh"), ENDS).unwrap();
    sh("chmod", &["755", text(&folder.path().join("bin/sh"))]);
    let archive = folder.path().join("x.tar");
    sh(
        "tar",
        &["-cf", text(&archive), "-C", text(folder.path()), "bin"],
    );
    sh(
        "docker",
        &["import", text(&archive), "buildspec-test/false-shell"],
    );
    let image = Image("buildspec-test/false-shell".to_owned());
    let source = Source::commands(&["echo never"]);
    let output = source.run(Runtime::Docker, &["--image", &image.0]);
    ends_with(4, &output);
    assert_eq!(source.record()["buildStatus"], "FAULT");
    assert_eq!(left(&source), Vec::<String>::new());
}

#[test]
fn a_missing_image_leaves_a_record() {
    if !engine("missing image") {
        return;
    }
    let source = Source::commands(&["echo never"]);
    let arguments = ["--image", "buildspec-test/absent", "--pull", "never"];
    let output = source.run(Runtime::Docker, &arguments);
    ends_with(4, &output);
    contains(&output.complaint(), "--pull never");
    assert_eq!(source.record()["buildStatus"], "FAULT");
    assert_eq!(left(&source), Vec::<String>::new());
}

#[test]
fn a_disk_that_is_full_from_the_start() {
    if !root("full disk") {
        return;
    }
    let disk = tempfile::tempdir().unwrap();
    let disk = Tmpfs::at(disk.path(), "64k");
    let source = Source::commands(&["echo never"]);
    let output = source.run(Runtime::Host, &["--output", text(&disk.0)]);
    ends_with(4, &output);
    contains(&output.complaint(), text(&disk.0));
    assert_eq!(shortened(&output.stdout), "", "nothing may run");
}

#[test]
fn a_disk_that_fills_up() {
    if !root("full disk") {
        return;
    }
    let artifacts = "artifacts:\n  files: [big]\n";
    for (runtime, commands, tail) in [
        (Runtime::Host, &["seq 300000", "echo never"][..], ""),
        (
            Runtime::Host,
            &["head -c 3000000 /dev/zero > big"],
            artifacts,
        ),
        (Runtime::Docker, &["seq 300000", "echo never"], ""),
        (
            Runtime::Docker,
            &["head -c 3000000 /dev/urandom > big"],
            artifacts,
        ),
    ] {
        if runtime == Runtime::Docker && !engine("full disk") {
            continue;
        }
        let disk = tempfile::tempdir().unwrap();
        let disk = Tmpfs::at(disk.path(), "1m");
        let source = Source::with(crate::cli::buildspec(commands) + tail);
        let output = source.run(runtime, &["--output", text(&disk.0)]);
        let what = format!("{runtime:?} {commands:?}\n{}", output.complaint());
        assert_eq!(output.code, Some(4), "{what}");
        assert!(
            !shortened(&output.stdout).contains("Running command echo never"),
            "{what}"
        );
        let record = fs::read(disk.0.join("latest/build.json")).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
        assert_eq!(record["buildStatus"], "FAULT", "{what}");
        assert_eq!(record["buildComplete"], true, "{what}");
        if runtime == Runtime::Docker {
            let (_, build) = record["id"].as_str().unwrap().split_once(':').unwrap();
            assert_eq!(leftovers(build), Vec::<String>::new());
        }
    }
}

#[test]
fn a_disk_that_can_only_be_read() {
    if !root("read-only disk") {
        return;
    }
    let disk = tempfile::tempdir().unwrap();
    let disk = Tmpfs::at(disk.path(), "64k");
    sh("mount", &["-o", "remount,ro", text(&disk.0)]);
    let source = Source::commands(&["echo never"]);
    let output = source.run(Runtime::Host, &["--output", text(&disk.0)]);
    ends_with(4, &output);
    contains(&output.complaint(), text(&disk.0));
    assert_eq!(shortened(&output.stdout), "", "nothing may run");
}

#[test]
fn a_source_that_can_only_be_read() {
    if !engine("read-only source") || !root("read-only source") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = Tmpfs::at(folder.path(), "64k");
    let commands = crate::cli::buildspec(&["echo x > y; rm buildspec.yml; ls"]);
    fs::write(disk.0.join("buildspec.yml"), commands).unwrap();
    sh("mount", &["-o", "remount,ro", text(&disk.0)]);
    let kept = Source::empty();
    for runtime in [Runtime::Host, Runtime::Docker] {
        let mut emulator = Emulator::run(&disk.0, runtime);
        emulator.command.arg("--output").arg(kept.path());
        ends_with(0, &emulator.finish());
    }
}
