//! `FINALIZING`: everything that was made for the build goes away, whatever ended it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::buildspec::model::Shell;
use crate::edits;
use crate::engine::event::Event;
use crate::engine::phase::Context;
use crate::error::{Error, Result};
#[cfg(feature = "docker")]
use crate::hidden;
use crate::run::Build;
use crate::runtime::Lost;
use crate::runtime::place::KEPT;
#[cfg(feature = "docker")]
use crate::runtime::place::Place;
use crate::stages::begin::CHECKOUT;

/// Cleaning up never uses the build's own token, and has this long.
const PATIENCE: Duration = Duration::from_mins(1);

impl Build<'_> {
    pub(crate) async fn explain(&self, lost: Lost) -> Result<Context> {
        match &self.place {
            Some(place) => place.explain(lost).await,
            None => Err(Error::environment(
                "the build's shell is gone before it began",
            )),
        }
    }

    pub(crate) async fn clean_up(&mut self) -> Result<()> {
        let edits = self.look_for_edits();
        let kept = self.keep().await;
        let cleaned = tokio::time::timeout(PATIENCE, async {
            if let Some(mut underway) = self.underway.take() {
                // What it has to say of its own end is known: we ended it.
                underway.cancel.cancel();
                if let Ok(made) = underway.work.as_mut().await {
                    made.place.end().await?;
                }
            }
            match self.place.take() {
                Some(place) => place.end().await,
                None => Ok(()),
            }
        });
        let cleaned = cleaned.await.unwrap_or_else(|_| {
            Err(
                Error::environment("the engine did not remove the build's container within 60 s")
                    .hint("buildspec clean"),
            )
        });
        if let Some(edits) = edits
            && let Ok(edited) = edits.await
            && let Some(text) = edits::remark(&edited, &self.options.source)
        {
            self.journal.emit(&Event::Warning(text));
        }
        match kept {
            Some(Ok(name)) => self.say_how_to_enter(&name),
            Some(Err(error)) => self.journal.emit(&Event::Warning(error.message)),
            None => {}
        }
        self.end_sweep().await;
        std::fs::remove_dir_all(self.folder.file(CHECKOUT)).ok();
        cleaned
    }

    /// With `--keep`, the name under which the container stays. Nothing of it is then ended.
    async fn keep(&mut self) -> Option<Result<String>> {
        if !self.options.container.keep {
            return None;
        }
        let place = self.place.take()?;
        let name = format!("{KEPT}{}", &self.identity.uuid[..8]);
        let kept = tokio::time::timeout(PATIENCE, place.keep(&name)).await;
        let kept = kept.unwrap_or_else(|_| Err(Error::environment("the engine does not answer")));
        match kept {
            Ok(true) => Some(Ok(name)),
            Ok(false) => {
                self.place = Some(place);
                Some(Err(Error::environment(
                    "--keep: the container does not run any more, and is removed",
                )))
            }
            Err(error) => {
                self.place = Some(place);
                Some(Err(error))
            }
        }
    }

    fn say_how_to_enter(&mut self, name: &str) {
        let (env, dir) = (self.layout.env(), self.layout.dir());
        let shell = if self.shell == Shell::Bash {
            "bash"
        } else {
            "sh"
        };
        self.journal.emit(&Event::Warning(format!(
            "--keep: the container {name} stays, with the build's variables in it, secrets too; `buildspec clean` removes \
             it. To enter it as the build left it: docker exec -it {name} {shell} -c '. {env}; cd \"$(cat {dir})\"; exec {shell}'"
        )));
    }

    /// Looks, beside the work of cleaning up, whether the files that the build saw through an overlay were edited.
    #[cfg(feature = "docker")]
    fn look_for_edits(&self) -> Option<JoinHandle<Vec<PathBuf>>> {
        use crate::runtime::docker::SourceMode;
        let options = self.options;
        let overlay = matches!(options.source_mode, SourceMode::Auto | SourceMode::Overlay);
        let in_container = matches!(self.place, Some(Place::Docker(_)));
        if !overlay || !in_container || self.source != options.source {
            return None;
        }
        let began = Duration::from_millis(u64::try_from(self.identity.started).ok()?);
        let source = options.source.clone();
        let mut ours = hidden::paths(&source, &options.output);
        ours.extend(options.artifacts.iter().chain(&options.reports).cloned());
        if ours.contains(&source) {
            // The user wants artifacts in the source itself, where nobody can tell them from edits.
            return None;
        }
        let top = self.top.clone();
        Some(tokio::task::spawn_blocking(move || {
            let mut edited = top.gone(&source);
            edited.extend(edits::since(std::time::UNIX_EPOCH + began, &source, &ours));
            edited
        }))
    }

    #[cfg(not(feature = "docker"))]
    fn look_for_edits(&self) -> Option<JoinHandle<Vec<PathBuf>>> {
        None
    }

    async fn end_sweep(&mut self) {
        let Some(sweep) = self.sweep.take() else {
            return;
        };
        match tokio::time::timeout(PATIENCE, sweep).await {
            Ok(Ok(Ok(count))) if count > 0 => self.journal.emit(&Event::Note(format!(
                "removed {count} objects that a dead build left on the engine"
            ))),
            Ok(Ok(Err(error))) => self.journal.emit(&Event::Warning(error.message)),
            _ => {}
        }
    }
}
