//! `list`, `show` and `logs`.

use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::cli::{contains, ends_with, wait_for};
use crate::harness::{Emulator, Runtime};

/// One of the verbs, on a source's output directory.
fn ask(source: &Source, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_buildspec"))
        .env_clear()
        .args(arguments)
        .arg("--output")
        .arg(source.path().join(".buildspec"))
        .output()
        .unwrap()
}

fn says(source: &Source, arguments: &[&str]) -> String {
    let output = ask(source, arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn kept_builds_are_listed_shown_and_printed() {
    let source = Source::commands(&["echo one; [ $CODEBUILD_BUILD_NUMBER = 1 ]"]);
    assert_eq!(says(&source, &["list"]), "");
    ends_with(0, &source.run(Runtime::Host, &[]));
    ends_with(1, &source.run(Runtime::Host, &[]));
    let list = says(&source, &["list"]);
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 2);
    contains(lines[0], "    1  SUCCEEDED ");
    contains(lines[1], "    2  FAILED ");
    let show = says(&source, &["show"]);
    contains(&show, "number   2\nstatus   FAILED\n");
    contains(&show, "\nBUILD             FAILED ");
    contains(&says(&source, &["show", "1"]), "status   SUCCEEDED\n");
    let record: serde_json::Value =
        serde_json::from_str(&says(&source, &["show", "1", "--json"])).unwrap();
    assert_eq!(record["buildNumber"], 1);
    contains(
        &says(&source, &["show", record["id"].as_str().unwrap()]),
        "number   1\n",
    );
    let log = fs::read_to_string(source.kept().join("build.log")).unwrap();
    assert_eq!(says(&source, &["logs"]), log);
    let missing = ask(&source, &["logs", "77"]);
    assert_eq!(missing.status.code(), Some(2), "{missing:?}");
}

#[test]
fn a_log_is_followed_and_a_dead_build_is_known() {
    let source = Source::commands(&["echo begun; sleep 1; echo after", "sleep 40"]);
    let folder = tempfile::tempdir().unwrap();
    let mut emulator = Emulator::run(source.path(), Runtime::Host);
    emulator.command.env("TMPDIR", folder.path());
    let mut build = emulator.start();
    wait_for(&build, "\nbegun\n");
    contains(&says(&source, &["list"]), " IN_PROGRESS ");
    let pid = Pid::from_child(&build.child);
    let killer = thread::spawn(move || {
        thread::sleep(Duration::from_secs(2));
        kill_process(pid, Signal::KILL).unwrap();
    });
    contains(&says(&source, &["logs", "--follow"]), "\nafter\n");
    killer.join().unwrap();
    build.child.wait().unwrap();
    contains(&says(&source, &["list"]), " DIED ");
}
