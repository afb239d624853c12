//! `buildspec run --plan`: what would run, from where each value comes, and what AWS would be asked for.
//!
//! Nothing is run, no engine and no AWS is asked, and no secret is part of a plan.

use std::path::Path;

use serde::Serialize;

use crate::buildspec::model::{Buildspec, Phase, Text};
use crate::diagnostic::Severity;
use crate::engine::phase::PhaseType;
use crate::env::builtin::PER_BUILD;
use crate::env::mask::{self, MASK, Rewriter};
use crate::env::reference::{Needs, Wanted};
use crate::env::secrets::Given;
use crate::env::{Level, Value, Variables};
use crate::error::{Error, Result};
use crate::options::{BuildspecFrom, Options, RuntimeKind};
use crate::places::files;
use crate::source::Source;
use crate::stages::{ask_git, begin, trust};
use crate::{buildspec, checkout, image, output, validate};

/// The shape of `--plan --log-format json`; members are only ever added.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// 1.
    pub version: u32,
    /// What is to be known about the project, as the build would say it.
    pub warnings: Vec<String>,
    pub buildspec: File,
    pub runtime: &'static str,
    /// `None` where commands run on the host.
    pub image: Option<Image>,
    pub sources: Vec<Place>,
    pub phases: Vec<PhasePlan>,
    /// What `--phase` and `--from` leave out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    pub variables: Vec<Variable>,
    pub references: Vec<Reference>,
    /// Whether the build gets the host's credentials for AWS, as variables that no plan shows.
    pub aws_credentials: bool,
    /// `files` of the primary artifact and of each secondary one.
    pub artifacts: Vec<Collected>,
    pub reports: Vec<Collected>,
    pub output: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_in_seconds: Option<u64>,
}

/// The buildspec itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    pub name: String,
    /// `0.1` or `0.2`.
    pub version: &'static str,
    pub shell: &'static str,
    /// Findings that do not keep it from running.
    pub remarks: Vec<String>,
}

/// What the container is made from.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    pub name: String,
    /// What the engine is asked for.
    pub reference: String,
    /// `missing`, `always` or `never`.
    pub pull: &'static str,
    pub privileged: bool,
}

/// One source.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// `None` for the primary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    pub folder: String,
    /// `work tree`, `tracked files` or a revision.
    pub which: String,
    /// The variable that names its place in the build.
    pub variable: String,
    /// The ways into the build, tried in this order.
    pub rungs: &'static [&'static str],
}

/// A phase that the buildspec names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhasePlan {
    pub phase: &'static str,
    pub runs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    pub runtime_versions: Vec<(String, String)>,
    pub commands: Vec<Command>,
    pub finally: Vec<Command>,
}

/// A command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Counted from 1.
    pub number: usize,
    pub text: String,
    pub line: usize,
    pub runs: bool,
}

/// A variable as commands will see it at first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    pub name: String,
    pub level: Level,
    /// `PLAINTEXT`, `PARAMETER_STORE` or `SECRETS_MANAGER`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Text or reference; `None` where each build has another.
    pub value: Option<String>,
}

/// What somebody else has to tell.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub name: String,
    /// `secrets file`, `AWS` or `nobody`.
    pub told_by: &'static str,
}

/// Files that are kept after the build.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collected {
    /// `None` for the primary artifact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub base_directory: Option<String>,
    pub files: Vec<String>,
}

/// Looks at everything that a build would begin with.
///
/// # Errors
///
/// When `CodeBuild` would refuse the buildspec, or a flag names what is not there.
pub async fn make(options: &Options) -> Result<Plan> {
    let (source, reading) = read(options).await?;
    let buildspec = &reading.buildspec;
    if let Some(missing) = options.part.missing(&buildspec.phases) {
        return Err(Error::usage(missing));
    }
    let (variables, references) = variables(options, buildspec).await?;
    Ok(Plan {
        version: 1,
        warnings: warnings(options),
        buildspec: file(&source, &reading, begin::lint_image(options)),
        runtime: match options.runtime {
            RuntimeKind::Docker => "docker",
            RuntimeKind::Host => "host",
        },
        image: (options.runtime == RuntimeKind::Docker).then(|| Image {
            name: options.image.clone(),
            reference: image::reference(&options.image),
            pull: pull(options),
            privileged: options.privileged,
        }),
        sources: sources(options),
        phases: phases(options, &source, buildspec),
        left_out: options.part.left_out(&buildspec.phases),
        variables,
        references,
        aws_credentials: options.aws_credentials,
        artifacts: artifacts(buildspec),
        reports: reports(buildspec),
        output: options.output.display().to_string(),
        timeout_in_seconds: options.timeout.map(|timeout| timeout.as_secs()),
    })
}

fn warnings(options: &Options) -> Vec<String> {
    let remarks = options.project.remarks.iter();
    remarks
        .filter(|remark| remark.warning)
        .map(|remark| remark.text.clone())
        .collect()
}

/// The buildspec that a build would begin with.
pub(crate) async fn read(options: &Options) -> Result<(Source, buildspec::Reading)> {
    let (path, bytes) = match &options.buildspec {
        BuildspecFrom::Source(path) => (
            path.clone(),
            checkout::file(&options.source, &options.which, path).await,
        ),
        BuildspecFrom::Elsewhere(path) => {
            let bytes = std::fs::read(path);
            (path.clone(), bytes.map_err(|error| error.to_string()))
        }
        BuildspecFrom::Inline(bytes) => ("<stdin>".into(), Ok(bytes.clone())),
    };
    let name = path.display().to_string();
    let bytes = bytes.map_err(|error| {
        let unread = Error::buildspec(format!("{name} can't be read: {error}"));
        match &options.buildspec {
            BuildspecFrom::Source(_) => unread.hint(files::instead(&options.source, &name)),
            _ => unread,
        }
    })?;
    let (source, reading) = buildspec::read_bytes(&name, &bytes);
    match reading.verdict() {
        Some(finding) => {
            let sentence = finding.codebuild.as_ref().unwrap_or(&finding.message);
            let mut error = Error::buildspec(format!("{name} is invalid: {sentence}"));
            for found in reading
                .findings
                .iter()
                .filter(|found| found.severity == Severity::Error)
            {
                let (line, column) = source.position(found.primary.span.start);
                error = error.hint(format!("{name}:{line}:{column}: {}", found.message));
            }
            let file = match &options.buildspec {
                BuildspecFrom::Source(path) => options.source.join(path).display().to_string(),
                BuildspecFrom::Elsewhere(path) => path.display().to_string(),
                BuildspecFrom::Inline(_) => "-".to_owned(),
            };
            Err(error.hint(format!(
                "see all that is wrong with it: buildspec validate {file}"
            )))
        }
        None => Ok((source, reading)),
    }
}

fn file(source: &Source, reading: &buildspec::Reading, image: Option<String>) -> File {
    use crate::buildspec::model::{Shell, Version};
    let shell = reading
        .buildspec
        .env
        .shell
        .as_ref()
        .map(|shell| shell.value);
    File {
        name: source.name().to_owned(),
        version: match reading.buildspec.version {
            Version::V0_1 => "0.1",
            Version::V0_2 => "0.2",
        },
        shell: match shell.unwrap_or_default() {
            Shell::Bash => "bash",
            _ => "/bin/sh",
        },
        remarks: validate::findings(source, image)
            .iter()
            .map(|finding| {
                let (line, column) = source.position(finding.primary.span.start);
                let message = &finding.message;
                format!(
                    "{}:{line}:{column}: {message} [{}]",
                    source.name(),
                    finding.rule
                )
            })
            .collect(),
    }
}

#[cfg(feature = "docker")]
fn pull(options: &Options) -> &'static str {
    use crate::runtime::docker::Pull;
    match options.pull {
        Pull::Missing => "missing",
        Pull::Always => "always",
        Pull::Never => "never",
    }
}

#[cfg(not(feature = "docker"))]
fn pull(_: &Options) -> &'static str {
    "never"
}

#[cfg(feature = "docker")]
fn rungs(options: &Options) -> &'static [&'static str] {
    use crate::runtime::docker::SourceMode;
    match (options.runtime, options.source_mode) {
        (RuntimeKind::Host, _) | (_, SourceMode::Copy) => &["copy"],
        (_, SourceMode::Auto) => &["overlay", "copy"],
        (_, SourceMode::Overlay) => &["overlay"],
        (_, SourceMode::Mount) => &["mount"],
    }
}

#[cfg(not(feature = "docker"))]
fn rungs(_: &Options) -> &'static [&'static str] {
    &["copy"]
}

fn sources(options: &Options) -> Vec<Place> {
    use crate::checkout::Which;
    let which = match &options.which {
        Which::All => "work tree",
        Which::Tracked => "tracked files",
        Which::Revision(revision) => revision,
        Which::Nothing => "an empty folder",
    };
    let place = |identifier: Option<&String>, folder: &Path, which: &str| Place {
        identifier: identifier.cloned(),
        folder: folder.display().to_string(),
        which: which.to_owned(),
        variable: match identifier {
            Some(id) => format!("CODEBUILD_SRC_DIR_{id}"),
            None => "CODEBUILD_SRC_DIR".to_owned(),
        },
        rungs: rungs(options),
    };
    let secondary = options.secondary.iter();
    std::iter::once(place(None, &options.source, which))
        .chain(secondary.map(|(id, folder)| place(Some(id), folder, "work tree")))
        .collect()
}

fn phases(options: &Options, source: &Source, buildspec: &Buildspec) -> Vec<PhasePlan> {
    let part = &options.part;
    let commands = |kind, finally, commands: &[Text]| {
        (1..)
            .zip(commands)
            .map(|(number, command)| Command {
                number,
                text: command.value.clone(),
                line: source.position(command.span.start).0,
                runs: part.runs(kind, finally, number),
            })
            .collect()
    };
    let plan = |kind: PhaseType, phase: &Phase| PhasePlan {
        phase: kind.name(),
        runs: part.has(kind),
        run_as: phase
            .run_as
            .as_ref()
            .or(buildspec.run_as.as_ref())
            .map(|user| user.value.clone()),
        on_failure: phase.on_failure.as_ref().map(|rule| rule.value.to_string()),
        runtime_versions: phase
            .runtime_versions
            .iter()
            .map(|runtime| (runtime.name.value.clone(), runtime.value.value.clone()))
            .collect(),
        commands: commands(kind, false, &phase.commands),
        finally: commands(kind, true, &phase.finally),
    };
    PhaseType::COMMANDS
        .into_iter()
        .filter_map(|kind| Some(plan(kind, buildspec.phases.get(kind)?)))
        .collect()
}

async fn variables(
    options: &Options,
    buildspec: &Buildspec,
) -> Result<(Vec<Variable>, Vec<Reference>)> {
    let number = output::next_number(&options.output);
    let mut identity = begin::identity(options, number, 0).await;
    identity.sources = ask_git::sources(options.clone(), options.source.clone()).await;
    if let checkout::Which::Revision(revision) = &options.which {
        identity.sources.git.commit = checkout::commit(&options.source, revision).await?;
    }
    let layout = begin::layout(options, 0);
    let mut all = Variables::default();
    identity.set(&mut all, &layout);
    if options.root_certificates.is_some() {
        trust::set(&mut all, &layout);
    }
    all.set_given(&buildspec.env, &options.project.project, &options.overrides);
    let passwords = mask::masks(&all.proxy_passwords());
    let hidden = Rewriter::new(passwords.into_iter().map(|text| (text, MASK.to_owned())));
    let variables = all
        .iter()
        .map(|(name, level, value)| shown(options, &hidden, name, level, value))
        .collect();
    Ok((variables, references(options, &Needs::of(&all))?))
}

fn shown(
    options: &Options,
    hidden: &Rewriter,
    name: &str,
    level: Level,
    value: &Value,
) -> Variable {
    let new_each_time = level == Level::BuiltIn
        && (PER_BUILD.contains(&name) || name.starts_with("CODEBUILD_SRC_DIR_"));
    // The user did not write down what the host passes through: neither do we.
    let passed_through = level == Level::Override
        && options
            .overrides
            .iter()
            .any(|given| given.name == name && given.passed_through);
    let (kind, text) = match value {
        Value::Plain(text) => ("PLAINTEXT", hidden.rewrite(text)),
        Value::ParameterStore(text) => ("PARAMETER_STORE", text.clone()),
        Value::SecretsManager(text) => ("SECRETS_MANAGER", text.clone()),
        Value::Secret(_) => ("PLAINTEXT", MASK.to_owned()),
    };
    Variable {
        name: name.to_owned(),
        level,
        kind,
        value: match (new_each_time, passed_through) {
            (true, _) => None,
            (_, true) => Some(MASK.to_owned()),
            _ => Some(text),
        },
    }
}

fn references(options: &Options, needs: &Needs) -> Result<Vec<Reference>> {
    let given = match Given::read(&options.secrets.path)? {
        Some(given) => given.answers(&needs.wanted()),
        None => std::collections::BTreeMap::default(),
    };
    let reference = |wanted: &Wanted| Reference {
        kind: match wanted {
            Wanted::Parameter(_) => "PARAMETER_STORE",
            Wanted::Secret { .. } => "SECRETS_MANAGER",
        },
        name: wanted.name().to_owned(),
        told_by: if given.contains_key(wanted) {
            "secrets file"
        } else if options.offline || cfg!(not(feature = "aws")) {
            "nobody"
        } else {
            "AWS"
        },
    };
    Ok(needs.wanted().into_iter().map(reference).collect())
}

fn artifacts(buildspec: &Buildspec) -> Vec<Collected> {
    let Some(primary) = &buildspec.artifacts else {
        return Vec::new();
    };
    let secondary = primary.secondary.iter();
    std::iter::once((None, primary))
        .chain(secondary.map(|(id, artifacts)| (Some(id.value.clone()), artifacts)))
        .map(|(name, artifacts)| {
            collected(name, artifacts.base_directory.as_ref(), &artifacts.files)
        })
        .collect()
}

fn reports(buildspec: &Buildspec) -> Vec<Collected> {
    let groups = buildspec.reports.iter();
    groups
        .map(|group| {
            let name = Some(group.name.value.clone());
            collected(name, group.base_directory.as_ref(), &group.files)
        })
        .collect()
}

fn collected(name: Option<String>, base: Option<&Text>, files: &[Text]) -> Collected {
    Collected {
        name,
        base_directory: base.map(|base| base.value.clone()),
        files: files.iter().map(|file| file.value.clone()).collect(),
    }
}
