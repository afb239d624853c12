//! Rules that a whole build shows: what a project's machine comes to here, and the way from a diagnosis to a mended file.

use std::path::Path;
use std::process::Command;

use crate::harness::{self, Emulator, Output, Runtime, difference, normalise};

/// A build of these commands, with a project.
fn build(runtime: Runtime, project: &str, commands: &[&str], arguments: &[&str]) -> Output {
    shown(runtime, "codebuild", project, commands, arguments)
}

fn shown(
    runtime: Runtime,
    format: &str,
    project: &str,
    commands: &[&str],
    arguments: &[&str],
) -> Output {
    let source = tempfile::tempdir().unwrap();
    let commands: String = commands
        .iter()
        .map(|command| format!("      - {command}\n"))
        .collect();
    let buildspec = format!("version: 0.2\nphases:\n  build:\n    commands:\n{commands}");
    std::fs::write(source.path().join("buildspec.yml"), buildspec).unwrap();
    let file = source.path().join("project.json");
    std::fs::write(&file, project).unwrap();
    let mut emulator = Emulator::with_format(source.path(), runtime, format);
    emulator.command.arg("--project").arg(file).args(arguments);
    emulator.finish()
}

fn docker() -> bool {
    let answer = harness::docker();
    if let Err(why) = &answer {
        harness::say_loudly(&format!("NOT TESTED: docker builds: {why}"));
    }
    answer.is_ok()
}

fn environment(members: &str) -> String {
    format!(r#"{{"name": "shop", "environment": {{{members}}}}}"#)
}

#[test]
fn a_page_without_indentation_is_told_how_to_indent() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/builds/seed-lost-indentation");
    let output = Command::new(env!("CARGO_BIN_EXE_buildspec"))
        .arg("validate")
        .arg(case.join("buildspec.yml"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    for sentence in [
        "nothing is indented below `phases`",
        "indent by two spaces for each level",
        "nothing is indented below `artifacts`",
    ] {
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
fn machines_that_are_not_linux_are_refused_or_replaced() {
    for (kind, word) in [
        ("WINDOWS_SERVER_2019_CONTAINER", "Windows"),
        ("LINUX_LAMBDA_CONTAINER", "Lambda"),
        ("MAC_ARM", "macOS"),
    ] {
        let project = environment(&format!(r#""type": "{kind}", "image": "aws/codebuild/x""#));
        let source = tempfile::tempdir().unwrap();
        std::fs::write(source.path().join("project.json"), &project).unwrap();
        let mut emulator = Emulator::run(source.path(), Runtime::Host);
        let file = source.path().join("project.json");
        emulator.command.arg("--project").arg(file);
        let output = emulator.finish();
        assert_eq!(output.code, Some(2), "{kind}");
        let said = output.complaint();
        assert!(said.contains(kind) && said.contains(word), "{said}");

        let output = build(Runtime::Host, &project, &["true"], &["--image", "debian"]);
        assert_eq!(output.code, Some(0), "{kind}");
        assert!(output.complaint().contains(word));
    }
}

#[test]
fn a_compute_type_limits_the_container() {
    if !docker() {
        return;
    }
    let look = [
        "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true",
        "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || true",
    ];
    let project = environment(r#""computeType": "BUILD_GENERAL1_MEDIUM""#);
    // More CPUs than this machine may have.
    for (arguments, memory, cpus) in [
        (&[][..], 8_u64, 4),
        (&["--compute-type", "large"][..], 16, 8),
    ] {
        let output = build(Runtime::Docker, &project, &look, arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.code, Some(0), "{said}{}", output.complaint());
        assert!(said.contains(&format!("\n{}\n", memory << 30)), "{said}");
        assert!(said.contains(&format!("\n{}", cpus * 100_000)), "{said}");
    }
    let output = build(
        Runtime::Docker,
        &environment(""),
        &["true"],
        &["--compute-type", "huge"],
    );
    assert_eq!(output.code, Some(2));
    assert!(output.complaint().contains("there is no compute type huge"));
}

#[test]
fn out_of_memory_is_said_as_codebuild_says_it_and_explained() {
    if !docker() {
        return;
    }
    let project = environment(
        r#""computeType": "ATTRIBUTE_BASED_COMPUTE", "computeConfiguration": {"vCpu": 1, "memory": 1}"#,
    );
    let output = build(Runtime::Docker, &project, &["tail /dev/zero"], &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.code, Some(1));
    assert!(said.contains("Command did not exit successfully tail /dev/zero exit status 137\n"));
    assert!(
        said.contains("Error while executing command: tail /dev/zero. Reason: exit status 137\n")
    );
    let output = shown(Runtime::Docker, "json", &project, &["tail /dev/zero"], &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("out-of-memory"), "{said}");
}

#[test]
fn a_project_for_arm_asks_the_engine_for_arm() {
    if !docker() || cfg!(target_arch = "aarch64") {
        return;
    }
    let project = environment(r#""type": "ARM_CONTAINER""#);
    let output = build(Runtime::Docker, &project, &["true"], &["--pull", "never"]);
    assert_eq!(output.code, Some(4));
    assert!(
        output.complaint().contains("linux/arm64"),
        "{}",
        output.complaint()
    );
}

/// A failing build here and a passing one there: the differ names the command.
#[test]
fn the_golden_logs_compare_as_the_tests_do() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/builds");
    let log = |case: &str| std::fs::read_to_string(cases.join(case).join("expected.log")).unwrap();
    let (well, ill) = (log("g01-two-commands"), log("g03-build-fails"));
    let comparison = buildspec::compare::compare(&well, &ill);
    assert_eq!(comparison.first_turn().unwrap().phase, "BUILD");
    // Both ways to compare agree on what is the same.
    assert!(difference("", &normalise(well.as_bytes()), &well).is_none());
    assert!(buildspec::compare::compare(&well, &well).same);
}

/// Two Node.js of different origin in `images/standard`: what the catalogue's recipe selects is what runs.
#[test]
fn the_selected_runtime_is_the_one_that_runs() {
    const STANDARD: &str = "buildspec/standard";
    if !docker() {
        return;
    }
    let there = Command::new("docker")
        .args(["image", "inspect", STANDARD])
        .output();
    if !there.is_ok_and(|there| there.status.success()) {
        harness::say_loudly(&format!(
            "NOT TESTED: real runtimes: no image {STANDARD} (images/standard/build.sh makes it)"
        ));
        return;
    }
    for (version, expected) in [
        ("18", "v18."),
        ("24", "v24."),
        ("latest", "v24."),
        ("18.x", "v18."),
    ] {
        let source = tempfile::tempdir().unwrap();
        let buildspec = format!(
            "version: 0.2\nphases:\n  install:\n    runtime-versions:\n      nodejs: {version}\n  build:\n    commands:\n      - node --version\n"
        );
        std::fs::write(source.path().join("buildspec.yml"), buildspec).unwrap();
        let mut emulator = Emulator::run(source.path(), Runtime::Docker);
        emulator.command.args(["--image", STANDARD]);
        let output = emulator.finish();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.code, Some(0), "{said}{}", output.complaint());
        assert!(
            said.contains(&format!("Running command node --version\n{expected}")),
            "{version}: {said}"
        );
        let number = &expected[1..3];
        assert!(said.contains(&format!(
            "Selecting 'nodejs' runtime version '{number}' based on manual selections..."
        )));
        assert!(said.contains(&format!("Installing Node.js version {number} ...")));
    }
}

#[test]
fn an_image_for_another_processor_is_explained() {
    const IMAGE: &str = "buildspec-test/another-processor";
    if !docker() {
        return;
    }
    // The header of a program, for a processor that this machine isn't.
    let machine = if cfg!(target_arch = "aarch64") {
        0x3e
    } else {
        0xb7
    };
    let mut program = [0; 64];
    program[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    program[16..24].copy_from_slice(&[2, 0, machine, 0, 1, 0, 0, 0]);
    program[52] = 64;
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(program.len() as u64);
    archive
        .append_data(&mut header, "bin/sh", &program[..])
        .unwrap();
    let mut import = Command::new("docker")
        .args(["import", "-", IMAGE])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let archive = archive.into_inner().unwrap();
    std::io::Write::write_all(&mut import.stdin.take().unwrap(), &archive).unwrap();
    assert!(import.wait().unwrap().success());
    let arguments = ["--image", IMAGE, "--pull", "never"];
    let output = build(Runtime::Docker, &environment(""), &["true"], &arguments);
    let _ = Command::new("docker").args(["image", "rm", IMAGE]).output();
    assert_eq!(output.code, Some(4));
    let said = output.complaint();
    assert!(
        said.contains("for another processor") && said.contains("emulator"),
        "{said}"
    );
}
