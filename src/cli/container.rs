//! Flags of `run` that are handed to the engine.

use std::path::PathBuf;

use crate::compute::Machine;
use crate::error::{Error, Result};
use crate::options::ContainerOptions;
use crate::registry::Keyring;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Image and source")]
pub(super) struct ContainerArguments {
    /// The image's platform, such as linux/arm64 [default: the engine's own]
    #[arg(long, value_name = "OS/ARCH", env = "BUILDSPEC_PLATFORM")]
    platform: Option<String>,

    /// CPUs and memory as in the cloud: small, medium, large, xlarge, 2xlarge, or the API's name of one [default: the
    /// project's, else without limit]
    #[arg(long, value_name = "TYPE", env = "BUILDSPEC_COMPUTE_TYPE")]
    pub(super) compute_type: Option<String>,

    /// A name that the build can resolve, as `docker run --add-host` takes it. Repeatable.
    #[arg(long, value_name = "NAME:ADDRESS", value_parser = add_host)]
    add_host: Vec<String>,

    /// A folder of the host in the container, as `docker run --volume` takes it. Repeatable.
    #[arg(long, value_name = "SOURCE:TARGET[:ro]", value_parser = volume)]
    volume: Vec<String>,

    /// Leave this out where the source has to be copied; the syntax is that of .dockerignore. Repeatable.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,

    /// Give the build this engine, in place of one of its own: it then can do what root can on the engine's machine.
    #[arg(long, env = "BUILDSPEC_DOCKER_SOCKET")]
    docker_socket: bool,

    /// Keep the container after the build, and say how to enter it; `buildspec clean` removes it.
    #[arg(long, env = "BUILDSPEC_KEEP")]
    pub(super) keep: bool,
}

impl ContainerArguments {
    /// Flags that were given and mean nothing without a container; others are told apart where they are settled.
    pub(super) fn given(&self) -> impl Iterator<Item = &'static str> {
        let flags = [
            ("--platform", self.platform.is_some()),
            ("--add-host", !self.add_host.is_empty()),
            ("--volume", !self.volume.is_empty()),
            ("--exclude", !self.exclude.is_empty()),
            ("--docker-socket", self.docker_socket),
        ];
        flags
            .into_iter()
            .filter(|(_, given)| *given)
            .map(|(flag, _)| flag)
    }

    pub(super) fn settle(self, machine: &Machine) -> Result<ContainerOptions> {
        Ok(ContainerOptions {
            platform: self.platform.or_else(|| machine.platform.clone()),
            compute: machine.compute.clone(),
            add_hosts: self.add_host,
            volumes: self
                .volume
                .into_iter()
                .map(absolute_source)
                .collect::<Result<_>>()?,
            docker_socket: self.docker_socket,
            keep: self.keep,
            excludes: self.exclude,
            credentials: Keyring {
                folder: docker_folder(),
            },
        })
    }
}

/// Where the `docker` command keeps its settings.
pub(super) fn docker_folder() -> Option<PathBuf> {
    super::variable_os("DOCKER_CONFIG")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(super::variable_os("HOME")?).join(".docker")))
}

fn add_host(text: &str) -> Result<String, String> {
    match text.split_once([':', '=']) {
        Some((name, address)) if !name.is_empty() && !address.is_empty() => {
            Ok(format!("{name}:{address}"))
        }
        _ => Err("not of the form NAME:ADDRESS".to_owned()),
    }
}

fn volume(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some((source, target)) if !source.is_empty() && target.starts_with('/') => {
            Ok(text.to_owned())
        }
        _ => Err("not of the form SOURCE:TARGET, with an absolute TARGET".to_owned()),
    }
}

/// The engine knows nothing of our current directory. What has no slash is a volume's name.
fn absolute_source(volume: String) -> Result<String> {
    let Some((source, rest)) = volume.split_once(':') else {
        return Ok(volume);
    };
    if !source.starts_with('.') {
        return Ok(volume);
    }
    let absolute = std::fs::canonicalize(source)
        .map_err(|error| Error::usage(format!("--volume {volume}: {error}")))?;
    Ok(format!("{}:{rest}", absolute.display()))
}
