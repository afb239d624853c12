//! Who shows a build while it runs.

use std::io::{self, BufWriter, Write};

use jiff::Timestamp;

use super::characters::WholeCharacters;
use super::hinting::Hinting;
use super::live::Live;
use super::message::Answer;
use super::pretty::Pretty;
use super::{Style, Verbosity, log, message};
use crate::diagnostic::Severity;
use crate::engine::event::Event;
use crate::engine::journal::Watcher;
use crate::record::json;

/// `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// `CodeBuild`'s own lines.
    CodeBuild,
    /// One event a line.
    Json,
}

/// The watcher for standard output.
pub fn watcher(format: LogFormat, style: Style) -> Box<dyn Watcher> {
    match format {
        LogFormat::Pretty => Box::new(Hinting::new(Pretty::new(buffered(), style))),
        LogFormat::CodeBuild => Box::new(Lines {
            out: buffered(),
            write: log::write,
            warns: true,
            notes: style.verbosity == Verbosity::Verbose,
            findings: Findings::default(),
            live: style.is_live().then(|| Live::new(style)),
        }),
        LogFormat::Json => Box::new(Hinting::new(WholeCharacters::new(Lines {
            out: buffered(),
            write: json::write,
            warns: false,
            notes: false,
            findings: Findings::default(),
            live: None,
        }))),
    }
}

/// Shows waits and warnings, for a verb whose log nobody wants.
pub fn waits(style: Style) -> Box<dyn Watcher> {
    Box::new(Lines {
        out: buffered(),
        write: |_, _, _| Ok(()),
        warns: true,
        notes: false,
        findings: Findings::default(),
        live: style.is_live().then(|| Live::new(style)),
    })
}

/// What a build says that waits for the debugger.
pub(super) fn waiting(attach: &str) -> String {
    format!("the build waits for its debugger: {attach}")
}

fn buffered() -> BufWriter<Answer> {
    BufWriter::with_capacity(64 * 1024, Answer::default())
}

/// Writes events by a function, and all of it as soon as nothing more comes.
struct Lines<W: Write> {
    out: W,
    write: fn(&mut W, Timestamp, &Event<'_>) -> io::Result<()>,
    /// Whether the format has no place for warnings; they go to standard error then.
    warns: bool,
    /// The same for notes.
    notes: bool,
    findings: Findings,
    /// For waits: a pull may take minutes, and the log is silent about it.
    live: Option<Live>,
}

/// What was found in the buildspec, to be said in one line.
#[derive(Default)]
struct Findings {
    file: String,
    errors: usize,
    warnings: usize,
}

impl Findings {
    /// Counts findings; the first event behind them brings the line.
    fn note(&mut self, event: &Event<'_>) -> Option<String> {
        if let Event::Finding {
            severity, place, ..
        } = event
        {
            self.file.clone_from(&place.file);
            match severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Note => {}
            }
            return None;
        }
        let Self {
            file,
            errors,
            warnings,
        } = std::mem::take(self);
        let count = |number: usize, word: &str| match number {
            0 => None,
            1 => Some(format!("1 {word}")),
            _ => Some(format!("{number} {word}s")),
        };
        let counts = [count(errors, "error"), count(warnings, "warning")];
        let counts: Vec<String> = counts.into_iter().flatten().collect();
        (!counts.is_empty()).then(|| {
            let file = message::harmless(&file);
            let counts = counts.join(" and ");
            format!("warning: besides what CodeBuild says, `buildspec validate` finds {counts} in {file}\n")
        })
    }
}

impl<W: Write + Send> Watcher for Lines<W> {
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
        if let Some(live) = &mut self.live {
            match event {
                Event::Progress(progress) => live.progress(progress),
                _ => live.stop(),
            }
        }
        if let Some(line) = self.findings.note(event).filter(|_| self.warns) {
            message::print(&line);
        }
        if let (true, Event::Warning(text)) = (self.warns, event) {
            message::print(&format!("warning: {}\n", message::harmless(text)));
        }
        if let (true, Event::Note(text)) = (self.notes, event) {
            message::print(&format!("note: {}\n", message::harmless(text)));
        }
        if let (
            true,
            Event::Paused {
                waits: Some(attach),
                ..
            },
        ) = (self.warns, event)
        {
            message::print(&format!("{}\n", message::harmless(&waiting(attach))));
        }
        (self.write)(&mut self.out, at, event)?;
        if matches!(event, Event::Output(_)) {
            Ok(())
        } else {
            self.out.flush()
        }
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Whoever read it may have seen enough; the build goes on for its files.
    fn is_vital(&self) -> bool {
        false
    }
}
