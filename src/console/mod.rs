//! What a person or a program sees: the only door to stdout and stderr.

pub mod log;
pub mod message;
pub mod pretty;
#[cfg(feature = "docker")]
pub mod progress;

use std::io::{self, BufWriter, Stdout, Write};

use jiff::Timestamp;

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

/// `--quiet` and `--verbose`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Quiet,
    #[default]
    Normal,
    Verbose,
}

/// How the tool's own words look.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub color: bool,
    /// Columns.
    pub width: usize,
    pub verbosity: Verbosity,
}

/// The watcher for standard output.
pub fn watcher(format: LogFormat, style: Style) -> Box<dyn Watcher> {
    match format {
        LogFormat::Pretty => Box::new(pretty::Pretty::new(io::stdout(), style)),
        LogFormat::CodeBuild => Box::new(Lines {
            out: buffered(),
            write: log::write,
        }),
        LogFormat::Json => Box::new(Lines {
            out: buffered(),
            write: json::write,
        }),
    }
}

fn buffered() -> BufWriter<Stdout> {
    BufWriter::with_capacity(64 * 1024, io::stdout())
}

/// Writes events by a function, and all of it as soon as nothing more comes.
struct Lines<W: Write> {
    out: W,
    write: fn(&mut W, Timestamp, &Event<'_>) -> io::Result<()>,
}

impl<W: Write + Send> Watcher for Lines<W> {
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
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
