//! Proxies and root certificates that are handed on, with a real proxy and a server whose authority nobody knows.

use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread;

use super::tls::Certificates;
use super::*;
use crate::cli::{contains, ends_with};
use crate::harness::{Emulator, Output, Runtime};

/// As it stands in the proxy's address; the build's log must show neither this nor what it stands for.
const PASSWORD: &str = "s%40cret-word";

struct Company {
    child: Child,
    certificates: Certificates,
    proxy: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Company {
    fn open() -> Self {
        let certificates = Certificates::for_host("company.test");
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/engine/company.py");
        let mut child = Command::new("python3")
            .arg(script)
            .args([certificates.path("server"), certificates.path("server.key")])
            .arg("me:s@cret-word")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&asked);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                shared.lock().unwrap().push(line);
            }
        });
        Self {
            child,
            certificates,
            proxy: format!("http://me:{PASSWORD}@127.0.0.1:{port}"),
            asked,
        }
    }

    /// What the proxy was asked for since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn run(&self, source: &Source, runtime: Runtime, arguments: &[&str]) -> Output {
        let mut emulator = Emulator::run(source.path(), runtime);
        if runtime == Runtime::Docker {
            emulator.command.args(["--network", "host"]);
        }
        emulator
            .command
            .args(arguments)
            .env("https_proxy", &self.proxy)
            .env("NO_PROXY", "internal.test");
        emulator.finish()
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const PYTHON: &str = "python3 -c 'import urllib.request as r; print(r.urlopen(\"https://company.test/\").read().decode())'";

fn says_nothing_secret(source: &Source, output: &Output) {
    let mut said = [output.stdout.clone(), output.stderr.clone()].concat();
    for file in ["build.log", "build.json", "events.jsonl"] {
        said.extend(fs::read(source.kept().join(file)).unwrap());
    }
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains("cret-word"), "{said}");
}

#[test]
fn a_build_reaches_the_network_as_its_machine_does() {
    let company = Company::open();
    let ca = company.certificates.path("ca");
    let asks = [
        PYTHON,
        "echo \"proxies $HTTPS_PROXY ${http_proxy-none} $no_proxy\"",
        "echo \"roots $(( $(grep -c BEGIN \"$SSL_CERT_FILE\") > 50 )) $(grep -c BEGIN \"$NODE_EXTRA_CA_CERTS\")\"",
    ];
    for runtime in [Runtime::Host, Runtime::Docker] {
        if runtime == Runtime::Docker && !engine("proxies and root certificates") {
            continue;
        }
        let source = Source::commands(&asks);
        let handed = company.run(&source, runtime, &["--proxy", "--root-certificate", &ca]);
        ends_with(0, &handed);
        let log = String::from_utf8_lossy(&handed.stdout);
        contains(&log, "\nthe company's page\n");
        contains(&log, "\nproxies http://me:***@127.0.0.1:");
        contains(&log, " none internal.test\n");
        contains(&log, "\nroots 1 1\n");
        assert_eq!(company.asked(), ["CONNECT company.test:443 HTTP/1.0 known"]);
        says_nothing_secret(&source, &handed);

        // Each alone is not enough, and nothing is handed on unasked.
        ends_with(1, &company.run(&source, runtime, &["--proxy"]));
        assert_eq!(company.asked().len(), 1);
        ends_with(
            1,
            &company.run(&source, runtime, &["--root-certificate", &ca]),
        );
        let source = Source::commands(&["env | grep -i -e proxy -e pem; [ $? = 1 ]"]);
        ends_with(0, &company.run(&source, runtime, &[]));
        assert_eq!(company.asked(), [""; 0]);
    }
}

#[test]
fn other_programs_and_users_reach_it_too() {
    if !engine("proxies for other programs") {
        return;
    }
    let company = Company::open();
    let source = Source::with(
        "version: 0.2\nphases:\n  build:\n    run-as: nobody\n    commands:\n      - curl -sS https://company.test/\n\
         \x20 post_build:\n    commands:\n      - git ls-remote https://company.test/x 2>&1 | grep 'not valid'\n",
    );
    let ca = company.certificates.path("ca");
    let output = company.run(
        &source,
        Runtime::Docker,
        &["--proxy", "--root-certificate", &ca],
    );
    ends_with(0, &output);
    contains(
        &String::from_utf8_lossy(&output.stdout),
        "\nthe company's page\n",
    );
    let known = |line: &String| line.ends_with(" known");
    assert_eq!(company.asked().iter().filter(|line| known(line)).count(), 2);
    says_nothing_secret(&source, &output);
}

#[test]
fn proxies_of_the_docker_command_come_first() {
    let company = Company::open();
    let home = tempfile::tempdir().unwrap();
    let proxies = serde_json::json!({"proxies": {"default": {"httpsProxy": company.proxy}}});
    fs::write(home.path().join("config.json"), proxies.to_string()).unwrap();
    let source = Source::commands(&[PYTHON, "echo \"${no_proxy-none}\""]);
    let ca = company.certificates.path("ca");
    let mut emulator = Emulator::run(source.path(), Runtime::Host);
    emulator
        .command
        .args(["--proxy", "--root-certificate", &ca])
        .env("DOCKER_CONFIG", home.path())
        .env("https_proxy", "http://127.0.0.1:1")
        .env("no_proxy", "company.test");
    let output = emulator.finish();
    ends_with(0, &output);
    contains(&String::from_utf8_lossy(&output.stdout), "\nnone\n");
    let notes = events(&source, "note").concat();
    contains(&notes, "config.json: HTTPS_PROXY");
    says_nothing_secret(&source, &output);
}

#[test]
fn what_can_not_be_handed_on_is_said() {
    let source = Source::commands(&["true"]);
    let output = source.run(Runtime::Host, &["--proxy"]);
    ends_with(0, &output);
    contains(
        &output.complaint(),
        "neither Docker's config.json nor the environment names a proxy",
    );
    let key = source.path().join("key.pem");
    fs::write(&key, "-----BEGIN PRIVATE KEY-----\n").unwrap();
    let output = source.run(Runtime::Host, &["--root-certificate", text(&key)]);
    ends_with(2, &output);
    contains(&output.complaint(), "key.pem: holds no certificate in PEM");
    if engine("a proxy on the loopback") {
        let output = source.run(Runtime::Docker, &["-e", "http_proxy=me:x@localhost:3128"]);
        ends_with(0, &output);
        contains(
            &output.complaint(),
            "http_proxy points to this machine's loopback",
        );
    }
}
