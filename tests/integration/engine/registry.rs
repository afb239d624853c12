//! What a registry is told: `~/.docker/config.json`, with a credential helper that is run for real.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::cli::{contains, ends_with};
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

#[test]
fn a_helper_that_fails_is_quoted() {
    if !engine("a credential helper that fails") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("config.json"), r#"{"credsStore":"test"}"#).unwrap();
    let helper = home.path().join("docker-credential-test");
    fs::write(&helper, "#!/bin/sh\necho the vault is shut >&2\nexit 3\n").unwrap();
    sh("chmod", &["755", text(&helper)]);
    let source = Source::commands(&["echo never"]);
    let mut emulator = Emulator::run(source.path(), Runtime::Docker);
    emulator.command.args(["--image", "127.0.0.1:1/x:1"]);
    emulator.command.env("DOCKER_CONFIG", home.path());
    let path = sh("sh", &["-c", "echo $PATH"]);
    let path = format!("{}:{}", home.path().display(), path.trim());
    emulator.command.env("PATH", path);
    let output = emulator.finish();
    ends_with(4, &output);
    contains(&output.complaint(), "the vault is shut (exit status: 3)");
}

/// A real registry, from Debian's package, that only `me` with `secret` may use; ended when dropped.
struct Registry {
    process: std::process::Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Registry {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let place = text(folder.path());
        let login = "me:$2b$04$RSUERh9tQ5okQI5Uk8H4Yu0jioACBRughcpIdYPVA/1p3O3c/zklC\n";
        fs::write(folder.path().join("htpasswd"), login).unwrap();
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {place}/data}}}}\nhttp: {{addr: '{address}'}}\n\
             auth: {{htpasswd: {{realm: test, path: {place}/htpasswd}}}}\n"
        );
        fs::write(folder.path().join("config.yml"), config).unwrap();
        let process = Command::new("docker-registry")
            .args(["serve", text(&folder.path().join("config.yml"))])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            crate::harness::say_loudly("NOT TESTED: pulls: there is no docker-registry");
            return None;
        };
        for _ in 0..200 {
            if std::net::TcpStream::connect(&address).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Self {
            process,
            address,
            folder,
        })
    }

    /// A folder for `DOCKER_CONFIG` with a login, or without.
    fn config(&self, login: bool) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        // In base64: `me:secret`.
        let auth = if login {
            r#"{"auth":"bWU6c2VjcmV0"}"#
        } else {
            "{}"
        };
        let config = format!(r#"{{"auths":{{"{}":{auth}}}}}"#, self.address);
        fs::write(folder.path().join("config.json"), config).unwrap();
        folder
    }

    fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A root with nothing but busybox in it.
const SMALL_ROOT: &str = "mkdir -p /r/bin /r/tmp /r/etc && cd /r && cp --parents $(ldd /bin/busybox | grep -o '/[^ ]*') . \
    && cp /bin/busybox bin/ && for tool in sh mkdir cat find tar chown; do ln -s busybox bin/$tool; done && tar -c .";

#[test]
fn an_image_is_pulled_once_with_the_right_login() {
    if !engine("pulls from a registry") {
        return;
    }
    let Some(mut registry) = Registry::start() else {
        return;
    };
    let name = format!("{}/small:1", registry.address);
    let archive = registry.folder.path().join("root.tar");
    let base = crate::harness::image();
    let script =
        format!("docker run --rm {base} sh -c \"$1\" > \"$2\" && docker import \"$2\" \"$3\"");
    sh(
        "sh",
        &["-ec", &script, "sh", SMALL_ROOT, text(&archive), &name],
    );
    let image = Image(name.clone());
    let known = registry.config(true);
    sh("docker", &["--config", text(known.path()), "push", &name]);
    sh("docker", &["rmi", &name]);

    let run = |config: &tempfile::TempDir, pull: &str| {
        let source = Source::commands(&["echo it runs"]);
        let mut emulator = Emulator::run(source.path(), Runtime::Docker);
        emulator.command.args(["--image", &name, "--pull", pull]);
        emulator.command.env("DOCKER_CONFIG", config.path());
        emulator.finish()
    };
    let stranger = registry.config(false);
    let output = run(&known, "never");
    ends_with(4, &output);
    let output = run(&stranger, "missing");
    ends_with(4, &output);
    contains(&output.complaint(), "can't be had");
    let output = run(&known, "missing");
    ends_with(0, &output);
    contains(&String::from_utf8_lossy(&output.stdout), "\nit runs\n");
    // What is there is not asked for again, unless somebody wants it.
    ends_with(4, &run(&stranger, "always"));
    ends_with(0, &run(&known, "always"));
    registry.stop();
    ends_with(0, &run(&stranger, "missing"));
    ends_with(4, &run(&known, "always"));
    drop(image);
}
