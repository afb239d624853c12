//! Builds and logs, asked of AWS by id.
//!
//! A build from AWS goes the same way as one from a file: the answer's own bytes are read.

use aws_config::SdkConfig;
use aws_sdk_ssm::config::Credentials;
use serde_json::{Value, json};

use super::recorded_log::LONG;
use crate::env::aws as account;
use crate::env::aws::call::{Refused, Service, call};
use crate::error::{Error, Result};
use crate::options::Access;
use crate::project::build::Recorded;

const BUILDS: Service = Service {
    name: "codebuild",
    id: "CodeBuild",
    target: "CodeBuild_20161006",
};

const LOGS: Service = Service {
    name: "logs",
    id: "CloudWatch Logs",
    target: "Logs_20140328",
};

/// Which build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// An id or an ARN.
    Id(String),
    /// The newest of this project.
    Latest(String),
}

/// What was asked for is not a file's name: an ARN, `<project>:<uuid>`, `latest:PROJECT`.
pub fn wanted(text: &str) -> Option<Wanted> {
    if let Some(project) = text
        .strip_prefix("latest:")
        .filter(|project| !project.is_empty())
    {
        return Some(Wanted::Latest(project.to_owned()));
    }
    let id = text.rsplit_once(":build/").map_or(text, |(_, id)| id);
    let (project, uuid) = id.split_once(':')?;
    let is_uuid = uuid.len() == 36
        && uuid
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    (is_uuid && !project.is_empty() && !project.contains('/')).then(|| Wanted::Id(text.to_owned()))
}

/// The build as `BatchGetBuilds` tells of it.
///
/// # Errors
///
/// AWS could not be asked, or knows no such build.
pub async fn build(wanted: &Wanted, access: &Access) -> Result<String> {
    let account = Account::of(wanted, access).await?;
    let id = match wanted {
        Wanted::Id(id) => id
            .rsplit_once(":build/")
            .map_or_else(|| id.clone(), |(_, id)| id.to_owned()),
        Wanted::Latest(project) => {
            let asked = json!({ "projectName": project, "sortOrder": "DESCENDING" });
            let answer = account.ask(BUILDS, "ListBuildsForProject", &asked).await?;
            let answer = parsed(&answer.map_err(|refused| no(&refused))?);
            let first = answer["ids"][0].as_str().map(str::to_owned);
            first.ok_or_else(|| Error::usage(format!("the project {project} has no builds")))?
        }
    };
    let answer = account
        .ask(BUILDS, "BatchGetBuilds", &json!({ "ids": [id] }))
        .await?;
    let bytes = answer.map_err(|refused| no(&refused))?;
    if parsed(&bytes)["builds"]
        .as_array()
        .is_none_or(Vec::is_empty)
    {
        let region = account.config.region().map_or("?", AsRef::as_ref);
        return Err(Error::usage(format!("AWS knows no build {id} in {region}"))
            .hint("another region: --region REGION; another account: --profile NAME"));
    }
    String::from_utf8(bytes)
        .map_err(|error| Error::environment("AWS's answer is not UTF-8").because(error))
}

/// The build's log; nothing where it has none, or it is gone.
///
/// # Errors
///
/// AWS could not be asked, or refuses.
pub async fn log(recorded: &Recorded, access: &Access) -> Result<Option<String>> {
    if recorded.log_group.is_empty() || recorded.log_stream.is_empty() {
        return Ok(None);
    }
    let account = Account::of(&Wanted::Id(recorded.arn.clone()), access).await?;
    let mut log = String::new();
    let mut token: Option<String> = None;
    loop {
        let mut page = json!({
            "logGroupName": recorded.log_group,
            "logStreamName": recorded.log_stream,
            "startFromHead": true,
        });
        if let Some(token) = &token {
            page["nextToken"] = token.as_str().into();
        }
        let answer = match account.ask(LOGS, "GetLogEvents", &page).await? {
            Ok(bytes) => parsed(&bytes),
            Err(refused) if refused.code == "ResourceNotFoundException" => return Ok(None),
            Err(refused) => return Err(no(&refused)),
        };
        for event in answer["events"].as_array().into_iter().flatten() {
            let message = event["message"].as_str().unwrap_or_default();
            log.push_str(message);
            if !message.ends_with('\n') {
                log.push('\n');
            }
        }
        // The last page names itself as the next one. More than this is not compared whole anyway.
        let next = answer["nextForwardToken"].as_str().map(str::to_owned);
        if next.is_none() || next == token || log.len() as u64 > 2 * LONG {
            return Ok(Some(log));
        }
        token = next;
    }
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

fn no(refused: &Refused) -> Error {
    Error::usage(format!(
        "AWS refuses: {}: {}",
        refused.code, refused.message
    ))
}

/// As whom and where AWS is asked.
struct Account {
    config: SdkConfig,
    credentials: Credentials,
    access: Access,
}

impl Account {
    /// An ARN says in which region the build ran; without one it is the user's.
    async fn of(wanted: &Wanted, access: &Access) -> Result<Self> {
        let mut access = access.clone();
        if let Wanted::Id(id) = wanted
            && access.region.is_none()
            && id.starts_with("arn:")
        {
            access.region = id.split(':').nth(3).map(str::to_owned);
        }
        let (config, credentials) = account::caller(&access, "buildspec-reproduce", true).await?;
        Ok(Self {
            config,
            credentials,
            access,
        })
    }

    async fn ask(
        &self,
        service: Service,
        operation: &str,
        body: &Value,
    ) -> Result<Result<Vec<u8>, Refused>> {
        call(
            service,
            operation,
            body,
            &self.config,
            &self.credentials,
            &self.access,
        )
        .await
    }
}
