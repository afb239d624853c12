//! `--aws-credentials`, `--assume-role` and what goes with them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Emulator, Output, Runtime, docker, say_loudly};
use crate::moto::{self, Moto, free_port};

const ROLE: &str = "arn:aws:iam::123456789012:role/service";

/// Shows what a build has, in a form that no mask knows.
const SHOW: &str = "version: 0.2
phases:
  build:
    commands:
      - for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN; do eval \"value=\\$$name\"; echo \"$name $(printf %s \"$value\" | rev)\"; done
      - echo \"plain <$AWS_ACCESS_KEY_ID|$AWS_SECRET_ACCESS_KEY|$AWS_SESSION_TOKEN>\"
      - echo \"region $AWS_REGION $AWS_DEFAULT_REGION; endpoint <$AWS_ENDPOINT_URL|$AWS_ENDPOINT_URL_S3>\"
";

fn source(buildspec: &str) -> TempDir {
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("buildspec.yml"), buildspec).unwrap();
    source
}

fn host(source: &TempDir, prepare: impl FnOnce(&mut Emulator)) -> Output {
    let mut emulator = Emulator::run(source.path(), Runtime::Host);
    emulator.command.env("AWS_EC2_METADATA_DISABLED", "true");
    prepare(&mut emulator);
    emulator.finish()
}

fn log(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn says(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is missing in\n{text}");
}

/// What the build says of a variable, read forwards again.
#[track_caller]
fn shown(output: &Output, name: &str) -> String {
    let log = log(output);
    let start = format!("{name} ");
    let line = log.lines().find_map(|line| line.strip_prefix(&start));
    let line = line.unwrap_or_else(|| panic!("{name} is missing in\n{log}{}", output.complaint()));
    line.chars().rev().collect()
}

fn events(source: &TempDir, kind: &str) -> String {
    let file = source.path().join(".buildspec/latest/events.jsonl");
    let events = fs::read_to_string(file).unwrap();
    events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &Value| event["event"] == kind)
        .map(|event| format!("{}\n", event["text"].as_str().unwrap()))
        .collect()
}

fn build_json(source: &TempDir) -> Value {
    let file = source.path().join(".buildspec/latest/build.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// A profile with keys and a region of its own.
fn profile(folder: &Path, emulator: &mut Emulator) {
    fs::write(
        folder.join("config"),
        "[profile dev]\nregion = eu-north-1\n",
    )
    .unwrap();
    fs::write(
        folder.join("credentials"),
        "[dev]\naws_access_key_id = dev-key-id\naws_secret_access_key = dev-secret-key\naws_session_token = dev-token\n",
    )
    .unwrap();
    emulator
        .command
        .env("AWS_CONFIG_FILE", folder.join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", folder.join("credentials"));
}

#[test]
fn a_build_gets_no_credentials_and_no_endpoints_unasked() {
    let source = source(SHOW);
    let output = host(&source, |emulator| {
        moto::ask(&mut emulator.command, "http://127.0.0.1:1");
        emulator.command.env("AWS_SESSION_TOKEN", "token");
    });
    assert_eq!(output.code, Some(0), "{}", output.complaint());
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ] {
        assert_eq!(shown(&output, name), "", "{name}");
    }
    says(&log(&output), "region eu-west-1 eu-west-1; endpoint <|>\n");
}

#[test]
fn a_profile_is_handed_over_and_masked() {
    let source = source(SHOW);
    let aws = tempfile::tempdir().unwrap();
    let output = host(&source, |emulator| {
        profile(aws.path(), emulator);
        emulator
            .command
            .args(["--aws-credentials", "--profile", "dev"]);
    });
    assert_eq!(output.code, Some(0), "{}", output.complaint());
    assert_eq!(shown(&output, "AWS_ACCESS_KEY_ID"), "dev-key-id");
    assert_eq!(shown(&output, "AWS_SECRET_ACCESS_KEY"), "dev-secret-key");
    assert_eq!(shown(&output, "AWS_SESSION_TOKEN"), "dev-token");
    says(&log(&output), "plain <***|***|***>\n");
    // The profile's region, as every AWS tool on this machine would have it, in variables and ARNs alike.
    says(&log(&output), "region eu-north-1 eu-north-1;");
    says(
        build_json(&source)["arn"].as_str().unwrap(),
        "arn:aws:codebuild:eu-north-1:",
    );
    says(
        &events(&source, "note"),
        "the build's AWS credentials are those of profile dev\n",
    );
}

#[test]
fn a_role_is_assumed_for_references_and_for_the_build() {
    for server in Moto::both("a_role_is_assumed_for_references_and_for_the_build") {
        let role = server.fill(
            &json!(null),
            "
policy = dict(Version='2012-10-17', Statement=[dict(Effect='Allow', Principal=dict(AWS='*'), Action='sts:AssumeRole')])
ssm.put_parameter(Name='/a', Type='SecureString', Value='value-of-a')
print(iam.create_role(RoleName='service', AssumeRolePolicyDocument=json.dumps(policy))['Role']['Arn'], end='')",
        );
        let source = source(&SHOW.replace("phases:", "env: {parameter-store: {A: /a}}\nphases:"));
        let output = host(&source, |emulator| {
            server.serve(emulator);
            emulator
                .command
                .args(["--aws-credentials", "--assume-role", &role]);
        });
        assert_eq!(
            output.code,
            Some(0),
            "{}{}",
            log(&output),
            output.complaint()
        );
        let key = shown(&output, "AWS_ACCESS_KEY_ID");
        assert!(key.starts_with("ASIA"), "{key}");
        assert!(shown(&output, "AWS_SECRET_ACCESS_KEY").len() >= 20);
        assert!(shown(&output, "AWS_SESSION_TOKEN").len() >= 20);
        says(&log(&output), "plain <***|***|***>\n");
        says(
            &events(&source, "note"),
            &format!("the build's AWS credentials are those of {role}, valid until "),
        );
        // Whoever holds these credentials is that role, in a session named as CodeBuild names it.
        let arn = server.fill(
            &json!({
                "aws_access_key_id": key,
                "aws_secret_access_key": shown(&output, "AWS_SECRET_ACCESS_KEY"),
                "aws_session_token": shown(&output, "AWS_SESSION_TOKEN"),
            }),
            "print(boto3.client('sts', **{**access, **given}).get_caller_identity()['Arn'], end='')",
        );
        says(&arn, ":assumed-role/service/AWSCodeBuild-");
    }
}

#[test]
fn a_role_that_is_refused_is_one_clear_message() {
    let source = source(SHOW);
    let sentence = "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRole";
    let url = moto::refusing_in_xml(403, "AccessDenied", sentence);
    let output = host(&source, |emulator| {
        moto::ask(&mut emulator.command, &url);
        emulator
            .command
            .args(["--aws-credentials", "--assume-role", ROLE]);
    });
    assert_eq!(output.code, Some(4), "{}", log(&output));
    says(
        &output.complaint(),
        &format!("the role {ROLE} can't be assumed: AccessDenied: {sentence}\n"),
    );

    let nobody = format!("http://127.0.0.1:{}", free_port());
    let output = host(&source, |emulator| {
        moto::ask(&mut emulator.command, &nobody);
        emulator
            .command
            .args(["--aws-credentials", "--assume-role", ROLE]);
    });
    assert_eq!(output.code, Some(4), "{}", log(&output));
    says(&output.complaint(), "can't be assumed: ");
    assert!(output.took.as_secs() < 20, "{:?}", output.took);
}

#[test]
fn what_cannot_be_handed_over_ends_with_four() {
    let source = source(SHOW);
    let output = host(&source, |emulator| {
        emulator.command.arg("--aws-credentials");
    });
    assert_eq!(output.code, Some(4), "{}", log(&output));
    says(&output.complaint(), "no AWS credentials are to be had");
    for arguments in [
        &["--assume-role", "service"][..],
        &["--aws-credentials", "--offline"],
    ] {
        let output = host(&source, |emulator| {
            emulator.command.args(arguments);
        });
        assert_eq!(output.code, Some(2), "{arguments:?}");
    }
}

#[test]
fn variables_of_the_builds_own_are_never_mixed_with_the_hosts() {
    let source = source(&SHOW.replace(
        "phases:",
        "env: {variables: {AWS_ACCESS_KEY_ID: own-id, AWS_SECRET_ACCESS_KEY: own-key}}\nphases:",
    ));
    let aws = tempfile::tempdir().unwrap();
    let output = host(&source, |emulator| {
        profile(aws.path(), emulator);
        emulator
            .command
            .args(["--aws-credentials", "--profile", "dev"]);
    });
    assert_eq!(output.code, Some(0), "{}", output.complaint());
    says(&log(&output), "plain <own-id|own-key|>\n");
    says(
        &events(&source, "warning"),
        "--aws-credentials: the build has a variable AWS_ACCESS_KEY_ID of its own, and keeps it",
    );
}

#[test]
fn endpoints_are_handed_over_on_request() {
    let source = source(SHOW);
    let with = |arguments: &[&str]| {
        let output = host(&source, |emulator| {
            emulator
                .command
                .env("AWS_ENDPOINT_URL", "http://one")
                .env("AWS_ENDPOINT_URL_S3", "http://two")
                .arg("--aws-endpoints")
                .args(arguments);
        });
        assert_eq!(output.code, Some(0), "{}", output.complaint());
        log(&output)
    };
    says(&with(&[]), "endpoint <http://one|http://two>\n");
    says(
        &with(&["-e", "AWS_ENDPOINT_URL=http://mine"]),
        "endpoint <http://mine|http://two>\n",
    );
}

#[test]
fn a_container_cannot_ask_for_its_machines_own_credentials() {
    if let Err(why) = docker() {
        return say_loudly(&format!("NOT TESTED: credentials of the machine: {why}"));
    }
    // Refused (7) is an answer of the container's own; whoever is not there at all lets curl wait (28).
    let source = source(
        "version: 0.2
phases:
  build:
    commands:
      - for address in 169.254.169.254 169.254.170.2; do curl -s -m 5 http://$address/; echo \"$address $?\"; done
",
    );
    let output = Emulator::run(source.path(), Runtime::Docker).finish();
    assert_eq!(output.code, Some(0), "{}", output.complaint());
    says(&log(&output), "\n169.254.169.254 7\n169.254.170.2 7\n");
}
