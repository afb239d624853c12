//! `buildspec reproduce`: a recorded build, run again; what can't be the same is told first, what differs last.

pub mod cloudwatch;
pub mod differences;
pub mod failing;
#[cfg(feature = "aws")]
pub mod fetch;
pub mod outcome;
pub mod recorded_log;
pub mod source;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::engine::event::Event;
use crate::engine::journal::Watcher;
use crate::env::mask::Rewriter;
use crate::env::secrets::Given;
use crate::error::Result;
use crate::options::Options;
use crate::project::build::Recorded;
use crate::run::{self, Ended, Stop};
use differences::Difference;
use outcome::Outcome;

/// Runs the build again, and compares it with the recorded one.
///
/// `log` is the recorded build's log, where there is one; `differences` are those that were told.
///
/// # Errors
///
/// When this tool can't do its work.
pub async fn reproduce(
    recorded: &Recorded,
    log: Option<String>,
    differences: Vec<Difference>,
    options: &Options,
    console: Box<dyn Watcher>,
    stop: impl Future<Output = Stop>,
) -> Result<(Ended, Outcome)> {
    let folder = Arc::default();
    let console = Box::new(Noting {
        inner: console,
        folder: Arc::clone(&folder),
    });
    let (ended, masks) = run::run_and_mask(options, console, stop).await?;
    let folder = folder
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let masks = Masks {
        build: masks,
        file: masks_of_file(options)?,
    };
    let outcome = Outcome::of(recorded, log, differences, &folder, options, &masks)?;
    outcome.keep(&folder)?;
    Ok((ended, outcome))
}

/// What hides secrets in texts of the recorded build: what this one resolved, and what it was given and did not get to.
#[derive(Debug, Default)]
pub struct Masks {
    build: Rewriter,
    file: Rewriter,
}

impl Masks {
    /// A text without secrets.
    pub fn hide(&self, text: &str) -> String {
        self.file.rewrite(&self.build.rewrite(text))
    }
}

/// Hides what the secrets file holds.
///
/// # Errors
///
/// The file can't be read.
pub fn masks_of_file(options: &Options) -> Result<Rewriter> {
    let given = Given::read(&options.secrets.path)?.unwrap_or_default();
    Ok(Rewriter::hiding(&given.all()))
}

/// Hands events on, and remembers where the build is kept.
struct Noting {
    inner: Box<dyn Watcher>,
    folder: Arc<Mutex<PathBuf>>,
}

impl Watcher for Noting {
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> std::io::Result<()> {
        if let Event::BuildStarted { folder, .. } = event {
            *self.folder.lock().unwrap_or_else(PoisonError::into_inner) = folder.into();
        }
        self.inner.event(at, event)
    }

    fn idle(&mut self) -> std::io::Result<()> {
        self.inner.idle()
    }

    fn is_vital(&self) -> bool {
        self.inner.is_vital()
    }
}

#[cfg(test)]
mod tests;
