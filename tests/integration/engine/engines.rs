//! Which engine is spoken to, and how: a fake one records the handshake, a real one is reached by other ways.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;
use crate::cli::{contains, ends_with};
use crate::harness::{Emulator, Runtime};

/// An engine that tells its version and refuses all else; the first lines of what it was asked.
fn fake(folder: &Path, version: &str) -> (PathBuf, Arc<Mutex<Vec<String>>>) {
    let socket = folder.join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&asked);
    let version = version.to_owned();
    thread::spawn(move || {
        while let Ok((mut call, _)) = listener.accept() {
            let mut request = [0; 4096];
            let length = call.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let line = request.lines().next().unwrap_or_default().to_owned();
            let (status, body) = if line.contains("/_ping") {
                ("200 OK", "OK")
            } else {
                ("500 No", r#"{"message":"this engine is a fake"}"#)
            };
            shared.lock().unwrap().push(line);
            let _ = write!(
                call,
                "HTTP/1.1 {status}\r\nApi-Version: {version}\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (socket, asked)
}

fn with_home(source: &Source, home: &Path) -> Emulator {
    let mut emulator = Emulator::run(source.path(), Runtime::Docker);
    emulator.command.env("HOME", home).env_remove("DOCKER_HOST");
    emulator
}

#[test]
fn no_engine_is_asked_for_more_than_it_speaks() {
    for version in ["1.24", "1.41", "1.44", "1.99"] {
        let folder = tempfile::tempdir().unwrap();
        let (socket, asked) = fake(folder.path(), version);
        let source = Source::commands(&["echo never"]);
        let mut emulator = Emulator::run(source.path(), Runtime::Docker);
        let host = format!("unix://{}", socket.display());
        emulator.command.env("DOCKER_HOST", host);
        let output = emulator.finish();
        ends_with(4, &output);
        contains(&output.complaint(), "this engine is a fake");
        let asked = asked.lock().unwrap().clone();
        assert!(asked[0].starts_with("GET /_ping "), "{asked:?}");
        assert!(asked.len() > 1, "{asked:?}");
        for line in &asked[1..] {
            let path = line.split(' ').nth(1).unwrap();
            // A path without a version means the engine's own; with one, it must be one that the engine speaks and
            // that current engines, which refuse clients below 1.44, do not refuse.
            let Some(used) = path
                .strip_prefix("/v1.")
                .and_then(|rest| rest.split('/').next())
            else {
                continue;
            };
            let (used, spoken): (u32, u32) = (used.parse().unwrap(), version[2..].parse().unwrap());
            assert!(
                used <= spoken && (used >= 44 || used == spoken),
                "{version}: {line}"
            );
        }
    }
}

#[test]
fn a_context_names_the_engine() {
    let home = tempfile::tempdir().unwrap();
    let (socket, asked) = fake(home.path(), "1.41");
    let meta = home.path().join(".docker/contexts/meta/0a1b");
    fs::create_dir_all(&meta).unwrap();
    let host = format!("unix://{}", socket.display());
    let text = serde_json::json!({"Name": "here", "Endpoints": {"docker": {"Host": host}}});
    fs::write(meta.join("meta.json"), text.to_string()).unwrap();
    let config = home.path().join(".docker/config.json");
    fs::write(config, r#"{"currentContext":"here"}"#).unwrap();

    let source = Source::commands(&["echo never"]);
    let output = with_home(&source, home.path()).finish();
    ends_with(4, &output);
    contains(&output.complaint(), "this engine is a fake");
    assert!(!asked.lock().unwrap().is_empty());

    let mut emulator = with_home(&source, home.path());
    emulator.command.env("DOCKER_CONTEXT", "elsewhere");
    let output = emulator.finish();
    ends_with(4, &output);
    contains(&output.complaint(), "there is no Docker context elsewhere");
}

#[test]
fn an_engine_is_reached_through_ssh() {
    if !engine("ssh") {
        return;
    }
    // What runs here for `ssh -o ... -T -l me -p 2222 -- far docker system dial-stdio`, but for the way to the machine.
    let home = tempfile::tempdir().unwrap();
    let ssh = home.path().join("ssh");
    let script = "#!/bin/sh\necho \"$@\" >>\"$HOME/asked\"\nwhile [ \"$1\" != -- ]; do shift; done\nshift 2\nexec env -u DOCKER_HOST \"$@\"\n";
    fs::write(&ssh, script).unwrap();
    sh("chmod", &["755", text(&ssh)]);
    let source = Source::commands(&["echo through ssh; mkdir out; seq 100000 > out/file"]);
    let mut emulator = with_home(&source, home.path());
    let path = sh("sh", &["-c", "echo $PATH"]);
    let path = format!("{}:{}", home.path().display(), path.trim());
    emulator.command.env("PATH", path);
    emulator.command.env("DOCKER_HOST", "ssh://me@far:2222");
    let output = emulator.finish();
    ends_with(0, &output);
    contains(&String::from_utf8_lossy(&output.stdout), "\nthrough ssh\n");
    let asked = fs::read_to_string(home.path().join("asked")).unwrap();
    contains(&asked, "-T -l me -p 2222 -- far docker system dial-stdio");
    assert_eq!(left(&source), [""; 0]);
}

#[test]
fn an_engine_that_ssh_does_not_reach() {
    let home = tempfile::tempdir().unwrap();
    let ssh = home.path().join("ssh");
    fs::write(
        &ssh,
        "#!/bin/sh\necho 'Host key verification failed.' >&2\nexit 255\n",
    )
    .unwrap();
    sh("chmod", &["755", text(&ssh)]);
    let source = Source::commands(&["echo never"]);
    let mut emulator = with_home(&source, home.path());
    emulator.command.env("PATH", home.path());
    emulator.command.env("DOCKER_HOST", "ssh://far");
    let output = emulator.finish();
    ends_with(4, &output);
    contains(&output.complaint(), "ssh: Host key verification failed.");
}
