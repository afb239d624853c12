//! Docker Engine through its API. Nothing outside this folder names bollard.

mod body;
mod container;
mod copy_out;
mod exec;
mod failure;
mod fence;
mod leftovers;
mod overlay;
mod ping;
mod plan;
mod privileged;
mod pull;
mod set_up;
mod ssh;
mod terminal;
mod tls;
mod upload;

use std::collections::HashMap;
use std::time::Duration;

use bollard::errors::Error as Api;
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::{FutureExt as _, TryFutureExt as _};

pub use container::{Container, Death};
pub use exec::Door;
pub use leftovers::{Leftover, Whose, remove_all};
pub use plan::{Plan, Pull, Remark, SourceMode, Tree};
pub use pull::Progress;

use crate::error::{Error, Result};
use crate::options::{Endpoint, Tls};

/// On every container and volume of ours: the build's uuid, or `shared`.
const LABEL_BUILD: &str = "buildspec.build";
/// Host, process id and start time of the process that made it.
const LABEL_OWNER: &str = "buildspec.owner";

/// Seconds in which the engine has to begin its answer.
const TIMEOUT: u64 = 120;

/// A connection to an engine.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: Docker,
    host: String,
    /// It is spoken to through TLS.
    tls: Option<Tls>,
    is_podman: bool,
}

impl Engine {
    /// Connects and settles on an API version.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self> {
        let host = match endpoint.host.as_str() {
            "" => "unix:///var/run/docker.sock",
            host => host,
        };
        let failed = |error: Api| {
            let why = reason(&error);
            let error = Error::environment(format!("no Docker engine answers at {host}: {why}"));
            let error = match &endpoint.tls {
                Some(tls) => tls::remedies(error, tls, &why),
                None if tls::is_wanted(&why) => error.hint(
                    "this engine wants TLS: set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder of ca.pem, \
                     cert.pem and key.pem",
                ),
                None if why.contains("Permission denied") => error.hint(
                    "Docker runs, and you may not use it: join the group of its socket (`sudo usermod -aG docker $USER`, \
                     then log in again), or use sudo",
                ),
                None => error.hint("start Docker, or name its socket in DOCKER_HOST"),
            };
            error.hint("run without a container: buildspec run --runtime host")
        };
        let docker = match &endpoint.tls {
            Some(tls) => agree(tls::connect(host, tls)?)
                .map_ok(|docker| (docker, false))
                .boxed(),
            None => Self::negotiate(host).boxed(),
        };
        let answer = tokio::time::timeout(Duration::from_secs(20), docker).await;
        let (docker, is_podman) = answer
            .map_err(|_| {
                Error::environment(format!(
                    "the Docker engine at {host} does not answer within 20 s"
                ))
            })?
            .map_err(failed)?;
        Ok(Self {
            docker,
            host: host.to_owned(),
            tls: endpoint.tls.clone(),
            is_podman,
        })
    }

    /// A client that speaks no newer API than the engine does, and whether that is known to be Podman.
    async fn negotiate(host: &str) -> Result<(Docker, bool), Api> {
        let socket = host.strip_prefix("unix://");
        if let Some(socket) = socket
            && let Some(pong) = ping::ping(socket).await
        {
            let newest = API_DEFAULT_VERSION;
            let version = if pong.version < *newest {
                &pong.version
            } else {
                newest
            };
            let docker = Docker::connect_with_unix(socket, TIMEOUT, version)?;
            return Ok((docker, pong.is_podman));
        }
        let docker = match host.split_once("://") {
            Some(("ssh", _)) => ssh::connect(host)?,
            // Not by bollard's own choice, which would look at the environment.
            Some(("tcp" | "http", _)) => {
                Docker::connect_with_http(host, TIMEOUT, API_DEFAULT_VERSION)?
            }
            _ => Docker::connect_with_host(host)?,
        };
        Ok((agree(docker).await?, false))
    }

    /// Where the engine is, as `DOCKER_HOST` would name it.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// Settles on a version that client and engine both speak.
async fn agree(docker: Docker) -> Result<Docker, Api> {
    docker
        .with_timeout(Duration::from_secs(TIMEOUT))
        .negotiate_version()
        .await
}

/// The part of an API error that a person needs.
fn reason(error: &Api) -> String {
    match error {
        Api::DockerResponseServerError { message, .. } => message.clone(),
        other => {
            // The outer messages of the HTTP client say nothing; the innermost cause does.
            let mut cause: &dyn std::error::Error = other;
            while let Some(inner) = cause.source() {
                cause = inner;
            }
            let text = cause.to_string();
            // A library's address in the web helps nobody here.
            text.split(": https://docs.rs")
                .next()
                .unwrap_or_default()
                .to_owned()
        }
    }
}

fn status(error: &Api) -> Option<u16> {
    match error {
        Api::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// The engine refused, or did not answer.
fn refused(what: &str) -> impl Fn(Api) -> Error {
    let what = what.to_owned();
    move |error| Error::environment(format!("{what}: {}", reason(&error)))
}

fn labels(build: &str) -> HashMap<String, String> {
    HashMap::from([
        (LABEL_BUILD.to_owned(), build.to_owned()),
        (LABEL_OWNER.to_owned(), leftovers::owner()),
    ])
}
