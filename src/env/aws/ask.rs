//! The requests to Parameter Store and Secrets Manager, side by side.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_ssm::types::Parameter;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::explain::{Why, why};
use crate::env::reference::{Answers, Refusal, Wanted};
use crate::env::secret::Secret;
use crate::error::Result;
use crate::options::Access;

/// As many names as one request may hold.
const BATCH: usize = 10;
/// As many requests as may be under way.
const AT_ONCE: usize = 50;

/// Asks for all of these.
pub(super) async fn fetch(
    wanted: &[&Wanted],
    config: &SdkConfig,
    access: &Access,
) -> Result<Answers> {
    if wanted.is_empty() {
        return Ok(Answers::new());
    }
    let clients = Clients {
        parameters: aws_sdk_ssm::Client::new(config),
        secrets: aws_sdk_secretsmanager::Client::new(config),
    };
    let answers: Vec<Answers> = stream::iter(tasks(wanted))
        .map(|task| clients.ask(task, access))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(answers.into_iter().flatten().collect())
}

enum Task {
    Parameters(Vec<String>),
    Secret {
        id: String,
        stage: Option<String>,
        version: Option<String>,
    },
}

fn tasks(wanted: &[&Wanted]) -> Vec<Task> {
    let (mut names, mut tasks) = (Vec::new(), Vec::new());
    for wanted in wanted {
        match (*wanted).clone() {
            Wanted::Parameter(name) => names.push(name),
            Wanted::Secret { id, stage, version } => {
                tasks.push(Task::Secret { id, stage, version });
            }
        }
    }
    let batches = names
        .chunks(BATCH)
        .map(|names| Task::Parameters(names.to_vec()));
    tasks.extend(batches);
    tasks
}

struct Clients {
    parameters: aws_sdk_ssm::Client,
    secrets: aws_sdk_secretsmanager::Client,
}

impl Clients {
    async fn ask(&self, task: Task, access: &Access) -> Result<Answers> {
        match task {
            Task::Parameters(names) => self.parameters(names, access).await,
            Task::Secret { id, stage, version } => {
                let answer = self.secret(&id, stage.as_deref(), version.as_deref(), access);
                let answer = answer.await?;
                Ok(Answers::from([(
                    Wanted::Secret { id, stage, version },
                    answer,
                )]))
            }
        }
    }

    /// A request is refused as a whole for one bad name: then each name is asked for by itself.
    async fn parameters(&self, names: Vec<String>, access: &Access) -> Result<Answers> {
        if let Some(answers) = self.batch(&names, names.len() == 1, access).await? {
            return Ok(answers);
        }
        let each = stream::iter(names)
            .map(|name| async move { self.batch(&[name], true, access).await })
            .buffer_unordered(BATCH)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(each.into_iter().flatten().flatten().collect())
    }

    async fn batch(
        &self,
        names: &[String],
        alone: bool,
        access: &Access,
    ) -> Result<Option<Answers>> {
        let request = self
            .parameters
            .get_parameters()
            .set_names(Some(names.to_vec()))
            .with_decryption(true);
        let sent = request.send().await.map_err(|error| why(&error, access));
        let told = match (sent, names) {
            (Ok(told), _) => told,
            (Err(Why::NotAsked(error)), _) => return Err(*error),
            (Err(Why::Refused(message)), [name]) => {
                let refusal = Refusal::parameter(naming(message, name));
                return Ok(Some(Answers::from([(
                    Wanted::Parameter(name.clone()),
                    Err(refusal),
                )])));
            }
            (Err(Why::Refused(_)), _) => return Ok(None),
        };
        let known = by_every_name(told.parameters());
        let absent = told.invalid_parameters();
        let mut answers = Answers::new();
        for name in names {
            let only = (alone && !absent.contains(name))
                .then(|| told.parameters().first()?.value())
                .flatten();
            let answer = match known.get(name).copied().or(only) {
                Some(value) => Ok(Secret::new(value)),
                None if alone || absent.contains(name) => Err(Refusal::no_parameter(name)),
                // Told under a name that this program does not expect.
                None => return Ok(None),
            };
            answers.insert(Wanted::Parameter(name.clone()), answer);
        }
        Ok(Some(answers))
    }

    async fn secret(
        &self,
        id: &str,
        stage: Option<&str>,
        version: Option<&str>,
        access: &Access,
    ) -> Result<Result<Secret, Refusal>> {
        let request = self
            .secrets
            .get_secret_value()
            .secret_id(id)
            .set_version_stage(stage.map(str::to_owned))
            .set_version_id(version.map(str::to_owned));
        match request.send().await.map_err(|error| why(&error, access)) {
            Ok(told) => Ok(told.secret_string().map(Secret::new).ok_or_else(|| {
                Refusal::secret(format!(
                    "{id}: the secret is binary, and a variable holds text only"
                ))
            })),
            Err(Why::Refused(message)) => Ok(Err(Refusal::secret(naming(message, id)))),
            Err(Why::NotAsked(error)) => Err(*error),
        }
    }
}

/// AWS does not always say what it speaks of.
fn naming(message: String, name: &str) -> String {
    if message.contains(name) {
        message
    } else {
        format!("{message} ({name})")
    }
}

/// A parameter is told under its name, whatever it was asked for by.
fn by_every_name(parameters: &[Parameter]) -> BTreeMap<String, &str> {
    let mut known = BTreeMap::new();
    for parameter in parameters {
        let Some(value) = parameter.value() else {
            continue;
        };
        let selector = parameter.selector().unwrap_or_default();
        for name in [parameter.name(), parameter.arn()].into_iter().flatten() {
            known.insert(format!("{name}{selector}"), value);
        }
    }
    known
}
