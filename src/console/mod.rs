//! What a person or a program sees: the only door to stdout and stderr.

mod annotating;
mod characters;
mod github;
pub mod hinting;
pub mod live;
pub mod log;
pub mod message;
pub mod pretty;
pub mod tail;
mod text;

use std::io::{self, BufWriter, Stdout, Write};

use jiff::Timestamp;

use crate::engine::event::Event;
use crate::engine::journal::Watcher;
use crate::record::json;
use crate::reports::show::Look;
pub use annotating::Annotating;
use characters::WholeCharacters;
use hinting::Hinting;
use live::Live;
use pretty::Pretty;

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
    /// Columns; `usize::MAX` where lines are not to be broken.
    pub width: usize,
    pub verbosity: Verbosity,
    /// The terminal's letters are not only ASCII's.
    pub unicode: bool,
    pub reader: Reader,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reader {
    /// A file or a pipe: nothing changes in place.
    #[default]
    File,
    Terminal,
    GitHub,
}

impl Style {
    /// The same for reports.
    pub fn look(&self) -> Look {
        Look {
            color: self.color,
            width: self.width,
            unicode: self.unicode,
        }
    }

    fn is_live(&self) -> bool {
        self.reader == Reader::Terminal
    }

    fn is_github(&self) -> bool {
        self.reader == Reader::GitHub
    }
}

/// The watcher for standard output.
pub fn watcher(format: LogFormat, style: Style) -> Box<dyn Watcher> {
    match format {
        LogFormat::Pretty => Box::new(Hinting::new(Pretty::new(buffered(), style))),
        LogFormat::CodeBuild => Box::new(Lines {
            out: buffered(),
            write: log::write,
            warns: true,
            live: style.is_live().then(|| Live::new(style)),
        }),
        LogFormat::Json => Box::new(Hinting::new(WholeCharacters::new(Lines {
            out: buffered(),
            write: json::write,
            warns: false,
            live: None,
        }))),
    }
}

fn buffered() -> BufWriter<Stdout> {
    BufWriter::with_capacity(64 * 1024, io::stdout())
}

/// Writes events by a function, and all of it as soon as nothing more comes.
struct Lines<W: Write> {
    out: W,
    write: fn(&mut W, Timestamp, &Event<'_>) -> io::Result<()>,
    /// Whether the format has no place for warnings; they go to standard error then.
    warns: bool,
    /// For waits: a pull may take minutes, and the log is silent about it.
    live: Option<Live>,
}

impl<W: Write + Send> Watcher for Lines<W> {
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
        if let Some(live) = &mut self.live {
            match event {
                Event::Progress(progress) => live.progress(progress),
                _ => live.stop(),
            }
        }
        if let (true, Event::Warning(text)) = (self.warns, event) {
            message::print(&format!("warning: {}\n", message::harmless(text)));
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
