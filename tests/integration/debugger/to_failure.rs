//! `reproduce --to-failure`: the debugger where a recorded build failed.

use serde_json::{Value, json};

use super::*;
use crate::cli::{contains, ends_with};
use crate::reproduce::Cloud;

const TWICE: &str = "version: 0.2\nphases:\n  build:\n    commands:\n      - test -e file\n      - mv file moved\n      - test -e file\n";

fn start(cloud: &Cloud, runtime: Runtime, more: &[&str]) -> Terminal {
    let build = cloud.written();
    let source = cloud.source.path().display().to_string();
    let mut arguments = vec!["reproduce", &build, &source, "--runtime", runtime.name()];
    arguments.extend(["--to-failure", "-e", "STAGE=test"]);
    arguments.extend(more);
    let image = ("BUILDSPEC_IMAGE".to_owned(), crate::harness::image());
    Terminal::start(&arguments, &[image])
}

#[test]
fn a_reproduced_build_stops_before_its_recorded_failure() {
    both("reproduce --to-failure", |runtime| {
        let cloud = Cloud::of(TWICE);
        let mut terminal = start(&cloud, runtime, &["--log", cloud.log()]);
        terminal.expect("Stopped at BUILD:3: break point");
        terminal.expect("(debug) BUILD:3> ");
        terminal.line("shell");
        terminal.expect("BUILD:3 shop ");
        terminal.line("cat moved");
        terminal.expect("as committed");
        terminal.line("exit");
        terminal.expect("(debug) BUILD:3> ");
        terminal.line("continue");
        terminal
            .expect("Failed as recorded, in BUILD: Error while executing command: test -e file");
        assert_eq!(terminal.ends(), Some(1), "{}", terminal.screen());
        assert!(terminal.is_sane());
    });
}

#[test]
fn without_a_log_it_stops_at_each_command_that_it_could_have_been() {
    let cloud = Cloud::of(TWICE);
    let mut terminal = start(&cloud, Runtime::Host, &[]);
    terminal.expect("(debug) BUILD:1> ");
    terminal.line("continue");
    terminal.expect("(debug) BUILD:3> ");
    terminal.line("quit now");
    terminal.expect("Ended in another way.");
    assert_eq!(terminal.ends(), Some(1), "{}", terminal.screen());
}

#[test]
fn a_build_that_timed_out_stops_at_the_last_command_of_its_log() {
    let mut cloud = Cloud::of(TWICE);
    for phase in cloud.record["phases"].as_array_mut().unwrap() {
        if phase["phaseType"] == "BUILD" {
            phase["phaseStatus"] = json!("TIMED_OUT");
            phase["contexts"] = Value::Null;
        }
    }
    cloud.record["buildStatus"] = json!("TIMED_OUT");
    let output = cloud.reproduce(&["--to-failure"]);
    ends_with(2, &output);
    contains(
        &output.complaint(),
        "BUILD TIMED_OUT, and the record does not say at which command",
    );
    let log = fs::read_to_string(cloud.log()).unwrap();
    let (until, _) = log.split_once("Phase complete: BUILD").unwrap();
    let until = &until[..until.rfind("[Container]").unwrap()];
    fs::write(cloud.log(), until).unwrap();
    let mut terminal = start(&cloud, Runtime::Host, &["--log", cloud.log()]);
    terminal.expect("(debug) BUILD:3> ");
    terminal.line("quit now");
    assert_eq!(terminal.ends(), Some(1), "{}", terminal.screen());
}

#[test]
fn without_a_terminal_it_waits_and_goes_on() {
    let cloud = Cloud::of(TWICE);
    let output = cloud.reproduce(&["--to-failure", "--hold", "1s", "--log", cloud.log()]);
    ends_with(1, &output);
    contains(
        &output.complaint(),
        "the build waits for its debugger: buildspec attach",
    );
    contains(&output.complaint(), "nobody came within the time of --hold");
    contains(&output.complaint(), "Failed as recorded, in BUILD");
}

#[test]
fn where_no_command_failed_or_it_is_gone_nothing_runs() {
    let mut cloud = Cloud::of(TWICE);
    let refused = |cloud: &Cloud, arguments: &[&str], why: &str| {
        let before = fs::read_link(cloud.source.path().join(".buildspec/latest")).unwrap();
        let output = cloud.reproduce(arguments);
        ends_with(2, &output);
        contains(&output.complaint(), why);
        let after = fs::read_link(cloud.source.path().join(".buildspec/latest")).unwrap();
        assert_eq!(before, after, "a build was kept");
    };
    let elsewhere = Source::with(TWICE.replace("test -e", "ls"));
    let other = elsewhere.path().join("buildspec.yml").display().to_string();
    let arguments = ["--to-failure", "--buildspec", &other];
    refused(
        &cloud,
        &arguments,
        "no command of BUILD is `test -e file` in this buildspec",
    );
    cloud.record["buildStatus"] = json!("SUCCEEDED");
    for phase in cloud.record["phases"].as_array_mut().unwrap() {
        phase["phaseStatus"] = json!("SUCCEEDED");
    }
    refused(&cloud, &["--to-failure"], "the recorded build succeeded");
    cloud.record["phases"][2] = json!({"phaseType": "PROVISIONING", "phaseStatus": "CLIENT_ERROR",
        "contexts": [{"statusCode": "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE", "message": "no such image"}]});
    refused(
        &cloud,
        &["--to-failure"],
        "the build did not fail at a command: PROVISIONING CLIENT_ERROR no such image",
    );
    cloud.record["buildStatus"] = json!("IN_PROGRESS");
    cloud.record["buildComplete"] = json!(false);
    cloud.record["currentPhase"] = json!("BUILD");
    cloud.record["phases"] =
        json!([{"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED"}, {"phaseType": "BUILD"}]);
    refused(
        &cloud,
        &["--to-failure"],
        "the build was still in progress, in BUILD",
    );
    let output = cloud.reproduce(&[]);
    ends_with(1, &output);
    contains(
        &output.complaint(),
        "the build was still in progress, in BUILD",
    );
}
