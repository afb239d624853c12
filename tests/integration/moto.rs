//! What answers in AWS's place, on loopback and filled with boto3: moto, and ministack as a second opinion.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Emulator, ambient, say_loudly};

/// A server of one test, with nothing in it.
#[derive(Debug)]
pub(crate) struct Moto {
    server: Child,
    port: u16,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Moto,
    Ministack,
}

impl Moto {
    /// `None` where moto is not to be had, which is said loudly.
    pub(crate) fn start(test: &str) -> Option<Self> {
        Self::of(Kind::Moto, test)
    }

    /// One of each kind.
    pub(crate) fn both(test: &str) -> impl Iterator<Item = Self> {
        let kinds = [Kind::Moto, Kind::Ministack].into_iter();
        kinds.filter_map(move |kind| Self::of(kind, test))
    }

    fn of(kind: Kind, test: &str) -> Option<Self> {
        let folder = folder().or_else(|| {
            say_loudly(&format!(
                "SKIPPED {test}: no {kind:?}; run scripts/moto.sh, which needs Python"
            ));
            None
        })?;
        // Another process may take the port in between: then this server ends, and the next port is tried.
        for _ in 0..5 {
            let port = free_port();
            let mut command = match kind {
                Kind::Moto => {
                    let mut command = Command::new(folder.join("bin/moto_server"));
                    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
                    command
                }
                Kind::Ministack => {
                    let mut command = Command::new(folder.join("bin/ministack"));
                    command
                        .env("BIND_HOST", "127.0.0.1")
                        .env("GATEWAY_PORT", port.to_string())
                        .env("DOCKER_HOST", "unix:///nowhere");
                    command
                }
            };
            let server = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut moto = Self { server, port };
            if moto.answers() {
                return Some(moto);
            }
        }
        panic!("{kind:?} does not answer");
    }

    fn answers(&mut self) -> bool {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(30) {
            if self.server.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs Python with boto3's clients `ssm`, `sm`, `iam`, `sts`, `builds` and `logs` and the value `given`; what it prints is the answer.
    #[track_caller]
    pub(crate) fn fill(&self, given: &Value, script: &str) -> String {
        let prelude = format!(
            "import boto3, json, sys\n\
             given = json.load(sys.stdin)\n\
             access = dict(region_name='eu-west-1', endpoint_url='{}', aws_access_key_id='x', aws_secret_access_key='x')\n\
             ssm = boto3.client('ssm', **access)\n\
             sm = boto3.client('secretsmanager', **access)\n\
             iam = boto3.client('iam', **access)\n\
             sts = boto3.client('sts', **access)\n\
             builds = boto3.client('codebuild', **access)\n\
             logs = boto3.client('logs', **access)\n",
            self.url()
        );
        let mut python = Command::new(folder().unwrap().join("bin/python"))
            .args(["-c", &(prelude + script)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = python.stdin.take().unwrap();
        input.write_all(given.to_string().as_bytes()).unwrap();
        drop(input);
        let output = python.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the AWS CLI, and returns what it prints.
    #[track_caller]
    pub(crate) fn aws(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(folder().unwrap().join("bin/aws"));
        command
            .args(arguments)
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .stdin(Stdio::null());
        ask(&mut command, &self.url());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes a run ask this server.
    pub(crate) fn serve(&self, emulator: &mut Emulator) {
        ask(&mut emulator.command, &self.url());
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // An error means that it is gone.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Credentials of nobody, and where to use them.
pub(crate) fn ask(command: &mut Command, url: &str) {
    command
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_REGION", "eu-west-1");
}

/// `BUILDSPEC_TEST_MOTO`, or what `scripts/moto.sh` made.
fn folder() -> Option<PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let named = ambient("BUILDSPEC_TEST_MOTO").map(PathBuf::from);
            let is_named = named.is_some();
            let folder = named.unwrap_or_else(|| root.join("target/venv"));
            let is_there = folder.join("bin/moto_server").exists();
            assert!(
                is_there || !is_named,
                "no moto_server in {}/bin",
                folder.display()
            );
            is_there.then_some(folder)
        })
        .clone()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Answers every request with one error, as AWS words it; moto never refuses anybody.
pub(crate) fn refusing(status: u16, code: &str, message: &str) -> String {
    let body = serde_json::json!({ "__type": code, "message": message }).to_string();
    answering(status, "application/x-amz-json-1.1", body)
}

/// The same as the query protocol has it, which STS speaks.
pub(crate) fn refusing_in_xml(status: u16, code: &str, message: &str) -> String {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    answering(status, "text/xml", body)
}

fn answering(status: u16, kind: &'static str, body: String) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, body) = (stream.unwrap(), body.clone());
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut length = 0;
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap() > 2 {
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                reader.read_exact(&mut vec![0; length]).unwrap();
                write!(
                    stream,
                    "HTTP/1.1 {status} No\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
            });
        }
    });
    url
}
