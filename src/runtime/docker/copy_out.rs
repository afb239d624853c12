//! Out of a running container: a program of ours with its own pipes, and the engine's own archives.

use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder,
};
use futures_util::StreamExt as _;

use super::container::{Container, wire};
use super::{Engine, refused};
use crate::error::{Error, Result};
use crate::runtime::{Pieces, Wire};

impl Container {
    /// Runs a script of ours beside the build's commands.
    pub async fn pipe(&self, script: &str) -> Result<Wire> {
        let options = CreateExecOptions {
            cmd: Some(vec!["/bin/sh", "-c", script]),
            user: Some("0"),
            ..CreateExecOptions::default()
        };
        let what = "the engine can't start a process in the container";
        let (_, wire) = exec(&self.engine, &self.id, options, what).await?;
        Ok(wire)
    }

    /// A path as a tar stream, by the engine itself. Names in it begin with the path's last component; links are links.
    ///
    /// The engine does not see what lies in a tmpfs of the container.
    pub fn archive(&self, path: &str) -> Pieces {
        let options = DownloadFromContainerOptionsBuilder::default()
            .path(path)
            .build();
        let pieces = self
            .engine
            .docker
            .download_from_container(&self.id, Some(options));
        Box::pin(pieces.map(|piece| piece.map_err(std::io::Error::other)))
    }

    /// Where a symbolic link leads to in the end; `None` where there is nothing, or no link.
    pub async fn resolve(&self, path: &str) -> Option<String> {
        let options = ContainerArchiveInfoOptionsBuilder::default()
            .path(path)
            .build();
        let about = self
            .engine
            .docker
            .get_container_archive_info(&self.id, Some(options))
            .await
            .ok()?;
        Some(about.link_target).filter(|target| !target.is_empty())
    }
}

/// A process in a container, attached.
pub(super) async fn exec(
    engine: &Engine,
    container: &str,
    options: CreateExecOptions<&str>,
    what: &str,
) -> Result<(String, Wire)> {
    let options = CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..options
    };
    let failed = refused(what);
    let exec = engine.docker.create_exec(container, options).await;
    let exec = exec.map_err(&failed)?;
    match engine.docker.start_exec(&exec.id, None).await {
        Ok(StartExecResults::Attached { output, input }) => Ok((exec.id, wire(input, output))),
        Ok(StartExecResults::Detached) => Err(Error::environment(
            "the engine did not attach to a process in the container",
        )),
        Err(error) => Err(failed(error)),
    }
}
