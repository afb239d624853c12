//! A second supervisor in the same container, as another user.

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
    pub(super) engine: Engine,
    pub(super) container: String,
}

impl Door {
    pub(super) fn new(engine: &Engine, container: &str) -> Self {
        Self {
            engine: engine.clone(),
            container: container.to_owned(),
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
        exec(&self.engine, &self.container, options, what).await
    }
}
