//! `buildspec agent`, in the place of `codebuild_build.sh`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output as Ended};

use super::{listed, unzip};
use crate::cli::{Source, buildspec, contains, engine};
use crate::harness;

/// `buildspec agent` with these arguments, in a folder.
fn agent(folder: &Path, arguments: &[&str]) -> Ended {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildspec"));
    command
        .env_clear()
        .env("HOME", home.path())
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
    let usage =
        "usage: codebuild_build.sh [-i image_name] [-a artifact_output_directory] [options]\n";
    assert!(String::from_utf8(ended.stdout).unwrap().starts_with(usage));
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
