//! `build.json`: the build in the shape of the API's `Build` (spec 22.4), true at every moment.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::project::{OfProject, Submodules};
use crate::engine::event::Event;
use crate::engine::journal::Watcher;
use crate::engine::phase::{Context, PhaseType, Status};
use crate::env::builtin::Identity;
use crate::env::mask::Rewriter;

/// `Build` of the API; absent members are left out, times are seconds since the epoch.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    pub id: String,
    pub arn: String,
    pub build_number: u64,
    pub start_time: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<f64>,
    pub current_phase: PhaseType,
    pub build_status: Status,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resolved_source_version: String,
    pub project_name: String,
    pub phases: Vec<BuildPhase>,
    pub source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<BuildArtifacts>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secondary_artifacts: Vec<BuildArtifacts>,
    pub cache: Cache,
    pub environment: Environment,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_role: Option<String>,
    pub logs: Logs,
    pub timeout_in_minutes: u32,
    pub queued_timeout_in_minutes: u32,
    pub build_complete: bool,
    pub initiator: String,
    pub encryption_key: String,
    pub exported_environment_variables: Vec<ExportedVariable>,
    pub report_arns: Vec<String>,
    #[serde(flatten)]
    pub of_project: OfProject,
}

/// `BuildPhase` of the API.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildPhase {
    pub phase_type: PhaseType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase_status: Option<Status>,
    pub start_time: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_in_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<Context>,
}

/// `ProjectSource` of the API, as far as a local build has one.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Absent where no project says it: the API has no name for a folder of this machine.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git_clone_depth: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git_submodules_config: Option<Submodules>,
    /// A path, or the text of an inline buildspec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buildspec: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identifier: Option<String>,
}

/// `BuildArtifacts` of the API.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildArtifacts {
    /// A folder or a file of this machine; until it is there, the place in S3 that the API would name. Empty where the
    /// project has no artifacts.
    pub location: String,
    /// Of a ZIP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256sum: Option<String>,
    /// Of a ZIP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md5sum: Option<String>,
    /// The name is the buildspec's. This and the next are there where a project says S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_artifact_name: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_identifier: Option<String>,
}

/// `ProjectCache` of the API.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cache {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_namespace: Option<String>,
}

/// `ProjectEnvironment` of the API.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub image: String,
    pub compute_type: String,
    pub environment_variables: Vec<EnvironmentVariable>,
    pub privileged_mode: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_credential: Option<RegistryCredential>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_credentials_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet: Option<Fleet>,
}

/// `RegistryCredential` of the API: where the login is kept, not the login.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistryCredential {
    pub credential: String,
    pub credential_provider: &'static str,
}

/// `ProjectFleet` of the API.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fleet {
    pub fleet_arn: String,
}

/// `EnvironmentVariable` of the API; the value of a secret type is its reference.
#[derive(Clone, Debug, Serialize)]
pub struct EnvironmentVariable {
    pub name: String,
    pub value: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// `LogsLocation` of the API.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Logs {
    pub group_name: String,
    pub stream_name: String,
}

/// `ExportedEnvironmentVariable` of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportedVariable {
    pub name: String,
    pub value: String,
}

impl Build {
    /// A build that has been submitted and not yet begun.
    pub fn new(identity: &Identity, buildspec: String, environment: Environment) -> Self {
        let start_time = seconds(Timestamp::from_millisecond(identity.started).unwrap_or_default());
        Self {
            id: identity.id(),
            arn: identity.arn(),
            build_number: identity.number,
            start_time,
            end_time: None,
            current_phase: PhaseType::Submitted,
            build_status: Status::InProgress,
            source_version: identity.source_version().to_owned(),
            resolved_source_version: identity.sources.git.commit.clone(),
            project_name: identity.project.clone(),
            phases: vec![
                BuildPhase {
                    phase_type: PhaseType::Submitted,
                    phase_status: Some(Status::Succeeded),
                    start_time,
                    end_time: Some(start_time),
                    duration_in_seconds: Some(0),
                    contexts: Vec::new(),
                },
                BuildPhase {
                    phase_type: PhaseType::Queued,
                    phase_status: Some(Status::Succeeded),
                    start_time,
                    end_time: Some(start_time),
                    duration_in_seconds: Some(0),
                    contexts: vec![Context::default()],
                },
            ],
            source: Source {
                location: identity.sources.git.url.clone(),
                buildspec: Some(buildspec),
                ..Source::default()
            },
            artifacts: None,
            secondary_artifacts: Vec::new(),
            cache: Cache {
                kind: "NO_CACHE",
                location: None,
                modes: Vec::new(),
                cache_namespace: None,
            },
            environment,
            service_role: None,
            logs: Logs {
                group_name: format!("/aws/codebuild/{}", identity.project),
                stream_name: identity.uuid.clone(),
            },
            timeout_in_minutes: 60,
            queued_timeout_in_minutes: 480,
            build_complete: false,
            initiator: identity.initiator().to_owned(),
            encryption_key: identity.encryption_key(),
            exported_environment_variables: Vec::new(),
            report_arns: Vec::new(),
            of_project: OfProject::default(),
        }
    }

    /// Takes in what Git had to say.
    pub fn learn(&mut self, identity: &Identity) {
        identity
            .source_version()
            .clone_into(&mut self.source_version);
        self.resolved_source_version
            .clone_from(&identity.sources.git.commit);
        self.source.location.clone_from(&identity.sources.git.url);
        identity.initiator().clone_into(&mut self.initiator);
    }

    /// An artifact is there: it takes the place of what the project said of it.
    pub fn note_artifacts(&mut self, mut made: BuildArtifacts) {
        let mut known = self.artifacts.iter_mut().collect::<Vec<_>>();
        if made.artifact_identifier.is_some() {
            known = self.secondary_artifacts.iter_mut().collect();
            known.retain(|known| known.artifact_identifier == made.artifact_identifier);
        }
        if let Some(known) = known.pop() {
            made.override_artifact_name = known.override_artifact_name;
            made.encryption_disabled = known.encryption_disabled;
            *known = made;
        } else if made.artifact_identifier.is_some() {
            self.secondary_artifacts.push(made);
        } else {
            self.artifacts = Some(made);
        }
    }

    /// Rewrites the texts that came from outside; what events tell is rewritten already.
    pub fn rewrite_by(&mut self, rewriter: &Rewriter) {
        let variables = self.environment.environment_variables.iter_mut();
        let texts = variables.map(|variable| &mut variable.value);
        let sources = [&mut self.source].into_iter();
        let sources = sources.chain(&mut self.of_project.secondary_sources);
        let sources = sources.flat_map(|source| {
            [&mut source.location]
                .into_iter()
                .chain(&mut source.buildspec)
        });
        for text in texts.chain(sources) {
            *text = rewriter.rewrite(text);
        }
    }

    fn take_in(&mut self, at: Timestamp, event: &Event<'_>) -> bool {
        let now = seconds(at);
        match event {
            Event::PhaseEntered(phase) => {
                self.current_phase = *phase;
                self.phases.push(BuildPhase {
                    phase_type: *phase,
                    phase_status: (*phase != PhaseType::Completed).then_some(Status::InProgress),
                    start_time: now,
                    end_time: None,
                    duration_in_seconds: None,
                    contexts: Vec::new(),
                });
            }
            Event::PhaseLeft {
                phase,
                status,
                context,
                ..
            } => {
                let open = self
                    .phases
                    .iter_mut()
                    .rev()
                    .find(|open| open.phase_type == *phase);
                if let Some(open) = open {
                    open.phase_status = Some(*status);
                    open.end_time = Some(now);
                    open.duration_in_seconds = Some(whole_seconds(now - open.start_time));
                    open.contexts = vec![context.clone()];
                }
            }
            Event::BuildEnded { status, .. } => {
                self.build_status = *status;
                self.build_complete = true;
                self.end_time = Some(now);
            }
            _ => return false,
        }
        true
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a build lasts less than 2^63 seconds"
)]
fn whole_seconds(duration: f64) -> i64 {
    duration.round() as i64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since the epoch fit 52 bits"
)]
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

/// A record that both the journal and the build itself write to.
#[derive(Clone, Debug)]
pub struct Record {
    build: Arc<Mutex<Build>>,
    file: PathBuf,
    /// Whether the file lags behind.
    stale: bool,
    /// A full disk must not keep the build's end out of its record.
    room: Arc<Mutex<Option<fs::File>>>,
}

/// Enough for the last state of a record.
const ROOM: u64 = 256 * 1024;

impl Record {
    /// Writes the first state.
    pub fn create(build: Build, file: PathBuf) -> io::Result<Self> {
        let record = Self {
            build: Arc::new(Mutex::new(build)),
            room: Arc::new(Mutex::new(Some(reserve(&file)?))),
            file,
            stale: false,
        };
        record.save()?;
        Ok(record)
    }

    /// Changes the record; it reaches the file with the next event.
    pub fn change(&self, change: impl FnOnce(&mut Build)) {
        change(&mut self.build.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// When the build was submitted, in seconds since the epoch.
    pub fn started(&self) -> f64 {
        self.build
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .start_time
    }

    /// Gives up the room that was kept, for the last states.
    pub fn make_room(&self) {
        drop(
            self.room
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    /// Writes the present state; a full disk gives way once.
    fn save(&self) -> io::Result<()> {
        match self.write() {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                self.make_room();
                self.write()
            }
            other => other,
        }
    }

    /// A rename puts the new text in the old one's place: no reader sees half of it.
    fn write(&self) -> io::Result<()> {
        let mut text =
            serde_json::to_vec_pretty(&*self.build.lock().unwrap_or_else(PoisonError::into_inner))?;
        text.push(b'\n');
        let new = self.file.with_extension("json.new");
        fs::write(&new, text)?;
        fs::rename(new, &self.file)
    }
}

/// Room on the disk, held by a file without a name: it is free again as soon as the file is closed, however we end.
fn reserve(beside: &std::path::Path) -> io::Result<fs::File> {
    let folder = beside.parent().unwrap_or(beside);
    let file = tempfile::tempfile_in(folder)?;
    match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, ROOM) {
        Err(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) => {
            Err(io::ErrorKind::StorageFull.into())
        }
        // Not every file system can promise.
        _ => Ok(file),
    }
}

impl Watcher for Record {
    /// The file follows at the next pause, so that phases without commands cost nothing.
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
        let mut changed = false;
        self.change(|build| changed = build.take_in(at, event));
        self.stale |= changed;
        if matches!(event, Event::BuildEnded { .. }) {
            self.idle()
        } else {
            Ok(())
        }
    }

    fn idle(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.stale) {
            self.save()
        } else {
            Ok(())
        }
    }
}
