//! Podman, where it is installed: Docker's API, spoken by another program.

use std::process::Child;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::cli::{contains, ends_with};
use crate::harness::{Emulator, Runtime};

/// Podman's service, with a store of its own.
struct Podman {
    service: Child,
    folder: tempfile::TempDir,
}

impl Podman {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Its own limits may be higher than what this machine lets it set.
        let limits =
            "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n";
        fs::write(folder.path().join("containers.conf"), limits).unwrap();
        let service = Self::command(folder.path())
            .args(["system", "service", "--time", "0"])
            .arg(format!("unix://{}/podman.sock", folder.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let podman = Self { service, folder };
        for _ in 0..100 {
            if podman.socket().exists() {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        podman
    }

    fn command(folder: &Path) -> Command {
        let mut command = Command::new("podman");
        command
            .env("CONTAINERS_CONF", folder.join("containers.conf"))
            .arg("--root")
            .arg(folder.join("root"))
            .arg("--runroot")
            .arg(folder.join("run"));
        command
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("podman.sock")
    }

    /// The tests' image, under the name that Podman gives it.
    fn image(&self) -> String {
        let mut save = Command::new("docker")
            .args(["save", &harness::image()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let loaded = Self::command(self.folder.path())
            .arg("load")
            .stdin(save.stdout.take().unwrap())
            .output()
            .unwrap();
        assert!(
            save.wait().unwrap().success() && loaded.status.success(),
            "{loaded:?}"
        );
        format!("localhost/{}", harness::image())
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let folder = self.folder.path();
        let _ = Self::command(folder)
            .args(["rm", "--all", "--force"])
            .output();
        let _ = self.service.kill();
        let _ = self.service.wait();
        end_all_of(folder);
        // Its store is a mount of its own.
        let _ = Command::new("umount")
            .arg("-l")
            .arg(folder.join("root/overlay"))
            .output();
    }
}

/// What watches over a shell goes on for five minutes after it, and then would make the store anew.
fn end_all_of(folder: &Path) {
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = process.file_name().to_str().and_then(|id| id.parse().ok()) else {
            continue;
        };
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(text(folder))
            && let Some(pid) = Pid::from_raw(id)
        {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

#[test]
fn a_build_runs_on_podman() {
    if !engine("Podman") || !root("Podman") {
        return;
    }
    if Command::new("podman").arg("--version").output().is_err() {
        harness::say_loudly("NOT TESTED: Podman: it is not installed");
        return;
    }
    let podman = Podman::start();
    let image = podman.image();
    let source = Source::with(
        "version: 0.2\nphases:\n  build:\n    run-as: nobody\n    commands:\n      - cat other.txt; id -un\n\
         \x20 post_build:\n    commands:\n      - seq 100000 > out\nartifacts: {files: [out]}\n",
    );
    fs::write(source.path().join("other.txt"), "from the source\n").unwrap();
    let before = Tree::of(source.path());
    let run = |arguments: &[&str]| {
        let mut emulator = Emulator::run(source.path(), Runtime::Docker);
        emulator
            .command
            .env(
                "DOCKER_HOST",
                format!("unix://{}", podman.socket().display()),
            )
            .args(["--image", &image])
            .args(arguments);
        emulator.finish()
    };
    let output = run(&[]);
    ends_with(0, &output);
    let log = String::from_utf8_lossy(&output.stdout);
    contains(&log, "\nfrom the source\nnobody\n");
    contains(&events(&source, "note").concat(), "source: copy");
    let artifact = fs::read_to_string(source.kept().join("artifacts/out")).unwrap();
    assert_eq!(artifact.lines().count(), 100_000);
    assert!(before == Tree::of(source.path()), "the source changed");
    // Podman would make an empty volume, and the build would see no source.
    let output = run(&["--source-mode", "overlay"]);
    ends_with(4, &output);
    contains(
        &output.complaint(),
        "the engine sees other files than this host",
    );
    let ps = Podman::command(podman.folder.path())
        .args(["ps", "-aq"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&ps.stdout), "");
}
