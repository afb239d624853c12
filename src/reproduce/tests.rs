use std::io::Cursor;

use super::recorded_log;
use crate::project::build::{self, Recorded};
use crate::source::Source;

fn read(text: &str) -> Recorded {
    build::read(&Source::new("build.json", text), None).unwrap()
}

fn refused(text: &str, id: Option<&str>) -> String {
    let error = build::read(&Source::new("f", text), id).unwrap_err();
    format!("{} | {}", error.message, error.hints.join(" | "))
}

/// In the image of what the API's reference shows, as version 2 of the AWS CLI prints times; some members are newer.
const FAILED: &str = r#"{"builds": [{
  "id": "shop:11111111-2222-3333-4444-555555555555",
  "arn": "arn:aws:codebuild:us-west-2:123456789012:build/shop:11111111-2222-3333-4444-555555555555",
  "buildNumber": 17, "startTime": "2026-10-01T10:00:00.500000-07:00", "endTime": 1790874060.25,
  "currentPhase": "COMPLETED", "buildStatus": "FAILED", "sourceVersion": "main",
  "resolvedSourceVersion": "0123456789012345678901234567890123456789", "projectName": "shop",
  "phases": [
    {"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED", "startTime": 1.5, "endTime": 2, "durationInSeconds": 0},
    {"phaseType": "INSTALL", "phaseStatus": "SUCCEEDED", "durationInSeconds": 3, "contexts": [{"statusCode": "", "message": ""}]},
    {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR",
      "message": "Error while executing command: npm test. Reason: exit status 1"}]},
    {"phaseType": "COMPLETED", "startTime": 9}],
  "source": {"type": "GITHUB", "location": "https://github.com/o/shop.git", "buildspec": "ci/build.yml", "auth": {"type": "OAUTH"}},
  "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL",
    "environmentVariables": [{"name": "A", "value": "b"}], "privilegedMode": true, "quantumMode": {"qubits": 3}},
  "logs": {"groupName": "/g", "streamName": "s", "deepLink": "https://x"}, "buildComplete": true, "initiator": "jane",
  "buildBatchArn": "arn:aws:codebuild:us-west-2:123456789012:build-batch/shop:1", "someday": true
}], "buildsNotFound": []}"#;

#[test]
fn a_record_is_read_with_what_it_lacks_and_what_is_new() {
    let build = read(FAILED);
    assert_eq!(
        (build.number, build.region()),
        (Some(17), Some("us-west-2"))
    );
    assert_eq!(build.account(), Some("123456789012"));
    assert!(build.complete && !build.is_own());
    assert_eq!(build.started, Some(1_790_874_000.5));
    assert_eq!(build.ended, Some(1_790_874_060.25));
    assert_eq!(
        (build.log_group.as_str(), build.log_stream.as_str()),
        ("/g", "s")
    );
    assert!(build.batch.is_some());
    assert_eq!(build.project.source.buildspec_path(), Some("ci/build.yml"));
    assert_eq!(build.project.timeout_in_minutes, None);
    let failure = build.failure().unwrap();
    assert_eq!(
        (failure.phase, failure.command),
        ("BUILD", Some("npm test"))
    );
    let remarks: Vec<_> = build
        .remarks
        .iter()
        .map(|remark| remark.text.as_str())
        .collect();
    assert_eq!(
        remarks,
        [
            "build.json:15:84: `quantumMode` of the environment is not understood here",
            "build.json:17:83: `someday` of the build is not understood here",
        ]
    );
    assert!(build.remarks.iter().all(|remark| !remark.warning));
}

#[test]
fn the_least_of_records_is_one() {
    let build = read(r#"{"buildStatus": "STOPPED", "id": "a:b", "projectName": "ab"}"#);
    assert_eq!(build.failure(), None);
    assert_eq!(build.log_group, "/aws/codebuild/ab");
    assert_eq!(build.log_stream, "b");
    let timed_out = read(
        r#"{"build": {"buildStatus": "TIMED_OUT", "phases": [{"phaseType": "BUILD", "phaseStatus": "TIMED_OUT",
            "contexts": [{"statusCode": "BUILD_TIMED_OUT", "message": "Build has timed out."}]}]}}"#,
    );
    let failure = timed_out.failure().unwrap();
    assert_eq!((failure.phase, failure.status), ("BUILD", "TIMED_OUT"));
    assert_eq!(
        (failure.message, failure.command),
        ("Build has timed out.", None)
    );
}

#[test]
fn what_is_no_build_is_called_what_it_looks_like() {
    for (text, sentence) in [
        ("", "f is empty | aws codebuild batch-get-builds"),
        (
            "[Container] 2026/01/01 00:00:00.0 Phase is x\n: {[",
            "f holds no build: it looks like a build's log",
        ),
        (
            r#"{"ids": ["a:b"]}"#,
            "f holds no build: it lists ids only | aws codebuild batch-get-builds --ids a:b",
        ),
        (
            r#"{"builds": [], "buildsNotFound": ["a:b"]}"#,
            "f holds no build: AWS did not find a:b",
        ),
        (
            r#"{"projects": [{"name": "x"}]}"#,
            "f holds no build: it looks like a project",
        ),
        (
            "version: 0.2\nphases: {}\n",
            "f holds no build: it looks like a buildspec",
        ),
        (
            "Resources: {}\n",
            "f holds no build: it looks like a template",
        ),
        (
            "just: text\n",
            "f holds no build: nothing in it has a `buildStatus`",
        ),
        (
            r#"{"buildBatches": [{"id": "a:b", "buildBatchStatus": "FAILED", "buildGroups": [{"identifier": "one",
                "currentBuildSummary": {"arn": "arn:aws:codebuild:r:1:build/a:c"}}]}]}"#,
            "f holds no build: it is a batch, which is many builds | name one of its builds: a:c",
        ),
    ] {
        let said = refused(text, None);
        assert!(said.starts_with(sentence), "{said}");
    }
}

#[test]
fn one_of_several_is_chosen_by_whatever_names_it() {
    let two = r#"{"builds": [{"id": "a:one", "buildNumber": 1, "buildStatus": "FAILED"},
        {"id": "a:two", "arn": "arn:x", "buildNumber": 2, "buildStatus": "SUCCEEDED"}]}"#;
    assert_eq!(
        refused(two, None),
        "f holds 2 builds: a:one, a:two | choose one: 'f#ID'"
    );
    assert_eq!(
        refused(two, Some("3")),
        "f holds no build 3 | it holds a:one, a:two"
    );
    for id in ["a:two", "two", "2", "arn:x"] {
        let build = build::read(&Source::new("f", two), Some(id)).unwrap();
        assert_eq!(build.status, "SUCCEEDED");
    }
}

#[test]
fn no_record_that_was_cut_or_changed_crashes_the_reader() {
    for end in 0..FAILED.len() {
        build::read(&Source::new("f", &FAILED[..end]), None).ok();
        let swapped = FAILED[..end].to_owned() + "[]" + &FAILED[end..];
        build::read(&Source::new("f", swapped), None).ok();
    }
}

#[test]
fn lines_that_only_look_like_the_agents_are_cut_down_too() {
    let stamp = "[Container] 2026/01/01 00:00:00.000000";
    let printed = format!("{stamp} printed by the command\n").repeat(5000);
    let text = format!("{stamp} Running command x\n{printed}{stamp} Running command y\nend\n");
    let cut = recorded_log::cut_down(&mut Cursor::new(&text)).unwrap();
    assert_eq!(cut.matches("printed by").count(), 1000);
    let end = format!("[... 4000 lines]\n{stamp} Running command y\nend\n");
    assert!(cut.ends_with(&end));
    let commands = format!("{stamp} Running command x\n").repeat(500_000);
    let cut = recorded_log::cut_down(&mut Cursor::new(&commands)).unwrap();
    assert!(cut.len() < 17 << 20, "{}", cut.len());
}

#[test]
fn a_long_log_is_cut_down_line_by_line() {
    let mut text = "[Container] 2026/01/01 00:00:00.000000 Running command a\n".to_owned();
    for line in 0..1500 {
        text.push_str(&format!("line {line}\n"));
    }
    text.push_str(&"x".repeat(100_000));
    text.push_str(
        "\n[Container] 2026/01/01 00:00:00.000000 Phase complete: BUILD State: SUCCEEDED\nlast",
    );
    let cut = recorded_log::cut_down(&mut Cursor::new(&text)).unwrap();
    let lines: Vec<_> = cut.lines().collect();
    assert_eq!(lines.len(), 1 + 1000 + 1 + 1 + 1);
    assert_eq!(lines[1001], "[... 501 lines]");
    assert_eq!(lines[1003], "last");
    let long = "y".repeat(100_000) + "\nz\n";
    let cut = recorded_log::cut_down(&mut Cursor::new(&long)).unwrap();
    assert!(
        cut.ends_with("[... 83617 bytes]\nz\n"),
        "{}",
        &cut[cut.len() - 40..]
    );
}

#[test]
fn a_log_of_another_build_is_refused() {
    let build = read(FAILED);
    let line = |time: &str, text: &str| format!("[Container] {time}.000000 {text}\n");
    let check = |log: &str| recorded_log::check(&build, log, "l").map_err(|error| error.message);
    let own = line("2026/10/01 17:00:10", "Waiting for agent ping")
        + &line("2026/10/01 17:00:20", "Phase complete: BUILD State: FAILED");
    assert_eq!(check(&own), Ok(()));
    assert_eq!(
        check(&line("2026/10/02 17:00:10", "Waiting for agent ping")).unwrap_err(),
        "l is the log of another build: its times are not those of the build"
    );
    let passed = line(
        "2026/10/01 17:00:20",
        "Phase complete: BUILD State: SUCCEEDED",
    );
    assert_eq!(
        check(&passed).unwrap_err(),
        "l is the log of another build: BUILD is SUCCEEDED there, and FAILED in the record"
    );
    assert!(check("hello\n").unwrap_err().contains("no log of a build"));
}
