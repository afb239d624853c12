//! `reproduce`: the same end as recorded, from a tree of its own; or what differs.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::{Source, contains, ends_with};
use crate::harness::{Emulator, Output, Runtime};
use crate::moto::Moto;

const FAILS: &str = "version: 0.2\nphases:\n  build:\n    commands:\n      - echo \"<$STAGE|$CODEBUILD_BUILD_NUMBER|\
    $CODEBUILD_INITIATOR|$CODEBUILD_SOURCE_VERSION|$CODEBUILD_RESOLVED_SOURCE_VERSION>\"\n      - cat file\n      - exit 3\n";

fn git(folder: &Path, arguments: &str) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@x",
            "-c",
            "init.defaultBranch=main",
            "-C",
        ])
        .arg(folder)
        .args(arguments.split(' '))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with one commit, and a build of it as the cloud would have recorded it.
pub(crate) struct Cloud {
    pub(crate) source: Source,
    commit: String,
    pub(crate) record: Value,
    log: PathBuf,
}

impl Cloud {
    pub(crate) fn of(buildspec: &str) -> Self {
        let source = Source::with(buildspec);
        fs::write(source.path().join("file"), "as committed\n").unwrap();
        git(source.path(), "init -q");
        git(source.path(), "add -A");
        git(source.path(), "commit -qm first");
        let commit = git(source.path(), "rev-parse HEAD");
        source.run(Runtime::Host, &["-e", "STAGE=test"]);
        let mut record = source.record();
        let id = record["id"].as_str().unwrap().to_owned();
        record["arn"] = json!(format!(
            "arn:aws:codebuild:eu-west-1:123456789012:build/{id}"
        ));
        record["buildNumber"] = json!(4711);
        record["initiator"] = json!("jane");
        record["source"]["type"] = json!("GITHUB");
        record["source"]["location"] = json!("https://token@github.com/o/shop.git");
        let log = source.path().join("cloud.log");
        fs::copy(source.kept().join("build.log"), &log).unwrap();
        // Nothing of it is committed: a clean checkout must not need what lies around.
        fs::write(source.path().join("file"), "changed since\n").unwrap();
        fs::write(source.path().join("buildspec.yml"), "not even YAML: [").unwrap();
        Self {
            source,
            commit,
            record,
            log,
        }
    }

    fn write(&self, name: &str, text: &str) -> String {
        let file = self.source.path().join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    /// A file with the record.
    pub(crate) fn written(&self) -> String {
        self.write(
            "build.json",
            &json!({ "builds": [self.record] }).to_string(),
        )
    }

    pub(crate) fn reproduce(&self, arguments: &[&str]) -> Output {
        let build = self.written();
        let mut emulator = Emulator::reproduce(&build, self.source.path(), Runtime::Host);
        emulator.command.args(arguments);
        emulator.finish()
    }

    pub(crate) fn log(&self) -> &str {
        self.log.to_str().unwrap()
    }

    fn comparison(&self) -> Value {
        let bytes = fs::read(self.source.kept().join("comparison.json")).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }
}

#[test]
fn a_stray_file_beside_a_record_is_no_reason_not_to_build() {
    let source = Source::with(FAILS);
    source.run(Runtime::Host, &[]);
    let build = source.path().join("build.json");
    fs::copy(source.kept().join("build.json"), &build).unwrap();
    fs::write(source.path().join("build.log"), "make: nothing to do\n").unwrap();
    let build = build.display().to_string();
    let output = Emulator::reproduce(&build, source.path(), Runtime::Host).finish();
    ends_with(1, &output);
    contains(&output.complaint(), "the recorded log can't be had: ");
}

#[test]
fn a_build_fails_again_in_the_same_place() {
    let cloud = Cloud::of(FAILS);
    let output = cloud.reproduce(&["--log", cloud.log()]);
    ends_with(1, &output);
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = format!("<test|4711|jane|main|{}>", cloud.commit);
    contains(&log, &told);
    contains(&log, "as committed\n");
    let said = output.complaint();
    contains(
        &said,
        "FAILED in BUILD: Error while executing command: exit 3. Reason: exit status 3",
    );
    contains(
        &said,
        "Failed as recorded, in BUILD: Error while executing command: exit 3",
    );
    let comparison = cloud.comparison();
    assert_eq!(comparison["sameEnd"], true);
    // The initiator and the number are others than in the log from here, and are seen to be.
    assert_eq!(comparison["comparison"]["same"], false);
    contains(&said, "jane");
    assert_eq!(
        fs::read_to_string(cloud.source.path().join("file")).unwrap(),
        "changed since\n"
    );
    assert!(!cloud.source.kept().join("checkout").exists());
    assert_eq!(
        cloud.source.record()["source"]["location"],
        "https://github.com/o/shop.git"
    );
}

#[test]
fn what_differs_is_said_and_what_is_missing_comes_first() {
    let mut cloud = Cloud::of(
        "version: 0.2\nphases:\n  build:\n    commands:\n      - set -u; test -n \"$TOKEN\"\n      - exit 3\n",
    );
    let log = fs::read_to_string(&cloud.log).unwrap();
    let log = log
        .lines()
        .filter(|line| !line.contains("TOKEN: "))
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    let failed = "Error while executing command: exit 3. Reason: exit status 3";
    for phase in cloud.record["phases"].as_array_mut().unwrap() {
        if phase["phaseType"] == "BUILD" {
            phase["contexts"][0]["message"] = json!(failed);
        }
    }
    cloud.record["environment"]["environmentVariables"] =
        json!([{"name": "TOKEN", "value": "***"}]);
    fs::write(&cloud.log, log).unwrap();
    let output = cloud.reproduce(&["--compare", cloud.log()]);
    ends_with(1, &output);
    let said = output.complaint();
    contains(
        &said,
        "the variable TOKEN\n    here: not set, as its value was not written down: -e TOKEN=VALUE",
    );
    contains(&said, "missing here: the variable TOKEN\n");
    contains(
        &said,
        "Ended in another way.\n  recorded: BUILD: Error while executing command: exit 3.",
    );
    let given = cloud.reproduce(&["-e", "TOKEN=abc", "--format", "json"]);
    ends_with(1, &given);
    let outcome: Value = serde_json::from_slice(&given.stdout).unwrap();
    assert_eq!(outcome["sameEnd"], true);
    assert_eq!(outcome["missing"]["variables"], json!([]));
    assert_eq!(outcome["comparison"], Value::Null);
    let build = outcome["phases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|pair| pair["phase"] == "BUILD");
    assert_eq!(build.unwrap()["here"], "FAILED");
}

#[test]
fn what_can_t_be_the_same_is_listed_before_the_run() {
    let mut cloud = Cloud::of(FAILS);
    cloud.record["serviceRole"] = json!("arn:aws:iam::123456789012:role/shop");
    cloud.record["vpcConfig"] = json!({"vpcId": "vpc-1", "subnets": ["s"]});
    cloud.record["cache"] = json!({"type": "S3", "location": "bucket"});
    cloud.record["initiator"] = json!("GitHub-Hookshot/abc");
    cloud.record["buildBatchArn"] =
        json!("arn:aws:codebuild:eu-west-1:123456789012:build-batch/shop:1");
    cloud.record["secondarySources"] =
        json!([{"type": "S3", "location": "b/k", "sourceIdentifier": "tools"}]);
    cloud.record["fileSystemLocations"] =
        json!([{"type": "EFS", "location": "x", "mountPoint": "/mnt", "identifier": "e"}]);
    cloud.record["environment"]["type"] = json!("LINUX_LAMBDA_CONTAINER");
    let output = cloud.reproduce(&["--image", "another"]);
    let said = output.complaint();
    for part in [
        "the service role arn:aws:iam::123456789012:role/shop\n    here: no AWS credentials",
        "the network of vpc-1\n    here: this machine's",
        "a cache (S3)\n    here: none",
        "a webhook started the build\n    here: CODEBUILD_WEBHOOK_* are not in the record",
        "the build was part of a batch\n",
        "the secondary source tools (b/k)\n    here: none: -s tools=DIR",
        "a file system of EFS at /mnt\n",
        "LINUX_LAMBDA_CONTAINER\n    here: a container",
        "the image ",
    ] {
        contains(&said, part);
    }
}

#[test]
fn bad_input_is_told_from_each_other() {
    let mut cloud = Cloud::of(FAILS);
    let bad = |cloud: &Cloud, arguments: &[&str], sentence: &str| {
        let output = cloud.reproduce(arguments);
        ends_with(2, &output);
        contains(&output.complaint(), sentence);
    };
    let log = fs::read_to_string(&cloud.log).unwrap();
    let other = cloud.write(
        "other.log",
        &log.replace("State: FAILED", "State: SUCCEEDED"),
    );
    bad(&cloud, &["--log", &other], "is the log of another build");
    bad(
        &cloud,
        &["--log", "/nowhere"],
        "the log /nowhere can't be read",
    );
    bad(
        &cloud,
        &["--at", "HEAD"],
        "the record says which commit was built",
    );
    bad(
        &cloud,
        &["--project", "x"],
        "the record says what the project was",
    );

    let commit = cloud.commit.replace(|letter: char| letter != 'a', "a");
    cloud.record["resolvedSourceVersion"] = json!(commit);
    bad(&cloud, &[], &format!("has no commit {commit}"));
    bad(
        &cloud,
        &[],
        &format!("fetch https://github.com/o/shop.git {commit}"),
    );
    cloud.record["sourceVersion"] = json!("pr/7");
    bad(
        &cloud,
        &[],
        "fetch https://github.com/o/shop.git pull/7/head",
    );
    cloud.record["source"]["location"] = Value::Null;
    bad(&cloud, &[], "fetch origin pull/7/head");

    cloud.record["resolvedSourceVersion"] = json!(cloud.commit);
    cloud.record["source"]["buildspec"] = json!("ci/gone.yml");
    bad(&cloud, &[], "there is no ci/gone.yml in commit");
    bad(&cloud, &[], "it may have moved: --buildspec buildspec.yml");

    for kind in [
        "WINDOWS_SERVER_2022_CONTAINER",
        "MAC_ARM",
        "LINUX_LAMBDA_CONTAINER",
    ] {
        cloud.record["environment"]["type"] = json!(kind);
        bad(&cloud, &[], &format!("environment is {kind}"));
    }
    for (build, sentence) in [
        (
            "nothing-here",
            "nothing-here is no file, no build's id or ARN, and no kept build",
        ),
        ("latest:shop", "which --offline forbids"),
        (
            "shop:11111111-2222-3333-4444-555555555555",
            "which --offline forbids",
        ),
    ] {
        let mut emulator = Emulator::reproduce(build, cloud.source.path(), Runtime::Host);
        emulator.command.arg("--offline");
        let output = emulator.finish();
        ends_with(2, &output);
        contains(&output.complaint(), sentence);
    }
}

#[test]
fn a_folder_without_git_is_no_place_for_a_commit() {
    let cloud = Cloud::of(FAILS);
    let elsewhere = Source::empty();
    let build = cloud.write("build.json", &cloud.record.to_string());
    let output = Emulator::reproduce(&build, elsewhere.path(), Runtime::Host).finish();
    ends_with(2, &output);
    contains(
        &output.complaint(),
        "is no Git repository, and the build was one of commit",
    );
    contains(
        &output.complaint(),
        "git clone https://github.com/o/shop.git CLONE",
    );
}

#[test]
fn references_are_followed_again() {
    let mut cloud =
        Cloud::of("version: 0.2\nphases: {build: {commands: ['test \"$DB\" = hidden-value']}}\n");
    cloud.record["environment"]["environmentVariables"] =
        json!([{"name": "DB", "value": "prod/db", "type": "SECRETS_MANAGER"}]);
    let offline = cloud.reproduce(&["--offline"]);
    ends_with(4, &offline);
    contains(&offline.complaint(), "prod/db");
    let build = cloud.written();
    let mut nobody = Emulator::reproduce(&build, cloud.source.path(), Runtime::Host);
    nobody.command.env("AWS_EC2_METADATA_DISABLED", "true");
    let nobody = nobody.finish();
    ends_with(4, &nobody);
    contains(&nobody.complaint(), "no AWS credentials are to be had");
    contains(&nobody.complaint(), "with --secrets FILE: prod/db");
    contains(
        &nobody.complaint(),
        "`buildspec reproduce BUILD --write-secrets-template` writes that file",
    );
    let secrets = cloud.write("s.yml", "secrets-manager: {prod/db: hidden-value}\n");
    let output = cloud.reproduce(&["--offline", "--secrets", &secrets]);
    ends_with(0, &output);
    assert_eq!(cloud.comparison()["endHere"]["status"], "SUCCEEDED");
}

#[test]
fn a_secret_in_the_recorded_log_is_neither_printed_nor_kept() {
    let mut cloud = Cloud::of(
        "version: 0.2\nphases: {build: {commands: ['echo the value is $DB', 'exit 3']}}\n",
    );
    let log = fs::read_to_string(&cloud.log).unwrap();
    let leak = log.replace(
        "the value is\n",
        "the value is hidden-value-1\nsecond-line-2\n",
    );
    assert_ne!(leak, log);
    fs::write(&cloud.log, leak).unwrap();
    cloud.record["environment"]["environmentVariables"] = json!([
        {"name": "DB", "value": "prod/db:password", "type": "SECRETS_MANAGER"},
        {"name": "KEY", "value": "/key", "type": "PARAMETER_STORE"},
    ]);
    for phase in cloud.record["phases"].as_array_mut().unwrap() {
        if phase["phaseType"] == "BUILD" {
            phase["contexts"][0]["message"] = json!(
                "Error while executing command: echo hidden-value-1 && exit 3. Reason: exit status 3"
            );
        }
    }
    let secrets = cloud.write(
        "s.yml",
        "secrets-manager: {prod/db: {password: hidden-value-1}}\nparameter-store: {/key: \"second-line-2\"}\n",
    );
    for format in ["human", "json"] {
        let output = cloud.reproduce(&[
            "--offline",
            "--secrets",
            &secrets,
            "--log",
            cloud.log(),
            "--format",
            format,
        ]);
        ends_with(1, &output);
        let said = format!(
            "{}{}",
            output.complaint(),
            String::from_utf8_lossy(&output.stdout)
        );
        let kept = cloud.comparison().to_string();
        for secret in ["hidden-value-1", "second-line-2"] {
            assert!(!said.contains(secret), "{said}");
            assert!(!kept.contains(secret), "{kept}");
        }
        contains(&said, "echo *** && exit 3");
        contains(&kept, "\"recorded\":\"***\"");
    }
    let stops = cloud.reproduce(&["--offline", "--secrets", &secrets, "--to-failure"]);
    ends_with(2, &stops);
    contains(
        &stops.complaint(),
        "no command of BUILD is `echo *** && exit 3`",
    );
}

#[test]
fn the_record_says_which_region_unless_the_flag_does() {
    let cloud = Cloud::of(
        "version: 0.2\nphases: {build: {commands: ['echo \"<$AWS_REGION|$CODEBUILD_BUILD_ARN>\"']}}\n",
    );
    let build = cloud.written();
    for (flag, region) in [(None, "eu-west-1"), (Some("us-west-2"), "us-west-2")] {
        let mut emulator = Emulator::reproduce(&build, cloud.source.path(), Runtime::Host);
        emulator.command.env("AWS_REGION", "ap-south-1");
        if let Some(flag) = flag {
            emulator.command.args(["--region", flag]);
        }
        let output = emulator.finish();
        ends_with(0, &output);
        let log = String::from_utf8_lossy(&output.stdout).into_owned();
        contains(
            &log,
            &format!("<{region}|arn:aws:codebuild:{region}:123456789012:build/"),
        );
        let said = output.complaint();
        let told = "the region eu-west-1\n    here: us-west-2, as --region says";
        assert_eq!(said.contains(told), flag.is_some(), "{said}");
    }
}

#[test]
fn a_hint_can_be_pasted_whatever_the_record_says() {
    let mut cloud = Cloud::of(FAILS);
    cloud.record["resolvedSourceVersion"] = json!("main; touch x");
    cloud.record["source"]["location"] = json!("https://h/it's.git; touch y");
    let output = cloud.reproduce(&[]);
    ends_with(2, &output);
    contains(
        &output.complaint(),
        r"fetch 'https://h/it'\''s.git; touch y' 'main; touch x'",
    );
    cloud.record["resolvedSourceVersion"] = json!("--upload-pack=touch z");
    let output = cloud.reproduce(&[]);
    ends_with(2, &output);
    contains(&output.complaint(), "is no commit's name");
}

#[test]
fn a_record_without_source_and_image_is_told() {
    let mut cloud = Cloud::of("version: 0.2\nphases: {build: {commands: [cat other]}}\n");
    fs::write(cloud.source.path().join("other"), "as it is now\n").unwrap();
    fs::write(
        cloud.source.path().join("buildspec.yml"),
        "version: 0.2\nphases: {build: {commands: [cat other]}}\n",
    )
    .unwrap();
    for member in [
        "source",
        "environment",
        "resolvedSourceVersion",
        "sourceVersion",
    ] {
        cloud.record[member] = Value::Null;
    }
    let output = cloud.reproduce(&[]);
    ends_with(0, &output);
    contains(&String::from_utf8_lossy(&output.stdout), "as it is now\n");
    let said = output.complaint();
    contains(
        &said,
        "a source of which the record says nothing\n    here: ",
    );
    contains(&said, "an image that the record does not name\n    here: ");
}

#[test]
fn a_build_of_ours_says_that_it_had_a_work_tree() {
    let source = Source::with("version: 0.2\nphases: {build: {commands: [cat file]}}\n");
    fs::write(source.path().join("file"), "committed\n").unwrap();
    git(source.path(), "init -q");
    git(source.path(), "add -A");
    git(source.path(), "commit -qm first");
    fs::write(source.path().join("file"), "changed\n").unwrap();
    source.run(Runtime::Host, &[]);
    let build = source.kept().join("build.json").display().to_string();
    let output = Emulator::reproduce(&build, source.path(), Runtime::Host).finish();
    ends_with(0, &output);
    contains(&String::from_utf8_lossy(&output.stdout), "committed\n");
    contains(
        &output.complaint(),
        "the commit alone: if the tree had changes, they are not in it",
    );
}

#[test]
fn logs_are_read_as_windows_and_the_cli_write_them() {
    let mut cloud = Cloud::of(FAILS);
    let log = fs::read_to_string(&cloud.log).unwrap();
    let plain = cloud.reproduce(&["--log", cloud.log()]);
    ends_with(1, &plain);
    let count = |cloud: &Cloud| {
        cloud.comparison()["comparison"]
            .to_string()
            .matches("\"same\":true")
            .count()
    };
    let same = count(&cloud);
    assert!(same > 5);
    cloud.record["logs"] = json!({"streamName": "ours"});
    let events = |stream: Option<&str>| -> Vec<Value> {
        let lines = log.split_inclusive('\n');
        lines
            .map(|line| match stream {
                Some(stream) => json!({"logStreamName": stream, "message": line, "timestamp": 1}),
                None => json!({"message": line, "timestamp": 1, "ingestionTime": 2}),
            })
            .collect()
    };
    let other =
        json!({"logStreamName": "other", "message": "[Container] of another\n", "timestamp": 1});
    let mut filtered = events(Some("ours"));
    filtered.insert(3, other);
    let halves = events(None);
    let (first, second) = halves.split_at(4);
    for (name, text) in [
        ("windows.log", log.replace('\n', "\r\n")),
        (
            "get.json",
            json!({"events": events(None), "nextForwardToken": "f/1"}).to_string(),
        ),
        (
            "filter.json",
            format!(
                "\u{feff}{}",
                json!({"events": filtered, "searchedLogStreams": []})
            ),
        ),
        (
            "pages.json",
            format!(
                "{}\n{}\n",
                json!({"events": first}),
                json!({"events": second})
            ),
        ),
        ("bare.json", json!(events(None)).to_string()),
    ] {
        let file = cloud.write(name, &text);
        let output = cloud.reproduce(&["--log", &file]);
        ends_with(1, &output);
        assert_eq!(count(&cloud), same, "{name}: {}", output.complaint());
    }
}

#[test]
fn a_bare_list_of_builds_is_read() {
    let cloud = Cloud::of(FAILS);
    let build = cloud.write("list.json", &json!([cloud.record]).to_string());
    let output = Emulator::reproduce(&build, cloud.source.path(), Runtime::Host).finish();
    ends_with(1, &output);
    contains(&output.complaint(), "Failed as recorded");
}

#[test]
fn a_build_without_source_gets_an_empty_folder() {
    let mut cloud = Cloud::of(FAILS);
    cloud.record["source"] = json!({
        "type": "NO_SOURCE",
        "buildspec": "version: 0.2\nphases:\n  build:\n    commands: ['ls -A | wc -l']\n",
    });
    cloud.record["resolvedSourceVersion"] = Value::Null;
    cloud.record["sourceVersion"] = Value::Null;
    let output = cloud.reproduce(&[]);
    ends_with(0, &output);
    contains(&String::from_utf8_lossy(&output.stdout), "wc -l\n0\n");
}

#[test]
fn a_huge_log_is_compared_all_the_same() {
    let cloud = Cloud::of(FAILS);
    let log = fs::read_to_string(&cloud.log).unwrap();
    let (before, after) = log.split_once("as committed\n").unwrap();
    let mut file = fs::File::create(&cloud.log).unwrap();
    file.write_all(before.as_bytes()).unwrap();
    file.write_all(b"as committed\n").unwrap();
    let line = "a line that was only printed in the cloud\n".repeat(1000);
    for _ in 0..500 {
        file.write_all(line.as_bytes()).unwrap();
    }
    file.write_all(after.as_bytes()).unwrap();
    drop(file);
    let output = cloud.reproduce(&["--log", cloud.log()]);
    ends_with(1, &output);
    contains(&output.complaint(), "Failed as recorded");
    contains(&cloud.comparison().to_string(), "[... 49900");
}

#[test]
fn moto_s_build_is_reproduced_by_file_by_id_and_as_the_latest() {
    let Some(moto) = Moto::start("reproduce") else {
        return;
    };
    let source = Source::empty();
    let spec = "version: 0.2\nphases:\n  build:\n    commands: ['echo here', 'echo \"$CODEBUILD_SOURCE_VERSION\"']\n";
    fs::create_dir(source.path().join("buildspec")).unwrap();
    // What moto says of every build.
    fs::write(source.path().join("buildspec/stuff.yaml"), spec).unwrap();
    git(source.path(), "init -q -b main");
    git(source.path(), "add -A");
    git(source.path(), "commit -qm first");
    let script = "
builds.create_project(name='shop', source={'type': 'GITHUB', 'location': 'https://github.com/o/shop.git'},
    artifacts={'type': 'NO_ARTIFACTS'}, serviceRole='arn:aws:iam::123456789012:role/service-role/shop',
    environment={'type': 'LINUX_CONTAINER', 'image': 'i', 'computeType': 'BUILD_GENERAL1_SMALL'})
build = builds.start_build(projectName='shop', sourceVersion='main')['build']
group, stream = '/aws/codebuild/shop', build['id'].split(':')[1]
logs.create_log_group(logGroupName=group)
logs.create_log_stream(logGroupName=group, logStreamName=stream)
at = build['startTime']
from datetime import timezone
stamp = at.astimezone(timezone.utc).strftime('%Y/%m/%d %H:%M:%S.000000')
lines = ['Entering phase BUILD', 'Running command echo in-the-cloud', 'Phase complete: BUILD State: SUCCEEDED']
events = [{'timestamp': int(at.timestamp() * 1000) + n, 'message': f'[Container] {stamp} {line}\\n'} for n, line in enumerate(lines)]
logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
print(build['id'], end='')";
    let id = moto.fill(&json!(null), script);
    let text = moto.aws(&["codebuild", "batch-get-builds", "--ids", &id]);
    let file = source.path().join("from-the-cli.json");
    fs::write(&file, text).unwrap();
    let arn = format!("arn:aws:codebuild:eu-west-1:123456789012:build/{id}");
    for build in [file.to_str().unwrap(), &id, &arn, "latest:shop"] {
        let mut emulator = Emulator::reproduce(build, source.path(), Runtime::Host);
        moto.serve(&mut emulator);
        let output = emulator.finish();
        ends_with(0, &output);
        contains(&String::from_utf8_lossy(&output.stdout), "\nmain\n");
        let said = output.complaint();
        contains(&said, "Ended as recorded: SUCCEEDED");
        let by_id = build != file.to_str().unwrap();
        assert_eq!(said.contains("in-the-cloud"), by_id, "{said}");
    }
    let mut emulator = Emulator::reproduce("latest:nobody", source.path(), Runtime::Host);
    moto.serve(&mut emulator);
    let output = emulator.finish();
    assert_ne!(output.code, Some(0));
    contains(&output.complaint(), "nobody");
    let unknown = "shop:11111111-2222-3333-4444-555555555555";
    let mut emulator = Emulator::reproduce(unknown, source.path(), Runtime::Host);
    moto.serve(&mut emulator);
    let output = emulator.finish();
    ends_with(2, &output);
    contains(&output.complaint(), "AWS knows no build shop:11111111");

    // What this tool records is what boto3 reads.
    let parse = "
import botocore.session, botocore.parsers
model = botocore.session.get_session().get_service_model('codebuild').operation_model('BatchGetBuilds')
body = json.dumps({'builds': [given]}).encode()
parser = botocore.parsers.create_parser('json')
[build] = parser.parse({'status_code': 200, 'headers': {}, 'body': body}, model.output_shape)['builds']
def lost(raw, read, place):
    if isinstance(raw, dict):
        return [x for k, v in raw.items() for x in ([place + k] if k not in read else lost(v, read[k], place + k + '.'))]
    if isinstance(raw, list):
        return [x for a, b in zip(raw, read) for x in lost(a, b, place)]
    return []
print(lost(given, build, ''), build['startTime'].tzinfo is not None, build['buildNumber'], end='')";
    let read = moto.fill(&source.record(), parse);
    assert!(read.starts_with("[] True "), "{read}");
    let source = source_with_a_full_project();
    ends_with(0, &source.run(Runtime::Host, &["--offline"]));
    let record = source.record();
    let read = moto.fill(&record, parse);
    assert!(read.starts_with("[] True "), "{read}");
}

const FULL_PROJECT: &str = r#"{
  "name": "shop", "serviceRole": "arn:aws:iam::1:role/r", "timeoutInMinutes": 30, "queuedTimeoutInMinutes": 10,
  "source": {"type": "GITHUB", "location": "https://token@github.com/o/shop.git", "gitCloneDepth": 1,
    "gitSubmodulesConfig": {"fetchSubmodules": true}},
  "secondarySources": [{"type": "S3", "location": "b/k", "sourceIdentifier": "more"}],
  "secondarySourceVersions": [{"sourceIdentifier": "more", "sourceVersion": "v1"}],
  "artifacts": {"type": "S3", "location": "bucket", "path": "p/q", "namespaceType": "BUILD_ID", "name": "app",
    "packaging": "ZIP", "encryptionDisabled": true},
  "secondaryArtifacts": [{"type": "S3", "location": "other", "name": "n", "artifactIdentifier": "Two"}],
  "cache": {"type": "LOCAL", "modes": ["LOCAL_SOURCE_CACHE"]},
  "environment": {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL",
    "certificate": "b/c.pem", "imagePullCredentialsType": "SERVICE_ROLE",
    "registryCredential": {"credential": "hub", "credentialProvider": "SECRETS_MANAGER"},
    "fleet": {"fleetArn": "arn:aws:codebuild:us-east-1:1:fleet/f"}},
  "vpcConfig": {"vpcId": "vpc-1", "subnets": ["s-1"], "securityGroupIds": ["g-1"]},
  "logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": "g", "streamName": "s"}},
  "fileSystemLocations": [{"type": "EFS", "location": "fs-1:/x", "mountPoint": "/mnt", "identifier": "e"}]
}"#;

/// Its build fails where `file` has a line of its own.
fn source_with_a_full_project() -> Source {
    let source = Source::with(
        "version: 0.2\nphases: {build: {commands: ['test ! -s file']}}\nartifacts:\n  files: ['*.yml']\n  \
         secondary-artifacts:\n    Two:\n      files: ['*.yml']\n",
    );
    fs::create_dir(source.path().join(".buildspec")).unwrap();
    fs::write(source.path().join(".buildspec/project.json"), FULL_PROJECT).unwrap();
    source
}

#[test]
fn a_record_says_what_its_project_said() {
    let source = source_with_a_full_project();
    let out = tempfile::tempdir().unwrap();
    ends_with(
        0,
        &source.run(Runtime::Host, &["-a", out.path().to_str().unwrap()]),
    );
    let record = source.record();
    let (_, uuid) = record["id"].as_str().unwrap().split_once(':').unwrap();
    let given: Value = serde_json::from_str(FULL_PROJECT).unwrap();
    for same in [
        "secondarySources",
        "secondarySourceVersions",
        "cache",
        "vpcConfig",
        "fileSystemLocations",
        "serviceRole",
        "timeoutInMinutes",
        "queuedTimeoutInMinutes",
    ] {
        assert_eq!(record[same], given[same], "{same}");
    }
    let mut environment = record["environment"].clone();
    let more = ["privilegedMode", "environmentVariables"];
    environment
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !more.contains(&name.as_str()));
    assert_eq!(environment, given["environment"]);
    assert_eq!(
        record["source"],
        json!({"type": "GITHUB", "location": "https://github.com/o/shop.git", "gitCloneDepth": 1,
            "gitSubmodulesConfig": {"fetchSubmodules": true}, "buildspec": "buildspec.yml"})
    );
    assert_eq!(
        record["logs"],
        json!({"groupName": "g", "streamName": format!("s/{uuid}")})
    );
    let place = out.path().join(format!("p/q/{uuid}/app.zip"));
    let artifacts = &record["artifacts"];
    assert_eq!(artifacts["location"], place.to_str().unwrap());
    assert_eq!(artifacts["encryptionDisabled"], true);
    assert_eq!(artifacts["overrideArtifactName"], false);
    let second = &record["secondaryArtifacts"];
    assert_eq!(second.as_array().unwrap().len(), 1);
    let place = out.path().join("secondary-artifacts/Two/n");
    assert_eq!(second[0]["location"], place.to_str().unwrap());
    assert!(place.join("buildspec.yml").is_file());

    // A build without artifacts says where they would have been, and is kept as that when it is reproduced.
    fs::write(source.path().join("file"), "x").unwrap();
    let text = fs::read_to_string(source.path().join("buildspec.yml")).unwrap();
    let pre = text.replace("build: {", "pre_build: {");
    fs::write(source.path().join("buildspec.yml"), pre).unwrap();
    ends_with(1, &source.run(Runtime::Host, &[]));
    let record = source.record();
    let (_, uuid) = record["id"].as_str().unwrap().split_once(':').unwrap();
    let place = format!("arn:aws:s3:::bucket/p/q/{uuid}/app.zip");
    assert_eq!(record["artifacts"]["location"], place);
    assert_eq!(
        record["secondaryArtifacts"][0]["location"],
        "arn:aws:s3:::other/n"
    );
    fs::remove_file(source.path().join("file")).unwrap();
    fs::remove_file(source.path().join(".buildspec/project.json")).unwrap();
    let build = source.kept().join("build.json");
    let emulator = Emulator::reproduce(build.to_str().unwrap(), source.path(), Runtime::Host);
    ends_with(0, &emulator.finish());
    let again = source.record();
    let (_, uuid) = again["id"].as_str().unwrap().split_once(':').unwrap();
    let place = source.kept().join(format!("artifacts/p/q/{uuid}/app.zip"));
    assert!(place.is_file(), "{}", place.display());
    assert_eq!(again["environment"]["fleet"], given["environment"]["fleet"]);
}

#[test]
fn credentials_that_are_not_to_be_had_are_an_error_of_the_environment() {
    let source = Source::empty();
    let id = "shop:11111111-2222-3333-4444-555555555555";
    let mut emulator = Emulator::reproduce(id, source.path(), Runtime::Host);
    emulator
        .command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "eu-west-1");
    let output = emulator.finish();
    ends_with(4, &output);
    contains(&output.complaint(), "no AWS credentials are to be had");
}
