//! `reports` of a buildspec, and `buildspec report`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Emulator, Output, Runtime, docker, say_loudly};

const REPORTS: &str = "reports:\n  unit:\n    files: ['**/*.xml']\n";

/// Where builds can run; golden builds hold the log in both.
fn runtimes() -> Vec<Runtime> {
    match docker() {
        Ok(()) => vec![Runtime::Host, Runtime::Docker],
        Err(why) => {
            say_loudly(&format!("NOT TESTED: reports with docker: {why}"));
            vec![Runtime::Host]
        }
    }
}

/// A source folder whose build runs one block of shell.
fn source(commands: &str, sections: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let block = commands.replace('\n', "\n        ");
    let text = format!(
        "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        {block}\n{sections}"
    );
    fs::write(folder.path().join("buildspec.yml"), text).unwrap();
    folder
}

#[track_caller]
fn run(source: &Path, runtime: Runtime, code: i32, arguments: &[&str]) -> Output {
    run_as(source, runtime, "codebuild", code, arguments)
}

#[track_caller]
fn run_as(source: &Path, runtime: Runtime, format: &str, code: i32, arguments: &[&str]) -> Output {
    let mut emulator = Emulator::with_format(source, runtime, format);
    emulator.command.args(arguments);
    let output = emulator.finish();
    assert_eq!(output.code, Some(code), "{}", output.complaint());
    output
}

fn json(file: &Path) -> Value {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&bytes).unwrap()
}

/// The one group's `report.json`, found by the last part of its name; `reportArns` must name it.
#[track_caller]
fn report(source: &Path, key: &str) -> Value {
    let kept = source.join(".buildspec/latest");
    let folder = fs::read_dir(kept.join("reports"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with(&format!("-{key}")));
    let report = json(&folder.unwrap().join("report.json"));
    let record = json(&kept.join("build.json"));
    let arns = record["reportArns"].as_array().unwrap();
    assert!(arns.contains(&report["report"]["arn"]), "{arns:?}");
    report
}

#[track_caller]
fn warned(report: &Value, part: &str) {
    let warnings = report["details"]["warnings"].to_string();
    assert!(warnings.contains(part), "`{part}` is not in {warnings}");
}

fn shown(source: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_buildspec"))
        .env_clear()
        .current_dir(source)
        .arg("report")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn a_report_is_kept_with_its_raw_files() {
    for runtime in runtimes() {
        let source = source(
            "mkdir -p out\necho '<testsuite name=\"s\"><testcase classname=\"c\" name=\"bad\" time=\"2\"\
             ><failure>'$CODEBUILD_SRC_DIR/t.py:3: boom'</failure></testcase></testsuite>' > out/a.xml\n\
             cp out/a.xml out/b.xml",
            "reports:\n  $GROUP:\n    files: ['*.xml']\n    base-directory: out\n",
        );
        run(source.path(), runtime, 0, &["-e", "GROUP=unit"]);
        let report = report(source.path(), "unit");
        assert_eq!(report["report"]["status"], "FAILED");
        assert_eq!(report["report"]["testSummary"]["total"], 2);
        let case = &report["testCases"][1];
        assert_eq!(case["status"], "FAILED");
        let path = case["testRawDataPath"].as_str().unwrap();
        assert!(path.starts_with("/codebuild/output/src"), "{path}");
        assert!(path.ends_with("/src/out/b.xml"), "{path}");
        let message = case["message"].as_str().unwrap();
        assert!(message.starts_with("/codebuild/output/src"), "{message}");
        let groups = source.path().join(".buildspec/latest/reports");
        let group = fs::read_dir(groups).unwrap().next().unwrap().unwrap();
        for raw in ["a.xml", "b.xml"] {
            assert!(group.path().join("raw").join(raw).is_file(), "{raw}");
        }
    }
}

#[test]
fn odd_files_get_one_clear_line_each() {
    for (what, commands, code, line) in [
        (
            "no format",
            "echo '<html/>' > a.xml",
            1,
            "expected element type <testsuite> but have <html> (the file has none of the formats",
        ),
        (
            "another format",
            "echo '<coverage><project/></coverage>' > a.xml",
            1,
            "but have <coverage> (the file is CLOVERXML: say `file-format: CLOVERXML`)",
        ),
        ("empty", "touch a.xml", 1, "a.xml: EOF (the file is empty"),
        (
            "still being written",
            "printf '<testsuite><testcase' > a.xml",
            1,
            "unexpected EOF (the file ends too early",
        ),
        (
            "a negative count",
            "echo '<testsuite tests=\"0\" failures=\"3\"/>' > a.xml",
            1,
            "status count cannot be negative (the attributes",
        ),
        (
            "contradicting counts",
            "echo '<testsuite name=\"s\" tests=\"9\"><testcase name=\"a\"/></testsuite>' > a.xml",
            0,
            "says 9 tests, 0 failures, 0 errors, 0 skipped but holds 1 tests",
        ),
        (
            "nothing",
            "true",
            0,
            "no file matches, the report is INCOMPLETE",
        ),
    ] {
        let source = source(commands, REPORTS);
        let output = run_as(source.path(), Runtime::Host, "pretty", code, &[]);
        let report = report(source.path(), "unit");
        warned(&report, line);
        if what != "contradicting counts" {
            assert_eq!(report["report"]["status"], "INCOMPLETE", "{what}");
        }
        let text = String::from_utf8(output.stdout).unwrap();
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains(line), "{what}: {line}\n{text}");
    }
}

#[test]
fn a_million_failures_and_long_names_stay_small() {
    let source = source(
        "(echo '<testsuite>'; yes '<testcase name=\"n\"><failure>f</failure></testcase>' | head -n 1000000\n\
         echo '</testsuite>') > many.xml\n\
         name=$(head -c 100000 /dev/zero | tr '\\0' 'n')\n\
         echo \"<testsuite><testcase name='$name'><error/></testcase></testsuite>\" > long.xml",
        "reports:\n  many:\n    files: ['many.xml']\n  long:\n    files: ['long.xml']\n",
    );
    run(source.path(), Runtime::Host, 0, &[]);
    let many = report(source.path(), "many");
    assert_eq!(many["report"]["testSummary"]["total"], 1_000_000);
    assert_eq!(many["report"]["truncated"], true);
    assert_eq!(many["testCases"].as_array().unwrap().len(), 500);
    let long = report(source.path(), "long");
    let name = long["testCases"][0]["name"].as_str().unwrap();
    assert_eq!(name.len(), 1_000);
    let (_, text, _) = shown(source.path(), &[]);
    assert!(text.lines().all(|line| line.len() <= 110), "{text}");
}

#[test]
fn discovery_obeys_its_variables() {
    let suite = "echo '<testsuite><testcase name=\"a\"/></testsuite>' > ";
    for (arguments, commands, found) in [
        (&[][..], "", Some(2)),
        (&["-e", "CODEBUILD_CONFIG_AUTO_DISCOVER=false"], "", None),
        (
            &["-e", "CODEBUILD_CONFIG_AUTO_DISCOVER=false"],
            "\nCODEBUILD_CONFIG_AUTO_DISCOVER=true",
            Some(2),
        ),
        (&[], "\nexport CODEBUILD_CONFIG_AUTO_DISCOVER=FALSE", None),
        (
            &["-e", "CODEBUILD_CONFIG_AUTO_DISCOVER_DIR=out/*xml"],
            "",
            Some(1),
        ),
        (&[], "\nCODEBUILD_CONFIG_AUTO_DISCOVER_DIR=nowhere/*", None),
    ] {
        let commands =
            format!("mkdir out\n{suite}a.xml\n{suite}out/b.xml\n{suite}listed.xml{commands}");
        let source = source(&commands, "reports:\n  unit:\n    files: [listed.xml]\n");
        run(source.path(), Runtime::Host, 0, arguments);
        let arns = json(&source.path().join(".buildspec/latest/build.json"))["reportArns"].clone();
        let discovered = arns.to_string().contains("-JUNITXML-AutoDiscovered:");
        assert_eq!(
            discovered,
            found.is_some(),
            "{commands} {arguments:?} {arns}"
        );
        if let Some(count) = found {
            let report = report(source.path(), "JUNITXML-AutoDiscovered");
            assert_eq!(report["report"]["testSummary"]["total"], count);
        }
    }
}

#[test]
fn discovery_looks_everywhere() {
    let suite = "echo '<testsuite><testcase name=\"a\"/></testsuite>' > ";
    let many = "for n in $(seq 150); do echo x > file$n; done";
    for (commands, found) in [
        (format!("{suite}a.xml"), true),
        (format!("{suite}.a.xml"), true),
        (format!("mkdir .deep -- -x\n{suite}.deep/a.xml"), true),
        (format!("mkdir -p -- -x/y\n{suite}./-x/y/a.xml"), true),
        (format!("{many}\n{suite}last.xml"), true),
        // What bash leaves out where names stand for files.
        (
            format!("export GLOBIGNORE='*'\nmkdir a\n{suite}a/a.xml"),
            true,
        ),
        (
            format!("set -f\nexport SHELLOPTS\nmkdir a\n{suite}a/a.xml"),
            true,
        ),
        ("echo nothing".to_owned(), false),
        (many.to_owned(), false),
    ] {
        let source = source(&commands, "env:\n  shell: bash\n");
        // The build's own records must not be what is found.
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display().to_string();
        run(source.path(), Runtime::Host, 0, &["-o", &place]);
        let record = json(&folder.path().join("latest/build.json"));
        let arns = record["reportArns"].to_string();
        assert_eq!(arns.contains("AutoDiscovered"), found, "{commands} {arns}");
    }
}

#[test]
fn kept_reports_are_shown_again() {
    let source = source(
        "echo '<testsuite><testcase name=\"bad\" file=\"t.py\" line=\"3\"><failure>no</failure></testcase></testsuite>' > a.xml",
        REPORTS,
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let place = elsewhere.path().display().to_string();
    run(source.path(), Runtime::Host, 0, &["-r", &place]);
    assert!(fs::read_dir(elsewhere.path()).unwrap().next().is_some());

    let (code, text, _) = shown(source.path(), &[]);
    assert_eq!(code, Some(0));
    assert!(text.contains("  x bad  t.py:3\n      no\n"), "{text}");
    let id = json(&source.path().join(".buildspec/builds/1/build.json"))["id"].clone();
    let id = id.as_str().unwrap();
    let output = source.path().join(".buildspec").display().to_string();
    for name in ["1", "latest", id, id.split_once(':').unwrap().1] {
        let (code, same, _) = shown(elsewhere.path(), &[name, "-o", &output]);
        assert_eq!((code, &same), (Some(0), &text), "{name}");
    }
    let (_, annotations, _) = shown(source.path(), &["--format", "github"]);
    assert!(
        annotations.ends_with("/t.py,line=3,title=bad::no\n"),
        "{annotations}"
    );
    let (_, document, _) = shown(source.path(), &["--format", "json"]);
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document[0]["testCases"][0]["name"], "bad");
    let (_, junit, _) = shown(source.path(), &["--format", "junit"]);
    assert!(
        junit.contains("<failure message=\"no\">no</failure>"),
        "{junit}"
    );

    for name in ["7", "no-such-id"] {
        let (code, _, complaint) = shown(source.path(), &[name]);
        assert_eq!(code, Some(2));
        assert!(
            complaint.contains(&format!("keeps no build {name}")),
            "{complaint}"
        );
    }
    assert_eq!(shown(elsewhere.path(), &[]).0, Some(2));
    fs::write(source.path().join(".buildspec/builds/1/build.json"), "{").unwrap();
    assert_eq!(shown(source.path(), &[]).0, Some(0));
    let group = fs::read_dir(source.path().join(".buildspec/builds/1/reports")).unwrap();
    let file = group.flatten().next().unwrap().path().join("report.json");
    fs::write(file, "{").unwrap();
    assert_eq!(shown(source.path(), &[]).0, Some(4));
}

#[test]
fn a_build_tells_of_its_reports() {
    let commands = "echo '<testsuite><testcase name=\"bad\" file=\"t.py\" line=\"3\"><failure>no</failure></testcase></testsuite>' > a.xml";
    let folder = source(commands, REPORTS);
    let output = run_as(folder.path(), Runtime::Host, "json", 0, &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    let events = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut made = events.filter(|event| event["event"] == "report_made");
    assert_eq!(made.next().unwrap()["report"]["testSummary"]["total"], 1);

    let folder = source(commands, REPORTS);
    let mut emulator = Emulator::run(folder.path(), Runtime::Host);
    emulator.command.env("GITHUB_ACTIONS", "true");
    let output = emulator.finish();
    let file = folder.path().canonicalize().unwrap().join("t.py");
    let annotation = format!("::error file={},line=3,title=bad::no\n", file.display());
    assert!(
        output.complaint().contains(&annotation),
        "{}",
        output.complaint()
    );
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(!log.contains("::error"), "{log}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildspec"));
    command.arg("run").arg(folder.path());
    command.args(["--runtime", "host"]);
    let output = command.env("GITHUB_ACTIONS", "true").output().unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(log.contains("::group::BUILD\n"), "{log}");

    let output = run_as(folder.path(), Runtime::Host, "pretty", 0, &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("  cases  passed  failed  skipped  duration\n"),
        "{text}"
    );
}

#[test]
fn a_secret_is_masked_in_a_report() {
    let commands = "echo '<testsuite><testcase name=\"a\"><failure>got '$TOKEN'</failure></testcase></testsuite>' > a.xml";
    let sections = format!("{REPORTS}env:\n  parameter-store:\n    TOKEN: /app/token\n");
    let source = source(commands, &sections);
    let secrets = source.path().join("secrets.yml");
    fs::write(&secrets, "parameter-store:\n  /app/token: s3cr3t-value\n").unwrap();
    let secrets = secrets.display().to_string();
    let arguments = ["--offline", "--secrets", &secrets];
    run(source.path(), Runtime::Host, 0, &arguments);
    let report = report(source.path(), "unit");
    assert_eq!(report["testCases"][0]["message"], "got ***");
}
