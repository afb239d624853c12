//! What a build leaves behind: as ZIP, with links, without tools, from hostile containers, through `agent`.

mod agent;
mod disks;
mod hostile;
mod left_out;
mod links;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::{Source, buildspec, contains, ends_with, engine};
use crate::engine::root;
use crate::harness::{Emulator, Runtime, say_loudly};

/// Paths below a folder, sorted; links with where they lead.
fn listed(folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| {
            let name = entry
                .path()
                .strip_prefix(folder)
                .unwrap()
                .display()
                .to_string();
            match fs::read_link(entry.path()) {
                Ok(target) => format!("{name} -> {}", target.display()),
                Err(_) => name,
            }
        })
        .collect();
    found.sort();
    found
}

fn unzip(file: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let ended = Command::new("python3")
        .args([
            "-c",
            "import sys, zipfile\nzipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])",
        ])
        .arg(file)
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    folder
}

const ODD: &str = "mkdir -p dist/sub && echo a > dist/a && echo b > dist/sub/b && chmod 6755 dist/a\n\
    ln -s sub/b dist/link && ln -s sub dist/folder && ln -s /etc/shells dist/outside && ln -s nowhere dist/nothing\n\
    ln -s ../../buildspec.yml dist/sub/above && ln dist/a dist/hard && mkfifo dist/fifo\n\
    echo x > 'dist/line\nbreak' && echo x > \"dist/$(printf 'bell\\007')\" && echo x > dist/A";

fn odd(more: &str) -> String {
    format!(
        "{}artifacts:\n  base-directory: dist\n  files: ['**/*']\n{more}",
        buildspec(&[ODD])
    )
}

/// As they come in a folder, with links followed.
const FOLLOWED: [&str; 9] = [
    "A",
    "a",
    "bell\u{7}",
    "hard",
    "line\nbreak",
    "link",
    "outside",
    "sub/above",
    "sub/b",
];

#[test]
fn only_plain_files_come_out_of_a_container() {
    if !engine("odd files") {
        return;
    }
    let source = Source::with(odd(""));
    let output = source.run(Runtime::Docker, &[]);
    ends_with(0, &output);
    let folder = source.kept().join("artifacts");
    assert_eq!(listed(&folder), FOLLOWED);
    for name in FOLLOWED {
        let about = fs::symlink_metadata(folder.join(name)).unwrap();
        assert!(about.is_file(), "{name}");
        let mode = if matches!(name, "a" | "hard") {
            0o755
        } else {
            0o644
        };
        assert_eq!(about.mode() & 0o7777, mode, "{name}");
        assert_eq!(about.uid(), rustix::process::geteuid().as_raw(), "{name}");
    }
    contains(
        &output.complaint(),
        "dist/nothing` is a symbolic link to nothing that the build can reach; left out",
    );
}

#[test]
fn identifiers_never_become_one_folder() {
    let secondary =
        |identifier: &str, file: u8| format!("    {identifier}:\n      files: ['{file}']\n");
    let text = buildspec(&["for n in 1 2 3 4; do echo $n > $n; done"])
        + "artifacts:\n  files: ['1']\n  secondary-artifacts:\n"
        + &secondary("a.b", 1)
        + &secondary("a_b", 2)
        + &secondary("A_b", 3)
        + &secondary("../../../up", 4);
    let source = Source::with(text);
    ends_with(0, &source.run(Runtime::Host, &[]));
    let files = ["A_b__/3", "_________up/4", "a_b/1", "a_b_/2"];
    let there = source.kept().join("secondary-artifacts");
    assert_eq!(listed(&there), files);
    let out = tempfile::tempdir().unwrap();
    ends_with(
        0,
        &source.run(Runtime::Host, &["-a", out.path().to_str().unwrap()]),
    );
    assert_eq!(listed(&out.path().join("secondary-artifacts")), files);
}

/// Nobody's on any machine.
const SOMEBODY: u32 = 54_321;

#[test]
fn files_belong_to_the_user_who_ran_the_tool() {
    if !engine("another user") || !root("another user") {
        return;
    }
    let Ok(socket) = fs::metadata("/var/run/docker.sock") else {
        say_loudly("NOT TESTED: another user: the engine has no socket here");
        return;
    };
    // The tool starts as somebody who may speak to the engine.
    for (packaging, links) in [("none", "no"), ("none", "yes"), ("zip", "yes")] {
        let source = Source::with(odd(&format!("  enable-symlinks: {links}\n")));
        let top = source.path();
        for path in [top.to_owned(), top.join("buildspec.yml")] {
            chown(path, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        }
        let mut emulator = Emulator::run(top, Runtime::Docker);
        emulator.command.uid(SOMEBODY).gid(socket.gid());
        emulator.command.current_dir(top).env("HOME", top);
        emulator.command.args(["--packaging", packaging]);
        ends_with(0, &emulator.finish());
        for entry in walkdir::WalkDir::new(top).min_depth(1) {
            let entry = entry.unwrap();
            let owner = fs::symlink_metadata(entry.path()).unwrap().uid();
            assert_eq!(owner, SOMEBODY, "{}", entry.path().display());
        }
    }
}

#[test]
fn an_image_without_tools_gives_the_same() {
    if !engine("image without find and tar") {
        return;
    }
    let without = "rm -f /usr/bin/find /bin/find /usr/bin/tar /bin/tar\n\
        i=0; while [ $i -lt 20 ]; do echo $i > dist/$i; i=$((i+1)); done";
    let text = odd("").replace(
        "artifacts:\n",
        &format!(
            "      - |-\n        {}\nartifacts:\n",
            without.replace('\n', "\n        ")
        ),
    );
    let source = Source::with(&text);
    ends_with(0, &source.run(Runtime::Docker, &[]));
    let mut expected: Vec<String> = FOLLOWED.map(str::to_owned).to_vec();
    expected.extend((0..20).map(|number| number.to_string()));
    expected.sort();
    let folder = source.kept().join("artifacts");
    assert_eq!(listed(&folder), expected);
    assert_eq!(fs::read_to_string(folder.join("link")).unwrap(), "b\n");
}

#[test]
fn a_zip_is_the_same_each_time_and_keeps_inner_links() {
    let source = Source::with(odd("  enable-symlinks: yes\n"));
    let mut sums = Vec::new();
    for _ in 0..2 {
        ends_with(0, &source.run(Runtime::Host, &["--packaging", "zip"]));
        let record = source.record();
        let artifacts = &record["artifacts"];
        let file = PathBuf::from(artifacts["location"].as_str().unwrap());
        assert!(file.ends_with("artifacts/artifacts.zip"), "{artifacts}");
        for (tool, member) in [("sha256sum", "sha256sum"), ("md5sum", "md5sum")] {
            let printed = Command::new(tool).arg(&file).output().unwrap().stdout;
            let printed = String::from_utf8(printed).unwrap();
            assert!(
                printed.starts_with(artifacts[member].as_str().unwrap()),
                "{printed} {artifacts}"
            );
        }
        sums.push(artifacts["sha256sum"].clone());
    }
    // The file outside is the host's own; it did not change between two runs.
    assert_eq!(sums[0], sums[1]);
    let file = source.kept().join("artifacts/artifacts.zip");
    let text = "import sys, zipfile\nfor i in zipfile.ZipFile(sys.argv[1]).infolist():\n  \
        print(i.filename.encode(), oct(i.external_attr >> 16), i.date_time[0])";
    let printed = Command::new("python3")
        .args(["-c", text])
        .arg(&file)
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    for line in [
        "b'a' 0o100755 1980",
        "b'folder' 0o120777 1980",
        "b'link' 0o120777 1980",
        "b'outside' 0o100644 1980",
        "b'sub/above' 0o100644 1980",
    ] {
        contains(&printed, line);
    }
    assert!(
        !printed.contains("nothing") && !printed.contains("fifo"),
        "{printed}"
    );
}

#[test]
fn two_artifacts_of_one_name_are_both_kept() {
    let text = buildspec(&["echo 1 > 1; echo 2 > 2"])
        + "artifacts:\n  files: ['1']\n  secondary-artifacts:\n    X:\n      files: ['2']\n";
    let source = Source::with(text);
    fs::create_dir(source.path().join(".buildspec")).unwrap();
    let place =
        r#"{"type":"S3","location":"b","name":"n","packaging":"ZIP","artifactIdentifier":"X"}"#;
    let project = format!(
        r#"{{"name":"p1","source":{{"type":"NO_SOURCE"}},"environment":{{"type":"LINUX_CONTAINER"}},"artifacts":{place},"secondaryArtifacts":[{place}]}}"#
    );
    fs::write(source.path().join(".buildspec/project.json"), project).unwrap();
    let out = source.path().join("out");
    let output = source.run(Runtime::Host, &["-a", out.to_str().unwrap()]);
    ends_with(0, &output);
    contains(
        &output.complaint(),
        "the primary one and X are both stored as `n.zip`",
    );
    assert_eq!(listed(unzip(&out.join("n.zip")).path()), ["1"]);
    let second = source.kept().join("secondary-artifacts/X/n.zip");
    assert_eq!(listed(unzip(&second).path()), ["2"]);
}
