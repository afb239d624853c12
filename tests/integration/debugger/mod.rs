//! The debugger through a real terminal: transcripts in `tests/debugger`, and what a transcript can't tell.
//!
//! A transcript is a buildspec, a line `--- VERB ARGUMENTS`, and then line by line: `> TEXT` waits until TEXT is shown,
//! `< TEXT` types TEXT and Enter, `^ X` types Ctrl-X, `! NAME=VALUE` (before the dashes) sets a variable, `= CODE` waits
//! for the end, `~ TEXT` is on the screen nowhere, `@ TEXT` is in the buildspec afterwards.

mod endings;
mod jobs;
mod programs;
mod terminal;
mod to_failure;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use terminal::Terminal;

use crate::cli::{Source, engine};
use crate::harness::{Runtime, leftovers};

const COMMANDS: &[&str] = &["echo one", "echo two"];

/// Both runtimes, one after the other.
fn both(test: &str, check: impl Fn(Runtime)) {
    check(Runtime::Host);
    if engine(test) {
        check(Runtime::Docker);
    }
}

#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_mins(1), "never: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn id(source: &Source) -> String {
    let record = source.record();
    record["id"]
        .as_str()
        .unwrap()
        .split_once(':')
        .unwrap()
        .1
        .to_owned()
}

fn stopped(source: &Source, runtime: Runtime) -> Terminal {
    let mut terminal = Terminal::of("run", source.path(), runtime, &["--break", "BUILD:2"], &[]);
    terminal.expect("(debug) BUILD:2> ");
    terminal
}

macro_rules! transcripts {
    ($($name:ident)*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn host() {
                play(stringify!($name), Runtime::Host);
            }

            #[test]
            fn docker() {
                if engine(concat!("debugger: ", stringify!($name))) {
                    play(stringify!($name), Runtime::Docker);
                }
            }
        })*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

transcripts! {
    breakpoint_command
    carry
    completion
    edit
    edit_fails
    env
    failure
    finally
    no_such_point
    quit
    resume
    shell
    shell_verb
    steps
    tried_again
    unreached
}

#[test]
fn every_transcript_is_played() {
    let mut found: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    found.sort();
    assert_eq!(found, NAMES);
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/debugger")
}

fn play(name: &str, runtime: Runtime) {
    let text = fs::read_to_string(folder().join(name).with_extension("txt")).unwrap();
    let (head, transcript) = text.split_once("\n--- ").unwrap();
    let (set, buildspec): (Vec<&str>, Vec<&str>) =
        head.lines().partition(|line| line.starts_with("! "));
    let variables: Vec<_> = set
        .iter()
        .map(|line| line[2..].split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let source = Source::with(buildspec.join("\n") + "\n");
    let mut lines = transcript.lines();
    let call: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let mut terminal = Terminal::of(call[0], source.path(), runtime, &call[1..], &variables);
    for line in lines {
        let (kind, text) = line.split_at(line.len().min(2));
        match kind.trim_end() {
            ">" => terminal.expect(text),
            "<" => terminal.line(text),
            "^" => terminal.send(&[text.as_bytes()[0] & 0x1f]),
            "=" => {
                let code = terminal.ends();
                assert_eq!(code, text.parse().ok(), "{}", terminal.screen());
                assert!(terminal.is_sane(), "the terminal is not as it was");
            }
            "~" => assert!(!terminal.screen().contains(text), "{}", terminal.screen()),
            "@" => {
                let now = fs::read_to_string(source.path().join("buildspec.yml")).unwrap();
                assert!(now.contains(&text.replace("\\n", "\n")), "`{text}`\n{now}");
            }
            _ => panic!("{name}: `{line}`"),
        }
    }
    if runtime == Runtime::Docker && source.kept().join("build.json").exists() {
        assert_eq!(leftovers(&id(&source)), Vec::<String>::new());
    }
}
