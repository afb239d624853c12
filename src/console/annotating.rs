//! Failed tests on the page of a GitHub Actions run.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::message;
use crate::engine::event::Event;
use crate::engine::journal::Watcher;
use crate::reports::show;

/// Says annotations on standard error, which GitHub reads too, so that standard output stays what it is.
pub struct Annotating {
    inner: Box<dyn Watcher>,
    source: PathBuf,
}

impl std::fmt::Debug for Annotating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Annotating").finish_non_exhaustive()
    }
}

impl Annotating {
    /// Annotates files below `source`, beside what `inner` shows.
    pub fn new(inner: Box<dyn Watcher>, source: &Path) -> Self {
        Self {
            inner,
            source: source.to_owned(),
        }
    }
}

impl Watcher for Annotating {
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
        if let Event::ReportMade(document) = event {
            message::print(&show::github(document, &self.source));
        }
        self.inner.event(at, event)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.inner.idle()
    }

    fn is_vital(&self) -> bool {
        self.inner.is_vital()
    }
}
