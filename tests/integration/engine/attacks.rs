//! Builds that turn against what runs them.

use super::*;
use crate::cli::{build_phase, contains, ends_with};
use crate::harness::Runtime;

fn in_a_container(commands: &[&str]) -> Option<String> {
    if !engine("attacks") {
        return None;
    }
    let source = Source::commands(commands);
    let output = source.run(Runtime::Docker, &[]);
    ends_with(0, &output);
    assert_eq!(left(&source), Vec::<String>::new());
    Some(build_phase(&output))
}

#[test]
fn pid_1_is_not_to_be_killed() {
    let commands = [
        "kill -9 $PPID; kill -9 1; kill -TERM 1; kill -HUP 1; true",
        "echo alive",
    ];
    if let Some(log) = in_a_container(&commands) {
        contains(&log, "\nalive\n");
    }
}

#[test]
fn killing_everything_else_is_survived() {
    if let Some(log) = in_a_container(&["(sleep 30 &); kill -9 -1; true", "echo alive"]) {
        contains(&log, "\nalive\n");
    }
}

#[test]
fn every_descriptor_is_closed() {
    if let Some(log) = in_a_container(&["exec <&- >&- 2>&-; exit 0", "echo alive"]) {
        contains(&log, "\nalive\n");
    }
}

#[test]
fn commands_do_not_eat_the_protocol() {
    if let Some(log) = in_a_container(&["cat; cat <&3 || true", "echo alive"]) {
        contains(&log, "\nalive\n");
    }
}

#[test]
fn a_thousand_processes() {
    let commands = ["i=0; while [ $i -lt 1000 ]; do sleep 30 & i=$((i+1)); done; echo forked"];
    if let Some(log) = in_a_container(&commands) {
        contains(&log, "\nforked\n");
    }
}
