//! `buildspec agent`, in the place of `codebuild_build.sh`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output as Ended};

use super::{listed, unzip};
use crate::cli::{Source, buildspec, contains, engine};
use crate::harness;

/// `buildspec agent` with these arguments, in a folder, with these variables.
fn agent_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildspec"));
    command
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().copied())
        .current_dir(folder)
        .arg("agent")
        .args(arguments);
    for name in ["PATH", "DOCKER_HOST"] {
        if let Some(value) = harness::ambient(name) {
            command.env(name, value);
        }
    }
    command.output().unwrap()
}

fn agent(folder: &Path, arguments: &[&str]) -> Ended {
    agent_with(folder, arguments, &[])
}

/// A build of this source in the tests' image, with further flags; artifacts go to `out` in the folder.
#[track_caller]
fn build(source: &Source, folder: &Path, flags: &[&str], variables: &[(&str, &str)]) -> Ended {
    let image = harness::image();
    let mut arguments = vec!["-i", &image, "-a", "out", "-s"];
    arguments.push(source.path().to_str().unwrap());
    arguments.extend(flags);
    agent_with(folder, &arguments, variables)
}

#[track_caller]
fn ended(code: i32, ended: &Ended) {
    let said = format!("{}\n{}", told(&ended.stdout), told(&ended.stderr));
    assert_eq!(ended.status.code(), Some(code), "{said}");
}

fn told(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn agent_says_what_the_script_says() {
    let folder = tempfile::tempdir().unwrap();
    let ended = agent(folder.path(), &[]);
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(ended.stderr).unwrap(),
        "The image name flag (-i) must be included for a build to run\n\
         The artifact directory (-a) must be included for a build to run\n"
    );
    let ended = agent(folder.path(), &["-h"]);
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(told(&ended.stderr), "");
    let usage =
        "usage: codebuild_build.sh [-i image_name] [-a artifact_output_directory] [options]\n";
    assert!(String::from_utf8(ended.stdout).unwrap().starts_with(usage));
    for (arguments, expected) in [
        (
            &["-i", "x"][..],
            "The artifact directory (-a) must be included for a build to run\n",
        ),
        (
            &["-a", "x"],
            "The image name flag (-i) must be included for a build to run\n",
        ),
        (
            &["-a", "x", "-q"],
            "codebuild_build.sh: illegal option -- q\nUnknown option: -\n",
        ),
        (
            &["-a", "x", "-i"],
            "codebuild_build.sh: option requires an argument -- i\nUnknown option: -\n",
        ),
    ] {
        let ended = agent(folder.path(), arguments);
        assert_eq!(ended.status.code(), Some(1));
        assert_eq!(told(&ended.stderr), expected);
        assert_eq!(told(&ended.stdout), "");
    }
}

#[test]
fn agent_takes_the_env_file_literally() {
    if !engine("agent -e") {
        return;
    }
    let source = Source::commands(&["printf '<%s>' \"$A\" \"$B\" \"$C\" \"$D\" \"$E\"; echo"]);
    let work = tempfile::tempdir().unwrap();
    let text = "# a comment\nA='single'\n\nB=\"a \\\" b\"\nC=x=y # z\n#D=no\nE=$HOME\n";
    fs::write(work.path().join("vars.txt"), text).unwrap();
    let built = build(&source, work.path(), &["-e", "vars.txt"], &[]);
    ended(0, &built);
    contains(
        &told(&built.stdout),
        r#"<'single'><"a \" b"><x=y # z><><$HOME>"#,
    );
}

#[test]
fn agent_mounts_the_source_only_with_m() {
    if !engine("agent -m") {
        return;
    }
    for (flags, changed) in [(&[][..], false), (&["-m"], true)] {
        let source = Source::commands(&["echo x > made"]);
        let work = tempfile::tempdir().unwrap();
        ended(0, &build(&source, work.path(), flags, &[]));
        assert_eq!(source.path().join("made").exists(), changed, "{flags:?}");
    }
}

#[test]
fn agent_gives_privileges_only_with_d() {
    if !engine("agent -d") {
        return;
    }
    for (flags, code) in [(&[][..], 1), (&["-d"], 0)] {
        let source = Source::commands(&["mkdir m && mount -t tmpfs none m"]);
        let work = tempfile::tempdir().unwrap();
        ended(code, &build(&source, work.path(), flags, &[]));
    }
}

#[test]
fn agent_puts_reports_where_r_says() {
    if !engine("agent -r") {
        return;
    }
    let source = Source::with(
        buildspec(&["echo '<testsuite><testcase name=\"a\"/></testsuite>' > t.xml"])
            + "reports:\n  unit:\n    files: [t.xml]\n",
    );
    let work = tempfile::tempdir().unwrap();
    let built = build(&source, work.path(), &["-r", "reports"], &[]);
    ended(0, &built);
    let files = listed(&work.path().join("reports"));
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files[0].ends_with("-unit/raw/t.xml"), "{files:?}");
    assert!(files[1].ends_with("-unit/report.json"), "{files:?}");
    assert!(!work.path().join("out").exists(), "no artifacts, no folder");
}

/// Writes down which of this machine's AWS settings the build has.
const SETTINGS: &str = "echo \"$AWS_ACCESS_KEY_ID|$AWS_SECRET_ACCESS_KEY|$AWS_PROFILE|$AWS_REGION|$AWS_OWN\" > seen; \
    echo \"key <$AWS_SECRET_ACCESS_KEY>\"";

#[test]
fn agent_hands_over_credentials_only_with_c() {
    if !engine("agent -c") {
        return;
    }
    let aws = tempfile::tempdir().unwrap();
    let file = aws.path().join("credentials");
    let text = "[default]\naws_access_key_id = usual-id\naws_secret_access_key = usual-secret\n\
        [dev]\naws_access_key_id = dev-id\naws_secret_access_key = dev-secret\n";
    fs::write(&file, text).unwrap();
    let variables = [
        ("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap()),
        ("AWS_REGION", "eu-north-1"),
        ("AWS_OWN", "mine"),
    ];
    let keys = [
        ("AWS_ACCESS_KEY_ID", "given-id"),
        ("AWS_SECRET_ACCESS_KEY", "given-secret"),
    ];
    let with_keys = [&variables[..], &keys].concat();
    for (flags, variables, expected) in [
        (&[][..], &with_keys[..], "|||eu-north-1|\n"),
        (&["-p", "dev"], &variables, "|||eu-north-1|\n"),
        (
            &["-c"],
            &variables,
            "usual-id|usual-secret||eu-north-1|mine\n",
        ),
        (
            &["-c"],
            &with_keys,
            "given-id|given-secret||eu-north-1|mine\n",
        ),
        (
            &["-c", "-p", "dev"],
            &variables,
            "dev-id|dev-secret||eu-north-1|mine\n",
        ),
    ] {
        let source = Source::with(buildspec(&[SETTINGS]) + "artifacts:\n  files: [seen]\n");
        let work = tempfile::tempdir().unwrap();
        let built = build(&source, work.path(), flags, variables);
        ended(0, &built);
        let files = unzip(&work.path().join("out/artifacts.zip"));
        let seen = fs::read_to_string(files.path().join("seen")).unwrap();
        assert_eq!(seen, expected, "{flags:?}");
        let said = told(&built.stdout) + &told(&built.stderr);
        assert!(!said.contains("-secret"), "{said}");
    }
}

#[test]
fn agent_asks_aws_only_with_c() {
    if !engine("agent without -c") {
        return;
    }
    let text = "env: {parameter-store: {A: /a}}\n".to_owned() + &buildspec(&["echo never"]);
    let source = Source::with(text);
    let work = tempfile::tempdir().unwrap();
    let built = build(&source, work.path(), &[], &[]);
    ended(4, &built);
    contains(&told(&built.stderr), "--offline");
    assert!(!told(&built.stdout).contains("echo never"));
}

#[test]
fn agent_ends_with_the_truth() {
    if !engine("agent's exit status") {
        return;
    }
    let artifacts = "artifacts:\n  files: [made]\n";
    for (text, code, zip) in [
        (buildspec(&["echo x > made"]) + artifacts, 0, true),
        (buildspec(&["echo x > made; false"]) + artifacts, 1, true),
        (buildspec(&["echo nothing"]) + artifacts, 1, false),
        ("version: 0.2\nphases: [".to_owned(), 3, false),
    ] {
        let source = Source::with(&text);
        let work = tempfile::tempdir().unwrap();
        ended(code, &build(&source, work.path(), &[], &[]));
        assert_eq!(
            work.path().join("out/artifacts.zip").exists(),
            zip,
            "{text}"
        );
    }
    let source = Source::empty();
    let work = tempfile::tempdir().unwrap();
    let built = build(&source, work.path(), &[], &[]);
    ended(3, &built);
    contains(&told(&built.stdout), "no such file or directory");
    fs::write(work.path().join("other.yml"), buildspec(&["echo other"])).unwrap();
    let built = build(&source, work.path(), &["-b", "other.yml"], &[]);
    ended(0, &built);
    contains(&told(&built.stdout), "\nother\n");
}

#[test]
fn agent_builds_as_the_script_does() {
    if !engine("agent") {
        return;
    }
    let text = buildspec(&[
        "echo \"$QUOTED $CODEBUILD_LOCAL_BUILD\" > own; cp $CODEBUILD_SRC_DIR_more/further .; exit $STATUS",
    ]) + "artifacts:\n  files: [own, further]\n  secondary-artifacts:\n    Second:\n      files: [further]\n";
    let source = Source::with(text);
    let more = tempfile::tempdir().unwrap();
    fs::write(more.path().join("further"), "f").unwrap();
    let work = tempfile::tempdir().unwrap();
    for status in ["0", "1"] {
        fs::write(
            work.path().join("x.env"),
            format!("# no\n\nQUOTED=\"a b\"\nSTATUS={status}\n"),
        )
        .unwrap();
        let primary = source.path().to_str().unwrap();
        let second = format!("more:{}", more.path().display());
        let image = harness::image();
        let ended = agent(
            work.path(),
            &[
                "-i", &image, "-a", "out", "-s", primary, "-s", &second, "-e", "x.env",
            ],
        );
        assert_eq!(
            ended.status.code(),
            Some(status.parse().unwrap()),
            "{ended:?}"
        );
        let files = unzip(&work.path().join("out/artifacts.zip"));
        assert_eq!(listed(files.path()), ["further", "own"]);
        assert_eq!(
            fs::read_to_string(files.path().join("own")).unwrap(),
            "\"a b\" true\n"
        );
        assert_eq!(
            listed(unzip(&work.path().join("out/Second.zip")).path()),
            ["further"]
        );
        assert_eq!(
            listed(&work.path().join("out")),
            ["Second.zip", "artifacts.zip"]
        );
        contains(
            &String::from_utf8_lossy(&ended.stderr),
            "Build Command:\n\nbuildspec run ",
        );
    }
}

#[test]
fn only_the_scripts_own_flags_count() {
    if !engine("agent and variables") {
        return;
    }
    let source = Source::with(
        buildspec(&["echo x > made; test -e /.dockerenv"]) + "artifacts:\n  files: [made]\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("BUILDSPEC_SOURCE_MODE", "mount"),
        ("BUILDSPEC_RUNTIME", "host"),
        ("BUILDSPEC_PROJECT", "x"),
        ("BUILDSPEC_AWS_CREDENTIALS", "true"),
    ];
    ended(0, &build(&source, folder.path(), &[], &variables));
    assert!(!source.path().join("made").exists());
}
