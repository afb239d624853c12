//! A second supervisor in the same container, as another user.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bollard::exec::CreateExecOptions;

use super::Engine;
use super::copy_out::exec;
use crate::engine::assumptions;
use crate::error::Result;
use crate::runtime::Wire;
use crate::script;

/// The way into a running container.
#[derive(Clone, Debug)]
pub struct Door {
    engine: Engine,
    container: String,
    /// The ids of what was started through it.
    opened: Arc<Mutex<Vec<String>>>,
}

impl Door {
    pub(super) fn new(engine: &Engine, container: &str) -> Self {
        Self {
            engine: engine.clone(),
            container: container.to_owned(),
            opened: Arc::default(),
        }
    }

    /// A supervisor that runs as `user`, whom the container's `/etc/passwd` must know.
    pub async fn open(&self, user: &str) -> Result<Wire> {
        let options = CreateExecOptions {
            env: assumptions::RUN_AS_KEEPS_HOME.then(|| vec!["HOME=/root"]),
            cmd: Some(vec!["/bin/sh", "-c", script::SUPERVISOR]),
            user: Some(user),
            ..CreateExecOptions::default()
        };
        let what = "the engine can't start a shell for another user";
        let (id, wire) = exec(&self.engine, &self.container, options, what).await?;
        self.opened().push(id);
        Ok(wire)
    }

    fn opened(&self) -> MutexGuard<'_, Vec<String>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The exit code of a shell that was started through it and has ended, where the engine knows of one.
    pub(super) async fn ended(&self) -> Option<i64> {
        let opened = self.opened().clone();
        for id in opened {
            let about = self.engine.docker.inspect_exec(&id).await.ok()?;
            if about.running == Some(false) {
                return about.exit_code;
            }
        }
        None
    }
}
