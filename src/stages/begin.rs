//! Before the first phase: a folder, an identity, a record.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::{Script, ask_git};
use crate::buildspec;
use crate::checkout;
use crate::diagnostic::Finding;
use crate::engine::event::Event;
use crate::engine::journal::{Journal, Watcher};
use crate::env::builtin::{Identity, Sources};
use crate::env::mask::Rewriter;
use crate::error::{Error, Result};
use crate::options::{BuildspecFrom, Options, RuntimeKind};
use crate::output::BuildFolder;
use crate::project::model::{CacheType, EnvironmentType, Text, VariableType};
use crate::record::build::{self, Environment, EnvironmentVariable, Record};
use crate::record::{self, Files};
use crate::run::Build;
use crate::script::Layout;
use crate::source::Source;
use crate::validate;

/// The account of builds that belong to none, as in AWS's own local agent.
const ACCOUNT: &str = "000000000000";

/// Where a clean checkout lies while the build runs, in the build's folder.
pub(crate) const CHECKOUT: &str = "checkout";

impl<'a> Build<'a> {
    pub(crate) async fn begin(options: &'a Options, console: Box<dyn Watcher>) -> Result<Self> {
        let started = Timestamp::now().as_millisecond();
        let folder = BuildFolder::take(&options.output, options.keep_builds)?;
        let source = checkout::make(&options.source, &options.which, &folder.file(CHECKOUT)).await;
        let source = source.inspect_err(|_| folder.abandon(&options.output))?;
        let asked = tokio::spawn(ask_git::sources(options.clone(), source.clone()));
        let identity = identity(options, folder.number, started).await;
        let failed = |error: io::Error| {
            folder.abandon(&options.output);
            Error::environment(format!(
                "the build's files can't be made in {}: {error}",
                folder.path.display()
            ))
        };
        let environment = environment(options);
        let mut record = build::Build::new(&identity, buildspec_name(options), environment);
        note_project(&mut record, options, &identity);
        let record = Record::create(record, folder.file("build.json")).map_err(failed)?;
        let files = Files::create(&folder).map_err(failed)?;
        // The console comes last: what it shows is already kept.
        let journal = Journal::new(
            Rewriter::default(),
            vec![Box::new(files), Box::new(record.clone()), console],
        );
        let layout = layout(options, source_number(&identity.uuid));
        Ok(Self {
            options,
            folder,
            source,
            identity,
            asked: Some(asked),
            findings: None,
            layout,
            journal,
            record,
            masks: Rewriter::default(),
            place: None,
            underway: None,
            sweep: None,
            #[cfg(feature = "docker")]
            top: crate::edits::Top::default(),
            shell: buildspec::model::Shell::default(),
            desk: None,
        })
    }

    /// Says that there is a build.
    pub(crate) fn announce(&mut self) {
        self.journal.emit(&Event::BuildStarted {
            number: self.folder.number,
            runtime: match self.options.runtime {
                RuntimeKind::Docker => "docker",
                RuntimeKind::Host => "host",
            },
            image: self.options.image.clone(),
            source: self.options.source.display().to_string(),
            folder: self.folder.path.display().to_string(),
            limit: self.options.timeout,
        });
    }

    /// Waits for what Git was asked at the start; the second time there is nothing to wait for.
    pub(crate) async fn learn_sources(&mut self) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        if let Ok(sources) = asked.await {
            self.identity.sources = sources;
            self.record.change(|build| build.learn(&self.identity));
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        let elapsed = Timestamp::now().as_millisecond() - self.identity.started;
        Duration::from_millis(u64::try_from(elapsed).unwrap_or(0))
    }

    /// Reads and checks the buildspec; says nothing yet.
    pub(crate) fn read_buildspec(&mut self) -> Script {
        let at_source =
            |path: &std::path::Path| format!("{}/{}", self.layout.source(), path.display());
        let inline_location = format!("{}/buildspec.yml", self.layout.readonly());
        let (name, location, bytes, inline) = match &self.options.buildspec {
            BuildspecFrom::Source(path) => (
                path.display().to_string(),
                at_source(path),
                std::fs::read(self.source.join(path)),
                false,
            ),
            BuildspecFrom::Elsewhere(path) => (
                path.display().to_string(),
                inline_location,
                std::fs::read(path),
                true,
            ),
            BuildspecFrom::Inline(bytes) => (
                "<stdin>".to_owned(),
                inline_location,
                Ok(bytes.clone()),
                true,
            ),
        };
        match bytes {
            Ok(bytes) => {
                let (source, reading) = buildspec::read_bytes(&name, &bytes);
                self.findings = Some(find(self.options, &source));
                let refused = reading.verdict().map(|finding| {
                    finding
                        .codebuild
                        .clone()
                        .unwrap_or_else(|| finding.message.clone())
                });
                Script {
                    source,
                    reading,
                    location: Some(location),
                    refused,
                    inline,
                }
            }
            Err(error) => {
                // Go's words for what the agent could not open.
                let (refused, location) = match error.kind() {
                    io::ErrorKind::NotFound => {
                        (format!("stat {location}: no such file or directory"), None)
                    }
                    io::ErrorKind::PermissionDenied => (
                        format!("open {location}: permission denied"),
                        Some(location),
                    ),
                    io::ErrorKind::IsADirectory => {
                        (format!("read {location}: is a directory"), Some(location))
                    }
                    _ => (format!("read {location}: {error}"), Some(location)),
                };
                let (source, reading) = (Source::new(name, ""), buildspec::Reading::default());
                Script {
                    source,
                    reading,
                    location,
                    refused: Some(refused),
                    inline,
                }
            }
        }
    }
}

/// The image whose shell and runtimes the rules take into account.
pub(crate) fn lint_image(options: &Options) -> Option<String> {
    match options.runtime {
        RuntimeKind::Docker => Some(options.image.clone()),
        RuntimeKind::Host => None,
    }
}

/// Looks at the buildspec with every rule while the build's surroundings are made.
fn find(options: &Options, source: &Source) -> JoinHandle<Vec<Finding>> {
    let (source, image) = (source.clone(), lint_image(options));
    tokio::task::spawn_blocking(move || validate::findings(&source, image))
}

/// Who and what a build of this number is.
pub(crate) async fn identity(options: &Options, number: u64, started: i64) -> Identity {
    let key = options.project.project.encryption_key.clone();
    let replay = options.replay.as_ref();
    Identity {
        project: project_name(options),
        region: region(options).await,
        account: replay
            .and_then(|replay| replay.account.clone())
            .unwrap_or_else(|| ACCOUNT.to_owned()),
        uuid: uuid::Uuid::new_v4().to_string(),
        number: replay.and_then(|replay| replay.number).unwrap_or(number),
        image: options.image.clone(),
        user: match (replay, options.host.user.as_str()) {
            (Some(replay), _) if !replay.initiator.is_empty() => replay.initiator.clone(),
            (_, "") => "buildspec".to_owned(),
            (_, user) => user.to_owned(),
        },
        encryption_key: key.map(|key| key.value),
        started,
        sources: Sources::default(),
    }
}

/// Of builds for which nobody names one.
const REGION: &str = "us-east-1";

/// Where the build says it runs. A profile's region counts where the user chose to be somebody at AWS; other builds look
/// at no file of AWS's tools.
#[cfg_attr(
    not(feature = "aws"),
    expect(
        clippy::unused_async,
        reason = "only AWS's files have to be waited for"
    )
)]
async fn region(options: &Options) -> String {
    if let Some(region) = &options.host.region {
        return region.clone();
    }
    #[cfg(feature = "aws")]
    if options.aws_credentials || options.access.profile.is_some() {
        let region = Box::pin(crate::env::aws::region(&options.access)).await;
        return region.unwrap_or_else(|| REGION.to_owned());
    }
    REGION.to_owned()
}

/// What the record says beyond what every build has.
fn note_project(record: &mut build::Build, options: &Options, identity: &Identity) {
    let project = &options.project.project;
    let source = record::project::source(&project.source);
    record.source.kind = source.kind;
    record.source.git_clone_depth = source.git_clone_depth;
    record.source.git_submodules_config = source.git_submodules_config;
    record.of_project = record::project::OfProject::of(options);
    let artifacts =
        |defined, unnamed: &str| record::project::artifacts(defined, &identity.uuid, unnamed);
    record.artifacts = artifacts(&project.artifacts, &identity.project);
    let secondary = project.secondary_artifacts.iter().filter_map(|defined| {
        let identifier = defined.identifier.as_ref()?;
        artifacts(defined, &identifier.value)
    });
    record.secondary_artifacts = secondary.collect();
    let cache = &project.cache;
    record.cache = build::Cache {
        kind: cache
            .kind
            .as_ref()
            .map_or(CacheType::NoCache, |kind| kind.value)
            .name(),
        location: text(cache.location.as_ref()),
        modes: cache.modes.iter().map(|mode| mode.value.name()).collect(),
        cache_namespace: text(cache.namespace.as_ref()),
    };
    if let Some(group) = text(project.logs.group_name.as_ref()) {
        record.logs.group_name = group;
    }
    if let Some(stream) = text(project.logs.stream_name.as_ref()) {
        record.logs.stream_name = format!("{stream}/{}", identity.uuid);
    }
    record.service_role = text(project.service_role.as_ref());
    if let Some(minutes) = &project.queued_timeout_in_minutes {
        record.queued_timeout_in_minutes = minutes.value;
    }
    if let Some(timeout) = options.timeout {
        record.timeout_in_minutes =
            u32::try_from(timeout.as_secs().div_ceil(60)).unwrap_or(u32::MAX);
    }
}

fn text(text: Option<&Text>) -> Option<String> {
    text.map(|text| text.value.clone())
}

/// The source folder's name, in the letters that a project's name may have (spec 22.2).
fn project_name(options: &Options) -> String {
    if let Some(name) = &options.project.project.name {
        return name.value.clone();
    }
    let folder = options
        .source
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let name: String = folder
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || "-_".contains(letter) {
                letter
            } else {
                '-'
            }
        })
        .skip_while(|letter| !letter.is_ascii_alphanumeric())
        .take(150)
        .collect();
    if name.len() < 2 {
        "local".to_owned()
    } else {
        name
    }
}

/// Where a build with these options has its files; the number is that of its source.
pub(crate) fn layout(options: &Options, source_number: u32) -> Layout {
    let folder = options.project.project.source.folder();
    Layout::new("/codebuild", source_number)
        .with_folder(folder.unwrap_or_default())
        .with_secondary(options.secondary.iter().map(|(id, _)| id.clone()))
}

/// Nine digits, as most sources in the cloud have them.
fn source_number(uuid: &str) -> u32 {
    u32::from_str_radix(&uuid[..8], 16).unwrap_or(1) % 1_000_000_000
}

fn buildspec_name(options: &Options) -> String {
    match &options.buildspec {
        BuildspecFrom::Source(path) => path.display().to_string(),
        // Inline, for all that the build knows.
        BuildspecFrom::Elsewhere(path) => match std::fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => path.display().to_string(),
        },
        BuildspecFrom::Inline(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn environment(options: &Options) -> Environment {
    let project = &options.project.project.environment;
    let here = if cfg!(target_arch = "aarch64") {
        EnvironmentType::ArmContainer
    } else {
        EnvironmentType::LinuxContainer
    };
    Environment {
        kind: project.kind.as_ref().map_or(here, |kind| kind.value).name(),
        image: options.image.clone(),
        compute_type: match &options.container.compute {
            Some(compute) => compute.name.clone(),
            None => "BUILD_GENERAL1_SMALL".to_owned(),
        },
        environment_variables: variables(options),
        privileged_mode: options.privileged,
        certificate: text(project.certificate.as_ref()),
        registry_credential: text(project.registry_credential.as_ref()).map(|credential| {
            build::RegistryCredential {
                credential,
                credential_provider: "SECRETS_MANAGER",
            }
        }),
        image_pull_credentials_type: text(project.image_pull_credentials_type.as_ref()),
        fleet: text(project.fleet.as_ref()).map(|fleet_arn| build::Fleet { fleet_arn }),
    }
}

/// The project's, and those of the command line in the place of those of the same name, as `StartBuild` merges them.
fn variables(options: &Options) -> Vec<EnvironmentVariable> {
    let project = options.project.project.environment.variables.iter();
    let project = project.map(|variable| EnvironmentVariable {
        name: variable.name.value.clone(),
        value: variable.value.value.clone(),
        kind: variable.kind.name(),
    });
    let given = options
        .overrides
        .iter()
        .map(|variable| EnvironmentVariable {
            name: variable.name.clone(),
            value: if variable.passed_through {
                "***".to_owned()
            } else {
                variable.value.clone()
            },
            kind: VariableType::Plaintext.name(),
        });
    let mut all: Vec<EnvironmentVariable> = Vec::new();
    for variable in project.chain(given) {
        match all.iter_mut().find(|other| other.name == variable.name) {
            Some(other) => *other = variable,
            None => all.push(variable),
        }
    }
    all
}
