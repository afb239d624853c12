//! The place where one build runs, whichever runtime made it.

#[cfg(feature = "docker")]
use super::docker::{Container, Death};
use super::door::Door;
use super::host::Host;
use super::{Lost, Pieces, Wire};
use crate::engine::phase::Context;
use crate::error::{Error, Result};

/// How the names of containers begin that are kept.
pub const KEPT: &str = "buildspec-kept-";

/// A container, or processes of the host.
#[derive(Debug)]
pub enum Place {
    #[cfg(feature = "docker")]
    Docker(Container),
    Host(Host),
}

impl Place {
    /// The way in, beside the supervisor.
    pub fn door(&self) -> Door {
        match self {
            #[cfg(feature = "docker")]
            Self::Docker(container) => Door::Docker(container.door()),
            Self::Host(host) => Door::Host(host.door().clone()),
        }
    }

    /// Leaves it as it is, under a name; false where there is nothing to leave.
    pub async fn keep(&self, name: &str) -> Result<bool> {
        match self {
            #[cfg(feature = "docker")]
            Self::Docker(container) => container.keep(name).await,
            Self::Host(_) => {
                let _ = name;
                std::future::ready(Ok(false)).await
            }
        }
    }

    /// Ends what still runs and removes what was made.
    pub async fn end(self) -> Result<()> {
        match self {
            #[cfg(feature = "docker")]
            Self::Docker(container) => container.end().await,
            Self::Host(host) => {
                let root = host.root();
                host.end().await.map_err(|error| {
                    Error::environment(format!(
                        "the session's folder {} can't be removed",
                        root.display()
                    ))
                    .because(error)
                })
            }
        }
    }

    /// Runs a script of ours beside the build's commands, with pipes of its own.
    pub async fn pipe(&self, script: &str) -> Result<Wire> {
        match self {
            #[cfg(feature = "docker")]
            Self::Docker(container) => container.pipe(script).await,
            Self::Host(host) => host.pipe(script),
        }
    }

    /// A path at the build's side as a tar stream, in which links are links and names begin with the path's last
    /// component.
    pub fn archive(&self, path: &str) -> Result<Pieces> {
        match self {
            #[cfg(feature = "docker")]
            Self::Docker(container) => Ok(container.archive(path)),
            Self::Host(host) => host.archive(path),
        }
    }

    /// Where a symbolic link at the build's side leads to in the end.
    pub async fn resolve(&self, path: &str) -> Option<String> {
        match self {
            #[cfg(feature = "docker")]
            Self::Docker(container) => container.resolve(path).await,
            Self::Host(_) => std::fs::canonicalize(path)
                .ok()?
                .into_os_string()
                .into_string()
                .ok(),
        }
    }

    /// What became of a build whose shell is gone: `CodeBuild`'s failure, or an error of this tool.
    pub async fn explain(&self, lost: Lost) -> Result<Context> {
        match self {
            #[cfg(feature = "docker")]
            Self::Docker(container) => match container.cause_of_death().await {
                Death::Died { code, .. } => Ok(found_dead(code)),
                // As if killed: nobody is left to ask for a code.
                Death::Removed => Ok(found_dead(137)),
                Death::Unknown => {
                    let mut error =
                        Error::environment("the connection to the build's container is lost");
                    error.source = lost.0.map(Into::into);
                    Err(error)
                }
            },
            Self::Host(_) => {
                drop(lost);
                Ok(found_dead(137))
            }
        }
    }
}

/// `CodeBuild`'s words for a container that died (spec 10.4).
fn found_dead(code: i64) -> Context {
    Context::new(
        "BUILD_CONTAINER_FOUND_DEAD",
        format!(
            "Build container found dead before completing the build. Build container died because it was out of memory, \
             or the Docker image is not supported. ErrorCode: {code}"
        ),
    )
}
