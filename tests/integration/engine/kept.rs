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
fn a_message_of_several_lines_stays_in_its_column() {
    let source = Source::commands(&["echo one\nfalse"]);
    ends_with(1, &source.run(Runtime::Host, &[]));
    let show = says(&source, &["show"]);
    let (_, message) = show.split_once("echo one\n").unwrap();
    let column = " ".repeat(39);
    assert!(message.starts_with(&format!("{column}false")), "{show}");
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

#[test]
fn a_container_is_kept_until_clean() {
    if !engine("--keep") {
        return;
    }
    let source = Source::commands(&["mkdir deep; cd deep; SEEN=yes", "exit 3", "echo never"]);
    let output = source.run(Runtime::Docker, &["--keep"]);
    ends_with(1, &output);
    let complaint = output.complaint();
    let start = complaint.find("docker exec -it ").unwrap();
    let enter = complaint[start..].lines().next().unwrap();
    let enter = enter
        .replace(" -it ", " ")
        .replace("exec sh'", "echo \"$PWD $SEEN\"'");
    let told = sh("sh", &["-c", &enter]);
    assert!(told.ends_with("/src/deep yes\n"), "{told}");

    // It is spared by other builds, and by nothing else.
    ends_with(0, &Source::commands(&["true"]).run(Runtime::Docker, &[]));
    assert!(left(&source).len() > 1, "{:?}", left(&source));
    let clean = Command::new(env!("CARGO_BIN_EXE_buildspec"))
        .arg("clean")
        .output()
        .unwrap();
    contains(
        &String::from_utf8_lossy(&clean.stdout),
        "removed container ",
    );
    assert_eq!(left(&source), [""; 0]);
}

#[test]
fn a_container_to_be_kept_goes_with_a_build_that_is_killed() {
    if !engine("--keep and kill -9") {
        return;
    }
    let source = Source::commands(&["(setsid sleep 60 &); echo begun; sleep 60"]);
    let mut emulator = Emulator::run(source.path(), Runtime::Docker);
    emulator.command.arg("--keep");
    let mut build = emulator.start();
    wait_for(&build, "\nbegun\n");
    build.child.kill().unwrap();
    build.child.wait().unwrap();
    ends_with(0, &Source::commands(&["true"]).run(Runtime::Docker, &[]));
    assert_eq!(left(&source), [""; 0]);
}

#[test]
fn what_is_stopped_is_kept_without_its_processes() {
    if !engine("--keep and SIGINT") {
        return;
    }
    let source = Source::commands(&["trap '' TERM; (setsid sleep 77 &); echo begun; sleep 60"]);
    let mut emulator = Emulator::run(source.path(), Runtime::Docker);
    emulator.command.arg("--keep");
    let build = emulator.start();
    wait_for(&build, "\nbegun\n");
    kill_process(Pid::from_child(&build.child), Signal::INT).unwrap();
    ends_with(130, &build.finish());
    let kept = container(&source);
    let end = std::time::Instant::now() + Duration::from_secs(5);
    // The header, and the first process.
    while sh("docker", &["top", &kept]).lines().count() > 2 {
        assert!(
            std::time::Instant::now() < end,
            "{}",
            sh("docker", &["top", &kept])
        );
        thread::sleep(Duration::from_millis(50));
    }
    sh("docker", &["rm", "-fv", &kept]);
    ends_with(0, &Source::commands(&["true"]).run(Runtime::Docker, &[]));
    assert_eq!(left(&source), [""; 0]);
}

#[test]
fn the_host_is_no_container_to_be_kept() {
    let source = Source::commands(&["true"]);
    ends_with(2, &source.run(Runtime::Host, &["--keep"]));
}
