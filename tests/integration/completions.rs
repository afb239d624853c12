//! Completion scripts, and the names of projects that they ask for.

use std::path::Path;
use std::process::Command;

use crate::cli::{Source, contains};
use crate::harness::say_loudly;

const TEMPLATE: &str = "\
Resources:
  Build: {Type: 'AWS::CodeBuild::Project', Properties: {Name: shop-build}}
  Test: {Type: 'AWS::CodeBuild::Project', Properties: {Name: shop-test}}
  Bucket: {Type: 'AWS::S3::Bucket'}
";

const TERRAFORM: &str = "\
resource \"aws_codebuild_project\" \"one\" {\n  name = \"first\"\n}
resource \"aws_codebuild_project\" \"two\" {\n  name = \"second\"\n}
";

fn buildspec(arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_buildspec"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn folder() -> Source {
    let source = Source::with("version: 0.2\n");
    let write = |name: &str, text: &str| {
        let file = source.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("t.yml", TEMPLATE);
    write("a b/t.yml", TEMPLATE);
    write("main.tf", TERRAFORM);
    write("broken.json", "{");
    source
}

#[test]
fn projects_of_a_file_are_named() {
    let source = folder();
    let names = |file: &str| buildspec(&["completions", "--projects", file], source.path());
    assert_eq!(names("t.yml"), "Build\nTest\n");
    let terraform = names("main.tf");
    assert_eq!(terraform.lines().count(), 2, "{terraform}");
    for file in ["broken.json", "nowhere", "buildspec.yml", "."] {
        assert_eq!(names(file), "", "{file}");
    }
}

#[test]
fn bash_completes_projects_behind_a_file() {
    if Command::new("bash").arg("--version").output().is_err() {
        say_loudly("no bash here: its completion is not tested");
        return;
    }
    let source = folder();
    let script = buildspec(&["completions", "bash"], source.path());
    std::fs::write(source.path().join("script"), script).unwrap();
    // As bash calls it: the words as it splits them, and what completes `buildspec`.
    let complete = |words: &str| {
        let text = format!(
            "source ./script; COMP_WORDS=({} {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             how=$(complete -p buildspec); how=${{how##*-F }}; \
             ${{how%% *}} \"$COMP_WORDS\" \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
             printf '%s ' \"${{COMPREPLY[@]}}\"",
            env!("CARGO_BIN_EXE_buildspec")
        );
        let output = Command::new("bash")
            .args(["--norc", "-c", &text])
            .current_dir(source.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    for (words, completed) in [
        ("run --project 't.yml#'", "t.yml#Build t.yml#Test"),
        ("run --project 't.yml#T'", "t.yml#Test"),
        ("shell --project = 't.yml#B'", "t.yml#Build"),
        ("run --project 'a\\ b/t.yml#B'", "a\\ b/t.yml#Build"),
        ("run --project 't.yml#x'", ""),
        ("run --project 'nowhere#'", ""),
        ("run --project t.y", "t.yml"),
        ("run --privi", "--privileged"),
        ("run --runtime ''", "docker host"),
    ] {
        assert_eq!(complete(words), completed, "{words}");
    }
}

#[test]
fn zsh_and_fish_ask_for_projects_as_well() {
    let source = folder();
    let zsh = buildspec(&["completions", "zsh"], source.path());
    assert!(zsh.starts_with("#compdef buildspec\n"));
    // `run`, `shell`, `reproduce`.
    assert_eq!(zsh.matches(":FILE[#NAME]:_buildspec_projects'").count(), 3);
    contains(&zsh, "completions --projects");
    let fish = buildspec(&["completions", "fish"], source.path());
    for verb in ["run", "shell", "reproduce"] {
        let line = format!("using_subcommand {verb}\" -l project -r -a '(__buildspec_projects)'");
        contains(&fish, &line);
    }
}
