//! Everything that can be observed of a build. The log, the record and the terminal are made of nothing else.

use std::time::Duration;

use super::phase::{Context, Exit, PhaseType, Status};

/// Where a command stands in its buildspec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As a person would name the file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A line that `CodeBuild`'s agent says about its own work.
    Message(String),
    /// A phase began; the log is silent about those without commands.
    PhaseEntered(PhaseType),
    /// A command is about to run.
    CommandStarted {
        phase: PhaseType,
        finally: bool,
        /// Counted from 1 within `commands` or `finally`.
        number: usize,
        text: String,
        place: Option<Place>,
    },
    /// What the build's processes printed, in their order; any bytes, cut anywhere.
    Output(&'a [u8]),
    /// The command's shell ended; processes that it left behind may go on printing.
    CommandEnded {
        text: String,
        exit: Exit,
        duration: Duration,
    },
    /// A phase ended.
    PhaseLeft {
        phase: PhaseType,
        status: Status,
        context: Context,
        duration: Duration,
    },
    /// Something this tool has to say that `CodeBuild` would not.
    Note(String),
    /// A note that wants attention.
    Warning(String),
    /// The last event.
    BuildEnded { status: Status, duration: Duration },
}
