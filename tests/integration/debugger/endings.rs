//! What ends a build that stands still, and who may sit down at it.

use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::cli::{contains, ends_with};
use crate::harness::Emulator;

#[test]
fn a_signal_at_the_prompt_leaves_the_terminal_sane_and_nothing_behind() {
    both("SIGTERM at the prompt", |runtime| {
        for in_shell in [false, true] {
            let source = Source::commands(COMMANDS);
            let mut terminal = stopped(&source, runtime);
            if in_shell {
                terminal.line("shell");
                terminal.expect("BUILD:2 src ");
                assert!(terminal.is_raw());
                terminal.line("printf '\\033[?1049h\\033[?25l'; cat");
                eventually("the alternate screen", || {
                    memchr::memmem::find(&terminal.bytes(), b"\x1b[?1049h\x1b[?25l").is_some()
                });
            }
            kill_process(Pid::from_child(&terminal.child), Signal::TERM).unwrap();
            assert_eq!(terminal.ends(), Some(143), "{}", terminal.screen());
            assert!(terminal.is_sane());
            if in_shell {
                let bytes = terminal.bytes();
                let last = |what: &[u8]| memchr::memmem::rfind(&bytes, what);
                assert!(last(b"\x1b[?1049l") > last(b"\x1b[?1049h"), "{bytes:?}");
                assert!(last(b"\x1b[?25h") > last(b"\x1b[?25l"), "{bytes:?}");
            }
            assert_eq!(source.record()["buildStatus"], "STOPPED");
            if runtime == Runtime::Docker {
                assert_eq!(leftovers(&id(&source)), Vec::<String>::new());
            }
        }
    });
}

#[test]
fn a_kill_at_the_prompt_leaves_the_terminal_sane() {
    both("SIGKILL at the prompt", |runtime| {
        for in_shell in [false, true] {
            let source = Source::commands(COMMANDS);
            let mut terminal = stopped(&source, runtime);
            if in_shell {
                terminal.line("shell");
                terminal.expect("BUILD:2 src ");
            }
            eventually("raw", || terminal.is_raw());
            terminal.child.kill().unwrap();
            terminal.child.wait().unwrap();
            eventually("sane again", || terminal.is_sane());
            if runtime == Runtime::Docker {
                let label = format!("label=buildspec.build={}", id(&source));
                eventually("the container ends by itself", || {
                    let left = Command::new("docker")
                        .args(["ps", "-q", "--filter", &label])
                        .output();
                    left.unwrap().stdout.is_empty()
                });
                eventually("the next run removes what is left", || {
                    ends_with(0, &Source::commands(&["true"]).run(runtime, &[]));
                    leftovers(&id(&source)).is_empty()
                });
            }
        }
    });
}

#[test]
fn a_kill_ends_what_runs_in_a_shell_on_the_host() {
    let source = Source::commands(COMMANDS);
    let mut terminal = stopped(&source, Runtime::Host);
    terminal.line("shell");
    terminal.expect("BUILD:2 src ");
    let file = source.path().join("pids");
    let name = file.display();
    terminal.line(&format!("echo $$ >>{name}; sleep 1000 & echo $! >>{name}"));
    terminal.line(&format!(
        "sh -c 'trap \"\" HUP; echo $$ >>{name}; exec sleep 1000'"
    ));
    let pids = || std::fs::read_to_string(&file).unwrap_or_default();
    eventually("all run", || pids().lines().count() == 3);
    let alive = || {
        let all = pids();
        let stat = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
        all.lines()
            .filter_map(stat)
            .filter(|stat| !stat.contains(") Z "))
            .count()
    };
    assert_eq!(alive(), 3);
    terminal.child.kill().unwrap();
    terminal.child.wait().unwrap();
    eventually("none runs any more", || alive() == 0);
}

#[test]
fn the_last_question_is_asked_when_the_build_has_ended() {
    both("the last question", |runtime| {
        for time in ["60", "8s"] {
            let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - test old\nartifacts:\n  files: [buildspec.yml]\n";
            let source = Source::with(text);
            let arguments = ["--break", "BUILD", "--timeout", time];
            let editor = ("EDITOR".to_owned(), "sed -i s/old/new/".to_owned());
            let mut terminal = Terminal::of("run", source.path(), runtime, &arguments, &[editor]);
            terminal.expect("(debug) BUILD:1> ");
            terminal.line("edit");
            terminal.expect("SUCCEEDED after");
            terminal.expect("[y/N]");
            assert_eq!(source.record()["buildStatus"], "SUCCEEDED");
            if time == "60" {
                kill_process(Pid::from_child(&terminal.child), Signal::TERM).unwrap();
            } else {
                // The time-out comes and goes.
                thread::sleep(Duration::from_secs(9));
                terminal.line("y");
                terminal.expect("Written.");
            }
            assert_eq!(terminal.ends(), Some(0), "{}", terminal.screen());
            assert!(terminal.is_sane());
            let read = |path: &Path| fs::read_to_string(path).unwrap();
            assert_eq!(read(&source.kept().join("artifacts/buildspec.yml")), text);
            let now = read(&source.path().join("buildspec.yml"));
            assert_eq!(now.contains("test new"), time != "60", "{now}");
        }
    });
}

#[test]
fn a_shell_takes_no_part_of_a_build() {
    for flags in [
        &["--plan"][..],
        &["--phase", "BUILD"],
        &["--from", "BUILD"],
        &["--write-secrets-template"],
    ] {
        let source = Source::commands(COMMANDS);
        let mut terminal = Terminal::of("shell", source.path(), Runtime::Host, flags, &[]);
        terminal.expect(&format!("{} is of no use to shell", flags[0]));
        assert_eq!(terminal.ends(), Some(2), "{}", terminal.screen());
        assert!(!source.path().join(".buildspec").exists());
    }
}

#[test]
fn a_container_that_dies_at_the_prompt() {
    if !engine("dead container at the prompt") {
        return;
    }
    for in_shell in [false, true] {
        let source = Source::commands(COMMANDS);
        let mut terminal = stopped(&source, Runtime::Docker);
        if in_shell {
            terminal.line("shell");
            terminal.expect("BUILD:2 src ");
        }
        let label = format!("label=buildspec.build={}", id(&source));
        let found = Command::new("docker")
            .args(["ps", "-q", "--filter", &label])
            .output()
            .unwrap();
        let container = String::from_utf8(found.stdout).unwrap();
        let killed = Command::new("docker")
            .args(["kill", container.trim()])
            .output()
            .unwrap();
        assert!(killed.status.success(), "{killed:?}");
        terminal.expect("its container died");
        assert_eq!(terminal.ends(), Some(1), "{}", terminal.screen());
        assert!(terminal.is_sane());
        contains(&terminal.screen(), "BUILD_CONTAINER_FOUND_DEAD");
        assert!(!terminal.screen().contains("want of memory"));
        assert_eq!(leftovers(&id(&source)), Vec::<String>::new());
    }
}

#[test]
fn a_shell_that_is_not_there() {
    if !engine("shell missing in the image") {
        return;
    }
    let text = "version: 0.2\nenv:\n  shell: bash\n  variables:\n    NAME: 'it''s \"x\" $y'\nphases:\n  build:\n    commands:\n      - MORE='a b'; rm -f /bin/bash /usr/bin/bash\n      - echo never\n";
    let source = Source::with(text);
    let mut terminal = stopped(&source, Runtime::Docker);
    terminal.line("shell");
    terminal.expect("there is no bash here: this is /bin/sh");
    terminal.expect("BUILD:2 src ");
    terminal.line("echo \"<$NAME|$MORE>\"");
    terminal.expect("<it's \"x\" $y|a b>");
    terminal.line("exit");
    terminal.expect("(debug) BUILD:2> ");
    terminal.line("env");
    terminal.expect("The build's shell is gone");
    terminal.line("quit now");
    assert_eq!(terminal.ends(), Some(1), "{}", terminal.screen());
}

#[test]
fn a_build_without_a_terminal_is_attached_to() {
    both("attach", |runtime| {
        let source = Source::commands(&["echo one", "false", "echo three"]);
        let mut emulator = Emulator::run(source.path(), runtime);
        emulator
            .command
            .args(["--break", "BUILD:2", "--break-on-failure", "--hold", "3"]);
        emulator.limit = Duration::from_mins(3);
        let build = emulator.start();
        let output = source.path().join(".buildspec");
        let output = output.to_str().unwrap();
        let attach = ["attach", "latest", "--output", output];
        eventually("it waits", || {
            output_of(&build).contains("Entering phase BUILD")
        });
        let mut first = Terminal::start(&attach, &[]);
        first.expect("attached to build 1");
        // Who comes later sees what has been printed.
        first.expect("Running command echo one");
        first.expect("\none\r\n");
        first.expect("Stopped at BUILD:2: break point");
        let mut second = Terminal::start(&attach, &[]);
        second.expect("somebody sits at this build's debugger already");
        assert_eq!(second.ends(), Some(4));
        first.expect("(debug) BUILD:2> ");
        first.line("next");
        first.expect("Stopped at BUILD:2: failed, exit status 1");
        // Whoever leaves may be followed by somebody else.
        first.child.kill().unwrap();
        first.child.wait().unwrap();
        let mut third = Terminal::start(&attach, &[]);
        third.expect("Stopped at BUILD:2: failed, exit status 1");
        third.expect("(debug) BUILD:2> ");
        third.line("shell");
        third.expect("BUILD:2 src ");
        third.line("exit");
        third.expect("(debug) BUILD:2> ");
        third.line("skip");
        third.expect("counted as successful in the debugger: BUILD:2: false");
        third.expect("\nthree\r\n");
        third.expect("build 1 has ended: SUCCEEDED");
        assert_eq!(third.ends(), Some(0));
        assert!(third.is_sane());
        let ended = build.finish();
        ends_with(0, &ended);
        contains(&ended.complaint(), "buildspec attach 1 --output");
        let printed = String::from_utf8_lossy(&ended.stdout);
        contains(&printed, "\nthree\n");
        contains(
            &printed,
            "buildspec: counted as successful in the debugger: BUILD:2: false\n",
        );
        contains(&ended.complaint(), "warning: counted as successful");
        assert_eq!(first.screen().matches("\none\r\n").count(), 1);
        let mut late = Terminal::start(&attach, &[]);
        late.expect("build 1 has ended: SUCCEEDED");
        assert_eq!(late.ends(), Some(4));
    });
}

fn output_of(build: &crate::harness::Running) -> String {
    String::from_utf8_lossy(&build.stdout.so_far()).into_owned()
}

#[test]
fn a_build_that_dies_while_somebody_is_attached() {
    let source = Source::commands(COMMANDS);
    let mut emulator = Emulator::run(source.path(), Runtime::Host);
    emulator.command.args(["--break", "BUILD:2"]);
    let mut build = emulator.start();
    eventually("it waits", || output_of(&build).contains("\none\n"));
    let output = source.path().join(".buildspec");
    let attach = ["attach", "1", "--output", output.to_str().unwrap()];
    let mut terminal = Terminal::start(&attach, &[]);
    terminal.expect("(debug) BUILD:2> ");
    eventually("raw", || terminal.is_raw());
    build.child.kill().unwrap();
    build.child.wait().unwrap();
    terminal.expect("build 1 is gone");
    assert_eq!(terminal.ends(), Some(4));
    assert!(terminal.is_sane());
}

#[test]
fn a_place_that_is_not_there_leaves_no_build() {
    for wrong in [
        ["--break", "BUILD:3"],
        ["--from", "BUILD:3"],
        ["--phase", "INSTALL"],
    ] {
        let source = Source::commands(COMMANDS);
        let output = source.run(Runtime::Host, &wrong);
        ends_with(2, &output);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{wrong:?}");
        assert!(!source.path().join(".buildspec").exists(), "{wrong:?}");
    }
}

#[test]
fn nobody_comes() {
    let source = Source::commands(COMMANDS);
    let output = source.run(Runtime::Host, &["--break", "BUILD:2", "--hold", "1s"]);
    ends_with(0, &output);
    contains(
        &output.complaint(),
        "the build waits for its debugger: buildspec attach 1",
    );
    contains(&output.complaint(), "nobody came within the time of --hold");
    let source = Source::commands(COMMANDS);
    let output = source.run(Runtime::Host, &[]);
    ends_with(0, &output);
    let folder = source.path().join(".buildspec");
    let mut terminal = Terminal::start(&["attach", "--output", folder.to_str().unwrap()], &[]);
    terminal.expect("build 1 has ended: SUCCEEDED");
    assert_eq!(terminal.ends(), Some(4));
}
