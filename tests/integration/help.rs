//! `--help` of every verb at 80 columns, word for word. `BUILDSPEC_UPDATE=1` writes what is there now.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::difference;

fn buildspec(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_buildspec"))
        .env_clear()
        .env("COLUMNS", "80")
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test's own switch, read here only"
)]
fn updating() -> bool {
    std::env::var_os("BUILDSPEC_UPDATE").is_some()
}

#[test]
fn reads_as_it_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/help");
    for verb in [
        "",
        "run",
        "validate",
        "list",
        "show",
        "logs",
        "report",
        "agent",
        "reproduce",
        "schema",
        "clean",
        "completions",
        "attach",
    ] {
        let arguments: Vec<_> = [verb, "--help"]
            .into_iter()
            .filter(|argument| !argument.is_empty())
            .collect();
        let (code, help) = buildspec(&arguments);
        assert_eq!(code, Some(0), "{help}");
        let wide: Vec<_> = help
            .lines()
            .filter(|line| line.chars().count() > 80)
            .collect();
        assert!(wide.is_empty(), "wider than 80 columns: {wide:#?}");
        assert!(help.contains("\nExamples:\n"), "{verb} has no examples");
        let name = if verb.is_empty() { "buildspec" } else { verb };
        let file = folder.join(name).with_extension("txt");
        if updating() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &help).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if let Some(diff) = difference(&format!("{arguments:?}"), &expected, &help) {
            panic!("{diff}\nBUILDSPEC_UPDATE=1 takes it over");
        }
    }
}

#[test]
fn manual_pages_and_completions_come_from_the_same_definition() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = buildspec(&["man", &folder.path().display().to_string()]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let page = fs::read_to_string(folder.path().join("buildspec-run.1")).unwrap();
    assert!(page.contains("\\-\\-log\\-format"), "{page}");
    for shell in ["bash", "fish", "zsh"] {
        let (code, script) = buildspec(&["completions", shell]);
        assert_eq!(code, Some(0));
        assert!(script.contains("log-format"), "{shell}: {script}");
    }
}
