//! Every way in which a build can end before its time.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::cli::{contains, ends_with, shortened, wait_for};
use crate::harness::{Emulator, Runtime};

const BUSY: &[&str] = &[
    "rm other.txt; (setsid sleep 40 &); echo busy",
    "trap '' TERM; sleep 40; sleep 40",
];

fn busy() -> Source {
    let source = Source::commands(BUSY);
    fs::write(source.path().join("other.txt"), "other\n").unwrap();
    source
}

/// Waits for something that another process does.
#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "never: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// To be piped in.
fn buildspec_of(commands: &[&str]) -> fs::File {
    let source = Source::commands(commands);
    fs::File::open(source.path().join("buildspec.yml")).unwrap()
}

#[test]
fn killed_at_random_moments() {
    if !engine("kill -9") {
        return;
    }
    let source = busy();
    let before = Tree::of(source.path());
    let mut builds = Vec::new();
    for round in 0..10_u64 {
        let mut build = Emulator::run(source.path(), Runtime::Docker).start();
        // Spread over provisioning and the first commands.
        thread::sleep(Duration::from_millis(20 + round * 97 % 900));
        build.child.kill().unwrap();
        build.child.wait().unwrap();
        if source.kept().join("build.json").exists() {
            let record = source.record();
            builds.push(
                record["id"]
                    .as_str()
                    .unwrap()
                    .split_once(':')
                    .unwrap()
                    .1
                    .to_owned(),
            );
        }
    }
    for build in &builds {
        let label = format!("label=buildspec.build={build}");
        eventually("the container ends by itself", || {
            sh("docker", &["ps", "-q", "--filter", &label]).is_empty()
        });
    }
    // A request that was under way may have been carried out after the kill.
    eventually("the next run removes what is left", || {
        let quick = Source::commands(&["true"]);
        ends_with(0, &quick.run(Runtime::Docker, &[]));
        builds.iter().all(|build| leftovers(build).is_empty())
    });
    assert!(before == Tree::of(source.path()), "the source changed");
}

/// The engine, but for the first list of containers, which is empty.
fn engine_that_makes_a_container_late(folder: &Path) -> String {
    let path = folder.join("late.sock");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        let mut hidden = false;
        while let Ok((mut call, _)) = listener.accept() {
            let mut head = vec![0; 16 * 1024];
            let length = call.read(&mut head).unwrap();
            head.truncate(length);
            if !hidden && memchr::memmem::find(&head, b"/containers/json?").is_some() {
                hidden = true;
                call.write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]",
                )
                .unwrap();
                continue;
            }
            let mut engine = UnixStream::connect("/var/run/docker.sock").unwrap();
            engine.write_all(&head).unwrap();
            let (mut from, mut to) = (engine.try_clone().unwrap(), call.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
            thread::spawn(move || std::io::copy(&mut call, &mut engine));
        }
    });
    format!("unix://{}", path.display())
}

#[test]
fn a_container_that_the_engine_makes_after_its_maker_died_goes_with_its_volume() {
    if !engine("a container that comes late") {
        return;
    }
    let build = format!("late-{}", std::process::id());
    let label = format!("buildspec.build={build}");
    let host = rustix::system::uname();
    let owner = format!(
        "buildspec.owner={} 4194305 1",
        host.nodename().to_str().unwrap()
    );
    sh(
        "docker",
        &[
            "volume", "create", "--label", &label, "--label", &owner, &build,
        ],
    );
    let volume = format!("{build}:/late");
    let image = harness::image();
    sh(
        "docker",
        &[
            "create", "--label", &label, "--label", &owner, "-v", &volume, &image, "true",
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let host = engine_that_makes_a_container_late(folder.path());
    let output = Command::new(env!("CARGO_BIN_EXE_buildspec"))
        .env_clear()
        .env("DOCKER_HOST", host)
        .arg("clean")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(leftovers(&build), [""; 0]);
    let told = String::from_utf8_lossy(&output.stdout);
    contains(&told, "removed container ");
    contains(&told, &format!("removed volume {build}\n"));
}

#[test]
fn a_second_interrupt_leaves_at_once() {
    if !engine("interrupt twice") {
        return;
    }
    let source = busy();
    let build = Emulator::run(source.path(), Runtime::Docker).start();
    wait_for(&build, "Running command trap");
    let pid = Pid::from_child(&build.child);
    kill_process(pid, Signal::INT).unwrap();
    thread::sleep(Duration::from_millis(10));
    // It may have been quick enough to clean up and leave.
    kill_process(pid, Signal::INT).ok();
    let asked = Instant::now();
    let output = build.finish();
    ends_with(130, &output);
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
    source.record();
    eventually("the next run removes what is left", || {
        ends_with(0, &Source::commands(&["true"]).run(Runtime::Docker, &[]));
        left(&source).is_empty()
    });
}

#[test]
fn terminated_while_provisioning() {
    if !engine("SIGTERM while provisioning") {
        return;
    }
    let source = busy();
    for round in 0..8_u64 {
        let build = Emulator::run(source.path(), Runtime::Docker).start();
        thread::sleep(Duration::from_millis(30 + round * 40));
        kill_process(Pid::from_child(&build.child), Signal::TERM).unwrap();
        let output = build.finish();
        if output.code.is_none() {
            // Before it could listen for signals.
            continue;
        }
        ends_with(143, &output);
        assert_eq!(source.record()["buildStatus"], "STOPPED");
        assert_eq!(left(&source), Vec::<String>::new());
    }
}

#[test]
fn stopped_while_pulling() {
    if !engine("stop while pulling") {
        return;
    }
    // A registry that takes every call and says nothing.
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("{}/x:1", registry.local_addr().unwrap());
    thread::spawn(move || {
        let mut calls = Vec::new();
        while let Ok((mut call, _)) = registry.accept() {
            call.set_read_timeout(Some(Duration::from_millis(50)))
                .unwrap();
            let _ = call.read(&mut [0; 64]);
            calls.push(call);
        }
    });
    let source = busy();
    let mut emulator = Emulator::run(source.path(), Runtime::Docker);
    emulator.command.args(["--image", &image]);
    let build = emulator.start();
    thread::sleep(Duration::from_secs(1));
    kill_process(Pid::from_child(&build.child), Signal::INT).unwrap();
    let asked = Instant::now();
    ends_with(130, &build.finish());
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert_eq!(source.record()["buildStatus"], "STOPPED");
    assert_eq!(source.record()["currentPhase"], "COMPLETED");
    assert_eq!(left(&source), Vec::<String>::new());
}

#[test]
fn nobody_reads_the_log() {
    let runtimes = [Runtime::Host, Runtime::Docker];
    for runtime in runtimes {
        if runtime == Runtime::Docker && !engine("closed output") {
            continue;
        }
        let source = Source::commands(&["seq 200000", "echo done"]);
        let mut emulator = Emulator::run(source.path(), runtime);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = emulator
            .command
            .stdout(writer)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(emulator);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let log = fs::read_to_string(source.kept().join("build.log")).unwrap();
        contains(&log, "\n200000\n");
        contains(&log, "\ndone\n");
        assert_eq!(source.record()["buildStatus"], "SUCCEEDED");
    }
}

#[test]
fn everything_is_closed() {
    let source = Source::commands(&["cat; echo done"]);
    let emulator = Emulator::run(source.path(), Runtime::Host);
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\" <&- >&- 2>&-", "sh"]);
    command
        .arg(emulator.command.get_program())
        .args(emulator.command.get_args());
    assert_eq!(command.status().unwrap().code(), Some(0));
    assert_eq!(source.record()["buildStatus"], "SUCCEEDED");
}

#[test]
fn a_container_that_dies() {
    if !engine("dead container") {
        return;
    }
    for how in [&["kill"][..], &["rm", "-f"]] {
        let source = busy();
        let build = Emulator::run(source.path(), Runtime::Docker).start();
        wait_for(&build, "Running command trap");
        let mut arguments = how.to_vec();
        let container = container(&source);
        arguments.push(&container);
        sh("docker", &arguments);
        let output = build.finish();
        ends_with(1, &output);
        contains(
            &shortened(&output.stdout),
            "Phase context status code: BUILD_CONTAINER_FOUND_DEAD Message: Build container found dead before completing the build.",
        );
        assert_eq!(source.record()["buildStatus"], "FAILED");
        assert_eq!(left(&source), Vec::<String>::new(), "{how:?}");
    }
}

#[test]
fn a_container_that_is_paused() {
    if !engine("paused container") {
        return;
    }
    let source = Source::commands(&["echo begun; sleep 1", "echo after"]);
    let build = Emulator::run(source.path(), Runtime::Docker).start();
    wait_for(&build, "\nbegun\n");
    let id = container(&source);
    sh("docker", &["pause", &id]);
    thread::sleep(Duration::from_millis(1500));
    sh("docker", &["unpause", &id]);
    ends_with(0, &build.finish());

    let source = busy();
    let build = Emulator::run(source.path(), Runtime::Docker).start();
    wait_for(&build, "Running command trap");
    sh("docker", &["pause", &container(&source)]);
    kill_process(Pid::from_child(&build.child), Signal::INT).unwrap();
    ends_with(130, &build.finish());
    assert_eq!(left(&source), Vec::<String>::new());
}

#[test]
fn out_of_time() {
    for runtime in [Runtime::Host, Runtime::Docker] {
        if runtime == Runtime::Docker && !engine("time-out") {
            continue;
        }
        let commands =
            ["(setsid sh -c \"trap '' TERM INT HUP; sleep 98763\" &); trap '' TERM; sleep 98763"];
        let text = crate::cli::buildspec(&commands)
            + "    finally:\n      - echo finally\n  post_build:\n    commands:\n      - echo post\n";
        let source = Source::with(text);
        let output = source.run(runtime, &["--timeout", "3s"]);
        ends_with(5, &output);
        assert!(output.took < Duration::from_secs(15), "{:?}", output.took);
        let log = shortened(&output.stdout);
        contains(&log, "Phase complete: BUILD State: TIMED_OUT");
        assert!(!log.contains("Running command echo"), "{log}");
        let record = source.record();
        assert_eq!(record["buildStatus"], "TIMED_OUT");
        if runtime == Runtime::Docker {
            assert_eq!(left(&source), Vec::<String>::new());
        }
        let alive = Command::new("pgrep").args(["-f", "^sleep 98763$"]).output();
        assert!(
            alive.is_ok_and(|alive| alive.stdout.is_empty()),
            "sleep lives on"
        );
    }
}

#[test]
fn the_supervisor_is_killed_on_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::commands(&["(setsid sleep 98764 &); kill -9 $PPID", "echo never"]);
    let mut emulator = Emulator::run(source.path(), Runtime::Host);
    emulator.command.env("TMPDIR", folder.path());
    let output = emulator.finish();
    ends_with(1, &output);
    contains(&shortened(&output.stdout), "BUILD_CONTAINER_FOUND_DEAD");
    assert!(!shortened(&output.stdout).contains("Running command echo never"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let alive = Command::new("pgrep").args(["-f", "^sleep 98764$"]).output();
    assert!(
        alive.is_ok_and(|alive| alive.stdout.is_empty()),
        "sleep lives on"
    );
}

#[test]
fn our_own_death_ends_the_build_on_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::commands(&["sleep 98765"]);
    let mut emulator = Emulator::run(source.path(), Runtime::Host);
    emulator.command.env("TMPDIR", folder.path());
    let mut build = emulator.start();
    wait_for(&build, "Running command sleep 98765");
    thread::sleep(Duration::from_millis(200));
    build.child.kill().unwrap();
    build.child.wait().unwrap();
    eventually("the command ends", || {
        let alive = Command::new("pgrep").args(["-f", "^sleep 98765$"]).output();
        alive.is_ok_and(|alive| alive.stdout.is_empty())
    });
    eventually("a later run removes the session's folder", || {
        let mut emulator = Emulator::run(source.path(), Runtime::Host);
        emulator.command.env("TMPDIR", folder.path());
        emulator.command.args(["--buildspec", "-"]);
        emulator.command.stdin(buildspec_of(&["true"]));
        ends_with(0, &emulator.finish());
        fs::read_dir(folder.path()).unwrap().count() == 0
    });
}
