//! What a run does to the network and to the files of AWS's tools, as the kernel sees it.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Emulator, Runtime, docker, say_loudly};

const WITHOUT: &str = "version: 0.2\nphases: {build: {commands: ['true']}}\n";
const WITH: &str = "version: 0.2
env: {parameter-store: {A: /a}, secrets-manager: {B: 'db:b'}}
phases: {build: {commands: ['[ \"$A$B\" = onetwo ]']}}
";

/// Every socket that is opened or connected, and every file that is looked at, by the program and all that it starts.
fn watched(buildspec: &str, runtime: Runtime, arguments: &[&str]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let source = folder.path().join("source");
    fs::create_dir_all(source.join(".buildspec")).unwrap();
    fs::write(source.join("buildspec.yml"), buildspec).unwrap();
    let secrets = source.join(".buildspec/secrets.yml");
    fs::write(
        secrets,
        "parameter-store: {/a: one}\nsecrets-manager: {db: {b: two}}\n",
    )
    .unwrap();
    if !can_watch(folder.path()) {
        say_loudly("NOT TESTED: sockets: there is no strace, or it may not watch");
        return None;
    }
    let mut emulator = Emulator::run(&source, runtime);
    // A profile that nobody looks for, whose look-up would need the network.
    emulator
        .command
        .env("AWS_PROFILE", "work")
        .env("AWS_CONFIG_FILE", folder.path().join("aws-config"))
        .args(arguments);
    let traced = under(
        emulator,
        Command::new("strace")
            .args(["-f", "-qq", "-e", "trace=socket,connect,open,openat", "-o"])
            .arg(&trace),
    );
    let output = traced.finish();
    assert_eq!(
        output.code,
        Some(0),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        output.complaint()
    );
    Some(fs::read_to_string(trace).unwrap())
}

/// The same run, started by another program, whose arguments so far come first.
fn under(mut emulator: Emulator, outer: &Command) -> Emulator {
    let inner = &emulator.command;
    let set = inner
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let mut command = Command::new(outer.get_program());
    command
        .args(outer.get_args())
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .envs(set)
        .current_dir(inner.get_current_dir().unwrap())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    emulator.command = command;
    emulator
}

fn can_watch(folder: &Path) -> bool {
    let tried = Command::new("strace")
        .args(["-f", "-o"])
        .arg(folder.join("tried"))
        .arg("true")
        .output();
    tried.is_ok_and(|output| output.status.success())
}

/// Lines of a trace that speak of another machine, or could.
fn network(trace: &str) -> Vec<&str> {
    let sockets = trace
        .lines()
        .filter(|line| line.contains("socket(") || line.contains("connect("));
    sockets
        // Name services of the C library's own; nobody has to listen there.
        .filter(|line| !line.contains("nscd"))
        .filter(|line| {
            let is_local = line.contains("AF_UNIX") || line.contains("AF_NETLINK");
            !is_local || (line.contains("connect(") && !line.contains("docker.sock"))
        })
        .collect()
}

#[test]
fn offline_opens_no_socket_but_the_engines() {
    for (runtime, is_there) in [(Runtime::Host, true), (Runtime::Docker, docker().is_ok())] {
        if !is_there {
            say_loudly("NOT TESTED: sockets with docker");
            continue;
        }
        let Some(trace) = watched(WITH, runtime, &["--offline"]) else {
            return;
        };
        assert_eq!(network(&trace), [""; 0], "{runtime:?}");
        assert_eq!(
            trace.contains("docker.sock"),
            runtime == Runtime::Docker,
            "what the trace is for can be seen in it"
        );
    }
}

#[test]
fn a_build_without_references_never_asks_who_it_is() {
    for buildspec in [WITHOUT, WITH] {
        // What the file has is not asked of AWS either, --offline or not.
        let Some(trace) = watched(buildspec, Runtime::Host, &[]) else {
            return;
        };
        assert_eq!(network(&trace), [""; 0]);
        assert!(!trace.contains("aws-config"), "AWS's files were read");
        assert!(trace.contains("buildspec.yml"), "{trace}");
    }
}
