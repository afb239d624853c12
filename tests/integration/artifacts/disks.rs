//! Full disks, other file systems, and files that go while they are fetched: what came is kept, and the rest is told.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use super::{listed, unzip};
use crate::cli::{Source, buildspec, contains, ends_with, engine};
use crate::engine::{Tmpfs, root, text};
use crate::harness::{Emulator, Output, Runtime};

/// Ten files of 100 kB that do not compress, one of them secondary.
const TEN: &str =
    "mkdir d; for n in 0 1 2 3 4 5 6 7 8 9; do head -c 100000 /dev/urandom > d/$n; done";

fn source() -> Source {
    Source::with(
        buildspec(&[TEN])
            + "artifacts:\n  base-directory: d\n  files: ['**/*']\n  exclude-paths: ['9']\n  \
               secondary-artifacts:\n    Nine:\n      base-directory: d\n      files: ['9']\n",
    )
}

fn fault(output: &Output, record: &Value) {
    ends_with(4, output);
    assert_eq!(record["buildStatus"], "FAULT", "{record}");
    assert_eq!(record["buildComplete"], true, "{record}");
}

fn record_in(output: &Path) -> Value {
    let bytes = fs::read(output.join("latest/build.json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Every file that looks whole is.
fn whole(folder: &Path) -> Vec<String> {
    let names = listed(folder);
    for name in &names {
        let length = fs::metadata(folder.join(name)).unwrap().len();
        assert_eq!(length, 100_000, "{name}");
    }
    names
}

#[test]
fn a_full_output_folder_keeps_what_fits() {
    if !root("full disk") {
        return;
    }
    for runtime in [Runtime::Host, Runtime::Docker] {
        if runtime == Runtime::Docker && !engine("full disk") {
            continue;
        }
        let disk = tempfile::tempdir().unwrap();
        let disk = Tmpfs::at(disk.path(), "1m");
        let output = source().run(runtime, &["-o", text(&disk.0)]);
        let record = record_in(&disk.0);
        fault(&output, &record);
        let folder = disk.0.join("latest/artifacts");
        let kept = whole(&folder);
        assert!((1..9).contains(&kept.len()), "{kept:?}");
        let location = record["artifacts"]["location"].as_str().unwrap();
        assert_eq!(
            fs::canonicalize(location).unwrap(),
            fs::canonicalize(folder).unwrap()
        );
        let said = output.complaint();
        contains(&said, "No space left on device");
        contains(&said, "what there was of it is removed");
    }
}

#[test]
fn a_zip_that_does_not_fit_leaves_its_files() {
    if !root("full disk") {
        return;
    }
    let disk = tempfile::tempdir().unwrap();
    let disk = Tmpfs::at(disk.path(), "1700k");
    let arguments = ["-o", text(&disk.0), "--packaging", "zip"];
    let output = source().run(Runtime::Host, &arguments);
    let record = record_in(&disk.0);
    fault(&output, &record);
    contains(
        &output.complaint(),
        "artifacts.zip can't be written: No space",
    );
    contains(&output.complaint(), "in unpacked/");
    let artifacts = disk.0.join("latest/artifacts");
    assert_eq!(whole(&artifacts.join("unpacked")).len(), 9);
    assert_eq!(listed(&artifacts).len(), 9, "no half ZIP");
    assert_eq!(record["artifacts"]["sha256sum"], Value::Null);
    let location = record["artifacts"]["location"].as_str().unwrap();
    assert!(location.ends_with("/artifacts/unpacked"), "{location}");
}

#[test]
fn another_file_system_takes_artifacts_over() {
    if !root("another file system") {
        return;
    }
    let disk = tempfile::tempdir().unwrap();
    let disk = Tmpfs::at(disk.path(), "4m");
    let source = source();
    fs::write(disk.0.join("0"), "old").unwrap();
    ends_with(0, &source.run(Runtime::Host, &["-a", text(&disk.0)]));
    assert_eq!(whole(&disk.0).len(), 10);
    assert_eq!(
        listed(&disk.0.join("secondary-artifacts/Nine")),
        ["9"],
        "with the others"
    );
    let record = source.record();
    assert_eq!(record["artifacts"]["location"], text(&disk.0));
    let second = disk.0.join("secondary-artifacts/Nine");
    assert_eq!(record["secondaryArtifacts"][0]["location"], text(&second));
    assert!(!source.kept().join("artifacts").exists());
    let more = ["-a", text(&disk.0), "--packaging", "zip"];
    ends_with(0, &source.run(Runtime::Host, &more));
    for (name, files) in [("artifacts.zip", 9), ("Nine.zip", 1)] {
        assert_eq!(whole(unzip(&disk.0.join(name)).path()).len(), files);
    }
}

#[test]
fn a_full_artifacts_folder_loses_nothing() {
    if !root("full disk") {
        return;
    }
    for packaging in ["none", "zip"] {
        let disk = tempfile::tempdir().unwrap();
        let disk = Tmpfs::at(disk.path(), "500k");
        fs::write(disk.0.join("8"), "old").unwrap();
        fs::write(disk.0.join("artifacts.zip"), "old").unwrap();
        let source = source();
        let arguments = ["-a", text(&disk.0), "--packaging", packaging];
        let output = source.run(Runtime::Host, &arguments);
        let record = source.record();
        fault(&output, &record);
        let said = output.complaint();
        contains(&said, "No space left on device");
        contains(&said, "what is not there is in ");
        for name in listed(&disk.0) {
            let file = disk.0.join(&name);
            if name == "Nine.zip" {
                // The one behind it is smaller, and fits.
                assert_eq!(whole(unzip(&file).path()).len(), 1);
                continue;
            }
            let length = fs::metadata(file).unwrap().len();
            assert!(matches!(length, 3 | 100_000), "{name} is cut off");
        }
        let own = source.kept().join("artifacts");
        let location = record["artifacts"]["location"].as_str().unwrap();
        if packaging == "zip" {
            assert_eq!(fs::read(disk.0.join("artifacts.zip")).unwrap(), b"old");
            assert_eq!(whole(unzip(Path::new(location)).path()).len(), 9);
            assert!(record["artifacts"]["sha256sum"].is_string());
        } else {
            assert_eq!(whole(&own).len(), 9);
            assert_eq!(
                fs::canonicalize(location).unwrap(),
                fs::canonicalize(own).unwrap()
            );
        }
    }
}

/// A `tar` that takes a file away before it begins.
const SPOILED: &str = r#"#!/bin/sh
cat > "$0.names"
tr '\0' '\n' < "$0.names" | grep '/d/b$' | while read -r name; do rm -f "/$name"; done
exec TAR "$@" < "$0.names"
"#;

/// The container gets the spoiled `tar` in the place of its own; on the host it only comes first in `PATH`.
fn spoiled_source(runtime: Runtime) -> Source {
    let mut commands = vec!["mkdir d; echo a > d/a; echo b > d/b"];
    let real = match runtime {
        Runtime::Docker => {
            commands.push("mv /usr/bin/tar /usr/bin/real-tar && cp bin/tar /usr/bin/tar");
            "/usr/bin/real-tar"
        }
        Runtime::Host => "/usr/bin/tar",
    };
    let source =
        Source::with(buildspec(&commands) + "artifacts:\n  base-directory: d\n  files: ['**/*']\n");
    let bin = source.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("tar"), SPOILED.replace("TAR", real)).unwrap();
    fs::set_permissions(bin.join("tar"), fs::Permissions::from_mode(0o755)).unwrap();
    source
}

#[test]
fn a_file_that_is_gone_when_it_is_fetched() {
    for runtime in [Runtime::Host, Runtime::Docker] {
        if runtime == Runtime::Docker && !engine("vanishing file") {
            continue;
        }
        for (packaging, place) in [("none", "artifacts"), ("zip", "artifacts/unpacked")] {
            let source = spoiled_source(runtime);
            let mut emulator = Emulator::run(source.path(), runtime);
            emulator.command.args(["--packaging", packaging]);
            let path = format!("{}/bin:/usr/bin:/bin", text(source.path()));
            emulator.command.env("PATH", path);
            let output = emulator.finish();
            ends_with(1, &output);
            let log = String::from_utf8_lossy(&output.stdout).into_owned();
            contains(&log, "Found 2 file(s)\n");
            let reason = "gone since the files were listed, or unreadable: b";
            contains(
                &log,
                &format!("Phase context status code: CLIENT_ERROR Message: {reason}"),
            );
            contains(&output.complaint(), "`b` was listed and did not come");
            assert_eq!(listed(&source.kept().join(place)), ["a"]);
            let record = source.record();
            assert_eq!(record["buildStatus"], "FAILED");
            let location = record["artifacts"]["location"].as_str().unwrap();
            assert!(location.ends_with(place), "{location}");
        }
    }
}
