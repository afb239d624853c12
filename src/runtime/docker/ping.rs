//! The engine's API version, from its quickest answer.
//!
//! `GET /version`, which bollard negotiates by, makes the engine start `runc --version` and its like: 10 ms of the 300
//! that a small build takes. `GET /_ping` says the same in a header.

use std::time::Duration;

use bollard::ClientVersion;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// A ping's answer is a few hundred bytes.
const LONGEST: u64 = 16 * 1024;

/// What an engine says of itself.
#[derive(Debug)]
pub(super) struct Pong {
    pub(super) version: ClientVersion,
    /// It is Podman, which takes Docker's API and has its own idea of networks.
    pub(super) is_podman: bool,
}

/// Asks an engine behind a Unix socket; `None` when it does not answer in time.
pub(super) async fn ping(socket: &str) -> Option<Pong> {
    let answer = tokio::time::timeout(Duration::from_secs(5), ask(socket))
        .await
        .ok()?
        .ok()?;
    parse(&answer)
}

async fn ask(socket: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket).await?;
    stream
        .write_all(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer).await?;
    Ok(answer)
}

fn parse(answer: &str) -> Option<Pong> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    let (status, headers) = head.split_once("\r\n")?;
    if status.split(' ').nth(1) != Some("200") {
        return None;
    }
    let header = |wanted: &str| {
        headers.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    };
    let (major, minor) = header("api-version")?.split_once('.')?;
    Some(Pong {
        version: ClientVersion {
            major_version: major.parse().ok()?,
            minor_version: minor.parse().ok()?,
        },
        is_podman: header("libpod-api-version").is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_header_and_nothing_else() {
        let answer = "HTTP/1.1 200 OK\r\nServer: Docker\r\nApi-version: 1.41\r\n\r\nOK";
        let pong = parse(answer).unwrap();
        let version = pong.version;
        assert_eq!((version.major_version, version.minor_version), (1, 41));
        assert!(!pong.is_podman);
        let podman = answer.replace("Server: Docker", "Libpod-Api-Version: 4.3.1");
        assert!(parse(&podman).unwrap().is_podman);
        for bad in [
            "HTTP/1.1 200 OK\r\n\r\nApi-Version: 1.41",
            "HTTP/1.1 503 No\r\nApi-Version: 1.41\r\n\r\n",
            "garbage",
            "HTTP/1.1 200 OK\r\nApi-Version: x.y\r\n\r\n",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
