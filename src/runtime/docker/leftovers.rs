//! What processes that died have left on the engine.

use std::collections::HashMap;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptions,
};
use futures_util::future::join_all;

use super::{Engine, LABEL_BUILD, LABEL_OWNER, refused, status};
use crate::error::Result;

/// An object of ours on the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// By id.
    Container(String),
    /// By name.
    Volume(String),
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
    /// Objects of builds whose process is dead; with `all`, of every build, the living ones included.
    pub async fn leftovers(&self, all: bool) -> Result<Vec<Leftover>> {
        self.find(LABEL_BUILD.to_owned(), |owner| all || is_dead(owner))
            .await
    }

    /// Objects of one build, by its uuid.
    pub async fn objects_of(&self, build: &str) -> Result<Vec<Leftover>> {
        self.find(format!("{LABEL_BUILD}={build}"), |_| true).await
    }

    async fn find(&self, label: String, wanted: impl Fn(&str) -> bool) -> Result<Vec<Leftover>> {
        let filters = HashMap::from([("label".to_owned(), vec![label])]);
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
        let gone = |labels: Option<&HashMap<String, String>>| {
            labels
                .and_then(|labels| labels.get(LABEL_OWNER))
                .is_some_and(|owner| wanted(owner))
        };
        let mut found = Vec::new();
        for container in containers.map_err(&failed)? {
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

/// Removes them, containers first. What somebody else has removed meanwhile is no error.
pub async fn remove_all(engine: &Engine, found: Vec<Leftover>) -> Result<usize> {
    let count = found.len();
    let (containers, volumes): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|leftover| matches!(leftover, Leftover::Container(_)));
    for group in [containers, volumes] {
        for result in join_all(group.iter().map(|leftover| remove(engine, leftover))).await {
            result?;
        }
    }
    Ok(count)
}

pub(super) async fn remove(engine: &Engine, leftover: &Leftover) -> Result<()> {
    let result = match leftover {
        Leftover::Container(id) => {
            let options = RemoveContainerOptionsBuilder::default()
                .force(true)
                .v(true)
                .build();
            engine.docker.remove_container(id, Some(options)).await
        }
        Leftover::Volume(name) => {
            engine
                .docker
                .remove_volume(name, None::<RemoveVolumeOptions>)
                .await
        }
    };
    match result {
        // 409: another process is removing it at this moment.
        Err(error)
            if matches!(status(&error), Some(404 | 409))
                && matches!(leftover, Leftover::Container(_)) =>
        {
            Ok(())
        }
        Err(error) if status(&error) == Some(404) => Ok(()),
        other => other.map_err(refused("the engine can't remove what a build left")),
    }
}
