use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::console::Reader;
use crate::engine::event::Event as E;
use crate::engine::phase::{Exit, Status};

/// What was written, while the watcher holds the other end.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn plain() -> Style {
    Style {
        color: false,
        width: 60,
        measure: None,
        verbosity: Verbosity::Normal,
        unicode: true,
        reader: Reader::File,
    }
}

fn shown(style: Style, events: &[E<'_>]) -> String {
    let screen = Screen::default();
    let mut pretty = Pretty::new(screen.clone(), style);
    for event in events {
        pretty.event(Timestamp::UNIX_EPOCH, event).unwrap();
    }
    String::from_utf8(screen.0.lock().unwrap().clone()).unwrap()
}

fn begun() -> Vec<E<'static>> {
    vec![E::BuildStarted {
        number: 3,
        runtime: "docker",
        image: "debian:12".to_owned(),
        source: "/app".to_owned(),
        folder: "/app/.buildspec/builds/3".to_owned(),
        limit: Some(Duration::from_mins(5)),
    }]
}

fn started(text: &str) -> E<'static> {
    E::CommandStarted {
        phase: PhaseType::Build,
        finally: false,
        number: 1,
        text: text.to_owned(),
        place: Some(Place {
            file: "buildspec.yml".to_owned(),
            line: 9,
            column: 9,
            excerpt: format!("      - {text}"),
        }),
    }
}

fn ended(text: &str, status: u8) -> E<'static> {
    E::CommandEnded {
        text: text.to_owned(),
        exit: Exit::Status(status),
        duration: Duration::from_millis(4200),
    }
}

fn left(status: Status, code: &str, message: &str) -> E<'static> {
    E::PhaseLeft {
        phase: PhaseType::Build,
        status,
        context: Context::new(code, message),
        duration: Duration::from_millis(4300),
    }
}

fn over(status: Status) -> E<'static> {
    E::BuildEnded {
        status,
        duration: Duration::from_secs(65),
    }
}

fn success() -> Vec<E<'static>> {
    let mut events = begun();
    events.extend([
        E::PhaseEntered(PhaseType::Build),
        started("npm ci"),
        E::Output(b"one\ntw"),
        E::Output(b"o\nthree"),
        ended("npm ci", 0),
        left(Status::Succeeded, "", ""),
        E::ArtifactsCollected {
            identifier: None,
            location: "/app/.buildspec/builds/3/artifacts".to_owned(),
            files: 1234,
            bytes: 5_600_000,
        },
        E::Exported(vec![("TAG".to_owned(), "v1\u{1b}[2J".to_owned())]),
        over(Status::Succeeded),
    ]);
    events
}

fn failure() -> Vec<E<'static>> {
    let mut events = begun();
    events.extend([
        E::PhaseEntered(PhaseType::Build),
        started("npm test"),
        E::Output(b"1 failing\n"),
        ended("npm test", 1),
        E::Hint {
            rule: "x",
            text: "try harder".to_owned(),
        },
        left(Status::Failed, "COMMAND_EXECUTION_ERROR", "Error while ..."),
        over(Status::Failed),
    ]);
    events
}

#[test]
fn a_success_off_a_terminal() {
    assert_eq!(
        shown(plain(), &success()),
        "build 3 \u{b7} debian:12 \u{b7} /app\n\n\
         BUILD\n  $ npm ci\n    one\n    two\n    three\n  \u{2713} 4.2 s\n\n  \
         \u{2713} BUILD               4.3 s\n\n  \
         output     /app/.buildspec/builds/3\n  \
         log        build.log\n  \
         artifacts  1,234 files, 5.6 MB in artifacts\n  \
         exported   TAG=v1\\u{1b}[2J\n\n\
         SUCCEEDED after 1m05s\n"
    );
}

#[test]
fn lines_fit_a_window_that_changes() {
    thread_local!(static WIDTH: std::cell::Cell<usize> = const { std::cell::Cell::new(70) });
    let style = Style {
        measure: Some(|| Some(WIDTH.get())),
        ..plain()
    };
    let screen = Screen::default();
    let mut pretty = Pretty::new(screen.clone(), style);
    let long = E::Warning("word ".repeat(40));
    for width in [70, 50, 90] {
        WIDTH.set(width);
        screen.0.lock().unwrap().clear();
        pretty.event(Timestamp::UNIX_EPOCH, &long).unwrap();
        let shown = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
        let widest = shown.lines().map(str::len).max().unwrap();
        assert!((width - 5..=width).contains(&widest), "{width}: {shown}");
    }
}

#[test]
fn a_failure_off_a_terminal() {
    assert_eq!(
        shown(plain(), &failure()),
        "build 3 \u{b7} debian:12 \u{b7} /app\n\n\
         BUILD\n  $ npm test\n    1 failing\n  \u{2717} exit status 1 after 4.2 s\n    \
         --> buildspec.yml:9:9\n    9 \u{2502}       - npm test\n  hint: try harder\n\n  \
         \u{2717} BUILD               4.3 s  FAILED\n\n  \
         output     /app/.buildspec/builds/3\n  log        build.log\n\n\
         FAILED after 1m05s: exit status 1 in BUILD at\nbuildspec.yml:9:9\n"
    );
}

#[test]
fn ascii_has_no_other_letters_and_quiet_only_failures() {
    let ascii = Style {
        unicode: false,
        ..plain()
    };
    for events in [success(), failure()] {
        assert!(shown(ascii, &events).is_ascii());
    }
    let quiet = Style {
        verbosity: Verbosity::Quiet,
        ..ascii
    };
    assert_eq!(
        shown(quiet, &success()),
        "  + BUILD               4.3 s\n\n  \
         output     /app/.buildspec/builds/3\n  \
         artifacts  1,234 files, 5.6 MB in artifacts\n  \
         exported   TAG=v1\\u{1b}[2J\n\n\
         SUCCEEDED after 1m05s\n"
    );
    assert!(shown(quiet, &failure()).starts_with(
        "BUILD\n  x npm test\n    1 failing\n  x exit status 1 after 4.2 s\n    --> buildspec.yml:9:9\n"
    ));
}

#[test]
fn github_gets_groups() {
    let github = Style {
        reader: Reader::GitHub,
        ..plain()
    };
    let text = shown(github, &failure());
    assert!(text.contains(
        "\n::group::BUILD\n  $ npm test\n    1 failing\n  \u{2717} exit status 1 after 4.2 s\n"
    ));
    assert!(
        text.contains("\n::endgroup::\n\n  \u{2717} npm test\n    1 failing\n"),
        "{text}"
    );
}

#[test]
fn long_output_is_folded_on_a_terminal_and_bounded() {
    let folding = Style {
        reader: Reader::Terminal,
        ..plain()
    };
    let mut events = begun();
    events.extend([E::PhaseEntered(PhaseType::Build), started("make")]);
    let lines: Vec<String> = (1..=1_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    events.extend(lines.iter().map(|line| E::Output(line.as_bytes())));
    events.push(ended("make", 0));
    assert_eq!(
        shown(folding, &events),
        "build 3 \u{b7} debian:12 \u{b7} /app\n\n\
         BUILD\n  \u{2713} make                                               4.2 s\n    \
         \u{2026} 996 lines folded, -v shows them\n    line 997\n    line 998\n    line 999\n    line 1000\n"
    );
    events.pop();
    events.push(ended("make", 2));
    let text = shown(folding, &events);
    assert!(
        text.contains("\u{2026} 960 lines before these\n    line 961\n"),
        "{text}"
    );
}

#[test]
fn a_failure_out_of_sight_is_told_again() {
    let mut events = failure();
    let lines = "noise\n".repeat(30);
    events.insert(6, E::Warning(lines));
    let text = shown(plain(), &events);
    assert_eq!(text.matches("1 failing").count(), 2, "{text}");
    assert_eq!(text.matches("hint: try harder").count(), 2, "{text}");
}

#[test]
fn a_refused_buildspec_shows_its_place() {
    let mut events = begun();
    events.extend([
        E::PhaseEntered(PhaseType::DownloadSource),
        E::Refused {
            place: Place {
                file: "buildspec.yml".to_owned(),
                line: 1,
                column: 10,
                excerpt: "version: 9".to_owned(),
            },
            message: "there is no such version".to_owned(),
            help: vec!["write `0.2`".to_owned()],
        },
        E::PhaseLeft {
            phase: PhaseType::DownloadSource,
            status: Status::Failed,
            context: Context::new("YAML_FILE_ERROR", "unknown version"),
            duration: Duration::ZERO,
        },
        over(Status::Failed),
    ]);
    assert_eq!(
        shown(plain(), &events),
        "build 3 \u{b7} debian:12 \u{b7} /app\n\n\
         DOWNLOAD_SOURCE\n  \u{2717} YAML_FILE_ERROR: unknown version\n    \
         --> buildspec.yml:1:10\n    1 \u{2502} version: 9\n    there is no such version\n  \
         help: write `0.2`\n\n  \
         \u{2717} DOWNLOAD_SOURCE      0 ms  FAILED\n\n  \
         output     /app/.buildspec/builds/3\n  log        build.log\n\n\
         FAILED after 1m05s: YAML_FILE_ERROR in DOWNLOAD_SOURCE\n"
    );
}

#[test]
fn the_first_findings_are_shown_and_the_others_counted() {
    let finding = |line: usize, severity| E::Finding {
        rule: "exit-zero",
        severity,
        place: Place {
            file: "buildspec.yml".to_owned(),
            line,
            column: 9,
            excerpt: String::new(),
        },
        message: "`exit 0` ends this command".to_owned(),
        help: Vec::new(),
    };
    let mut events = vec![E::PhaseEntered(PhaseType::DownloadSource)];
    events.extend((1..=12).map(|line| finding(line, Severity::Warning)));
    events.push(finding(13, Severity::Note));
    events.push(left(Status::Succeeded, "", ""));
    let shown = shown(
        Style {
            width: 100,
            ..plain()
        },
        &events,
    );
    assert!(
        shown.contains("warning: buildspec.yml:10:9: `exit 0` ends this command [exit-zero]\n"),
        "{shown}"
    );
    assert!(!shown.contains("buildspec.yml:11:9"), "{shown}");
    assert!(
        shown.contains("... and 2 more: `buildspec validate` shows them\n"),
        "{shown}"
    );
}

#[test]
fn a_build_has_no_business_with_the_terminal() {
    let style = |color, reader| Style {
        color,
        reader,
        ..plain()
    };
    let events = [
        E::Output(b"\x1b[2J\x1b[31mr"),
        E::Output(b"ed\x1b"),
        E::Output(b"[?1049h\n"),
    ];
    assert_eq!(
        shown(style(true, Reader::Terminal), &events),
        "    \x1b[31mred\n"
    );
    for reader in [Reader::Terminal, Reader::DumbTerminal] {
        assert_eq!(shown(style(false, reader), &events), "    red\n");
    }
    assert_eq!(
        shown(style(false, Reader::File), &events),
        "    \x1b[2J\x1b[31mred\x1b[?1049h\n"
    );
}

#[test]
fn a_time_out_tells_its_limit_and_its_command() {
    let mut events = begun();
    events.extend([
        E::PhaseEntered(PhaseType::Build),
        started("npm test"),
        left(Status::TimedOut, "", ""),
        over(Status::TimedOut),
    ]);
    for reader in [Reader::File, Reader::Terminal] {
        let style = Style {
            reader,
            width: 100,
            ..plain()
        };
        let text = shown(style, &events);
        for expected in [
            "  \u{2717} time limit of 5m00s reached\n    --> buildspec.yml:9:9\n    9 \u{2502}       - npm test\n",
            "TIMED_OUT after 1m05s: time limit of 5m00s reached in BUILD at buildspec.yml:9:9\n",
        ] {
            assert_eq!(text.matches(expected).count(), 1, "{text}");
        }
        assert_eq!(text.matches("npm test").count(), 2, "{text}");
    }
    events.remove(2);
    let text = shown(plain(), &events);
    assert!(
        text.contains("TIMED_OUT after 1m05s: time limit of 5m00s reached in BUILD\n"),
        "{text}"
    );
}

#[test]
fn a_command_is_none_of_github() {
    let style = Style {
        reader: Reader::GitHub,
        ..plain()
    };
    let events = [
        started("cat <<E\n::error::x\nE"),
        E::Output(b"::error::mine\n"),
    ];
    assert_eq!(
        shown(style, &events),
        "  $ cat <<E\n    \u{2502} ::error::x\n    E\n    ::error::mine\n"
    );
}
