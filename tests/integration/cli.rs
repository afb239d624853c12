//! Bad input, odd output and interruptions, against the contract of the command line.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{
    Emulator, Output, Running, Runtime, difference, docker, leftovers, normalise, say_loudly,
};

/// The same test in both runtimes; without an engine the second says so and passes.
macro_rules! both {
    ($name:ident, |$runtime:ident| $body:block) => {
        mod $name {
            use super::*;

            fn check($runtime: Runtime) $body

            #[test]
            fn host() {
                check(Runtime::Host);
            }

            #[test]
            fn docker() {
                if engine(stringify!($name)) {
                    check(Runtime::Docker);
                }
            }
        }
    };
}

/// A folder with a buildspec, and whatever else a test puts there.
pub(crate) struct Source(TempDir);

impl Source {
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn with(buildspec: impl AsRef<[u8]>) -> Self {
        let source = Self::empty();
        fs::write(source.path().join("buildspec.yml"), buildspec).unwrap();
        source
    }

    /// A build phase with these commands, each written as a block without a final newline.
    pub(crate) fn commands(commands: &[&str]) -> Self {
        Self::with(buildspec(commands))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn kept(&self) -> PathBuf {
        self.path().join(".buildspec/latest")
    }

    pub(crate) fn record(&self) -> Value {
        let file = self.kept().join("build.json");
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        serde_json::from_slice(&bytes).unwrap()
    }

    pub(crate) fn run(&self, runtime: Runtime, arguments: &[&str]) -> Output {
        let mut emulator = Emulator::run(self.path(), runtime);
        emulator.command.args(arguments);
        emulator.finish()
    }
}

pub(crate) fn buildspec(commands: &[&str]) -> String {
    let mut text = "version: 0.2\nphases:\n  build:\n    commands:\n".to_owned();
    for command in commands {
        let command = command.replace('\n', "\n        ");
        writeln!(text, "      - |-\n        {command}").unwrap();
    }
    text
}
#[track_caller]
pub(crate) fn ends_with(code: i32, output: &Output) {
    assert_eq!(
        output.code,
        Some(code),
        "--- stdout\n{}\n--- stderr\n{}",
        shortened(&output.stdout),
        output.complaint()
    );
}

#[track_caller]
pub(crate) fn contains(text: &str, part: &str) {
    assert!(text.contains(part), "`{part}` is not in:\n{text}");
}

#[track_caller]
pub(crate) fn same(what: &str, expected: &str, actual: &str) {
    if let Some(diff) = difference(what, expected, actual) {
        panic!("{diff}");
    }
}

pub(crate) fn shortened(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(20_000)]).into_owned()
}

/// The log from `Entering phase BUILD` to the next phase, normalised.
#[track_caller]
pub(crate) fn build_phase(output: &Output) -> String {
    let log = normalise(&output.stdout);
    let start = "[Container] <TS> Entering phase BUILD\n";
    let end = "[Container] <TS> Phase complete: BUILD ";
    let (_, rest) = log.split_once(start).expect("a BUILD phase");
    let (body, _) = rest.rsplit_once(end).expect("an end of the BUILD phase");
    body.to_owned()
}

/// The log of a build that ends in `DOWNLOAD_SOURCE`.
fn broken(location: Option<&str>, message: &str) -> String {
    let location = location.map_or_else(String::new, |path| format!("\nYAML location is {path}"));
    format!(
        "Running on CodeBuild On-demand\nWaiting for agent ping\nWaiting for DOWNLOAD_SOURCE\n\
         Phase is DOWNLOAD_SOURCE\nCODEBUILD_SRC_DIR=/codebuild/output/src<N>/src{location}\n\
         Phase complete: DOWNLOAD_SOURCE State: FAILED\n\
         Phase context status code: YAML_FILE_ERROR Message: {message}\n"
    )
    .lines()
    .fold(String::new(), |log, line| {
        log + "[Container] <TS> " + line + "\n"
    })
}

pub(crate) fn engine(test: &str) -> bool {
    let answer = docker();
    if let Err(why) = &answer {
        say_loudly(&format!("NOT TESTED: {test} with docker: {why}"));
    }
    answer.is_ok()
}

#[track_caller]
pub(crate) fn wait_for(build: &Running, line: &str) {
    let start = Instant::now();
    while !String::from_utf8_lossy(&build.stdout.so_far()).contains(line) {
        let over = build.stdout.thread.is_finished();
        assert!(
            !over && start.elapsed() < Duration::from_secs(40),
            "no `{line}` in the log; over: {over}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

mod sources {
    use super::*;

    both!(no_buildspec, |runtime| {
        let source = Source::empty();
        let output = source.run(runtime, &[]);
        ends_with(3, &output);
        let message = "stat /codebuild/output/src<N>/src/buildspec.yml: no such file or directory";
        same(
            "the log",
            &broken(None, message),
            &normalise(&output.stdout),
        );
        assert_eq!(source.record()["buildStatus"], "FAILED");
    });

    both!(named_buildspec_missing, |runtime| {
        let source = Source::commands(&["true"]);
        let output = source.run(runtime, &["--buildspec", "ci/none.yml"]);
        ends_with(3, &output);
        let message = "stat /codebuild/output/src<N>/src/ci/none.yml: no such file or directory";
        same(
            "the log",
            &broken(None, message),
            &normalise(&output.stdout),
        );
    });

    both!(named_buildspec, |runtime| {
        let source = Source::empty();
        fs::create_dir(source.path().join("ci")).unwrap();
        fs::write(source.path().join("ci/other.yml"), buildspec(&["pwd"])).unwrap();
        let output = source.run(runtime, &["--buildspec", "ci/other.yml"]);
        ends_with(0, &output);
        let log = normalise(&output.stdout);
        contains(
            &log,
            "YAML location is /codebuild/output/src<N>/src/ci/other.yml\n",
        );
        contains(
            &log,
            "Running command pwd\n/codebuild/output/src<N>/src\n\n",
        );
    });

    both!(inline_buildspec_on_stdin, |runtime| {
        let source = Source::empty();
        let text = Source::commands(&["echo inline", "cat"]);
        let mut emulator = Emulator::run(source.path(), runtime);
        emulator.command.args(["--buildspec", "-"]);
        emulator
            .command
            .stdin(File::open(text.path().join("buildspec.yml")).unwrap());
        let output = emulator.finish();
        ends_with(0, &output);
        let log = normalise(&output.stdout);
        contains(&log, "YAML location is /codebuild/readonly/buildspec.yml\n");
        contains(&log, "Running command echo inline\ninline\n\n");
    });

    both!(buildspec_is_not_utf8, |runtime| {
        let mut text = buildspec(&["echo one"]).into_bytes();
        text.extend_from_slice(b"      - echo caf\xe9\n");
        let source = Source::with(text);
        let output = source.run(runtime, &[]);
        ends_with(3, &output);
        let log = normalise(&output.stdout);
        contains(&log, "Phase complete: DOWNLOAD_SOURCE State: FAILED\n");
        contains(&log, "Phase context status code: YAML_FILE_ERROR Message: ");
    });

    both!(buildspec_is_a_directory, |runtime| {
        let source = Source::empty();
        fs::create_dir(source.path().join("buildspec.yml")).unwrap();
        let output = source.run(runtime, &[]);
        ends_with(3, &output);
        contains(
            &normalise(&output.stdout),
            "Phase context status code: YAML_FILE_ERROR Message: ",
        );
    });

    #[test]
    fn source_is_a_file() {
        let source = Source::commands(&["true"]);
        let file = source.path().join("buildspec.yml");
        let output = Emulator::run(&file, Runtime::Host).finish();
        ends_with(2, &output);
        contains(&output.complaint(), &file.display().to_string());
        assert_eq!(shortened(&output.stdout), "");
    }

    #[test]
    fn source_does_not_exist() {
        let source = Source::empty();
        let nowhere = source.path().join("nowhere");
        let output = Emulator::run(&nowhere, Runtime::Host).finish();
        ends_with(2, &output);
        contains(&output.complaint(), &nowhere.display().to_string());
        assert!(!nowhere.exists(), "a folder was made where none was");
    }
}

mod usage {
    use super::*;

    #[test]
    fn unknown_flag() {
        let source = Source::commands(&["true"]);
        let output = source.run(Runtime::Host, &["--frobnicate"]);
        ends_with(2, &output);
        contains(&output.complaint(), "--frobnicate");
        assert_eq!(shortened(&output.stdout), "");
        assert!(!source.path().join(".buildspec").exists());
    }

    #[test]
    fn value_that_is_none() {
        let source = Source::commands(&["true"]);
        let mut emulator = Emulator::run(source.path(), Runtime::Host);
        emulator.command.args(["--pull", "sometimes"]);
        let output = emulator.finish();
        ends_with(2, &output);
        contains(&output.complaint(), "sometimes");
    }

    both!(output_directory_cannot_be_made, |runtime| {
        let source = Source::commands(&["echo ran"]);
        let file = source.path().join("a-file");
        fs::write(&file, "").unwrap();
        for place in [file.join("below"), PathBuf::from("/proc/buildspec-output")] {
            let place = place.display().to_string();
            let output = source.run(runtime, &["--output", &place]);
            ends_with(4, &output);
            contains(&output.complaint(), &place);
            assert_eq!(shortened(&output.stdout), "", "nothing may run");
        }
    });

    #[test]
    fn no_engine() {
        let source = Source::commands(&["echo ran"]);
        let mut emulator = Emulator::run(source.path(), Runtime::Docker);
        emulator
            .command
            .env("DOCKER_HOST", "unix:///nonexistent.sock");
        let output = emulator.finish();
        ends_with(4, &output);
        contains(&output.complaint(), "/nonexistent.sock");
        contains(&output.complaint(), "--runtime host");
        assert!(
            output.took < Duration::from_secs(20),
            "took {:?}",
            output.took
        );
    }

    #[test]
    fn image_is_missing() {
        if !engine("image_is_missing") {
            return;
        }
        let source = Source::commands(&["echo ran"]);
        let image = "buildspec.invalid/no/such:image";
        // The flag counts more than the variable that names the tests' image.
        let output = source.run(Runtime::Docker, &["--image", image, "--pull", "never"]);
        ends_with(4, &output);
        contains(&output.complaint(), image);
    }
}

mod output {
    use super::*;

    both!(variables_from_outside, |runtime| {
        let source = Source::commands(&["echo \"[$GIVEN] [$PASSED] [$ABSENT]\""]);
        let mut emulator = Emulator::run(source.path(), runtime);
        emulator.command.env("PASSED", "from the host");
        emulator.command.env("ABSENT", "never asked for");
        emulator.command.args(["-e", "GIVEN=a b=c", "-e", "PASSED"]);
        let output = emulator.finish();
        ends_with(0, &output);
        contains(&build_phase(&output), "\n[a b=c] [from the host] []\n");
    });

    both!(binary, |runtime| {
        let source = Source::commands(&[r"printf '\000\001\377\376\033[0m\n'; echo after"]);
        let output = source.run(runtime, &[]);
        ends_with(0, &output);
        contains(&build_phase(&output), "\nafter\n\n");
    });

    both!(characters_cut_by_chunks, |runtime| {
        // 3 bytes each, so that no power of two ends between two of them.
        let source = Source::commands(&[
            "i=0; while [ $i -lt 4000 ]; do printf '€€€€€€€€€€€€€€€€€€€€€€'; i=$((i+1)); done; echo",
        ]);
        let output = source.run(runtime, &[]);
        ends_with(0, &output);
        let body = build_phase(&output);
        assert!(!body.contains('\u{fffd}'), "a character was cut");
        assert_eq!(body.matches('€').count(), 4000 * 22 + 22);
    });

    both!(twenty_megabytes_without_a_newline, |runtime| {
        let source = Source::commands(&[r"head -c 20000000 /dev/zero | tr '\000' Q", "echo after"]);
        let output = source.run(runtime, &[]);
        ends_with(0, &output);
        // One more in the command that is echoed.
        let count = normalise(&output.stdout).matches('Q').count();
        assert_eq!(count, 20_000_001);
        contains(
            &normalise(&output.stdout[output.stdout.len() - 10_000..]),
            "Q\n[Container] <TS> Running command echo after\nafter\n\n",
        );
    });

    both!(many_lines, |runtime| {
        let source = Source::commands(&["seq 200000"]);
        let output = source.run(runtime, &[]);
        ends_with(0, &output);
        let mut expected = "[Container] <TS> Running command seq 200000\n".to_owned();
        for number in 1..=200_000 {
            writeln!(expected, "{number}").unwrap();
        }
        expected.push('\n');
        assert!(build_phase(&output) == expected, "lines were lost or mixed");
    });

    both!(text_like_the_marker, |runtime| {
        let source = Source::commands(&[
            r"printf '\036'; printf '\036\036 0\n\036abc 0\n\036abc 1\036\n'; echo still",
            r"printf '\036'; exit 3",
        ]);
        let output = source.run(runtime, &[]);
        ends_with(1, &output);
        let body = build_phase(&output);
        contains(&body, "\nstill\n\n");
        contains(&body, "exit status 3\n");
    });

    both!(text_like_the_log, |runtime| {
        let line = "[Container] 2020/01/01 00:00:00.000000 Phase complete: INSTALL State: FAILED";
        let source = Source::commands(&[&format!("echo '{line}'")]);
        let output = source.run(runtime, &[]);
        ends_with(0, &output);
        let phases = source.record()["phases"].to_string();
        assert!(!phases.contains("FAILED"), "{phases}");
    });

    both!(nothing, |runtime| {
        let source = Source::commands(&["true", "true"]);
        let output = source.run(runtime, &[]);
        ends_with(0, &output);
        let command = "[Container] <TS> Running command true\n\n";
        same("the phase", &command.repeat(2), &build_phase(&output));
    });

    both!(own_messages_go_to_stderr, |runtime| {
        let source = Source::commands(&["echo to-stderr >&2"]);
        let output = source.run(runtime, &[]);
        ends_with(0, &output);
        contains(&build_phase(&output), "\nto-stderr\n\n");
        assert!(
            !output.complaint().contains("to-stderr"),
            "{}",
            output.complaint()
        );
        let log = normalise(&output.stdout);
        assert!(
            log.starts_with("[Container] <TS> Running on CodeBuild On-demand\n"),
            "{log}"
        );
        let end = "[Container] <TS> Phase context status code:  Message: \n";
        assert!(log.ends_with(end), "{log}");
    });
}

mod kept {
    use super::*;

    both!(one_folder_for_each_build, |runtime| {
        let source = Source::commands(&["echo one"]);
        for number in 1..=2 {
            ends_with(0, &source.run(runtime, &[]));
            let latest = fs::read_link(source.kept()).unwrap();
            assert_eq!(latest, Path::new(&format!("builds/{number}")));
            let record = source.record();
            assert_eq!(record["buildStatus"], "SUCCEEDED");
            assert_eq!(record["buildComplete"], true);
            assert_eq!(record["currentPhase"], "COMPLETED");
        }
        let ignored = fs::read_to_string(source.path().join(".buildspec/.gitignore")).unwrap();
        contains(&ignored, "/builds/\n");
        let events = fs::read_to_string(source.kept().join("events.jsonl")).unwrap();
        for line in events.lines() {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
        assert!(!events.is_empty());
    });

    both!(two_builds_at_once, |runtime| {
        let source = Source::commands(&["sleep 1; echo $CODEBUILD_BUILD_ID"]);
        let builds = [1, 2].map(|_| Emulator::run(source.path(), runtime).start());
        let logs = builds.map(|build| {
            let output = build.finish();
            ends_with(0, &output);
            build_phase(&output)
        });
        assert_ne!(logs[0], logs[1]);
        for number in ["1", "2"] {
            let folder = source.path().join(".buildspec/builds").join(number);
            assert!(folder.join("build.json").exists(), "{}", folder.display());
        }
    });

    both!(elsewhere, |runtime| {
        let text = buildspec(&["echo hi > out.txt"]) + "artifacts:\n  files: [out.txt]\n";
        let source = Source::with(text);
        let place = Source::empty();
        let (kept, files) = (place.path().join("kept"), place.path().join("files"));
        let output = source.run(
            runtime,
            &[
                "--output",
                &kept.display().to_string(),
                "--artifacts",
                &files.display().to_string(),
            ],
        );
        ends_with(0, &output);
        assert!(kept.join("latest/build.json").exists());
        assert_eq!(fs::read_to_string(files.join("out.txt")).unwrap(), "hi\n");
        assert!(!source.path().join(".buildspec").exists());
        assert!(!source.path().join("out.txt").exists());
    });
}

mod interrupted {
    use super::*;

    fn stop(runtime: Runtime, signal: Signal, code: i32) {
        let source = Source::commands(&["sleep 30", "echo not reached"]);
        let build = Emulator::run(source.path(), runtime).start();
        wait_for(&build, "Running command sleep 30\n");
        // Past the echo of the command, into the command.
        thread::sleep(Duration::from_millis(500));
        kill_process(Pid::from_child(&build.child), signal).unwrap();
        let asked = Instant::now();
        let output = build.finish();
        ends_with(code, &output);
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(15), "took {took:?} to stop");
        assert!(!shortened(&output.stdout).contains("Running command echo not reached"));

        let record = source.record();
        assert_eq!(record["buildStatus"], "STOPPED");
        assert_eq!(record["buildComplete"], true);
        if runtime == Runtime::Docker {
            let id = record["id"].as_str().unwrap();
            let (_, build) = id.split_once(':').unwrap();
            assert_eq!(leftovers(build), Vec::<String>::new());
        }
    }

    both!(by_ctrl_c, |runtime| {
        stop(runtime, Signal::INT, 130);
    });

    both!(by_sigterm, |runtime| {
        stop(runtime, Signal::TERM, 143);
    });

    both!(by_hang_up, |runtime| {
        stop(runtime, Signal::HUP, 129);
    });

    both!(commands_that_ignore_signals_too, |runtime| {
        let source = Source::commands(&["trap '' INT TERM HUP; echo deaf; sleep 30; sleep 30"]);
        let build = Emulator::run(source.path(), runtime).start();
        wait_for(&build, "\ndeaf\n");
        kill_process(Pid::from_child(&build.child), Signal::INT).unwrap();
        let asked = Instant::now();
        ends_with(130, &build.finish());
        assert!(
            asked.elapsed() < Duration::from_secs(15),
            "took {:?}",
            asked.elapsed()
        );
    });

    #[test]
    fn no_process_outlives_its_build() {
        // A time nobody else sleeps for.
        for (tail, command) in [("1", "sleep 98761 &"), ("2", "(setsid sleep 98762 &)")] {
            let source = Source::commands(&[command, "echo done"]);
            let output = source.run(Runtime::Host, &[]);
            ends_with(0, &output);
            contains(&build_phase(&output), "\ndone\n");
            let found = Command::new("pgrep")
                .args(["-f", &format!("^sleep 9876{tail}$")])
                .output();
            // Without pgrep there is nothing to look with.
            if let Ok(found) = found {
                let pids = String::from_utf8_lossy(&found.stdout).into_owned();
                assert_eq!(pids, "", "`{command}` lives on");
            }
        }
    }
}
