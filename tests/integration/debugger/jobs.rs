//! The debugger as a job of the user's shell: stopped and continued, and killed.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::harness::say_loudly;

/// A shell with a debugger that stands before the second command; None where there is no such shell.
fn in_bash(source: &Source) -> Option<Terminal> {
    let mut terminal = bash()?;
    start(&mut terminal, source, "");
    Some(terminal)
}

fn bash() -> Option<Terminal> {
    if Command::new("bash").arg("--version").output().is_err() {
        say_loudly("no bash here: job control is not tested");
        return None;
    }
    let variables = [("PS1".to_owned(), "host> ".to_owned())];
    let mut terminal = Terminal::program("bash", &["--norc", "--noprofile", "-i"], &variables);
    terminal.expect("host> ");
    Some(terminal)
}

fn start(terminal: &mut Terminal, source: &Source, behind: &str) {
    terminal.line(&format!(
        "{} run {} --runtime host --break BUILD:2 {behind}",
        env!("CARGO_BIN_EXE_buildspec"),
        source.path().display()
    ));
    terminal.expect("(debug) BUILD:2> ");
}

/// The debugger's process, the shell's only child.
fn job(terminal: &Terminal) -> Pid {
    let shell = terminal.child.id();
    let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
    let child = children.split_whitespace().next().unwrap().parse().unwrap();
    Pid::from_raw(child).unwrap()
}

#[test]
fn a_stopped_debugger_comes_back_with_its_prompt() {
    let source = Source::commands(&["echo one", "echo two"]);
    let Some(mut terminal) = in_bash(&source) else {
        return;
    };
    for by_key in [true, true, true, false, true] {
        terminal.send(b"whe");
        terminal.expect("whe");
        if by_key {
            terminal.send(b"\x1a");
        } else {
            kill_process(job(&terminal), Signal::STOP).unwrap();
        }
        terminal.expect("Stopped");
        terminal.expect("host> ");
        terminal.line("fg");
        terminal.expect("(debug) BUILD:2> whe");
        eventually("raw again", || terminal.is_raw());
        terminal.line("re");
        terminal.expect("phase BUILD, command 2 of 2");
        terminal.expect("(debug) BUILD:2> ");
    }
    terminal.line("shell");
    terminal.expect("BUILD:2 src ");
    kill_process(job(&terminal), Signal::STOP).unwrap();
    terminal.expect("Stopped");
    terminal.expect("host> ");
    terminal.line("fg");
    eventually("raw again", || terminal.is_raw());
    terminal.line("echo st''ill here");
    terminal.expect("still here");
    terminal.line("codebuild-resume");
    terminal.expect("SUCCEEDED");
    terminal.expect("host> ");
}

#[test]
fn a_killed_debugger_leaves_the_shell_its_terminal() {
    let source = Source::commands(&["echo one", "echo two"]);
    let Some(mut terminal) = in_bash(&source) else {
        return;
    };
    for in_shell in [false, true, false, true] {
        if in_shell {
            terminal.line("shell");
            terminal.expect("BUILD:2 src ");
            terminal.line("printf '\\033[?1049h\\033[?25l'; echo re''ady; cat");
            terminal.expect("ready");
        }
        let seen = terminal.bytes().len();
        kill_process(job(&terminal), Signal::KILL).unwrap();
        terminal.expect("Killed");
        terminal.expect("host> ");
        // Whoever watched has had its say by now.
        thread::sleep(Duration::from_millis(300));
        assert!(terminal.is_edited(), "the shell's own modes are disturbed");
        let since = terminal.bytes().split_off(seen);
        let set_back = memchr::memmem::find(&since, b"\x1b[?1047l\x1b[?1l\x1b[?25h");
        assert!(set_back.is_some(), "{since:?}");
        terminal.line("stty -a");
        terminal.expect("isig icanon iexten echo ");
        terminal.expect("host> ");
        start(&mut terminal, &source, "");
    }
    terminal.line("continue");
    terminal.expect("SUCCEEDED");
}

#[test]
fn the_prompt_is_on_the_terminal_whichever_stream_leads_elsewhere() {
    let Some(mut terminal) = bash() else {
        return;
    };
    for (behind, log) in [
        ("| cat >log", "echo two"),
        (">log", "echo two"),
        ("2>log", ""),
    ] {
        let source = Source::commands(&["echo one", "echo two"]);
        start(&mut terminal, &source, behind);
        terminal.line("where");
        terminal.expect("phase BUILD, command 2 of 2");
        terminal.expect("(debug) BUILD:2> ");
        terminal.line("continue");
        terminal.expect("host> ");
        terminal.line("cat log; echo sh''own");
        if !log.is_empty() {
            terminal.expect(&format!("Running command {log}"));
        }
        terminal.expect("shown");
        terminal.expect("host> ");
    }
}
