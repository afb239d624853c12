//! A build as the API tells of it (`Build` of `BatchGetBuilds`, spec 22.4): what it was told, and how it went.

use jiff::Timestamp;

use super::file::{Remark, remark};
use super::value::{Kind, Value};
use super::{Project, api, decode, recorded_artifacts};
use crate::error::{Error, Result};
use crate::places::tree;
use crate::source::Source;

/// A build that is over, or was under way when it was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// Image, variables, sources and the rest, overrides of `StartBuild` included.
    pub project: Project,
    pub remarks: Vec<Remark>,
    /// `<project>:<uuid>`.
    pub id: String,
    pub arn: String,
    pub number: Option<u64>,
    /// `SUCCEEDED`, `FAILED` and their like; empty where the record does not say.
    pub status: String,
    pub current_phase: String,
    pub complete: bool,
    pub initiator: String,
    pub source_version: String,
    /// A commit, or nothing.
    pub resolved_source_version: String,
    pub phases: Vec<RecordedPhase>,
    /// Seconds since the epoch.
    pub started: Option<f64>,
    /// Seconds since the epoch.
    pub ended: Option<f64>,
    pub log_group: String,
    pub log_stream: String,
    /// The batch that it was part of.
    pub batch: Option<String>,
}

/// `BuildPhase`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedPhase {
    /// `BUILD` and its like.
    pub kind: String,
    /// Empty where it was not over.
    pub status: String,
    pub seconds: Option<f64>,
    /// Status codes and messages, the empty ones apart.
    pub contexts: Vec<(String, String)>,
}

/// What ended a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure<'a> {
    pub phase: &'a str,
    pub status: &'a str,
    pub message: &'a str,
    /// The command's text, where the message names it; its end may be cut off.
    pub command: Option<&'a str>,
}

impl Recorded {
    /// The first phase that did not succeed.
    pub fn failure(&self) -> Option<Failure<'_>> {
        let ended_well = |phase: &&RecordedPhase| {
            !matches!(phase.status.as_str(), "" | "SUCCEEDED" | "IN_PROGRESS")
        };
        let phase = self.phases.iter().find(ended_well)?;
        let message = phase
            .contexts
            .iter()
            .map(|(_, message)| message.as_str())
            .find(|message| !message.is_empty())
            .unwrap_or_default();
        Some(Failure {
            phase: &phase.kind,
            status: &phase.status,
            message,
            command: command_of(message),
        })
    }

    /// The twelve digits of its account.
    pub fn account(&self) -> Option<&str> {
        self.arn
            .split(':')
            .nth(4)
            .filter(|account| !account.is_empty())
    }

    /// Where it ran.
    pub fn region(&self) -> Option<&str> {
        self.arn
            .split(':')
            .nth(3)
            .filter(|region| !region.is_empty())
    }

    /// Whether this tool ran it.
    pub fn is_own(&self) -> bool {
        self.account() == Some("000000000000")
    }
}

/// `Error while executing command: npm test. Reason: exit status 1`.
fn command_of(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("Error while executing command: ")?;
    let command = rest.rsplit_once(". Reason:").map_or(rest, |(text, _)| text);
    Some(command.trim()).filter(|command| !command.is_empty())
}

/// Members of a build that say nothing about how to run it again.
const PASSED_OVER: &[&str] = &[
    "arn",
    "autoRetryConfig",
    "buildBatchArn",
    "buildComplete",
    "buildNumber",
    "buildStatus",
    "currentPhase",
    "debugSession",
    "endTime",
    "exportedEnvironmentVariables",
    "id",
    "initiator",
    "logs",
    "networkInterface",
    "phases",
    "reportArns",
    "resolvedSourceVersion",
    "startTime",
];

/// Reads one build out of a file's text: the output of `batch-get-builds` or `start-build`, or a `Build` alone.
///
/// `id` chooses one of several, by its id, ARN, uuid or number.
///
/// # Errors
///
/// The text holds no build, and the error says what it looks like; or several, and none of them was chosen.
pub fn read(source: &Source, id: Option<&str>) -> Result<Recorded> {
    let file = source.name();
    if source.text().trim().is_empty() {
        return Err(Error::usage(format!("{file} is empty")).hint(HOW_TO_GET));
    }
    let documents = tree::read(source).map_err(|unreadable| {
        let (line, column) = source.position(unreadable.at);
        let log = source.text().contains("[Container] ");
        let looks = if log {
            ": it looks like a build's log"
        } else {
            ""
        };
        let error = Error::usage(format!("{file} holds no build{looks}"));
        if log {
            return error
                .hint("a log goes with --log; BUILD is the build's record")
                .hint(HOW_TO_GET);
        }
        error
            .because(format!("line {line}, column {column}: {}", unreadable.why))
            .hint(HOW_TO_GET)
    })?;
    let values: Vec<_> = documents.iter().map(|root| api::value(root)).collect();
    let builds: Vec<&Value> = values.iter().flat_map(builds).collect();
    if builds.is_empty() {
        return Err(no_build(source, &values));
    }
    let value = choose(file, &builds, id)?;
    Ok(decode(source, value))
}

const HOW_TO_GET: &str = "aws codebuild batch-get-builds --ids ID > build.json";

fn builds(root: &Value) -> Vec<&Value> {
    let listed = root.get("builds").map(Value::items).unwrap_or_default();
    let single = root.get("build");
    // `--query builds` prints a bare list.
    listed
        .iter()
        .chain(root.items())
        .chain(single)
        .chain([root])
        .filter(|value| is_build(value))
        .collect()
}

fn is_build(value: &Value) -> bool {
    let has = |key| value.get(key).is_some();
    has("buildStatus") || has("buildComplete") || (has("projectName") && has("phases"))
}

fn choose<'v>(file: &str, builds: &[&'v Value], id: Option<&str>) -> Result<&'v Value> {
    let text = |value: &'v Value, key: &str| value.get(key).and_then(Value::known).unwrap_or("?");
    let ids = || {
        let ids: Vec<_> = builds.iter().map(|build| text(build, "id")).collect();
        ids.join(", ")
    };
    match (builds, id) {
        ([one], None) => Ok(one),
        (_, None) => Err(
            Error::usage(format!("{file} holds {} builds: {}", builds.len(), ids()))
                .hint(format!("choose one: '{file}#ID'")),
        ),
        (_, Some(id)) => builds
            .iter()
            .copied()
            .find(|build| {
                let own = text(build, "id");
                let uuid = own.rsplit_once(':').map_or("", |(_, uuid)| uuid);
                [own, uuid, text(build, "arn"), text(build, "buildNumber")].contains(&id)
            })
            .ok_or_else(|| {
                Error::usage(format!("{file} holds no build {id}"))
                    .hint(format!("it holds {}", ids()))
            }),
    }
}

/// Says what a file looks like that holds no build.
fn no_build(source: &Source, values: &[Value]) -> Error {
    let file = source.name();
    let has = |key: &str| values.iter().any(|value| value.get(key).is_some());
    let texts = |key: &str| -> Vec<&str> {
        let lists = values.iter().filter_map(|value| value.get(key));
        lists
            .flat_map(Value::items)
            .filter_map(Value::known)
            .collect()
    };
    let say = |what: &str| Error::usage(format!("{file} holds no build: {what}"));
    let batches = values.iter().flat_map(batches).collect::<Vec<_>>();
    if !batches.is_empty() {
        let children: Vec<_> = batches.iter().flat_map(|batch| children(batch)).collect();
        let error = say("it is a batch, which is many builds");
        return if children.is_empty() {
            error.hint(HOW_TO_GET)
        } else {
            error.hint(format!("name one of its builds: {}", children.join(", ")))
        };
    }
    if has("buildsNotFound") {
        let lost = texts("buildsNotFound").join(", ");
        return say(&format!("AWS did not find {lost}")).hint(
            "see which there are: aws codebuild list-builds-for-project --project-name NAME",
        );
    }
    if has("ids") {
        let first = texts("ids")
            .first()
            .map_or_else(|| "ID".to_owned(), |id| (*id).to_owned());
        return say("it lists ids only").hint(format!(
            "aws codebuild batch-get-builds --ids {first} > build.json"
        ));
    }
    let what = if has("projects") || (has("source") && has("environment")) {
        "it looks like a project: `run --project` takes that"
    } else if has("phases") && has("version") {
        "it looks like a buildspec: `run --buildspec` takes that"
    } else if has("Resources") {
        "it looks like a template: `run --project` takes that"
    } else if has("reports") {
        "it looks like reports"
    } else if source.text().contains("[Container] ") {
        "it looks like a build's log, which goes with --log"
    } else {
        "nothing in it has a `buildStatus`"
    };
    say(what).hint(HOW_TO_GET)
}

fn batches(root: &Value) -> Vec<&Value> {
    let listed = root
        .get("buildBatches")
        .map(Value::items)
        .unwrap_or_default();
    let single = root.get("buildBatch").into_iter().chain([root]);
    let is_batch = |value: &&Value| {
        value.get("buildBatchStatus").is_some() || value.get("buildGroups").is_some()
    };
    listed.iter().chain(single).filter(is_batch).collect()
}

/// The ids of a batch's builds, without the retried ones.
fn children(batch: &Value) -> Vec<&str> {
    let groups = batch
        .get("buildGroups")
        .map(Value::items)
        .unwrap_or_default();
    groups
        .iter()
        .filter_map(|group| group.get("currentBuildSummary")?.get("arn")?.known())
        .map(|arn| arn.rsplit_once("build/").map_or(arn, |(_, id)| id))
        .collect()
}

fn decode(source: &Source, value: &Value) -> Recorded {
    let mut findings = Vec::new();
    let mut project = decode::of_build(value, PASSED_OVER, &mut findings);
    let id = value.get("id").and_then(Value::known).unwrap_or_default();
    let uuid = id.rsplit_once(':').map_or("", |(_, uuid)| uuid);
    recorded_artifacts::settle(&mut project, value, uuid);
    findings.sort_by_key(|finding| finding.primary.span.start);
    let text = |value: Option<&Value>| value.and_then(Value::known).unwrap_or_default().to_owned();
    let of = |key: &str| text(value.get(key));
    let phases = value.get("phases").map(Value::items).unwrap_or_default();
    let (log_group, log_stream) = log_place(value);
    Recorded {
        project,
        remarks: findings
            .iter()
            .map(|finding| remark(source, finding))
            .collect(),
        id: of("id"),
        arn: of("arn"),
        number: of("buildNumber").parse().ok(),
        status: of("buildStatus"),
        current_phase: of("currentPhase"),
        complete: of("buildComplete") == "true",
        initiator: of("initiator"),
        source_version: of("sourceVersion"),
        resolved_source_version: of("resolvedSourceVersion"),
        phases: phases.iter().map(phase).collect(),
        started: time(value.get("startTime")),
        ended: time(value.get("endTime")),
        log_group,
        log_stream,
        batch: Some(of("buildBatchArn")).filter(|arn| !arn.is_empty()),
    }
}

/// Group and stream of the log; where the record does not say, those that `CodeBuild` makes up.
fn log_place(value: &Value) -> (String, String) {
    let logs = value.get("logs");
    let text = |value: Option<&Value>| value.and_then(Value::known).map(str::to_owned);
    let named = |key: &str| {
        text(logs.and_then(|logs| logs.get(key)))
            .or_else(|| text(logs.and_then(|logs| logs.get("cloudWatchLogs")?.get(key))))
    };
    let project = text(value.get("projectName")).unwrap_or_default();
    let id = text(value.get("id")).unwrap_or_default();
    let uuid = id.rsplit_once(':').map_or("", |(_, uuid)| uuid).to_owned();
    (
        named("groupName").unwrap_or_else(|| format!("/aws/codebuild/{project}")),
        text(logs.and_then(|logs| logs.get("streamName"))).unwrap_or(uuid),
    )
}

fn phase(value: &Value) -> RecordedPhase {
    let text = |value: &Value, key: &str| {
        value
            .get(key)
            .and_then(Value::known)
            .unwrap_or_default()
            .to_owned()
    };
    let contexts = value.get("contexts").map(Value::items).unwrap_or_default();
    let contexts = contexts
        .iter()
        .map(|context| (text(context, "statusCode"), text(context, "message")))
        .filter(|(code, message)| !code.trim().is_empty() || !message.trim().is_empty());
    RecordedPhase {
        kind: text(value, "phaseType"),
        status: text(value, "phaseStatus"),
        seconds: text(value, "durationInSeconds").parse().ok(),
        contexts: contexts.collect(),
    }
}

/// Seconds since the epoch: the API's number, or what version 2 of the AWS CLI makes of it.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since the epoch fit 52 bits"
)]
fn time(value: Option<&Value>) -> Option<f64> {
    let Kind::Text(filled) = &value?.kind else {
        return None;
    };
    let text = filled.text.trim();
    text.parse().ok().or_else(|| {
        let at: Timestamp = text.parse().ok()?;
        Some(at.as_millisecond() as f64 / 1000.0)
    })
}
