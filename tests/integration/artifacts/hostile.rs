//! A build that lies about its files: its own `find` and `tar` say what they like.
//!
//! In containers only: the builds replace programs of the image.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use super::listed;
use crate::cli::{Source, buildspec, contains, ends_with, engine};
use crate::harness::{Emulator, Runtime};

/// `find` that prints a file in the place of any list.
const FIND: &str = "printf '#!/bin/sh\\ncase \"$*\" in \"/ -maxdepth 0\"*) exit 0;; esac\\nexec cat LIST\\n' > /usr/bin/find";

/// Names that lead out; links and devices in the place of what is listed as files and folders.
const LIES: &str = r#"mkdir names && cd names && S=${CODEBUILD_SRC_DIR#/}
echo good > ok; chmod 6755 ok; echo evil > evil; ln -s /tmp folder; mknod device c 1 3; mkfifo pipe
add() { tar -P --transform "s,^$1\$,$2,S" -rf /lies.tar "$1"; }
add evil ../../../../../escaped
add evil /escaped
add evil "$S/../../escaped"
add ok "$S/ok"
add device "$S/device"
add pipe "$S/pipe"
add folder "$S/folder"
add evil "$S/folder/escaped"
add evil "$S/ok"
printf '#!/bin/sh\nexec cat /lies.tar\n' > /usr/bin/tar
printf 'f./%s\0' ok device pipe ../escaped ../../../../escaped /escaped a/../../escaped folder/escaped > /lies
printf 'd./folder\0f.\0f./\0' >> /lies
"#;

#[test]
fn lies_of_find_and_tar_lead_nowhere() {
    if !engine("hostile find and tar") {
        return;
    }
    let source = Source::with(
        buildspec(&[LIES, &FIND.replace("LIST", "/lies")]) + "artifacts:\n  files: ['**/*']\n",
    );
    let before = fs::read_dir("/tmp/escaped").is_ok() || fs::exists("/escaped").unwrap();
    assert!(!before, "something of an earlier run is there");
    let output = source.run(Runtime::Docker, &[]);
    ends_with(0, &output);
    let said = output.complaint();
    let artifacts = source.kept().join("artifacts");
    assert_eq!(listed(&artifacts), ["folder/escaped", "ok"], "{said}");
    assert!(
        fs::symlink_metadata(artifacts.join("folder"))
            .unwrap()
            .is_dir()
    );
    let mode = fs::metadata(artifacts.join("ok")).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o755);
    assert_eq!(fs::read_to_string(artifacts.join("ok")).unwrap(), "good\n");
    for place in ["/tmp/escaped", "/escaped"] {
        assert!(!fs::exists(place).unwrap(), "{place}");
    }
    let outside = listed(source.path());
    assert!(
        outside
            .iter()
            .all(|file| file == "buildspec.yml" || file.starts_with(".buildspec/")),
        "{outside:?}"
    );
    for warning in [
        "paths in the list of files were refused",
        "src/device` is no regular file; not created",
        "src/pipe` is no regular file; not created",
        "escaped` was not asked for",
        "src/ok` is in the archive a second time",
    ] {
        contains(&said, warning);
    }
}

#[test]
fn a_list_without_end_ends() {
    if !engine("endless list of files") {
        return;
    }
    let source = Source::with(
        buildspec(&[&FIND.replace("LIST", "/dev/zero")]) + "artifacts:\n  files: ['**/*']\n",
    );
    let mut emulator = Emulator::run(source.path(), Runtime::Docker);
    emulator.limit = Duration::from_mins(3);
    let output = emulator.finish();
    ends_with(4, &output);
    contains(&output.complaint(), "their names are more than 256 MiB");
    assert_eq!(source.record()["buildStatus"], "FAULT");
}
