//! The verb as a whole, without the command line.

use std::fs;

use super::*;

pub(super) fn options() -> Options {
    Options {
        format: Format::Human,
        styled: false,
        width: 80,
        fail_on: Some(Severity::Error),
        selection: Selection::new(&[], &[], catalogue::rules()).unwrap(),
        lint: lint::Options::default(),
        shellcheck: Shellcheck::Never,
        fix: Fix::No,
    }
}

fn run(files: &[PathBuf], text: &str, options: &Options) -> (Status, String) {
    let mut output = Vec::new();
    let status = validate(files, &mut text.as_bytes(), options, &mut output).unwrap();
    (status, String::from_utf8(output).unwrap())
}

fn checked(text: &str, options: &Options) -> (Status, String) {
    run(&["-".into()], text, options)
}

const GOOD: &str = "version: 0.2\nphases: {build: {commands: make}}\n";
const BAD: &str = "version: 2\nx: y\nphases: {build: {commands: make}}\n";

#[test]
fn says_when_nothing_is_found() {
    let (status, output) = checked(GOOD, &options());
    assert_eq!(status, Status::Clean);
    assert_eq!(output, "checked 1 file: nothing found\n");
}

#[test]
fn counts_and_shows() {
    let (status, output) = checked(BAD, &options());
    assert_eq!(status, Status::Errors);
    assert_eq!(status.code(), 3);
    assert!(output.contains("--> <stdin>:1:10"), "{output}");
    assert!(
        output.ends_with("checked 1 file: 1 error, 1 warning (`--fix` can mend 1)\n"),
        "{output}"
    );
}

#[test]
fn what_is_too_much_is_cut_and_said() {
    let many = format!(
        "{}{GOOD}",
        (0..1500)
            .map(|at| format!("key{at}: 1\n"))
            .collect::<String>()
    );
    let bad = format!("{many}version: 2\n");
    let json = Options {
        format: Format::Json,
        ..options()
    };
    for (text, expected) in [(many, Status::Clean), (bad, Status::Errors)] {
        let (status, output) = checked(&text, &json);
        assert_eq!(status, expected);
        assert_eq!(output.matches("\"rule\":").count(), 1001);
        assert!(
            output.contains("more findings are not shown"),
            "{}",
            &output[..500]
        );
    }
    let (status, output) = checked(&format!("{GOOD}#{}", " ".repeat(1 << 20)), &options());
    assert_eq!(status, Status::Errors);
    assert!(
        output.starts_with("error[yaml-unplaceable]: the file is larger than 512 KiB"),
        "{output}"
    );
}

#[test]
fn a_folder_a_file_and_a_pipe_are_shown_in_the_order_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for path in ["a", "empty"] {
        fs::create_dir(at(path)).unwrap();
    }
    for path in ["z.yml", "a/buildspec.yml", "a/buildspec-2.yml"] {
        fs::write(at(path), BAD).unwrap();
    }
    let pipe = at("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, BAD).unwrap()
    });
    let names = [at("z.yml"), at("empty"), at("a"), "-".into(), pipe];
    let mut output = Vec::new();
    let error = validate(&names, &mut BAD.as_bytes(), &options(), &mut output).unwrap_err();
    writer.join().unwrap();
    assert!(error.message.contains("no buildspec in folder"), "{error}");
    let output = String::from_utf8(output).unwrap();
    let shown: Vec<&str> = output
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--> "))
        .filter_map(|place| place.strip_suffix(":1:10")?.rsplit('/').next())
        .collect();
    assert_eq!(
        shown,
        [
            "z.yml",
            "buildspec-2.yml",
            "buildspec.yml",
            "<stdin>",
            "pipe"
        ]
    );
}

#[test]
fn fails_from_the_chosen_severity_on() {
    let warned = "version: 0.2\nx: y\nphases: {build: {commands: make}}\n";
    for (text, fail_on, expected) in [
        (warned, Some(Severity::Error), Status::Clean),
        (warned, Some(Severity::Warning), Status::Errors),
        (BAD, None, Status::Clean),
    ] {
        let options = Options {
            fail_on,
            ..options()
        };
        assert_eq!(checked(text, &options).0, expected);
    }
}

#[test]
fn ignored_rules_do_not_count() {
    let names = ["version".to_owned(), "unknown-key".to_owned()];
    let options = Options {
        selection: Selection::new(&[], &names, catalogue::rules()).unwrap(),
        ..options()
    };
    let expected = (Status::Clean, "checked 1 file: nothing found\n".to_owned());
    assert_eq!(checked(BAD, &options), expected);
}

#[test]
fn a_folder_stands_for_its_buildspecs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("buildspec.yml"), "").unwrap();
    let (status, _) = run(&[folder.path().to_owned()], "", &options());
    assert_eq!(status, Status::Errors);
}

#[test]
fn a_missing_file_is_named() {
    let files = [PathBuf::from("/nowhere/buildspec.yml")];
    let error = validate(&files, &mut std::io::empty(), &options(), &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "could not read `/nowhere/buildspec.yml`");
}

#[test]
fn a_missing_file_hides_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("buildspec.yml");
    fs::write(&bad, BAD).unwrap();
    let files = ["/nowhere/1.yml".into(), bad, "/nowhere/2.yml".into()];
    let mut output = Vec::new();
    let error = validate(&files, &mut std::io::empty(), &options(), &mut output).unwrap_err();
    let output = String::from_utf8(output).unwrap();
    assert!(output.contains("buildspec.yml:1:10"), "{output}");
    assert_eq!(error.to_string(), "could not read `/nowhere/1.yml`");
    assert!(
        error.hints[1].starts_with("also: could not read `/nowhere/2.yml`: "),
        "{:?}",
        error.hints
    );
}

#[test]
fn a_device_is_not_read() {
    let files = [PathBuf::from("/dev/zero")];
    let error = validate(&files, &mut std::io::empty(), &options(), &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "could not read `/dev/zero`");
    let mut output = Vec::new();
    let endless = &mut std::io::repeat(b'#');
    let status = validate(&["-".into()], endless, &options(), &mut output).unwrap();
    assert_eq!(status, Status::Errors);
}

/// A file is mended only as far as CodeBuild still takes it, and never where bytes would be lost.
#[test]
fn a_mending_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("buildspec.yml");
    let fix = Options {
        fix: Fix::Write,
        ..options()
    };
    for harmful in [
        &b"version: 0.2\nphases:\n  install:\n    runtimeversion: java:openjdk\n    commands: [make]\n"[..],
        b"version: 0.2\nphases:\n  install:\n    runtime_versions: [java]\n    commands: [make]\n",
        b"version: 0.2\nphases:\n  install:\n    comands: {a: b}\n    commands: [make]\n",
        b"version: 0.2\nphases:\n  install:\n    comands: {a: b}\n  build:\n    commands: [make]\n",
        b"version: 0.2\nphases: {build: {commands: make}}\nartifact: dist\n",
        b"version: 0.2\nphases:\n  build:\n    commands:\n      - echo \xff: *\n      - echo \"a: b\"\n",
        b"version: 1.0\n# \xff\nphases: {build: {commands: make}}\n",
    ] {
        for names in [&[][..], &["unknown-key".to_owned()]] {
            fs::write(&file, harmful).unwrap();
            let selection = Selection::new(names, &[], catalogue::rules()).unwrap();
            let options = Options { selection, ..fix.clone() };
            let (_, output) = run(std::slice::from_ref(&file), "", &options);
            assert_eq!(fs::read(&file).unwrap(), harmful, "{output}");
            assert!(!output.contains("can mend"), "{output}");
        }
    }
    fs::write(
        &file,
        "version: 0.2\nphases: {build: {commands: make}}\nartifact: {files: x}\n",
    )
    .unwrap();
    run(std::slice::from_ref(&file), "", &fix);
    assert!(fs::read_to_string(&file).unwrap().contains("artifacts:"));
}

/// Where a rule could not look, its comment may hide something elsewhere.
#[test]
fn a_comment_is_unused_only_where_its_rule_has_looked() {
    let text = "version: 0.2\nphases:\n  install:\n    runtime-versions:\n      python: 3.13 # buildspec: ignore[runtime]\n    commands:\n      - echo $(ls *.txt) # buildspec: ignore[shellcheck]\n      - make # buildspec: ignore[bash-syntax]\n";
    let unused = |image: Option<&str>| {
        let image = image.map(str::to_owned);
        let options = Options {
            lint: lint::Options { image },
            ..options()
        };
        let (_, output) = checked(text, &options);
        let comments = ["runtime", "shellcheck", "bash-syntax"];
        comments.map(|rule| output.contains(&format!("hides nothing: no `{rule}`")))
    };
    assert_eq!(unused(None), [false, false, true]);
    assert_eq!(
        unused(Some("aws/codebuild/standard:7.0")),
        [true, false, true]
    );
    assert_eq!(
        unused(Some("aws/codebuild/amazonlinux-x86_64-standard:5.0")),
        [true, false, false]
    );
}

/// More findings than are shown, and more warnings than readings that are tried.
#[test]
fn as_many_as_there_are_can_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("buildspec.yml");
    let task = |key: &str| -> String {
        (0..1200)
            .map(|number| format!("    - identifier: a{number}\n      {key}: true\n"))
            .collect()
    };
    let text = |key: &str| {
        let tasks = task(key);
        format!(
            "version: 0.2\nbatch:\n  build-list:\n{tasks}phases: {{build: {{commands: make}}}}\n"
        )
    };
    fs::write(&file, text("ignore-failures")).unwrap();
    let fix = Options {
        fix: Fix::Write,
        ..options()
    };
    let (_, output) = run(std::slice::from_ref(&file), "", &fix);
    assert_eq!(output, "checked 1 file: nothing found; 1200 mended\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), text("ignore-failure"));
}

const TEMPLATE: &str = "\
Resources:
  A:
    Type: AWS::CodeBuild::Project
    Properties:
      Source:
        BuildSpec: !Sub |
          version: ${Version}
          phases:
            pre-build: # ${Why}
              commands:
                - echo \"a: b\"
                - echo ${C}
";

#[test]
fn findings_stand_at_their_place_in_a_template() {
    let (status, output) = checked(TEMPLATE, &options());
    assert_eq!(status, Status::Errors);
    assert!(output.contains("--> <stdin>:9:13"), "{output}");
    assert!(!output.contains("error[version]"), "{output}");
    assert!(output.contains("note[not-evaluated]"), "{output}");
    assert!(
        output.ends_with("checked 1 file: 1 error, 0 warnings, 1 note (`--fix` can mend 1)\n"),
        "{output}"
    );
}

#[test]
fn a_template_is_mended_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.yml");
    fs::write(&file, TEMPLATE).unwrap();
    let show = Options {
        fix: Fix::Show,
        ..options()
    };
    let (_, diff) = run(std::slice::from_ref(&file), "", &show);
    assert!(
        diff.contains("\n-            pre-build: # ${Why}\n"),
        "{diff}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), TEMPLATE);
    let write = Options {
        fix: Fix::Write,
        ..options()
    };
    let (status, output) = run(std::slice::from_ref(&file), "", &write);
    assert_eq!(status, Status::Clean, "{output}");
    let expected = TEMPLATE
        .replace("pre-build", "pre_build")
        .replace("echo \"a: b\"", "'echo \"a: b\"'");
    assert_eq!(fs::read_to_string(&file).unwrap(), expected);
    assert!(output.ends_with("; 2 mended\n"), "{output}");
}
