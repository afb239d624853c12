//! `--project`: what a project says counts as in the cloud, below what a flag says.

use std::fs;

use serde_json::json;

use crate::cli::{Source, build_phase, contains, ends_with};
use crate::harness::{Emulator, Runtime};

const PRINT: &str = "version: 0.2\nenv: {variables: {A: buildspec, B: buildspec, C: buildspec}}\nphases:\n  build:\n    \
    commands: ['echo \"<$A|$B|$C|$CODEBUILD_BUILD_ID|$CODEBUILD_SOURCE_REPO_URL|$CODEBUILD_KMS_KEY_ID>\"']\n";

fn project() -> serde_json::Value {
    json!({"projects": [{
        "name": "shop",
        "source": {"type": "GITHUB", "location": "https://user:token@github.com/o/shop.git"},
        "environment": {
            "type": "LINUX_CONTAINER", "image": "registry/of/mine:7", "computeType": "BUILD_GENERAL1_MEDIUM",
            "environmentVariables": [{"name": "A", "value": "project"}, {"name": "B", "value": "project"},
                {"name": "SECRET", "value": "/shop/secret", "type": "PARAMETER_STORE"}]},
        "serviceRole": "arn:aws:iam::123456789012:role/shop", "encryptionKey": "alias/shop", "timeoutInMinutes": 7,
    }]})
}

#[test]
fn a_project_counts_below_a_flag_and_above_the_buildspec() {
    let source = Source::with(PRINT);
    let output = source.path().join(".buildspec");
    fs::create_dir(&output).unwrap();
    fs::write(output.join("project.json"), project().to_string()).unwrap();
    fs::write(
        output.join("secrets.yml"),
        "parameter-store: {/shop/secret: hidden}\n",
    )
    .unwrap();
    let run = source.run(Runtime::Host, &["-e", "A=flag", "--offline"]);
    ends_with(0, &run);
    contains(&build_phase(&run), "<flag|project|buildspec|shop:");
    contains(
        &build_phase(&run),
        "|https://github.com/o/shop.git|alias/shop>",
    );
    let record = source.record();
    assert_eq!(record["projectName"], "shop");
    assert_eq!(record["environment"]["image"], "registry/of/mine:7");
    assert_eq!(
        record["environment"]["computeType"],
        "BUILD_GENERAL1_MEDIUM"
    );
    assert_eq!(record["source"]["type"], "GITHUB");
    assert_eq!(record["serviceRole"], "arn:aws:iam::123456789012:role/shop");
    assert_eq!(record["timeoutInMinutes"], 7);
    assert_eq!(
        record["environment"]["environmentVariables"],
        json!([
            {"name": "A", "value": "flag", "type": "PLAINTEXT"},
            {"name": "B", "value": "project", "type": "PLAINTEXT"},
            {"name": "SECRET", "value": "/shop/secret", "type": "PARAMETER_STORE"},
        ])
    );
    let without = source.run(Runtime::Host, &["--no-project"]);
    ends_with(0, &without);
    contains(&build_phase(&without), "<buildspec|buildspec|buildspec|");
}

#[test]
fn a_project_s_buildspec_is_inline_or_a_path() {
    let source = Source::empty();
    let inline = json!({"name": "x-y", "source": {"type": "NO_SOURCE", "buildspec": PRINT}});
    let file = source.path().join("p.json");
    fs::write(&file, inline.to_string()).unwrap();
    let run = source.run(Runtime::Host, &["--project", file.to_str().unwrap()]);
    ends_with(0, &run);
    contains(
        &String::from_utf8_lossy(&run.stdout),
        "YAML location is /codebuild/readonly/buildspec.yml\n",
    );
    fs::create_dir(source.path().join("ci")).unwrap();
    fs::write(source.path().join("ci/b.yml"), PRINT).unwrap();
    let two = "projects:\n- {name: one, source: {buildspec: none.yml}}\n- {name: two, source: {buildspec: ./ci/b.yml}}\n";
    let mut emulator = Emulator::run(source.path(), Runtime::Host);
    fs::write(source.path().join("two.yml"), two).unwrap();
    let named = format!("{}#two", source.path().join("two.yml").display());
    emulator.command.env("BUILDSPEC_PROJECT", named);
    let run = emulator.finish();
    ends_with(0, &run);
    contains(&String::from_utf8_lossy(&run.stdout), "/src/ci/b.yml\n");
}

#[test]
fn a_pipe_will_do_and_remarks_have_places() {
    let source = Source::with(PRINT);
    let file = source.path().join("p.json");
    fs::write(
        &file,
        r#"{"name": "shop", "environment": {"privilegedMode": "perhaps"}, "secondarySources": [{"sourceIdentifier": "tools"}]}"#,
    )
    .unwrap();
    let mut emulator = Emulator::run(source.path(), Runtime::Host);
    emulator.command.args(["--project", "-"]);
    emulator.command.stdin(fs::File::open(&file).unwrap());
    let run = emulator.finish();
    ends_with(0, &run);
    let said = run.complaint();
    contains(
        &said,
        "<stdin>:1:52: `privilegedMode` has to be true or false",
    );
    contains(
        &said,
        "the project's secondary source tools is not here: -s tools=DIR says where it is",
    );
}

#[test]
fn what_is_no_project_ends_before_anything_begins() {
    let source = Source::with(PRINT);
    let file = |name: &str, bytes: &[u8]| {
        let file = source.path().join(name);
        fs::write(&file, bytes).unwrap();
        file.display().to_string()
    };
    let spec = file("a.yml", PRINT.as_bytes());
    let binary = file("b.json", b"\xff\xfe\0");
    let s3 = file(
        "c.json",
        br#"{"source": {"buildspec": "arn:aws:s3:::bucket/b.yml"}}"#,
    );
    for (named, why) in [
        (spec.as_str(), "defines no CodeBuild project"),
        (&binary, "is not UTF-8"),
        (&s3, "the project's buildspec is in S3"),
        ("/nowhere/x.json", "--project /nowhere/x.json can't be read"),
    ] {
        let run = source.run(Runtime::Host, &["--project", named]);
        ends_with(2, &run);
        contains(&run.complaint(), why);
        assert!(!source.path().join(".buildspec").exists());
    }
}

#[test]
fn a_plan_gives_the_warnings_of_a_build() {
    let source = Source::with(PRINT);
    let template = source.path().join("t.yml");
    let text = "Parameters:\n  Stage: {Type: String, AllowedValues: [dev, prod]}\nResources:\n  One:\n    \
        Type: AWS::CodeBuild::Project\n    Properties:\n      Environment:\n        EnvironmentVariables:\n          \
        - {Name: BUCKET, Value: !Ref Bucket}\n          - {Name: STAGE, Value: !Ref Stage}\n";
    fs::write(&template, text).unwrap();
    let project = format!("{}#One", template.display());
    let arguments = [
        "--project",
        project.as_str(),
        "--parameter",
        "Stage=test",
        "--parameter",
        "Stgae=dev",
    ];
    let lines = |output: &crate::harness::Output| -> Vec<String> {
        let said = output.complaint();
        let all = said.lines().filter(|line| line.contains("t.yml"));
        all.map(|line| line.trim_start_matches("warning: ").trim().to_owned())
            .collect()
    };
    let built = source.run(Runtime::Host, &arguments);
    ends_with(0, &built);
    let mut emulator = Emulator::with_format(source.path(), Runtime::Host, "json");
    emulator.command.arg("--plan").args(arguments);
    let planned = emulator.finish();
    ends_with(0, &planned);
    assert_eq!(lines(&planned).len(), 3, "{}", planned.complaint());
    assert_eq!(lines(&planned), lines(&built));
    let plan: serde_json::Value = serde_json::from_slice(&planned.stdout).unwrap();
    assert_eq!(plan["warnings"], json!(lines(&planned)));
    contains(&plan.to_string(), "the variable BUCKET is left out");
    contains(&plan.to_string(), "it allows dev, prod");
    contains(&plan.to_string(), "nothing in");
}
