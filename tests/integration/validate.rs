//! `buildspec validate` from outside: ShellCheck as it is, and input that is out to hurt.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{ambient, say_loudly};

fn validate(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildspec"));
    command.env_clear().current_dir(folder).arg("validate");
    if let Some(path) = ambient("PATH") {
        command.env("PATH", path);
    }
    command
}

fn with(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("buildspec.yml"), text).unwrap();
    folder
}

#[test]
fn a_folder_that_cannot_be_read_hides_no_finding() {
    let folder = with("version: 2\nphases: {build: {commands: make}}\n");
    let secret = folder.path().join("secret");
    fs::create_dir(&secret).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = validate(&folder);
    if fs::read_dir(&secret).is_ok() {
        // Root reads everything; the program may lie where only root comes.
        let program = folder.path().join("program");
        fs::copy(env!("CARGO_BIN_EXE_buildspec"), &program).unwrap();
        command = Command::new(program);
        command.current_dir(&folder).arg("validate").uid(65534);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}{complaint}");
    assert!(said.contains("buildspec.yml:1:10"), "{said}");
    assert!(
        complaint.contains("could not look into all of `.`"),
        "{complaint}"
    );
    assert!(complaint.contains("secret"), "{complaint}");
}

/// Rule, line, column and message of each finding.
fn findings(output: &Output) -> Vec<(String, u64, u64, String)> {
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    said["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let start = &finding["start"];
            (
                text(&finding["rule"]),
                start["line"].as_u64().unwrap(),
                start["column"].as_u64().unwrap(),
                text(&finding["message"]),
            )
        })
        .collect()
}

const COMMANDS: &str = "\
version: 0.2
phases:
  build:
    commands:
      - \"echo \\\"\u{e9}\\\"; for file in $(ls); do cat \\\"$file\\\"; done\"
      - |
        set -e
        # buildspec: ignore[shellcheck] no comment of YAML's
        export TAG=$(git describe)
      - if [ -f a ]; then
      # buildspec: ignore[shellcheck] made on purpose
      - rm -rf \"$GONE/\"*
      - >-
        echo folded &&
        export NAME=$(whoami)
      - cd app
      - source ./x; echo \"$unset\"; [[ a == b ]]
";

/// The real ShellCheck, behind a script that counts how often it is run.
#[test]
fn shellcheck_looks_at_all_commands_in_one_run() {
    let Some(shellcheck) = ambient("BUILDSPEC_TEST_SHELLCHECK") else {
        say_loudly("SKIPPED shellcheck: BUILDSPEC_TEST_SHELLCHECK does not say where it is");
        return;
    };
    let folder = with(COMMANDS);
    let counting = folder.path().join("counting");
    let script = format!(
        "#!/bin/sh\necho run >>'{}'\nexec '{}' \"$@\"\n",
        folder.path().join("runs").display(),
        shellcheck
    );
    fs::write(&counting, script).unwrap();
    fs::set_permissions(&counting, fs::Permissions::from_mode(0o755)).unwrap();
    let output = validate(&folder)
        .args([
            "--format",
            "json",
            "--select",
            "shellcheck,ignore-unused",
            "--shellcheck",
        ])
        .arg(&counting)
        // Nothing is written, for there is nowhere to write to.
        .env("TMPDIR", "/nowhere")
        .output()
        .unwrap();
    let found = findings(&output);
    let places: Vec<(&str, u64, u64)> = found
        .iter()
        .map(|(_, line, column, message)| (message.split(':').next().unwrap(), *line, *column))
        .collect();
    assert_eq!(
        places,
        [
            ("SC2045", 5, 34),
            ("SC2155", 9, 16),
            // At the end of the text, which is no place in it: the whole command.
            ("SC1072", 10, 9),
            ("SC1073", 10, 22),
            ("SC2155", 15, 16),
            ("SC2050", 17, 41),
        ],
        "{found:#?}"
    );
    // The one to see whether it is there, and one for all commands.
    assert_eq!(
        fs::read_to_string(folder.path().join("runs")).unwrap(),
        "run\nrun\n"
    );
}

/// More commands than one process gets, some of them as long as they may be.
#[test]
fn shellcheck_looks_at_many_commands() {
    let Some(shellcheck) = ambient("BUILDSPEC_TEST_SHELLCHECK") else {
        say_loudly("SKIPPED shellcheck: BUILDSPEC_TEST_SHELLCHECK does not say where it is");
        return;
    };
    let mut text = "version: 0.2\nphases:\n  build:\n    commands:\n".to_owned();
    let long = "x".repeat(16_000);
    for number in 1..=450 {
        text += &match number {
            150 | 450 => "      - export A=$(b)\n".to_owned(),
            120..130 => format!("      - echo {long}\n"),
            _ => "      - make\n".to_owned(),
        };
    }
    let folder = with(&text);
    let output = validate(&folder)
        .args(["--format", "json", "--shellcheck", &shellcheck])
        .args(["--select", "shellcheck"])
        .output()
        .unwrap();
    let lines: Vec<u64> = findings(&output).iter().map(|found| found.1).collect();
    assert_eq!(lines, [154, 454]);
}

#[test]
fn shellcheck_can_be_missing_unless_it_is_named() {
    let folder = with(COMMANDS);
    let missing = validate(&folder).env("PATH", "/nowhere").output().unwrap();
    let said = String::from_utf8_lossy(&missing.stdout);
    assert_eq!(missing.status.code(), Some(0), "{said}");
    assert!(!said.contains("SC2"), "{said}");
    let named = validate(&folder)
        .args(["--shellcheck", "/nowhere/shellcheck"])
        .output()
        .unwrap();
    assert_eq!(named.status.code(), Some(4));
    let said = String::from_utf8_lossy(&named.stderr);
    assert!(said.contains("/nowhere/shellcheck"), "{said}");
}

/// A few lines that stand for 2^40 values.
fn bomb() -> String {
    let lines = (1..40).map(|level| format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1));
    ["a0: &a0 [x, x]\n".to_owned()]
        .into_iter()
        .chain(lines)
        .collect()
}

/// Whatever comes in, the answer is a finding, within 200 MB of memory.
#[test]
fn hostile_input_gets_a_finding_in_little_memory() {
    let head = "version: 0.2\nphases:\n  build:\n    commands:\n";
    let nested =
        |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let cases: Vec<(&str, Vec<u8>, Option<&str>)> = vec![
        ("aliases", bomb().into_bytes(), Some("yaml-alias")),
        (
            "10 MB of commands",
            [head, &"      - echo a: b\n".repeat(600_000)]
                .concat()
                .into(),
            Some("yaml-unplaceable"),
        ),
        (
            "half a MB of mistakes",
            [head, &"      - echo a: b\n".repeat(29_000)]
                .concat()
                .into(),
            Some("more-findings"),
        ),
        (
            "one command of half a MB",
            [head, "      - '", &"x ".repeat(1 << 17), "'\n"]
                .concat()
                .into(),
            None,
        ),
        (
            "half a MB of brackets",
            "[".repeat(500_000).into(),
            Some("yaml-unplaceable"),
        ),
        (
            "lists in lists",
            nested("[", "]").into(),
            Some("yaml-unplaceable"),
        ),
        ("dashes", nested("- ", "").into(), Some("yaml-unplaceable")),
        (
            "not UTF-8",
            [head.as_bytes(), b"      - echo \xff\xfe\n"].concat(),
            Some("yaml-syntax"),
        ),
        (
            "NUL",
            [head.as_bytes(), b"      - echo \0\n"].concat(),
            Some("yaml-syntax"),
        ),
        (
            "UTF-16",
            "version: 0.2"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
            Some("yaml-syntax"),
        ),
    ];
    for (what, bytes, rule) in cases {
        let folder = tempfile::tempdir().unwrap();
        // The limit is the address space, so more than memory that is used.
        let limit = "ulimit -v 400000 && exec \"$0\" validate --format json --fail-on never -";
        let mut child = Command::new("/bin/sh")
            .args(["-c", limit, env!("CARGO_BIN_EXE_buildspec")])
            .env_clear()
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || input.write_all(&bytes));
        let output = child.wait_with_output().unwrap();
        // Of what is larger than anything it reads, the end is left in the pipe.
        writer.join().unwrap().ok();
        assert_eq!(output.status.code(), Some(0), "{what}");
        let found = findings(&output);
        assert_eq!(found.first().map(|found| found.0.as_str()), rule, "{what}");
    }
}
