//! A second supervisor in the same container, as another user.

use bollard::exec::{CreateExecOptions, StartExecResults};

use super::container::wire;
use super::{Engine, refused};
use crate::engine::assumptions;
use crate::error::{Error, Result};
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
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            env: assumptions::RUN_AS_KEEPS_HOME.then(|| vec!["HOME=/root"]),
            cmd: Some(vec!["/bin/sh", "-c", script::SUPERVISOR]),
            user: Some(user),
            ..CreateExecOptions::default()
        };
        let failed = refused("the engine can't start a shell for another user");
        let exec = self
            .engine
            .docker
            .create_exec(&self.container, options)
            .await
            .map_err(&failed)?;
        match self.engine.docker.start_exec(&exec.id, None).await {
            Ok(StartExecResults::Attached { output, input }) => Ok(wire(input, output)),
            Ok(StartExecResults::Detached) => {
                Err(Error::environment("the engine did not attach to the shell"))
            }
            Err(error) => Err(failed(error)),
        }
    }
}
