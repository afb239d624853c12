//! Everything that can be observed of a build. The log, the record and the terminal are made of nothing else.

use std::time::Duration;

use super::phase::{Context, Exit, PhaseType, Status};
use crate::diagnostic::Severity;
use crate::reports::model::ReportDocument;
use crate::source::{Source, Span};

/// More of a buildspec than this is not quoted.
const LONGEST_EXCERPT: usize = 4096;

/// Where something stands in its buildspec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// As a person would name the file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The text of its lines, as they stand in the file.
    pub excerpt: String,
}

impl Place {
    /// The place of a span.
    pub fn of(source: &Source, span: Span) -> Self {
        let (line, column) = source.position(span.start);
        let start = source.line_start(line);
        // A block's span goes on to where the next node begins.
        let text = source.text().get(span.range()).unwrap_or_default();
        let length = text.trim_end().len().max(1);
        let last = source.position(span.start + length - 1).0;
        let end = source.line_start(last + 1).min(start + LONGEST_EXCERPT);
        let end = source.text().floor_char_boundary(end);
        Self {
            file: source.name().to_owned(),
            line,
            column,
            excerpt: source
                .text()
                .get(start..end)
                .unwrap_or_default()
                .trim_end()
                .to_owned(),
        }
    }
}

/// What a build waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The image; each layer is an item.
    Pull,
    /// The source on its way into the container.
    Source,
    /// The artifacts on their way out of it.
    Artifacts,
}

/// How far something has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub wait: Wait,
    /// Empty where there is only one.
    pub item: String,
    /// In the words of whoever does the work; may be empty.
    pub status: String,
    /// Bytes.
    pub done: u64,
    /// Bytes; 0 when nobody knows.
    pub total: u64,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// The first event.
    BuildStarted {
        number: u64,
        /// `docker` or `host`.
        runtime: &'static str,
        image: String,
        /// The primary source, as the host names it.
        source: String,
        /// The build's own folder.
        folder: String,
        /// After so long it is ended.
        limit: Option<Duration>,
    },
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
    /// `CodeBuild` refuses the buildspec, for what stands here.
    Refused {
        place: Place,
        /// In our words.
        message: String,
        /// How to mend it.
        help: Vec<String>,
    },
    /// What `validate` finds in the buildspec besides what `CodeBuild` refuses it for; its place has no excerpt.
    Finding {
        rule: &'static str,
        severity: Severity,
        place: Place,
        /// In our words.
        message: String,
        /// How to mend it.
        help: Vec<String>,
    },
    /// Something that is waited for came nearer; there are many of these, and no record keeps them.
    Progress(Progress),
    /// One artifact is complete.
    ArtifactsCollected {
        /// `None` for the primary one.
        identifier: Option<String>,
        /// A folder of the host.
        location: String,
        files: u64,
        bytes: u64,
    },
    /// One report group has been read.
    ReportMade(Box<ReportDocument>),
    /// The variables that the build hands on, with their values.
    Exported(Vec<(String, String)>),
    /// What a person could try after a failure.
    Hint {
        /// The rule that knows.
        rule: &'static str,
        text: String,
    },
    /// The debugger stopped the build at a command.
    Paused {
        phase: PhaseType,
        finally: bool,
        /// Counted from 1 within `commands` or `finally`.
        number: usize,
        /// In our words.
        why: String,
        /// Nobody is there: what has to be typed elsewhere to attach.
        waits: Option<String>,
    },
    /// Somebody let it go on, in this way.
    Resumed(String),
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
