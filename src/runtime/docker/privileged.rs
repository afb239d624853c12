//! A container that may run an engine of its own, and an image whose ENTRYPOINT starts that engine.
//!
//! Elsewhere the supervisor is the main process. Here the ENTRYPOINT has to run, as `CodeBuild` runs it, and its last
//! act is to run its arguments: a `cat`, held by the attached standard input, so that our death is the container's end.
//! AWS's `dockerd-entrypoint.sh` ends in `eval "$@"`: arguments must survive a second reading by the shell.

use std::time::Duration;

use bollard::models::{HostConfig, Mount, MountType, MountVolumeOptions};
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use super::{Engine, Plan, Pull, labels, refused, status};
use crate::error::{Error, Result};
use crate::runtime::{Chunk, Wire};

/// Where an engine inside the container keeps its images: on a volume, as overlays can't lie on the container's own.
const ENGINE_DATA: &str = "/var/lib/docker";

/// How long an ENTRYPOINT may take; AWS's own gives up on its engine after 60 s.
const PATIENCE: Duration = Duration::from_mins(2);

/// Makes the control groups writable, as `Privileged: true` does: without a mount of the host's, nothing is left there.
const OPEN_CGROUPS: &str = "for m in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,bind,rw \"$m\"; done 2>/dev/null\n";

/// What a container may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Privileges {
    Usual,
    /// `Privileged: true`.
    All,
    /// Where the engine itself lacks a capability and so can't give them all: those that are there, by name.
    Listed(Vec<&'static str>),
}

impl Privileges {
    /// What this host's processes can have at most: a local engine has it too.
    pub(super) fn that_are_there() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let listed = capabilities(&status)?;
        (!listed.is_empty()).then_some(Self::Listed(listed))
    }

    pub(super) fn apply(&self, host: &mut HostConfig) {
        match self {
            Self::Usual => {}
            Self::All => host.privileged = Some(true),
            Self::Listed(names) => {
                host.cap_add = Some(names.iter().map(|&name| name.to_owned()).collect());
                let unconfined = ["seccomp=unconfined", "apparmor=unconfined"];
                host.security_opt = Some(unconfined.map(str::to_owned).to_vec());
                // What `docker run --security-opt systempaths=unconfined` sends.
                host.masked_paths = Some(Vec::new());
                host.readonly_paths = Some(Vec::new());
            }
        }
    }

    /// The volume of an engine inside, unless the user brings one.
    pub(super) fn mount(&self, plan: &Plan) -> Option<Mount> {
        let users = |volume: &String| volume.split(':').nth(1) == Some(ENGINE_DATA);
        if *self == Self::Usual || plan.volumes.iter().any(users) {
            return None;
        }
        Some(Mount {
            target: Some(ENGINE_DATA.to_owned()),
            typ: Some(MountType::VOLUME),
            volume_options: Some(MountVolumeOptions {
                labels: Some(labels(&plan.build)),
                ..MountVolumeOptions::default()
            }),
            ..Mount::default()
        })
    }

    /// What the shell that is started first does before anything else.
    pub(super) fn prelude(&self) -> &'static str {
        match self {
            Self::Listed(_) => OPEN_CGROUPS,
            _ => "",
        }
    }
}

/// Linux's capabilities by number, up to the last that every engine knows by name.
const CAPABILITIES: [&str; 38] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
];

/// The names in a bounding set, from `/proc/PID/status`.
fn capabilities(status: &str) -> Option<Vec<&'static str>> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapBnd:"))?;
    let set = u64::from_str_radix(line.trim(), 16).ok()?;
    let named = CAPABILITIES.iter().enumerate();
    Some(
        named
            .filter(|(number, _)| set >> number & 1 == 1)
            .map(|(_, &name)| name)
            .collect(),
    )
}

impl Engine {
    /// The image's ENTRYPOINT; empty where it has none. `None` where the engine lacks the image.
    async fn entrypoint_of(&self, image: &str) -> Result<Option<Vec<String>>> {
        match self.docker.inspect_image(image).await {
            Ok(about) => Ok(Some(
                about
                    .config
                    .and_then(|config| config.entrypoint)
                    .unwrap_or_default(),
            )),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(refused("the engine does not tell about the image")(error)),
        }
    }
}

/// The ENTRYPOINT of the plan's image, which is pulled by `pull` where the engine lacks it and it may be.
pub(super) async fn entrypoint(
    engine: &Engine,
    plan: &Plan,
    pull: impl Future<Output = Result<()>>,
) -> Result<Vec<String>> {
    if let Some(found) = engine.entrypoint_of(&plan.image).await? {
        return Ok(found);
    }
    if plan.pull != Pull::Never {
        pull.await?;
    }
    // Absent still: making the container says so best.
    Ok(engine.entrypoint_of(&plan.image).await?.unwrap_or_default())
}

/// An ENTRYPOINT that has come to its `cat`. Dropping it ends the container.
pub(super) struct Held {
    _input: std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>,
    drain: tokio::task::JoinHandle<()>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.drain.abort();
    }
}

/// What an ENTRYPOINT said at last, for a message.
const KEPT: usize = 2000;

/// Waits until the ENTRYPOINT has done its work: then its `cat` gives back a word.
pub(super) async fn wait(wire: Wire, entrypoint: &[String]) -> Result<Held> {
    let Wire {
        mut input,
        mut output,
    } = wire;
    let word = uuid::Uuid::new_v4().simple().to_string();
    let mut said = Vec::new();
    let echoed = async {
        let greeting = format!("{word}\n");
        input.write_all(greeting.as_bytes()).await?;
        input.flush().await?;
        while let Some(chunk) = output.next().await {
            let (Chunk::Output(bytes) | Chunk::Supervisor(bytes)) = chunk?;
            said.extend_from_slice(&bytes);
            if said.windows(word.len()).any(|part| part == word.as_bytes()) {
                return Ok(true);
            }
            let surplus = said.len().saturating_sub(KEPT);
            said.drain(..surplus);
        }
        Ok::<bool, std::io::Error>(false)
    };
    let why = match tokio::time::timeout(PATIENCE, echoed).await {
        Ok(Ok(true)) => {
            // Whatever it goes on to print is its own affair, but nobody must have to wait for a reader.
            let drain = tokio::spawn(async move { while output.next().await.is_some() {} });
            return Ok(Held {
                _input: input,
                drain,
            });
        }
        Ok(Ok(false)) => "it ended".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!(
            "it does not come to its arguments within {} s",
            PATIENCE.as_secs()
        ),
    };
    let said = String::from_utf8_lossy(&said);
    Err(Error::environment(format!(
        "the image's ENTRYPOINT {} does not let the build begin: {why}",
        entrypoint.join(" ")
    ))
    .hint(match said.trim() {
        "" => "a privileged build needs an ENTRYPOINT that runs its arguments, or none".to_owned(),
        said => format!("it said: {said}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounding_set_has_names() {
        let status = "Name:\tx\nCapEff:\t0\nCapBnd:\t000001fffeffffff\n";
        let names = capabilities(status).unwrap();
        assert_eq!(names.len(), 37);
        assert!(!names.contains(&"SYS_RESOURCE"));
        assert!(names.contains(&"SYS_ADMIN") && names.contains(&"AUDIT_READ"));
        assert_eq!(
            capabilities("CapBnd:\t3\n"),
            Some(vec!["CHOWN", "DAC_OVERRIDE"])
        );
        assert_eq!(capabilities("CapBnd:\tx\n"), None);
    }
}
