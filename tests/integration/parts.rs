//! `--plan`, `--phase`, `--from`, and a hint that asks Git.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::cli::{Source, contains, ends_with};
use crate::harness::{Emulator, Runtime};

const BUILDSPEC: &str = "\
version: 0.2
env:
  variables:
    STAGE: dev
    KEEP: from the buildspec
  parameter-store:
    TOKEN: /app/token
  secrets-manager:
    DB: prod/db:password
phases:
  install:
    commands:
      - touch install.txt
  build:
    on-failure: ABORT
    commands:
      - touch one.txt
      - touch two.txt
    finally:
      - touch finally.txt
artifacts:
  files: ['*.txt']
";

/// What a build of a part leaves in the artifacts, and its log.
fn build(arguments: &[&str]) -> (Vec<String>, String) {
    let buildspec = BUILDSPEC.split_once("  parameter-store").unwrap();
    let phases = BUILDSPEC.split_once("phases:").unwrap().1;
    let source = Source::with(format!("{}phases:{phases}", buildspec.0));
    ends_with(0, &source.run(Runtime::Host, arguments));
    let artifacts = fs::read_dir(source.kept().join("artifacts")).unwrap();
    let mut names: Vec<String> = artifacts
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let log = fs::read_to_string(source.kept().join("build.log")).unwrap();
    (names, log)
}

#[test]
fn a_part_runs_and_the_log_says_what_was_left_out() {
    let (made, log) = build(&["--phase", "build"]);
    assert_eq!(made, ["finally.txt", "one.txt", "two.txt"]);
    contains(
        &log,
        "buildspec: left out by --phase or --from: INSTALL (1 command)\n",
    );
    let (made, log) = build(&["--from", "BUILD:2"]);
    assert_eq!(made, ["finally.txt", "two.txt"]);
    contains(&log, "INSTALL (1 command), BUILD (the first command)\n");
    let (made, log) = build(&[]);
    assert_eq!(made, ["finally.txt", "install.txt", "one.txt", "two.txt"]);
    assert!(!log.contains("left out"), "{log}");
}

#[test]
fn a_part_that_is_not_there_is_wrong_usage() {
    let source = Source::with(BUILDSPEC);
    for (arguments, complaint) in [
        (["--phase", "post_build"], "the buildspec has no such phase"),
        (["--from", "build:3"], "the buildspec has 2 commands there"),
        (["--from", "build:0"], "counted from 1"),
        (["--phase", "deploy"], "no phase is called `deploy`"),
    ] {
        for plan in [&["--plan"][..], &[]] {
            let output = source.run(Runtime::Host, &[&arguments[..], plan].concat());
            ends_with(2, &output);
            contains(&output.complaint(), complaint);
        }
    }
}

fn plan(source: &Source, arguments: &[&str]) -> Value {
    let mut emulator = Emulator::with_format(source.path(), Runtime::Docker, "json");
    emulator.command.arg("--plan").args(arguments);
    // Nobody is asked: neither this engine nor AWS is there.
    emulator.command.env("DOCKER_HOST", "unix:///nowhere.sock");
    let output = emulator.finish();
    ends_with(0, &output);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_plan_tells_values_and_where_they_come_from_and_runs_nothing() {
    let source = Source::with(BUILDSPEC);
    let folder = source.path().join(".buildspec");
    fs::create_dir(&folder).unwrap();
    let project = r#"{"name": "shop", "environment": {"environmentVariables": [
        {"name": "STAGE", "value": "from the project"}, {"name": "MINE", "value": "project"}]}}"#;
    fs::write(folder.join("project.json"), project).unwrap();
    fs::write(
        folder.join("secrets.yml"),
        "parameter-store:\n  /app/token: hunter2hunter2\n",
    )
    .unwrap();
    let plan = plan(
        &source,
        &["-e", "MINE=flag", "-e", "HOME", "--from", "build"],
    );
    let text = plan.to_string();
    assert!(!text.contains("hunter2"), "{text}");
    let variable = |name: &str| {
        let all = plan["variables"].as_array().unwrap();
        let found = all.iter().find(|variable| variable["name"] == name);
        let found = found.unwrap_or_else(|| panic!("{name}: {text}"));
        [&found["level"], &found["type"], &found["value"]]
            .map(|value| value.as_str().unwrap_or("null").to_owned())
    };
    for (name, expected) in [
        ("KEEP", ["buildspec", "PLAINTEXT", "from the buildspec"]),
        ("STAGE", ["project", "PLAINTEXT", "from the project"]),
        ("MINE", ["override", "PLAINTEXT", "flag"]),
        ("HOME", ["override", "PLAINTEXT", "***"]),
        ("TOKEN", ["buildspec", "PARAMETER_STORE", "/app/token"]),
        ("DB", ["buildspec", "SECRETS_MANAGER", "prod/db:password"]),
        ("CODEBUILD_CI", ["codebuild", "PLAINTEXT", "true"]),
        ("CODEBUILD_BUILD_NUMBER", ["codebuild", "PLAINTEXT", "1"]),
        ("CODEBUILD_SRC_DIR", ["codebuild", "PLAINTEXT", "null"]),
    ] {
        assert_eq!(variable(name), expected, "{name}");
    }
    let told: Vec<_> = plan["references"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reference| {
            (
                reference["name"].as_str().unwrap(),
                reference["toldBy"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("/app/token", "secrets file"), ("prod/db", "AWS")]);
    assert_eq!(
        plan["sources"][0]["rungs"],
        serde_json::json!(["overlay", "copy"])
    );
    assert_eq!(plan["phases"][0]["runs"], false);
    assert_eq!(plan["phases"][1]["onFailure"], "ABORT");
    assert_eq!(plan["phases"][1]["commands"][1]["line"], 18);
    assert!(!folder.join("builds").exists() && !source.path().join("one.txt").exists());
}

#[test]
fn a_plan_reads_well_on_a_narrow_screen() {
    let source = Source::with(BUILDSPEC);
    let mut emulator = Emulator::with_format(source.path(), Runtime::Host, "pretty");
    emulator
        .command
        .args(["--plan", "--offline", "--from", "build:2", "-e"]);
    emulator
        .command
        .arg("LONG=a value \u{1b}[31m that is longer than sixty columns are wide, by far");
    emulator.command.env("COLUMNS", "60");
    let output = emulator.finish();
    ends_with(0, &output);
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "INSTALL  left out",
        "    2  touch two.txt                        buildspec.yml:18",
        "-   1  touch one.txt                        buildspec.yml:17",
        "left out: INSTALL (1 command), BUILD (the first command)",
        "  STAGE  buildspec  dev",
        "  DB     buildspec  secrets-manager prod/db:password",
        "  prod/db     secrets-manager, told by nobody (--offline)",
    ] {
        assert!(
            text.lines().any(|other| other == line),
            "{line:?} is not in\n{text}"
        );
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    let folder = source.path().display().to_string();
    let wide: Vec<_> = text
        .lines()
        .filter(|line| line.chars().count() > 60 && !line.contains(&folder))
        .collect();
    assert_eq!(wide, [""; 0]);
}

#[test]
fn a_file_that_git_ignores_is_named_as_absent_in_the_cloud() {
    let source = Source::commands(&["cat settings/local.json"]);
    fs::create_dir(source.path().join("settings")).unwrap();
    fs::write(source.path().join("settings/local.json"), "{}\n").unwrap();
    fs::write(source.path().join(".gitignore"), "local.json\n").unwrap();
    for arguments in [
        &["init", "-q"][..],
        &["add", "-A"],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-q",
            "-m",
            "first",
        ],
    ] {
        let status = Command::new("git")
            .arg("-C")
            .arg(source.path())
            .args(arguments)
            .status();
        assert!(status.unwrap().success(), "{arguments:?}");
    }
    let build = |arguments: &[&str]| {
        let mut emulator = Emulator::with_format(source.path(), Runtime::Host, "pretty");
        emulator.command.args(arguments);
        emulator.finish()
    };
    ends_with(0, &build(&[]));
    let output = build(&["--tracked"]);
    ends_with(1, &output);
    let said = String::from_utf8_lossy(&output.stdout).replace('\n', " ");
    contains(
        &said,
        "settings/local.json is in your work tree, but Git ignores it",
    );
}

/// The same as `validate` finds, with what a comment hides left out.
#[test]
fn a_build_shows_what_validate_finds() {
    let buildspec = "\
version: 0.2
phases:
  build:
    commands:
      - 'true # buildspec: ignore[lost-option]'
      - set -e
      # buildspec: ignore[lost-option] on purpose
      - set -e
      - echo built
artifact:
  files: x
";
    let source = Source::with(buildspec);
    let found = |format: &str, arguments: &[&str]| {
        let mut emulator = Emulator::with_format(source.path(), Runtime::Host, format);
        emulator.command.args(arguments);
        let run = emulator.finish();
        ends_with(0, &run);
        let text = String::from_utf8_lossy(&run.stdout).into_owned();
        (text, run.complaint())
    };
    let (log, said) = found("codebuild", &[]);
    assert!(!log.contains("set` has no effect"), "{log}");
    contains(
        &said,
        "warning: besides what CodeBuild says, `buildspec validate` finds 2 warnings in buildspec.yml\n",
    );
    let (shown, _) = found("pretty", &[]);
    contains(&shown, "warning: buildspec.yml:6:9: `set` has no effect");
    contains(&shown, "[unknown-key]");
    let (events, _) = found("json", &[]);
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &Value| event["event"] == "finding")
        .collect();
    let places: Vec<(&str, u64)> = events
        .iter()
        .map(|event| {
            (
                event["rule"].as_str().unwrap(),
                event["line"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(places, [("lost-option", 6), ("unknown-key", 10)]);
    let (plan, _) = found("pretty", &["--plan"]);
    contains(&plan, "warning: buildspec.yml:6:9: `set` has no effect");
}
