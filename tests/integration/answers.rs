//! What a person is told where nothing can be done, or where what they asked for is lost on its way.

use std::fs::{self, OpenOptions};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::harness::{docker, image, say_loudly};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn buildspec(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildspec"));
    command.args(arguments).current_dir(folder.path());
    command
}

fn told(output: &Output) -> (Option<i32>, String) {
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), complaint)
}

const ONE: &str = "version: 0.2\nphases:\n  build:\n    commands:\n      - echo a\n";

#[test]
fn an_answer_that_is_lost_is_no_success() {
    let source = folder(&[("buildspec.yml", ONE)]);
    for arguments in [
        &["validate", "--format", "json"][..],
        &["schema"],
        &["--help"],
        &["--version"],
        &["completions", "bash"],
        &["run", "--plan", "--runtime", "host"],
        &["run", "--runtime", "host", "--log-format", "json"],
        &["run", "--runtime", "host", "--log-format", "pretty"],
        &["run", "--runtime", "host"],
        &["list"],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = buildspec(&source, arguments).stdout(full).output().unwrap();
        let (code, complaint) = told(&output);
        assert_eq!(code, Some(4), "{arguments:?}: {complaint}");
        assert!(complaint.contains("standard output"), "{complaint}");
    }
    // A failed build stays one.
    let failing = folder(&[("buildspec.yml", &ONE.replace("echo a", "false"))]);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut run = buildspec(&failing, &["run", "--runtime", "host"]);
    assert_eq!(told(&run.stdout(full).output().unwrap()).0, Some(1));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let source = folder(&[("buildspec.yml", ONE)]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = buildspec(&source, &["schema"]).stdout(writer).output();
    assert_eq!(told(&output.unwrap()), (Some(0), String::new()));
}

#[test]
fn a_buildspec_of_another_name_is_named() {
    let source = folder(&[("buildspec.yaml", ONE), ("buildspec-test.yml", ONE)]);
    let plan = buildspec(&source, &["run", "--plan"]).output().unwrap();
    let (code, complaint) = told(&plan);
    assert_eq!(code, Some(3));
    let others = "but there is buildspec-test.yml, buildspec.yaml";
    assert!(complaint.contains(others), "{complaint}");
    let empty = folder(&[]);
    let plan = buildspec(&empty, &["run", "--plan"]).output().unwrap();
    assert!(told(&plan).1.contains("--buildspec"));
}

#[test]
fn a_part_that_is_nothing_is_wrong_usage() {
    let text = ONE.replace("build:\n", "install: {commands: [echo b]}\n  build:\n");
    let source = folder(&[("buildspec.yml", &text)]);
    let part = ["--phase", "install", "--from", "build", "--runtime", "host"];
    for more in [&["--plan"][..], &[]] {
        let arguments = [&["run"][..], &part, more].concat();
        let (code, complaint) = told(&buildspec(&source, &arguments).output().unwrap());
        assert_eq!(code, Some(2), "{complaint}");
        assert!(complaint.contains("nothing is left to run"), "{complaint}");
    }
}

#[test]
fn what_an_engine_lacks_is_said_with_a_remedy() {
    if let Err(why) = docker() {
        say_loudly(&format!("NOT TESTED: what an engine lacks: {why}"));
        return;
    }
    let source = folder(&[("buildspec.yml", ONE)]);
    let run = |more: &[&str]| {
        let arguments = [&["run"][..], more].concat();
        told(&buildspec(&source, &arguments).output().unwrap())
    };
    let (code, complaint) = run(&["-i", "NoSuch:Image:bad"]);
    assert_eq!(code, Some(2), "{complaint}");
    assert!(complaint.contains("[REGISTRY/]NAME[:TAG]"), "{complaint}");
    let (code, complaint) = run(&["-i", &image(), "--network", "no-such-network"]);
    assert_eq!(code, Some(4), "{complaint}");
    assert!(complaint.contains("docker network ls"), "{complaint}");
}
