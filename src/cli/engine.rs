//! Which engine: `DOCKER_HOST`, Docker's contexts, and the sockets where engines listen, in the order of the `docker`
//! command.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::options::{Endpoint, Tls};

/// What the environment says.
#[derive(Debug, Default)]
struct Facts {
    /// `DOCKER_HOST`.
    host: String,
    /// `DOCKER_CONTEXT`.
    context: String,
    /// `DOCKER_TLS` or `DOCKER_TLS_VERIFY` is not empty.
    tls: bool,
    /// `DOCKER_TLS_VERIFY` is not empty.
    verify: bool,
    /// `DOCKER_CERT_PATH`.
    certificates: Option<PathBuf>,
    /// The folder of Docker's `config.json`.
    folder: Option<PathBuf>,
    /// Where a socket may be, the likeliest first.
    sockets: Vec<PathBuf>,
}

/// The engine that the `docker` command would use, else the first whose socket is there.
pub(super) fn endpoint() -> Result<Endpoint> {
    let variable = |name| super::variable(name).unwrap_or_default();
    let path = |name| {
        super::variable_os(name)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
    };
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(folder) = path("XDG_RUNTIME_DIR") {
        sockets.extend(["docker.sock", "podman/podman.sock"].map(|name| folder.join(name)));
    }
    sockets.extend(path("HOME").map(|home| home.join(".docker/run/docker.sock")));
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    choose(&Facts {
        host: variable("DOCKER_HOST"),
        context: variable("DOCKER_CONTEXT"),
        tls: ["DOCKER_TLS", "DOCKER_TLS_VERIFY"]
            .iter()
            .any(|name| !variable(name).is_empty()),
        verify: !variable("DOCKER_TLS_VERIFY").is_empty(),
        certificates: path("DOCKER_CERT_PATH"),
        folder: super::container::docker_folder(),
        sockets,
    })
}

fn choose(facts: &Facts) -> Result<Endpoint> {
    if !facts.host.is_empty() {
        let folder = facts.certificates.clone().or_else(|| facts.folder.clone());
        let wanted =
            facts.host.starts_with("https://") || (facts.tls && facts.host.starts_with("tcp://"));
        return Ok(Endpoint {
            host: facts.host.clone(),
            tls: wanted.then(|| Tls {
                folder: folder.unwrap_or_default(),
                unverified: facts.tls && !facts.verify,
            }),
        });
    }
    let name = match &facts.context {
        name if !name.is_empty() => name.clone(),
        _ => current_context(facts.folder.as_deref()).unwrap_or_default(),
    };
    if !name.is_empty() && name != "default" {
        return context(&name, facts.folder.as_deref());
    }
    let there = facts.sockets.iter().find(|socket| socket.exists());
    let socket = there.or_else(|| facts.sockets.first());
    Ok(Endpoint {
        host: socket.map_or_else(String::new, |socket| format!("unix://{}", socket.display())),
        tls: None,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    current_context: String,
}

/// What `docker context use` chose. A file that can't be read is complained of where a login is looked for in it.
fn current_context(folder: Option<&Path>) -> Option<String> {
    let text = std::fs::read(folder?.join("config.json")).ok()?;
    let config: Config = serde_json::from_slice(&text).ok()?;
    Some(config.current_context)
}

/// `meta.json` of a context.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    name: String,
    endpoints: Endpoints,
}

#[derive(Debug, Deserialize)]
struct Endpoints {
    docker: Option<Docker>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Docker {
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// Looks for a context by the name in its file: the names of the folders are only hashes of it.
fn context(name: &str, folder: Option<&Path>) -> Result<Endpoint> {
    let unknown = || {
        Error::environment(format!("there is no Docker context {name}"))
            .hint("docker context ls shows those that there are; DOCKER_CONTEXT=default is the engine of this machine")
    };
    let contexts = folder.ok_or_else(unknown)?.join("contexts");
    for entry in std::fs::read_dir(contexts.join("meta"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let meta = std::fs::read(entry.path().join("meta.json")).ok();
        let Some(Ok(meta)) = meta.map(|text| serde_json::from_slice::<Meta>(&text)) else {
            continue;
        };
        if meta.name != name {
            continue;
        }
        let docker = meta.endpoints.docker.ok_or_else(unknown)?;
        let folder = contexts.join("tls").join(entry.file_name()).join("docker");
        let wanted = folder.is_dir() || docker.skip_tls_verify;
        let over_tcp = ["tcp://", "https://"]
            .iter()
            .any(|scheme| docker.host.starts_with(scheme));
        return Ok(Endpoint {
            host: docker.host,
            tls: (wanted && over_tcp).then_some(Tls {
                folder,
                unverified: docker.skip_tls_verify,
            }),
        });
    }
    Err(unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let meta = folder.path().join("contexts/meta/0a1b");
        std::fs::create_dir_all(&meta).unwrap();
        let text = r#"{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://far:2376","SkipTLSVerify":false}}}"#;
        std::fs::write(meta.join("meta.json"), text).unwrap();
        std::fs::create_dir_all(folder.path().join("contexts/tls/0a1b/docker")).unwrap();
        folder
    }

    #[test]
    fn the_order_is_that_of_docker() {
        let folder = folder();
        let mut facts = Facts {
            folder: Some(folder.path().to_owned()),
            sockets: vec![
                "/nowhere/docker.sock".into(),
                folder.path().join("podman.sock"),
            ],
            ..Facts::default()
        };
        assert_eq!(choose(&facts).unwrap().host, "unix:///nowhere/docker.sock");
        std::fs::write(folder.path().join("podman.sock"), "").unwrap();
        assert!(choose(&facts).unwrap().host.ends_with("/podman.sock"));

        std::fs::write(
            folder.path().join("config.json"),
            r#"{"currentContext":"far"}"#,
        )
        .unwrap();
        let far = choose(&facts).unwrap();
        assert_eq!(far.host, "tcp://far:2376");
        let tls = far.tls.unwrap();
        assert!(tls.folder.ends_with("contexts/tls/0a1b/docker"));
        assert!(!tls.unverified);

        facts.context = "default".to_owned();
        assert!(choose(&facts).unwrap().host.ends_with("/podman.sock"));
        facts.context = "none".to_owned();
        assert!(
            choose(&facts)
                .unwrap_err()
                .message
                .contains("no Docker context none")
        );

        facts.host = "tcp://near:2375".to_owned();
        assert_eq!(choose(&facts).unwrap().tls, None);
        for verify in [false, true] {
            (facts.tls, facts.verify) = (true, verify);
            let expected = Tls {
                folder: folder.path().to_owned(),
                unverified: !verify,
            };
            assert_eq!(choose(&facts).unwrap().tls, Some(expected));
        }
    }
}
