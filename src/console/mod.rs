//! What a person or a program sees: the only door to stdout and stderr.

#[cfg(feature = "run")]
mod annotating;
#[cfg(feature = "run")]
mod characters;
#[cfg(feature = "run")]
mod github;
#[cfg(feature = "run")]
pub mod hinting;
#[cfg(feature = "run")]
pub mod live;
#[cfg(feature = "run")]
pub mod log;
pub mod message;
#[cfg(feature = "run")]
pub mod plan;
#[cfg(feature = "run")]
pub mod pretty;
#[cfg(feature = "run")]
pub mod tail;
mod text;
#[cfg(feature = "run")]
mod watch;

#[cfg(feature = "run")]
pub use annotating::Annotating;
#[cfg(feature = "run")]
pub(crate) use text::{flat, wrap};
#[cfg(feature = "run")]
pub use watch::{LogFormat, waits, watcher};

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
    /// Tells the columns anew, where they may change.
    pub measure: Option<fn() -> Option<usize>>,
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
    /// A terminal on which nothing changes in place.
    DumbTerminal,
    GitHub,
}

#[cfg(feature = "run")]
impl Style {
    /// The same for reports.
    pub fn look(&self) -> crate::reports::show::Look {
        crate::reports::show::Look {
            color: self.color,
            width: self.width,
            unicode: self.unicode,
        }
    }

    fn is_live(&self) -> bool {
        self.reader == Reader::Terminal
    }

    fn is_terminal(&self) -> bool {
        matches!(self.reader, Reader::Terminal | Reader::DumbTerminal)
    }

    fn is_github(&self) -> bool {
        self.reader == Reader::GitHub
    }
}
