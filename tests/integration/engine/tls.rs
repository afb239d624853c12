//! A real engine behind TLS: a server of Python's before its socket, certificates of openssl's.

use std::io::{BufRead as _, BufReader};
use std::process::Child;

use tempfile::TempDir;

use super::*;
use crate::cli::{contains, ends_with};
use crate::harness::{Emulator, Output, Runtime};

/// Authorities, and what they signed.
pub(crate) struct Certificates(TempDir);

impl Certificates {
    /// `ca` signed `server` for 127.0.0.1 and, for clients, `client` and the outdated `old`; `foreign` signed `stranger`.
    fn make() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        made.authority("ca");
        made.authority("foreign");
        made.sign("server", "ca", "subjectAltName=IP:127.0.0.1", "2");
        for (name, authority, days) in [
            ("client", "ca", "2"),
            ("old", "ca", "-1"),
            ("stranger", "foreign", "2"),
        ] {
            made.sign(name, authority, "extendedKeyUsage=clientAuth", days);
        }
        made
    }

    /// `ca` signed `server` for a name.
    pub(super) fn for_host(name: &str) -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        made.authority("ca");
        made.sign("server", "ca", &format!("subjectAltName=DNS:{name}"), "2");
        made
    }

    pub(super) fn path(&self, name: &str) -> String {
        text(&self.0.path().join(name)).to_owned()
    }

    fn authority(&self, name: &str) {
        let (key, certificate) = (self.key(name), self.path(name));
        let subject = format!("/CN={name}");
        let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes"];
        let rest = [
            "-keyout",
            &key,
            "-out",
            &certificate,
            "-days",
            "2",
            "-subj",
            &subject,
        ];
        sh("openssl", &[&new[..], &rest].concat());
    }

    fn sign(&self, name: &str, authority: &str, extension: &str, days: &str) {
        let (key, request) = (self.key(name), self.path("request"));
        let subject = format!("/CN={name}");
        let new = ["req", "-newkey", "rsa:2048", "-nodes", "-subj", &subject];
        sh(
            "openssl",
            &[&new[..], &["-keyout", &key, "-out", &request]].concat(),
        );
        let extensions = self.path("extensions");
        fs::write(&extensions, extension).unwrap();
        let (by, by_key, certificate) =
            (self.path(authority), self.key(authority), self.path(name));
        // Without a name, openssl takes one outside of the folder, and so do other tests at the same time.
        let serial = self.path("serial");
        let sign = [
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &by,
            "-CAkey",
            &by_key,
            "-CAserial",
            &serial,
            "-CAcreateserial",
        ];
        let rest = ["-days", days, "-extfile", &extensions, "-out", &certificate];
        sh("openssl", &[&sign[..], &rest].concat());
    }

    fn key(&self, name: &str) -> String {
        self.path(&format!("{name}.key"))
    }

    /// A folder as the `docker` command knows it.
    fn folder(&self, authority: Option<&str>, client: Option<&str>) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let copy = |from: String, to: &str| fs::copy(from, folder.path().join(to)).unwrap();
        if let Some(authority) = authority {
            copy(self.path(authority), "ca.pem");
        }
        if let Some(client) = client {
            copy(self.path(client), "cert.pem");
            copy(self.key(client), "key.pem");
        }
        folder
    }
}

/// The real engine behind TLS, for clients with a certificate.
pub(crate) struct Server {
    child: Child,
    pub(crate) host: String,
    certificates: Certificates,
}

impl Server {
    pub(crate) fn start() -> Self {
        let certificates = Certificates::make();
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/engine/tls_proxy.py");
        let engine = harness::ambient("DOCKER_HOST").unwrap_or_default();
        let mut child = Command::new("python3")
            .arg(script)
            .args([
                certificates.path("ca"),
                certificates.path("server"),
                certificates.key("server"),
            ])
            .arg(
                engine
                    .strip_prefix("unix://")
                    .unwrap_or("/var/run/docker.sock"),
            )
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        Self {
            child,
            host: format!("tcp://127.0.0.1:{}", port.trim()),
            certificates,
        }
    }

    /// What a client that it knows has in its folder.
    pub(crate) fn friend(&self) -> TempDir {
        self.certificates.folder(Some("ca"), Some("client"))
    }

    fn run(&self, source: &Source, folder: &Path, set: &[(&str, &str)]) -> Output {
        let mut emulator = Emulator::run(source.path(), Runtime::Docker);
        emulator
            .command
            .env("DOCKER_HOST", &self.host)
            .env("DOCKER_CERT_PATH", folder)
            .envs(set.iter().copied());
        emulator.finish()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const VERIFY: &[(&str, &str)] = &[("DOCKER_TLS_VERIFY", "1")];

#[test]
fn a_build_runs_through_tls() {
    if !engine("TLS") {
        return;
    }
    let server = Server::start();
    let source = Source::with(
        "version: 0.2\nphases:\n  build:\n    run-as: nobody\n    commands:\n      - id -un; seq 100000 | tail -1\n\
         \x20 post_build:\n    commands:\n      - head -c 3000000 /dev/zero > big\nartifacts: {files: [big]}\n",
    );
    for set in [VERIFY, &[("DOCKER_TLS", "1")]] {
        let output = server.run(&source, server.friend().path(), set);
        ends_with(0, &output);
        contains(
            &String::from_utf8_lossy(&output.stdout),
            "\nnobody\n100000\n",
        );
        let artifact = source.kept().join("artifacts/big");
        assert_eq!(fs::metadata(artifact).unwrap().len(), 3_000_000);
        assert_eq!(left(&source), [""; 0]);
    }
}

#[test]
fn a_context_brings_its_certificates() {
    if !engine("TLS of a context") {
        return;
    }
    let server = Server::start();
    let home = tempfile::tempdir().unwrap();
    let contexts = home.path().join(".docker/contexts");
    fs::create_dir_all(contexts.join("meta/0a1b")).unwrap();
    fs::create_dir_all(contexts.join("tls/0a1b")).unwrap();
    let endpoint = serde_json::json!({"Host": server.host, "SkipTLSVerify": false});
    let meta = serde_json::json!({"Name": "far", "Endpoints": {"docker": endpoint}});
    fs::write(contexts.join("meta/0a1b/meta.json"), meta.to_string()).unwrap();
    let folder = server.friend();
    let from = text(folder.path()).to_owned();
    sh(
        "cp",
        &["-r", &from, text(&contexts.join("tls/0a1b/docker"))],
    );
    let source = Source::commands(&["echo by context"]);
    let mut emulator = Emulator::run(source.path(), Runtime::Docker);
    emulator
        .command
        .env("HOME", home.path())
        .env("DOCKER_CONTEXT", "far")
        .env_remove("DOCKER_HOST");
    let output = emulator.finish();
    ends_with(0, &output);
    contains(&String::from_utf8_lossy(&output.stdout), "\nby context\n");
}

#[test]
fn certificates_that_do_not_fit_are_told() {
    if !engine("TLS refused") {
        return;
    }
    let server = Server::start();
    let source = Source::commands(&["echo never"]);
    let unknown = "invalid peer certificate: UnknownIssuer";
    for (authority, client, expected) in [
        (None, Some("client"), unknown),
        (Some("foreign"), Some("client"), unknown),
        (Some("ca"), None, "the engine may not accept"),
        (Some("ca"), Some("stranger"), "the engine may not accept"),
        (Some("ca"), Some("old"), "the engine may not accept"),
    ] {
        let folder = server.certificates.folder(authority, client);
        let output = server.run(&source, folder.path(), VERIFY);
        ends_with(4, &output);
        contains(&output.complaint(), expected);
    }
    // Who asks not to look is told that it is looked at all the same.
    let folder = server.certificates.folder(Some("foreign"), Some("client"));
    let output = server.run(&source, folder.path(), &[("DOCKER_TLS", "1")]);
    ends_with(4, &output);
    contains(&output.complaint(), unknown);
    contains(&output.complaint(), "DOCKER_TLS without DOCKER_TLS_VERIFY");
    // The certificate is for 127.0.0.1 alone.
    let mut other = Emulator::run(source.path(), Runtime::Docker);
    let host = server.host.replace("127.0.0.1", "localhost");
    let folder = server.friend();
    other
        .command
        .env("DOCKER_HOST", host)
        .env("DOCKER_CERT_PATH", folder.path())
        .env("DOCKER_TLS_VERIFY", "1");
    let output = other.finish();
    ends_with(4, &output);
    contains(
        &output.complaint(),
        "certificate not valid for name \"localhost\"",
    );
}
