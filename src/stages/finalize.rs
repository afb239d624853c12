//! `FINALIZING`: everything that was made for the build goes away, whatever ended it.

use std::time::Duration;

use crate::engine::event::Event;
use crate::engine::phase::Context;
use crate::error::{Error, Result};
use crate::run::{Build, Ended};
use crate::runtime::Lost;

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

    pub(crate) async fn clean_up(&mut self, ended: &Result<Ended>) -> Result<()> {
        let cleaned = tokio::time::timeout(PATIENCE, async {
            match self.place.take() {
                Some(place) => place.end().await,
                // Stopped while the engine was at work: what it made meanwhile is known by its label alone.
                None => {
                    self.remove_by_label(matches!(ended, Ok(Ended::Stopped(_))))
                        .await
                }
            }
        });
        let cleaned = cleaned.await.unwrap_or_else(|_| {
            Err(
                Error::environment("the engine did not remove the build's container within 60 s")
                    .hint("buildspec clean"),
            )
        });
        self.end_sweep().await;
        cleaned
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

    #[cfg(feature = "docker")]
    async fn remove_by_label(&self, wanted: bool) -> Result<()> {
        use crate::options::RuntimeKind;
        use crate::runtime::docker::{Engine, remove_all};
        if !wanted || self.options.runtime != RuntimeKind::Docker {
            return Ok(());
        }
        let Ok(engine) = Engine::connect(&self.options.host.docker_host).await else {
            return Ok(());
        };
        // A request that was under way when we turned from it may still be carried out: look twice.
        for _ in 0..2 {
            let found = engine.objects_of(&self.identity.uuid).await?;
            remove_all(&engine, found).await?;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(())
    }

    #[cfg(not(feature = "docker"))]
    async fn remove_by_label(&self, _wanted: bool) -> Result<()> {
        Ok(())
    }
}
