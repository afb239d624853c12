//! `run-as`, secondary sources, and what is handed to the engine.

use super::*;
use crate::cli::{build_phase, contains, ends_with, shortened};
use crate::harness::Runtime;

#[test]
fn phases_run_as_their_users() {
    if !engine("run-as") {
        return;
    }
    let text = "version: 0.2
run-as: nobody
phases:
  pre_build:
    run-as: root
    commands:
      - export FROM_ROOT=1; cd /tmp; echo \"$(id -un) $PWD\"
  build:
    commands:
      - echo \"$(id -un) $FROM_ROOT $PWD $HOME\"
      - export FROM_NOBODY=2; cd /; cat /codebuild/output/src*/src/buildspec.yml >/dev/null
  post_build:
    run-as: daemon
    commands:
      - echo \"$(id -un) $FROM_ROOT $FROM_NOBODY $PWD\"
";
    let source = Source::with(text);
    sh("chmod", &["700", self::text(source.path())]);
    let output = source.run(Runtime::Docker, &[]);
    ends_with(0, &output);
    let log = shortened(&output.stdout);
    contains(&log, "\nroot /tmp\n");
    contains(&log, "\nnobody 1 /tmp /root\n");
    contains(&log, "\ndaemon 1 2 /\n");
    assert_eq!(left(&source), Vec::<String>::new());
}

#[test]
fn an_unknown_user_fails_the_phase() {
    if !engine("unknown user") {
        return;
    }
    let text = "version: 0.2
phases:
  build:
    run-as: no-such-user
    commands:
      - echo never
  post_build:
    commands:
      - echo after
";
    let source = Source::with(text);
    let output = source.run(Runtime::Docker, &[]);
    ends_with(1, &output);
    let log = shortened(&output.stdout);
    contains(&log, "Phase complete: BUILD State: FAILED");
    contains(&log, "Reason: user: unknown user no-such-user");
    contains(&log, "\nafter\n");
    assert!(!log.contains("\nnever\n"), "{log}");
}

#[test]
fn without_a_container_users_are_warned_of() {
    let source = Source::with(
        "version: 0.2\nrun-as: nobody\nphases:\n  build:\n    commands:\n      - echo ran\n",
    );
    let output = source.run(Runtime::Host, &[]);
    ends_with(0, &output);
    contains(&events(&source, "warning").join("\n"), "run-as: nobody");
}

#[test]
fn hosts_and_volumes_reach_the_container() {
    if !engine("--add-host, --volume") {
        return;
    }
    let shared = tempfile::tempdir().unwrap();
    fs::write(shared.path().join("file"), "shared\n").unwrap();
    let source = Source::commands(&["cat /shared/file; grep my.host /etc/hosts"]);
    let volume = format!("{}:/shared:ro", text(shared.path()));
    let arguments = ["--volume", &volume, "--add-host", "my.host:10.1.2.3"];
    let output = source.run(Runtime::Docker, &arguments);
    ends_with(0, &output);
    contains(&build_phase(&output), "\nshared\n10.1.2.3\tmy.host\n");
}
