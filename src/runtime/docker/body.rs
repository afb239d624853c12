//! The request that makes a build's container.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountType,
    MountVolumeOptions, MountVolumeOptionsDriverConfig,
};

use super::container::Rung;
use super::overlay::Volumes;
use super::privileged::Privileges;
use super::set_up::Proof;
use super::{Plan, labels};
use crate::script;

/// Where the build finds an engine.
const SOCKET: &str = "/var/run/docker.sock";

/// Microseconds.
const CPU_PERIOD: i64 = 100_000;

pub(super) fn body(
    plan: &Plan,
    rung: Rung,
    volumes: &Volumes,
    proof: Option<&Proof>,
    main: &Main,
) -> ContainerCreateBody {
    let mut host_config = host_config(plan, rung, volumes, proof);
    main.privileges.apply(&mut host_config);
    if let (Some(mounts), Some(mount)) = (&mut host_config.mounts, main.privileges.mount(plan)) {
        mounts.push(mount);
    }
    let (entrypoint, cmd) = main.command(plan.keep);
    ContainerCreateBody {
        image: Some(plan.image.clone()),
        entrypoint: Some(entrypoint),
        cmd,
        // CodeBuild ignores the image's USER.
        user: Some("0".to_owned()),
        working_dir: Some(plan.layout.readonly()),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        open_stdin: Some(true),
        stdin_once: Some(true),
        tty: Some(false),
        labels: Some(labels(&plan.build)),
        healthcheck: Some(HealthConfig {
            test: Some(vec!["NONE".to_owned()]),
            ..HealthConfig::default()
        }),
        host_config: Some(host_config),
        ..ContainerCreateBody::default()
    }
}

fn host_config(plan: &Plan, rung: Rung, volumes: &Volumes, proof: Option<&Proof>) -> HostConfig {
    let memory = plan.limits.and_then(|limits| limits.memory);
    let memory = memory.and_then(|memory| i64::try_from(memory).ok());
    let cpus = plan.limits.and_then(|limits| limits.cpus);
    HostConfig {
        mounts: Some(mounts(plan, rung, volumes, proof)),
        binds: (!plan.volumes.is_empty()).then(|| plan.volumes.clone()),
        extra_hosts: (!plan.add_hosts.is_empty()).then(|| plan.add_hosts.clone()),
        tmpfs: Some(tmpfs(plan, rung)),
        log_config: Some(HostConfigLogConfig {
            typ: Some("none".to_owned()),
            config: None,
        }),
        // The supervisor has to be PID 1, where no build can kill it.
        init: Some(false),
        network_mode: plan.network.clone(),
        // A quota may be larger than the machine; what `docker run --cpus` sets may not.
        cpu_period: cpus.map(|_| CPU_PERIOD),
        cpu_quota: cpus.map(|cpus| CPU_PERIOD * i64::from(cpus)),
        memory,
        // No swap, as in the cloud: what needs more is killed.
        memory_swap: memory,
        ..HostConfig::default()
    }
}

/// The container's main process, and what it may do.
pub(super) struct Main {
    pub(super) privileges: Privileges,
    /// The image's, where it has to run; else the supervisor is the main process.
    pub(super) entrypoint: Vec<String>,
}

impl Main {
    /// What the engine is told as ENTRYPOINT and CMD.
    ///
    /// Both end with their input, which is our own end, unless the container is to be kept.
    fn command(&self, keep: bool) -> (Vec<String>, Option<Vec<String>>) {
        let shell = |text: String| vec!["/bin/sh".to_owned(), "-c".to_owned(), text];
        let prelude = self.privileges.prelude();
        if self.entrypoint.is_empty() {
            let hold = if keep { script::HOLD } else { "" };
            return (
                shell(format!("{prelude}{}{hold}", script::SUPERVISOR)),
                None,
            );
        }
        let mut entrypoint = Vec::new();
        if !prelude.is_empty() {
            entrypoint = shell(format!("{prelude}exec \"$@\""));
            entrypoint.push("sh".to_owned());
        }
        entrypoint.extend_from_slice(&self.entrypoint);
        let mut cat = vec!["cat"];
        if keep {
            cat.extend(["-", script::ENDLESS]);
        }
        (
            entrypoint,
            Some(cat.into_iter().map(str::to_owned).collect()),
        )
    }
}

fn mounts(plan: &Plan, rung: Rung, volumes: &Volumes, proof: Option<&Proof>) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = match rung {
        Rung::Mount => plan
            .trees
            .iter()
            .map(|tree| bind(&tree.from.to_string_lossy(), &tree.to))
            .collect(),
        _ => plan
            .trees
            .iter()
            .zip(&volumes.trees)
            .map(|(tree, options)| volume(plan, options, &tree.to))
            .collect(),
    };
    mounts.extend(proof.map(|proof| bind(&proof.folder().to_string_lossy(), &plan.layout.bin())));
    if plan.docker_socket {
        mounts.push(bind(&plan.engine_socket, SOCKET));
    }
    mounts
}

fn tmpfs(plan: &Plan, rung: Rung) -> HashMap<String, String> {
    // Variables and secrets are rewritten there after each command: in no layer, volume or commit.
    let mut tmpfs = HashMap::from([(plan.layout.tmp(), "rw,exec,mode=0755".to_owned())]);
    if rung == Rung::Mount {
        // What is never part of the source can here only be covered, and only where it is: the engine would make it.
        for tree in &plan.trees {
            let hidden = tree.hidden(plan);
            let there = hidden.iter().filter(|path| {
                std::fs::symlink_metadata(tree.from.join(path)).is_ok_and(|about| about.is_dir())
            });
            tmpfs.extend(there.filter_map(|path| path.to_str()).map(|path| {
                let covered = format!("{}/{path}", tree.to);
                (covered, "ro,size=4k,mode=0755".to_owned())
            }));
        }
    }
    tmpfs
}

/// Without a name, so that it goes with the container.
fn volume(plan: &Plan, options: &HashMap<String, String>, target: &str) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            no_copy: Some(true),
            labels: Some(labels(&plan.build)),
            driver_config: Some(MountVolumeOptionsDriverConfig {
                name: Some("local".to_owned()),
                options: Some(options.clone()),
            }),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

fn bind(source: &str, target: &str) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(source.to_owned()),
        typ: Some(MountType::BIND),
        ..Mount::default()
    }
}
