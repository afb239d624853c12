//! Parameters and secrets: told by moto or by a file, exact in the build, and seen nowhere else.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::harness::{Emulator, Output, Runtime, docker, say_loudly};
use crate::moto::{self, Moto, free_port};

const REFERENCES: &str = "version: 0.2
env:
  parameter-store: {A: /a, B: /b}
  secrets-manager: {C: db:password}
phases:
  build:
    commands: ['echo \"<$A|$B|$C>\"']
";

const FILE: &str = "\
parameter-store: {/a: value-of-a, /b: value-of-b}
secrets-manager: {db: {password: value-of-c}}
";

fn source(buildspec: &str) -> TempDir {
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("buildspec.yml"), buildspec).unwrap();
    source
}

/// Writes the secrets file where it is looked for.
fn give(source: &TempDir, text: &str, mode: u32) {
    let folder = source.path().join(".buildspec");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("secrets.yml");
    fs::write(&file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

fn host(source: &TempDir, prepare: impl FnOnce(&mut Emulator)) -> Output {
    let mut emulator = Emulator::run(source.path(), Runtime::Host);
    // Nobody's machine is a part of AWS: its address for credentials would only cost time.
    emulator.command.env("AWS_EC2_METADATA_DISABLED", "true");
    prepare(&mut emulator);
    emulator.finish()
}

fn record(source: &TempDir) -> Value {
    let file = source.path().join(".buildspec/latest/build.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// The log in `CodeBuild`'s own form has no place for warnings; the events have.
fn warnings(source: &TempDir) -> String {
    let file = source.path().join(".buildspec/latest/events.jsonl");
    let events = fs::read_to_string(file).unwrap();
    let lines = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|event: &Value| event["event"] == "warning")
        .map(|event| format!("{}\n", event["text"].as_str().unwrap()))
        .collect()
}

#[track_caller]
fn ends_with(code: i32, output: &Output) {
    assert_eq!(
        output.code,
        Some(code),
        "{}{}",
        log(output),
        output.complaint()
    );
}

fn log(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn says(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is missing in\n{text}");
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every file below a folder that holds one of these texts.
fn holding(folder: &Path, texts: &[&str]) -> Vec<String> {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten();
    files
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| {
            let bytes = fs::read(entry.path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            texts.iter().any(|secret| text.contains(secret))
        })
        .map(|entry| entry.path().display().to_string())
        .collect()
}

#[test]
fn every_form_of_reference_arrives_byte_exact() {
    for server in Moto::both("every_form_of_reference_arrives_byte_exact") {
        every_form_arrives(&server);
    }
}

fn every_form_arrives(moto: &Moto) {
    let odd = "line 1\n'quotes' \"$HOME\" `id` \\n \\\\ \u{1f980}\r\n\ttab\n\n";
    let long = "0123456789abcde\n".repeat(4_096);
    let given = json!({ "odd": odd, "long": long });
    let arn = moto.fill(
        &given,
        "
for i in range(12): ssm.put_parameter(Name=f'/n/{i}', Type='SecureString', Value=f'number-{i}')
ssm.put_parameter(Name='/odd', Type='SecureString', Value=given['odd'])
ssm.put_parameter(Name='/v', Type='String', Value='first')
ssm.put_parameter(Name='/v', Type='String', Value='second', Overwrite=True)
ssm.label_parameter_version(Name='/v', ParameterVersion=1, Labels=['old'])
ssm.put_parameter(Name='/list', Type='StringList', Value='x,y,z')
sm.create_secret(Name='long', SecretString=given['long'])
arn = sm.create_secret(Name='db', SecretString='{\"user\": \"me\", \"port\": 5432, \"o\": {\"a\": [1, 2]}}')['ARN']
sm.put_secret_value(SecretId='db', SecretString='{\"user\": \"you\", \"port\": 5433, \"o\": {\"a\": [1, 3]}}')
print(arn, end='')",
    );
    let numbers: String = (0..12).map(|i| format!("    N{i}: /n/{i}\n")).collect();
    let checks: String = (0..12)
        .map(|i| format!("        [ \"$N{i}\" = \"$(printf %s-%s number {i})\" ] || exit 1\n"))
        .collect();
    let source = source(&format!(
        "version: 0.2
env:
  parameter-store:
{numbers}    ODD: /odd
    V: /v
    V1: /v:1
    OLD: /v:old
    LIST: /list
  secrets-manager:
    LONG: long
    USER: db:user
    PORT: '{arn}:port'
    OBJECT: db:o
    PREVIOUS: db:user:AWSPREVIOUS
phases:
  build:
    commands:
      - |
{checks}      - printf %s \"$ODD\" | sha256sum
      - printf %s \"$LONG\" | sha256sum
      - for value in \"$V\" \"$V1\" \"$OLD\" \"$LIST\" \"$USER\" \"$PORT\" \"$OBJECT\" \"$PREVIOUS\"; do printf %s \"$value\" | sha256sum; done
"
    ));
    let in_a_container = docker().is_ok();
    if !in_a_container {
        say_loudly("NOT TESTED: exact values with docker");
    }
    for runtime in [Runtime::Host, Runtime::Docker] {
        if runtime == Runtime::Docker && !in_a_container {
            continue;
        }
        let mut emulator = Emulator::run(source.path(), runtime);
        moto.serve(&mut emulator);
        let output = emulator.finish();
        ends_with(0, &output);
        let said = log(&output);
        says(&said, "Processing environment variables\n");
        says(&said, "Decrypting parameter store environment variables\n");
        has_arrived(&said, odd, &long);
    }
}

fn has_arrived(said: &str, odd: &str, long: &str) {
    let values = [
        odd,
        long,
        "second",
        "first",
        "first",
        "x,y,z",
        "you",
        "5433",
        r#"{"a":[1,3]}"#,
        "me",
    ];
    for value in values {
        says(said, &digest(value));
    }
}

#[test]
fn all_that_is_missing_is_one_message() {
    for server in Moto::both("all_that_is_missing_is_one_message") {
        all_that_is_missing(&server);
    }
}

fn all_that_is_missing(moto: &Moto) {
    moto.fill(
        &json!(null),
        "
ssm.put_parameter(Name='/there', Type='String', Value='there')
sm.create_secret(Name='text', SecretString='only text')
sm.create_secret(Name='json', SecretString='{\"a\": 1}')
sm.create_secret(Name='binary', SecretBinary=b'xyz')",
    );
    let all = source(
        "version: 0.2
env:
  parameter-store: {A: /there, B: /missing, C: '/there:7', D: /gone}
  secrets-manager: {E: nowhere, F: 'text:key', G: 'json:key', H: binary}
phases: {build: {commands: ['echo ran']}}
",
    );
    let output = host(&all, |emulator| moto.serve(emulator));
    ends_with(1, &output);
    let log = log(&output);
    says(&log, "Phase complete: DOWNLOAD_SOURCE State: FAILED");
    says(
        &log,
        "Phase context status code: Decrypted Variables Error Message: parameter does not exist: /missing, /there:7, /gone; ",
    );
    says(
        &log,
        "Secrets Manager Error: ResourceNotFoundException: Secrets Manager can't find the specified secret. (nowhere)",
    );
    says(&log, "text:key: secret is not a JSON object");
    says(&log, "json:key: secret has no key \"key\"");
    says(&log, "binary: the secret is binary");
    assert!(!log.contains("ran"), "{log}");
    let phases = record(&all)["phases"].to_string();
    says(&phases, "\"statusCode\":\"Decrypted Variables Error\"");

    let one = source(
        "version: 0.2
env: {secrets-manager: {E: nowhere}}
phases: {build: {commands: ['echo ran']}}
",
    );
    let output = host(&one, |emulator| moto.serve(emulator));
    ends_with(1, &output);
    says(
        &String::from_utf8_lossy(&output.stdout),
        "Phase context status code: Secrets Manager Error Message: ResourceNotFoundException: ",
    );
}

#[test]
fn what_aws_refuses_fails_the_build_and_what_it_does_not_answer_does_not() {
    let source = source(REFERENCES);
    let sentence =
        "User: arn:aws:iam::1:user/x is not authorized to perform: that on resource: this";
    let url = moto::refusing(400, "AccessDeniedException", sentence);
    let output = host(&source, |emulator| moto::ask(&mut emulator.command, &url));
    ends_with(1, &output);
    says(
        &log(&output),
        &format!(
            "Phase context status code: Decrypted Variables Error Message: AccessDeniedException: {sentence} (/a); "
        ),
    );
    for part in ["(/b)", "(db)"] {
        says(&log(&output), part);
    }

    for (status, code, hint) in [
        (400, "ThrottlingException", "--write-secrets-template"),
        (
            400,
            "UnrecognizedClientException",
            "aws sts get-caller-identity",
        ),
        (400, "ExpiredTokenException", "aws sso login --profile mine"),
        (500, "InternalServerError", "--write-secrets-template"),
    ] {
        let url = moto::refusing(status, code, "so it is");
        let output = host(&source, |emulator| {
            moto::ask(&mut emulator.command, &url);
            emulator.command.env("AWS_PROFILE", "mine");
        });
        ends_with(4, &output);
        says(
            &output.complaint(),
            &format!("AWS did not answer: {code}: so it is"),
        );
        says(&output.complaint(), hint);
    }
}

#[test]
fn what_cannot_be_asked_ends_with_four_in_bounded_time() {
    let source = source(REFERENCES);
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let output = host(&source, |emulator| {
        moto::ask(&mut emulator.command, &nobody);
    });
    ends_with(4, &output);
    says(&output.complaint(), "AWS can't be reached");
    assert!(output.took < Duration::from_secs(20), "{:?}", output.took);

    let output = host(&source, |emulator| {
        emulator.command.env("AWS_REGION", "eu-west-1");
    });
    ends_with(4, &output);
    says(&output.complaint(), "no AWS credentials are to be had");

    let output = host(&source, |_| {});
    ends_with(4, &output);
    says(&output.complaint(), "no AWS region is set");

    let output = host(&source, |emulator| {
        emulator
            .command
            .args(["--region", "eu-west-1", "--profile", "nobody"]);
    });
    ends_with(4, &output);
    says(&output.complaint(), "nobody");
}

#[test]
fn an_expired_sign_in_names_the_command() {
    let source = source(REFERENCES);
    let aws = tempfile::tempdir().unwrap();
    let config = aws.path().join("config");
    fs::write(
        &config,
        "[profile work]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = dev\n\
         [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.invalid/start\n",
    )
    .unwrap();
    // No session at all, and one that is over. Its file is named by the SHA-1 of the session's name.
    let cached = aws
        .path()
        .join(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json");
    for is_cached in [false, true] {
        if is_cached {
            fs::create_dir_all(cached.parent().unwrap()).unwrap();
            let token = json!({
                "startUrl": "https://example.invalid/start", "region": "eu-west-1",
                "accessToken": "token-of-yesterday", "expiresAt": "2020-01-01T00:00:00Z",
            });
            fs::write(&cached, token.to_string()).unwrap();
        }
        let output = host(&source, |emulator| {
            emulator
                .command
                .env("HOME", aws.path())
                .env("AWS_CONFIG_FILE", &config)
                .args(["--profile", "work"]);
        });
        ends_with(4, &output);
        says(
            &output.complaint(),
            "hint: sign in again: aws sso login --profile work",
        );
        assert!(!output.complaint().contains("token-of-yesterday"));
    }
}

#[test]
fn a_file_stands_in_for_aws_and_nothing_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let source = source(REFERENCES);
    give(&source, FILE, 0o600);
    for offline in [true, false] {
        let output = host(&source, |emulator| {
            moto::ask(&mut emulator.command, &url);
            if offline {
                emulator.command.arg("--offline");
            }
        });
        ends_with(0, &output);
        says(&log(&output), "<***|***|***>");
        let complaint = output.complaint();
        let others = complaint
            .lines()
            .filter(|line| !line.contains("`buildspec validate` finds"));
        assert_eq!(others.count(), 0, "{complaint}");
    }
    give(&source, "parameter-store: {/a: value-of-a}", 0o600);
    let output = host(&source, |emulator| {
        moto::ask(&mut emulator.command, &url);
        emulator.command.arg("--offline");
    });
    ends_with(4, &output);
    says(
        &output.complaint(),
        "--offline forbids to ask AWS, and these have no value in ",
    );
    says(&output.complaint(), "secrets.yml: /b, db\n");
    assert!(listener.accept().is_err(), "somebody called");
}

#[test]
fn only_what_the_file_lacks_is_asked() {
    let Some(moto) = Moto::start("only_what_the_file_lacks_is_asked") else {
        return;
    };
    moto.fill(
        &json!(null),
        "ssm.put_parameter(Name='/b', Type='String', Value='b-of-aws')
sm.create_secret(Name='db', SecretString='{\"password\": \"c-of-aws\"}')",
    );
    let source =
        source(&REFERENCES.replace("echo \"<$A|$B|$C>\"", "printf %s \"$A|$B|$C\" | sha256sum"));
    give(
        &source,
        "parameter-store: {/a: a-of-mine}\nsecrets-manager: {db: {other: x}}",
        0o600,
    );
    let output = host(&source, |emulator| moto.serve(emulator));
    ends_with(0, &output);
    says(&log(&output), &digest("a-of-mine|b-of-aws|c-of-aws"));
}

#[test]
fn a_file_that_others_can_see_is_warned_about() {
    let source = source(REFERENCES);
    give(&source, FILE, 0o644);
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(source.path()).args(arguments);
        assert!(git.output().unwrap().status.success(), "git {arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-f", ".buildspec/secrets.yml"]);
    let output = host(&source, |_| {});
    ends_with(0, &output);
    says(&warnings(&source), "others can read ");
    says(&warnings(&source), "Git tracks ");
}

#[test]
fn a_bad_file_is_told_without_its_secrets() {
    let source = source(REFERENCES);
    give(&source, "parameter-store:\n  /a: [hunter2]\n", 0o600);
    let output = host(&source, |_| {});
    ends_with(2, &output);
    says(
        &output.complaint(),
        "secrets.yml:2:7: a text is wanted here",
    );
    assert!(!output.complaint().contains("hunter2"));
    let output = host(&source, |emulator| {
        emulator.command.args(["--secrets", "/nowhere/s.yml"]);
    });
    ends_with(2, &output);
    says(&output.complaint(), "there is no such file");
}

#[test]
fn the_template_is_written_once_and_can_be_filled_in() {
    let source = source(REFERENCES);
    let write = || {
        host(&source, |emulator| {
            emulator.command.arg("--write-secrets-template");
        })
    };
    let output = write();
    ends_with(0, &output);
    let file = source.path().join(".buildspec/secrets.yml");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let template = fs::read_to_string(&file).unwrap();
    assert!(template.ends_with("parameter-store:\n  \"/a\":\n  \"/b\":\nsecrets-manager:\n  \"db\":\n    \"password\":\n"), "{template}");
    assert!(
        !source.path().join(".buildspec/builds").exists(),
        "nothing was run"
    );
    let output = write();
    ends_with(2, &output);
    says(&output.complaint(), "is there already");

    let filled = template
        .replace("\":\n", "\": value\n")
        .replace("\"db\": value", "\"db\":");
    fs::write(&file, filled).unwrap();
    let output = host(&source, |emulator| {
        emulator.command.arg("--offline");
    });
    ends_with(0, &output);
}

#[test]
fn a_secret_is_seen_nowhere() {
    let secrets = [
        "hunter2-hunter2",
        "line-one-of-it",
        "line-two-of-it",
        "with \"quotes\"",
    ];
    let source = source(
        "version: 0.2
env:
  variables: {PLAIN: shown}
  parameter-store: {PASSWORD: /p, KEY: /k, QUOTED: /q, PIN: /pin}
  exported-variables: [PASSWORD, WRAPPED, PLAIN, AWS_X, NEVER]
phases:
  build:
    commands:
      - echo hunter2-hunter2 is typed here
      - echo \"$PASSWORD$PASSWORD\"; echo \"$KEY\"; echo \"$QUOTED\"; echo \"pin $PIN\"; env; set
      - printf hunter2-; sleep 0.1; printf 'hunter2\\n'
      - printf 'with \\\\\"quotes\\\\\"\\n'
      - echo AKIAIOSFODNN7EXAMPLE
      - export WRAPPED=\"<$PASSWORD>\" AWS_X=1
      - sh -c 'exit 3' \"$PASSWORD\" hunter2-hunter2
",
    );
    give(
        &source,
        "parameter-store:
  /p: hunter2-hunter2
  /k: |
    line-one-of-it
    line-two-of-it
  /q: with \"quotes\"
  /pin: '123'
",
        0o600,
    );
    let temporary = tempfile::tempdir().unwrap();
    for format in ["codebuild", "pretty", "json"] {
        let mut emulator = Emulator::with_format(source.path(), Runtime::Host, format);
        emulator.command.env("TMPDIR", temporary.path());
        let output = emulator.finish();
        ends_with(1, &output);
        let all = log(&output) + &output.complaint();
        for secret in secrets
            .iter()
            .chain(&["with \\\"quotes", "AKIAIOSFODNN7EXAMPLE"])
        {
            assert!(!all.contains(secret), "{format}: {secret}\n{all}");
        }
        says(&warnings(&source), "are not masked: PIN");
        says(&all, "pin 123");
        says(&all, "shown");
    }
    for warning in [
        "the value of PASSWORD holds a secret, and is kept as ***",
        "the value of WRAPPED holds a secret, and is kept as <***>",
        "AWS_X is left out: names that begin with AWS_ can't be exported",
        "NEVER is left out: it has no value",
    ] {
        says(&warnings(&source), warning);
    }
    fs::remove_file(source.path().join(".buildspec/secrets.yml")).unwrap();
    assert_eq!(
        holding(&source.path().join(".buildspec"), &secrets),
        [""; 0]
    );
    assert_eq!(
        fs::read_dir(temporary.path()).unwrap().count(),
        0,
        "files are left"
    );
    let exported = record(&source)["exportedEnvironmentVariables"].clone();
    assert_eq!(
        exported,
        json!([
            { "name": "PASSWORD", "value": "***" },
            { "name": "WRAPPED", "value": "<***>" },
            { "name": "PLAIN", "value": "shown" },
        ])
    );
}

#[test]
fn the_engine_and_the_process_list_know_no_secret() {
    if let Err(why) = docker() {
        return say_loudly(&format!("NOT TESTED: secrets with docker: {why}"));
    }
    let secret = "hunter2-hunter2-in-docker";
    let source = source(
        "version: 0.2
env: {parameter-store: {PASSWORD: /p}}
phases:
  build:
    commands:
      - echo made-by-the-build >made; echo made-by-the-build >/etc/made
      - '[ \"$PASSWORD\" ] && echo begun'
      - sleep 5
      - echo \"<$PASSWORD>\"
",
    );
    give(
        &source,
        &format!("parameter-store: {{/p: {secret}}}"),
        0o600,
    );
    let mut emulator = Emulator::run(source.path(), Runtime::Docker);
    emulator.command.arg("--offline");
    let running = emulator.start();
    while !String::from_utf8_lossy(&running.stdout.so_far()).contains("\nbegun\n") {
        assert!(
            !running.stdout.thread.is_finished(),
            "it ended before its time"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = record(&source)["id"].as_str().unwrap().to_owned();
    let uuid = id.rsplit(':').next().unwrap();
    let label = format!("label=buildspec.build={uuid}");
    let ask = |arguments: &[&str]| {
        let output = Command::new("docker").args(arguments).output().unwrap();
        assert!(output.status.success(), "docker {arguments:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let container = ask(&["ps", "-q", "--filter", &label]);
    let inspected = ask(&["inspect", container.trim()]);
    says(&inspected, uuid);
    assert!(!inspected.contains(secret), "{inspected}");
    // The container's own layer, and the volumes that the source's upper layer is one of.
    let mut layers = vec![ask(&[
        "inspect",
        "-f",
        "{{.GraphDriver.Data.UpperDir}}",
        container.trim(),
    ])];
    for volume in ask(&["volume", "ls", "-q", "--filter", &label]).lines() {
        layers.push(ask(&["volume", "inspect", "-f", "{{.Mountpoint}}", volume]));
    }
    if layers
        .iter()
        .all(|layer| fs::read_dir(layer.trim()).is_err())
    {
        say_loudly("NOT TESTED: the layers of a build with secrets: only root can read them");
    } else {
        let found = |text| -> Vec<String> {
            let each = layers.iter().map(|layer| Path::new(layer.trim()));
            each.flat_map(|layer| holding(layer, &[text])).collect()
        };
        assert!(found("made-by-the-build").len() >= 2, "{layers:?}");
        assert_eq!(found(secret), [""; 0]);
    }
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(!line.contains(secret), "{line}");
    }
    let output = running.finish();
    ends_with(0, &output);
    says(&log(&output), "<***>");
}

#[test]
fn values_that_no_program_can_hold_are_refused_by_name() {
    let source = source(REFERENCES);
    let long = "x".repeat(128 * 1024);
    give(
        &source,
        &format!(
            "parameter-store: {{/a: \"a\\0b\", /b: {long}}}\nsecrets-manager: {{db: {{password: y}}}}"
        ),
        0o600,
    );
    let output = host(&source, |_| {});
    ends_with(1, &output);
    says(
        &log(&output),
        "the value of A holds a NUL character; the value of B is longer than the 128 KiB",
    );
}

#[test]
fn an_override_spares_the_reference() {
    let source = source(REFERENCES);
    let output = host(&source, |emulator| {
        emulator
            .command
            .args(["-e", "A=1", "-e", "B=2", "-e", "C=3"]);
    });
    ends_with(0, &output);
    says(&log(&output), "<1|2|3>");
    assert!(!log(&output).contains("Decrypting"));
}

#[test]
fn an_event_tells_the_build_what_a_webhook_would() {
    let source = source(
        "version: 0.2
phases: {build: {commands: ['env | grep -e WEBHOOK -e INITIATOR -e SOURCE_VERSION | sort']}}
",
    );
    let output = host(&source, |emulator| {
        emulator.command.args(["--event", "pr:12"]);
    });
    ends_with(0, &output);
    for line in [
        "CODEBUILD_INITIATOR=GitHub-Hookshot/0000000",
        "CODEBUILD_SOURCE_VERSION=pr/12",
        "CODEBUILD_WEBHOOK_EVENT=PULL_REQUEST_UPDATED",
        "CODEBUILD_WEBHOOK_TRIGGER=pr/12",
    ] {
        says(&log(&output), &format!("{line}\n"));
    }
    assert_eq!(record(&source)["sourceVersion"], "pr/12");
    let output = host(&source, |emulator| {
        emulator.command.args(["--event", "merge:12"]);
    });
    ends_with(2, &output);
}

#[test]
fn what_the_project_takes_from_aws_is_never_exported() {
    let source = source(
        "version: 0.2
env: {exported-variables: [OF_THE_PROJECT, OWN]}
phases: {build: {commands: ['OWN=own']}}
",
    );
    give(&source, FILE, 0o600);
    let project = json!({ "name": "shop", "environment": { "environmentVariables": [
        { "name": "OF_THE_PROJECT", "value": "/a", "type": "PARAMETER_STORE" },
    ] } });
    let file = source.path().join(".buildspec/project.json");
    fs::write(file, project.to_string()).unwrap();
    let output = host(&source, |_| {});
    ends_with(0, &output);
    says(
        &warnings(&source),
        "OF_THE_PROJECT is left out: the project takes it from Parameter Store or Secrets Manager",
    );
    let exported = record(&source)["exportedEnvironmentVariables"].clone();
    assert_eq!(exported, json!([{ "name": "OWN", "value": "own" }]));
}

#[test]
fn a_prompt_appears_before_it_is_answered() {
    let source = source(
        "version: 0.2
env: {parameter-store: {A: /a}}
phases: {build: {commands: ['printf \"your name? val\"; sleep 3; echo ue']}}
",
    );
    // What could be the start of the secret is held back, and nothing else.
    give(&source, FILE, 0o600);
    let running = Emulator::run(source.path(), Runtime::Host).start();
    let so_far = || String::from_utf8_lossy(&running.stdout.so_far()).into_owned();
    while !so_far().contains("\nyour name? ") {
        assert!(!running.stdout.thread.is_finished(), "it never appeared");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(so_far().ends_with("\nyour name? "), "{}", so_far());
    let output = running.finish();
    ends_with(0, &output);
    says(&log(&output), "\nyour name? value\n");
}
