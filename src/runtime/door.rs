//! The way into a place that runs, beside the supervisor that runs its commands.

#[cfg(feature = "docker")]
use super::docker;
use super::host;
use super::session::Supervisor;
use super::terminal::{Program, Terminal};
use crate::error::{Error, Result};

/// Leads into a container, or beside the processes of the host.
#[derive(Clone, Debug)]
pub enum Door {
    #[cfg(feature = "docker")]
    Docker(docker::Door),
    Host(host::Door),
}

impl Door {
    /// Another supervisor of the place's own user. It ends with the value.
    pub async fn supervisor(&self) -> Result<Supervisor> {
        let wire = match self {
            #[cfg(feature = "docker")]
            Self::Docker(door) => door.open("0").await?,
            Self::Host(door) => door.open()?.1,
        };
        Supervisor::new(wire).await.map_err(|lost| {
            Error::environment("a shell beside the build ended at once").because(lost)
        })
    }

    /// A program on a terminal.
    pub async fn terminal(&self, program: &Program) -> Result<Terminal> {
        match self {
            #[cfg(feature = "docker")]
            Self::Docker(door) => door.terminal(program).await,
            Self::Host(door) => door.terminal(program).await,
        }
    }
}
