//! What registries want to know before they hand out an image: `~/.docker/config.json`, as the `docker` command reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::error::{Error, Result};

/// Docker Hub's name in that file, and as helpers know it.
const HUB: &str = "https://index.docker.io/v1/";

/// A helper that asks somebody who is not there would hold the build for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// The file's content, read when an image has to be pulled.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    /// The folder of `config.json`; none where there is no home.
    pub folder: Option<PathBuf>,
}

/// What one registry is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    pub server: String,
    pub user: Option<String>,
    pub password: Option<String>,
    /// In place of a password.
    pub token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: BTreeMap<String, Auth>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Auth {
    /// `user:password` in base64.
    #[serde(rename = "auth")]
    pair: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// What a credential helper answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl Keyring {
    /// The login for the registry of an image; none where nobody has logged in.
    pub async fn of_image(&self, image: &str) -> Result<Option<Login>> {
        let Some(file) = self
            .folder
            .as_ref()
            .map(|folder| folder.join("config.json"))
        else {
            return Ok(None);
        };
        let Ok(text) = std::fs::read(&file) else {
            return Ok(None);
        };
        let config: Config = serde_json::from_slice(&text).map_err(|error| {
            Error::environment(format!("{} can't be read: {error}", file.display()))
        })?;
        let registry = registry(image);
        let helper = config
            .cred_helpers
            .get(hub_or(registry))
            .or_else(|| config.cred_helpers.get(registry))
            .or(config.creds_store.as_ref());
        if let Some(helper) = helper {
            let program = PathBuf::from(format!("docker-credential-{helper}"));
            if let Some(login) = ask(&program, hub_or(registry), PATIENCE).await? {
                return Ok(Some(login));
            }
        }
        Ok(written(&config, registry))
    }
}

/// The part of a reference that names a registry.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => "docker.io",
    }
}

fn hub_or(registry: &str) -> &str {
    if matches!(registry, "docker.io" | "index.docker.io") {
        HUB
    } else {
        registry
    }
}

fn written(config: &Config, registry: &str) -> Option<Login> {
    let wanted = bare(hub_or(registry));
    let (server, auth) = config
        .auths
        .iter()
        .find(|(server, _)| bare(server) == wanted)?;
    let mut login = Login {
        server: server.clone(),
        user: auth.username.clone(),
        password: auth.password.clone(),
        token: auth.identitytoken.clone().filter(|token| !token.is_empty()),
    };
    if let Some((user, password)) = auth.pair.as_deref().and_then(pair) {
        login.user = Some(user);
        login.password = Some(password);
    }
    (login.user.is_some() || login.token.is_some()).then_some(login)
}

/// A server's host, however it was written down.
fn bare(server: &str) -> &str {
    let rest = server
        .strip_prefix("https://")
        .or_else(|| server.strip_prefix("http://"))
        .unwrap_or(server);
    rest.split('/').next().unwrap_or(rest)
}

/// `user:password` in base64.
fn pair(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(base64(auth)?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.trim_end_matches('\0').to_owned()))
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0);
    for letter in text.trim().trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Runs `docker-credential-NAME get`.
async fn ask(program: &Path, server: &str, patience: Duration) -> Result<Option<Login>> {
    let failed = |why: String| {
        let program = program.display();
        Error::environment(format!("{program} can't be asked about {server}: {why}"))
            .hint("~/.docker/config.json names it in credsStore or credHelpers")
    };
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let answered = async {
        if let Some(mut input) = child.stdin.take() {
            // A helper that does not read is free not to.
            input.write_all(server.as_bytes()).await.ok();
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(patience, answered)
        .await
        .map_err(|_| failed(format!("no answer within {} s", patience.as_secs())))?
        .map_err(|error| failed(error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        // The helpers' own words; then the image may be public.
        if said.contains("credentials not found") {
            return Ok(None);
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        let both = format!("{}\n{}", said.trim(), complaint.trim());
        return Err(failed(format!("{} ({})", both.trim(), output.status)));
    }
    let answer: Answer =
        serde_json::from_str(&said).map_err(|_| failed("its answer can't be understood".into()))?;
    let server = server.to_owned();
    Ok(Some(if answer.username == "<token>" {
        Login {
            server,
            token: Some(answer.secret),
            ..Login::default()
        }
    } else {
        Login {
            server,
            user: Some(answer.username),
            password: Some(answer.secret),
            token: None,
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_its_registry() {
        for (image, expected) in [
            ("debian", "docker.io"),
            ("library/debian:12", "docker.io"),
            ("localhost/x", "localhost"),
            ("127.0.0.1:5000/x:1", "127.0.0.1:5000"),
            (
                "1.dkr.ecr.eu-west-1.amazonaws.com/a/b@sha256:0",
                "1.dkr.ecr.eu-west-1.amazonaws.com",
            ),
        ] {
            assert_eq!(registry(image), expected);
        }
    }

    #[tokio::test]
    async fn a_helper_that_hangs_is_given_up() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker-credential-test");
        std::fs::write(&program, "#!/bin/sh\nexec sleep 60\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let answer = ask(&program, "r.example", Duration::from_millis(300)).await;
        let message = answer.unwrap_err().message;
        assert!(message.contains("no answer within"), "{message}");
    }

    #[test]
    fn what_docker_login_wrote_is_read() {
        let config: Config = serde_json::from_str(
            r#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6czpjcmV0"},"r.example":{}}}"#,
        )
        .unwrap();
        let login = written(&config, "docker.io").unwrap();
        assert_eq!(login.user.as_deref(), Some("me"));
        assert_eq!(login.password.as_deref(), Some("s:cret"));
        assert_eq!(written(&config, "r.example"), None);
        assert_eq!(written(&config, "other.example"), None);
    }
}
