//! What processes that died have left on the engine.

use std::collections::HashMap;
use std::time::Duration;

use bollard::errors::Error as Api;
use bollard::models::{ContainerSummary, ContainerSummaryStateEnum};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptions,
};
use futures_util::future::join_all;

use super::{Engine, LABEL_BUILD, LABEL_OWNER, reason, refused, status};
use crate::error::Result;
use crate::runtime::place::KEPT;

/// An object of ours on the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// By id.
    Container(String),
    /// By name.
    Volume(String),
}

/// Whose objects are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of builds whose process is dead, but not of those whose container was kept on purpose.
    DeadAndNotKept,
    /// Of builds whose process is dead.
    Dead,
    /// Of every build, the living ones included.
    All,
}

impl std::fmt::Display for Leftover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Container(id) => write!(f, "container {}", id.get(..12).unwrap_or(id)),
            Self::Volume(name) => write!(f, "volume {name}"),
        }
    }
}

/// This process, told apart from a later one with the same number by its start time.
pub(super) fn owner() -> String {
    let pid = std::process::id();
    format!(
        "{} {pid} {}",
        host_name(),
        start_time(pid).unwrap_or_default()
    )
}

fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// Clock ticks since boot, from `/proc`; none where the process is gone or there is no `/proc`.
fn start_time(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')')
        .next()?
        .split_whitespace()
        .nth(19)
        .map(str::to_owned)
}

/// Whether the owner was a process of this host that is no more. What another host made is left to it.
fn is_dead(owner: &str) -> bool {
    let mut parts = owner.split(' ');
    let (Some(host), Some(pid), start) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let Ok(pid) = pid.parse() else { return false };
    host == host_name() && start_time(pid).as_deref() != start
}

impl Engine {
    /// Removes a build's volumes, whatever their names.
    pub(super) async fn remove_volumes_of(&self, build: &str) -> Result<()> {
        let label = format!("{LABEL_BUILD}={build}");
        let filters = HashMap::from([("label".to_owned(), vec![label])]);
        let options = ListVolumesOptionsBuilder::default()
            .filters(&filters)
            .build();
        let found = self.docker.list_volumes(Some(options)).await;
        let found = found.map_err(refused("the engine can't list a build's volumes"))?;
        for volume in found.volumes.unwrap_or_default() {
            remove(self, &Leftover::Volume(volume.name)).await?;
        }
        Ok(())
    }

    /// What is there of the builds that count.
    pub async fn leftovers(&self, whose: Whose) -> Result<Vec<Leftover>> {
        let filters = HashMap::from([("label".to_owned(), vec![LABEL_BUILD.to_owned()])]);
        let containers = ListContainersOptionsBuilder::default()
            .all(true)
            .filters(&filters)
            .build();
        let volumes = ListVolumesOptionsBuilder::default()
            .filters(&filters)
            .build();
        let (containers, volumes) = tokio::join!(
            self.docker.list_containers(Some(containers)),
            self.docker.list_volumes(Some(volumes)),
        );
        let failed = refused("the engine can't list what earlier builds left");
        let containers = containers.map_err(&failed)?;
        let kept: Vec<String> = if whose == Whose::DeadAndNotKept {
            containers.iter().filter_map(kept_build).collect()
        } else {
            Vec::new()
        };
        let gone = |labels: Option<&HashMap<String, String>>| {
            let label = |name| labels.and_then(|labels| labels.get(name));
            // The volumes that hide output directories belong to no process.
            let is_dead = label(LABEL_OWNER).is_some_and(|owner| is_dead(owner));
            let is_kept = label(LABEL_BUILD).is_some_and(|build| kept.contains(build));
            whose == Whose::All || (is_dead && !is_kept)
        };
        let mut found = Vec::new();
        for container in containers {
            if gone(container.labels.as_ref()) {
                found.extend(container.id.map(Leftover::Container));
            }
        }
        for volume in volumes.map_err(&failed)?.volumes.unwrap_or_default() {
            if gone(Some(&volume.labels)) {
                found.push(Leftover::Volume(volume.name));
            }
        }
        Ok(found)
    }
}

/// The build of a container that was kept and still runs.
fn kept_build(container: &ContainerSummary) -> Option<String> {
    let names = container.names.as_deref().unwrap_or_default();
    let is_kept = names
        .iter()
        .any(|name| name.trim_start_matches('/').starts_with(KEPT));
    let runs = container.state == Some(ContainerSummaryStateEnum::RUNNING);
    let build = container.labels.as_ref()?.get(LABEL_BUILD)?;
    (is_kept && runs).then(|| build.clone())
}

/// Removes them, containers first, and returns what went. What somebody else has removed meanwhile is no error.
pub async fn remove_all(engine: &Engine, found: Vec<Leftover>) -> Result<Vec<Leftover>> {
    let (containers, volumes): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|leftover| matches!(leftover, Leftover::Container(_)));
    let mut removed = Vec::new();
    for group in [containers, volumes] {
        for result in join_all(group.iter().map(|leftover| remove(engine, leftover))).await {
            removed.extend(result?);
        }
    }
    Ok(removed)
}

/// Removes one object; waits while somebody else is removing it, or what uses it, at this moment. Returns what went:
/// nothing where it was not there any more.
pub(super) async fn remove(engine: &Engine, leftover: &Leftover) -> Result<Vec<Leftover>> {
    let mut removed = Vec::new();
    let mut patience = 50;
    loop {
        match request_removal(engine, leftover).await {
            Ok(()) => {
                removed.push(leftover.clone());
                return Ok(removed);
            }
            Err(error) if status(&error) == Some(404) => return Ok(removed),
            Err(error) if is_busy(&error) && patience > 0 => {
                patience -= 1;
                removed.extend(Box::pin(remove_late_users(engine, leftover)).await?);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => return Err(refused("the engine can't remove what a build left")(error)),
        }
    }
}

/// Something else goes on with it; Podman says so in words alone.
fn is_busy(error: &Api) -> bool {
    status(error) == Some(409) || reason(error).contains("container state improper")
}

/// An engine makes a container's volumes first: who looks in between sees these alone, and the container, which nobody
/// waits for any more, comes a moment later.
async fn remove_late_users(engine: &Engine, volume: &Leftover) -> Result<Vec<Leftover>> {
    let Leftover::Volume(name) = volume else {
        return Ok(Vec::new());
    };
    let filters = HashMap::from([
        ("label".to_owned(), vec![LABEL_BUILD.to_owned()]),
        ("volume".to_owned(), vec![name.clone()]),
    ]);
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&filters)
        .build();
    let users = engine.docker.list_containers(Some(options)).await;
    let users = users.map_err(refused("the engine can't list who uses a volume"))?;
    let mut removed = Vec::new();
    for user in users {
        let labels = user.labels.unwrap_or_default();
        let is_ownerless = labels.get(LABEL_OWNER).is_some_and(|owner| is_dead(owner));
        if let Some(user) = user.id.map(Leftover::Container).filter(|_| is_ownerless)
            && request_removal(engine, &user).await.is_ok()
        {
            removed.push(user);
        }
    }
    Ok(removed)
}

async fn request_removal(engine: &Engine, leftover: &Leftover) -> Result<(), Api> {
    match leftover {
        Leftover::Container(id) => {
            let options = RemoveContainerOptionsBuilder::default()
                .force(true)
                .v(true)
                .build();
            engine.docker.remove_container(id, Some(options)).await
        }
        Leftover::Volume(name) => {
            let options = None::<RemoveVolumeOptions>;
            engine.docker.remove_volume(name, options).await
        }
    }
}
