//! Builds with an engine: one of their own, or the host's.

use std::process::Command;

use super::{left, sh};
use crate::cli::{Source, contains, ends_with, engine};
use crate::harness::{Emulator, Runtime, ambient, image, say_loudly};

const STANDARD: &str = "buildspec/standard";

/// Whether the image with an engine inside is there: `images/standard/build.sh` makes it.
fn standard(test: &str) -> bool {
    if !engine(test) {
        return false;
    }
    if ambient("BUILDSPEC_TEST_STANDARD").as_deref() == Some("1") {
        return true;
    }
    let there = Command::new("docker")
        .args(["image", "inspect", STANDARD])
        .output()
        .is_ok_and(|output| output.status.success());
    if !there {
        say_loudly(&format!("NOT TESTED: {test}: image {STANDARD} is missing"));
    }
    there
}

/// An image from nothing but the shell that is there: no registry is needed.
const SMALL_IMAGE: &str = r#"mkdir -p context/bin && cd context
cp --parents $(ldd /bin/busybox | grep -o '/[^ ]*') .
cp /bin/busybox bin/busybox
printf 'FROM scratch\nCOPY . /\nRUN ["/bin/busybox", "touch", "/made"]\n' > Dockerfile
cd .."#;

#[test]
fn an_engine_inside_builds_and_runs() {
    if !standard("privileged builds") {
        return;
    }
    let source = Source::commands(&[
        SMALL_IMAGE,
        "docker build -q -t small context",
        "docker run --rm -v \"$PWD:/here\" small /bin/busybox ls /made /here/buildspec.yml",
        "docker run --rm small /bin/busybox id -u",
        "docker run -d small /bin/busybox sleep 1000",
    ]);
    let mut emulator = Emulator::run(source.path(), Runtime::Docker);
    emulator
        .command
        .args(["--image", STANDARD, "--privileged", "--verbose"]);
    emulator.limit *= 3;
    let output = emulator.finish();
    ends_with(0, &output);
    let log = String::from_utf8_lossy(&output.stdout);
    contains(&log, "\n/here/buildspec.yml\n/made\n");
    contains(&log, "\n0\n");
    // The engine's own log is none of the build's.
    assert!(!log.contains("API listen on"), "{log}");
    let record = source.record();
    assert_eq!(record["environment"]["privilegedMode"], true);
    assert_eq!(left(&source), [""; 0]);
    let groups = "find /sys/fs/cgroup -type d -path '*docker*' | grep -c -E '[0-9a-f]{64}/.*[0-9a-f]{64}' || true";
    assert_eq!(sh("sh", &["-c", groups]).trim(), "0");
}

#[test]
fn an_image_without_entrypoint_is_privileged_too() {
    if !engine("privileged builds without ENTRYPOINT") {
        return;
    }
    let source = Source::commands(&["mkdir m && mount -t tmpfs none m && echo it mounts"]);
    let output = source.run(Runtime::Docker, &["--privileged"]);
    ends_with(0, &output);
    contains(&String::from_utf8_lossy(&output.stdout), "\nit mounts\n");
}

#[test]
fn the_build_of_a_privileged_container_can_be_killed() {
    if !standard("attacks in privileged builds") {
        return;
    }
    for attack in ["kill -9 $PPID; sleep 60", "kill -9 -1"] {
        let source = Source::commands(&["echo before", attack, "echo never"]);
        let mut emulator = Emulator::run(source.path(), Runtime::Docker);
        emulator.command.args(["--image", STANDARD, "--privileged"]);
        emulator.limit *= 3;
        let output = emulator.finish();
        ends_with(1, &output);
        let log = String::from_utf8_lossy(&output.stdout);
        contains(&log, "BUILD_CONTAINER_FOUND_DEAD");
        assert_eq!(left(&source), [""; 0], "{attack}");
    }
}

#[test]
fn an_entrypoint_that_ends_is_named() {
    if !engine("an ENTRYPOINT that ends") {
        return;
    }
    let name = format!("buildspec-test/entrypoint-{}", std::process::id());
    let made = sh("docker", &["create", &image()]);
    let entrypoint = r#"ENTRYPOINT ["/bin/sh", "-c", "echo there is no engine; exit 3"]"#;
    sh(
        "docker",
        &["commit", "--change", entrypoint, made.trim(), &name],
    );
    sh("docker", &["rm", made.trim()]);
    let image = super::Image(name);
    let source = Source::commands(&["echo never"]);
    let output = source.run(Runtime::Docker, &["--privileged", "--image", &image.0]);
    ends_with(4, &output);
    contains(&output.complaint(), "ENTRYPOINT /bin/sh -c");
    contains(&output.complaint(), "there is no engine");
    assert_eq!(left(&source), [""; 0]);
}

#[test]
fn the_hosts_engine_is_handed_over_with_a_warning() {
    if !engine("--docker-socket") {
        return;
    }
    let source = Source::commands(&[
        "curl -sS --unix-socket /var/run/docker.sock http://docker/containers/json > all",
        "grep -o \"$(hostname)\" all | head -1 > mine; [ \"$(cat mine)\" = \"$(hostname)\" ] && echo I am there",
    ]);
    let output = source.run(Runtime::Docker, &["--docker-socket", "--privileged"]);
    ends_with(0, &output);
    contains(&String::from_utf8_lossy(&output.stdout), "\nI am there\n");
    contains(
        &output.complaint(),
        "--docker-socket: the build has this engine",
    );
}
