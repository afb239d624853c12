//! What a registry is told: `~/.docker/config.json`, with a credential helper that is run for real.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::cli::ends_with;
use crate::harness::{Emulator, Runtime};

/// A registry that wants a password, has no image, and tells what it was told.
fn registry() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            stream
                .set_read_timeout(Some(Duration::from_secs(2)))
                .unwrap();
            let mut authorization = None;
            for line in BufReader::new(&stream).split(b'\n') {
                let Ok(line) = line else { break };
                let line = String::from_utf8_lossy(&line).trim().to_owned();
                if let Some(value) = line.strip_prefix("Authorization: ") {
                    authorization = Some(value.to_owned());
                }
                if line.is_empty() {
                    break;
                }
            }
            let status = if authorization.is_some() {
                "404 Not Found"
            } else {
                "401 Unauthorized"
            };
            let _ = write!(
                &stream,
                "HTTP/1.1 {status}\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            if let Some(authorization) = authorization {
                let _ = sender.send(authorization);
            }
        }
    });
    (address, receiver)
}

#[test]
fn logins_reach_the_registry() {
    if !engine("registry credentials") {
        return;
    }
    // In base64: `me:secret`.
    let expected = "Basic bWU6c2VjcmV0";
    for kind in ["auths", "credHelpers", "credsStore"] {
        let (address, told) = registry();
        let home = tempfile::tempdir().unwrap();
        let config = match kind {
            "auths" => format!(r#"{{"auths":{{"{address}":{{"auth":"bWU6c2VjcmV0"}}}}}}"#),
            "credHelpers" => format!(r#"{{"credHelpers":{{"{address}":"test"}}}}"#),
            _ => r#"{"credsStore":"test"}"#.to_owned(),
        };
        fs::write(home.path().join("config.json"), config).unwrap();
        let helper = home.path().join("docker-credential-test");
        let script = format!(
            "#!/bin/sh\nread server\n[ \"$1 $server\" = 'get {address}' ] || exit 1\n\
             echo '{{\"ServerURL\":\"\",\"Username\":\"me\",\"Secret\":\"secret\"}}'\n"
        );
        fs::write(&helper, script).unwrap();
        sh("chmod", &["755", text(&helper)]);

        let source = Source::commands(&["echo never"]);
        let mut emulator = Emulator::run(source.path(), Runtime::Docker);
        emulator
            .command
            .args(["--image", &format!("{address}/x:1")]);
        emulator.command.env("DOCKER_CONFIG", home.path());
        let path = sh("sh", &["-c", "echo $PATH"]);
        let path = format!("{}:{}", home.path().display(), path.trim());
        emulator.command.env("PATH", path);
        let output = emulator.finish();
        ends_with(4, &output);
        let told = told.recv_timeout(Duration::from_secs(5));
        assert_eq!(
            told.as_deref(),
            Ok(expected),
            "{kind}: {}",
            output.complaint()
        );
    }
}
