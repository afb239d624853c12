//! The parts of a build around its commands, one file each, in the order in which they come.

pub(crate) mod ask_git;
pub(crate) mod begin;
mod collect_artifacts;
mod debug;
mod discover_reports;
mod download_source;
mod fetch;
mod finalize;
mod gather;
pub(crate) mod provision;
mod resolve;
mod select_runtimes;
pub(crate) mod trust;
mod unpacking;
mod upload_artifacts;
mod upload_reports;

use crate::buildspec::Reading;
use crate::source::Source;

/// The buildspec of a build: its text, what was read, and how the log names its place.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) source: Source,
    pub(crate) reading: Reading,
    /// `None` when there is no file.
    pub(crate) location: Option<String>,
    /// `CodeBuild` refuses it with these words.
    pub(crate) refused: Option<String>,
    /// To be written to `/codebuild/readonly`, where it is not a file of the source.
    pub(crate) inline: bool,
}
