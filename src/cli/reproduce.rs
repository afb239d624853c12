//! `buildspec reproduce`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{Exit, run};
use crate::console::{self, message};
use crate::debug::Settings;
use crate::error::{Error, Result};
use crate::options::Replay;
use crate::project::build::{self, Recorded};
use crate::project::file::{Named, Reading};
use crate::reproduce::differences::{self, HIDDEN};
use crate::reproduce::{cloudwatch, failing, masks_of_file, recorded_log, reproduce, source};
use crate::source::Source;

/// Run a recorded cloud build again, and say what differs.
#[derive(Debug, clap::Args)]
#[group(id = "reproduce")]
#[command(
    about = "Run a recorded cloud build again, and say what differs",
    after_help = "\
Examples:
  aws codebuild batch-get-builds --ids shop:0a1b... > build.json
  buildspec reproduce build.json ../shop    its source is a clone in ../shop
  buildspec reproduce shop:0a1b...          asked of AWS, its log as well
  buildspec reproduce latest:shop           the newest build of a project
  buildspec reproduce build.json --log build.log --format json
  buildspec reproduce latest:shop --to-failure
                                            stop where it failed, and look around

Every flag of `run` works too, and wins over the record.

Exit status: that of the build, as with `run`"
)]
pub(super) struct Arguments {
    /// A file (FILE#ID when it holds several builds), an id or ARN, latest:PROJECT, or the number of a kept build.
    build: String,

    #[command(flatten)]
    run: run::Arguments,

    /// The recorded build's log, to compare with [default: beside the record, or the one that AWS keeps]
    #[arg(
        long,
        visible_alias = "compare",
        value_name = "FILE",
        env = "BUILDSPEC_LOG",
        help_heading = "Comparison"
    )]
    log: Option<PathBuf>,

    /// Stop before the command at which the recorded build failed, with the debugger open.
    #[arg(long, env = "BUILDSPEC_TO_FAILURE", help_heading = "Debugger")]
    to_failure: bool,

    /// How the comparison is printed: for people on standard error, or as JSON instead of the log.
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "BUILDSPEC_FORMAT",
        help_heading = "Comparison"
    )]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Phase by phase, what differs.
    #[default]
    Human,
    /// All of it.
    Json,
}

pub(super) fn execute(arguments: Arguments) -> Result<Exit> {
    let (log_format, style) = arguments.run.display();
    if arguments.run.project.is_given() {
        return Err(Error::usage(
            "the record says what the project was: --project can't be given as well",
        ));
    }
    if arguments.run.sources.is_given() {
        return Err(Error::usage(
            "the record says which commit was built: --at and --tracked can't be given as well",
        ));
    }
    let (recorded, beside) = recorded(&arguments)?;
    let named = arguments.log.clone();
    let debugger = arguments.to_failure.then(|| arguments.run.debugger.open());
    let (format, access) = (arguments.format, arguments.run.aws.access());
    let offline = arguments.run.aws.offline;
    let instead = arguments.run.instead();
    let own_buildspec = arguments.run.buildspec.is_some();
    let named_region = arguments.run.aws.region.is_some();
    let as_recorded = run::AsRecorded {
        reading: reading(&recorded),
        region: recorded.region().map(str::to_owned),
    };
    let mut options = run::settle(arguments.run, Some(as_recorded))?;
    // Those that are not here are told with the other differences.
    let given = options.secondary.clone();
    options.project.project.secondary_sources.retain(|source| {
        let id = source.identifier.as_ref().map(|id| id.value.as_str());
        given.iter().any(|(given, _)| Some(given.as_str()) == id)
    });
    options.replay = Some(Replay {
        number: recorded.number,
        initiator: recorded.initiator.clone(),
        source_version: recorded.source_version.clone(),
        resolved_source_version: recorded.resolved_source_version.clone(),
        account: recorded.account().map(str::to_owned),
    });
    // What the build refers to is where the build was. A build of ours may have had its references from a profile's
    // region, of which its record does not know.
    if !named_region && !recorded.is_own() {
        options.access.region = recorded.region().map(str::to_owned);
    }
    super::block_on(async {
        let found = source::find(&recorded, &options.source).await?;
        if !own_buildspec {
            source::check_buildspec(&recorded, &found).await?;
        }
        options.source = found.folder;
        options.which = found.which;
        let log = match (named, beside) {
            (Some(file), _) => Some(read_log(&recorded, &file)?),
            (None, Some(file)) => read_log(&recorded, &file).inspect_err(no_log).ok(),
            (None, None) if offline => None,
            (None, None) => fetched_log(&recorded, &arguments.build, &access).await,
        };
        let masks = masks_of_file(&options)?;
        if let Some(debugger) = debugger {
            let sought = failing::sought(&recorded, log.as_deref());
            let sought = Some(sought.map_err(|error| error.rewritten(|text| masks.rewrite(text)))?);
            options.debug = Some(Settings { sought, ..debugger });
        }
        let told = differences::list(&recorded, &options, found.difference);
        message::print(&message::harmless(&masks.rewrite(&said(&recorded, &told))));
        if instead.take_place(&options, log_format, style).await? {
            return Ok(Exit::Success);
        }
        let watcher: Box<dyn crate::engine::journal::Watcher> = match format {
            Format::Human => console::watcher(log_format, style),
            Format::Json => Box::new(Nobody),
        };
        let stop = run::stop(options.timeout)?;
        let went = reproduce(&recorded, log, told, &options, watcher, stop).await;
        let (ended, outcome) = went.map_err(|error| error.rewritten(|text| masks.rewrite(text)))?;
        match format {
            Format::Human => message::print(&message::harmless(&outcome.human())),
            Format::Json => message::answer(&outcome.json()),
        }
        Ok(run::exit(&ended))
    })
}

/// The record, and the log that lies beside it.
fn recorded(arguments: &Arguments) -> Result<(Recorded, Option<PathBuf>)> {
    let text = arguments.build.as_str();
    if text == "-" {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|error| Error::environment("standard input can't be read").because(error))?;
        return Ok((build::read(&Source::new("<stdin>", text), None)?, None));
    }
    let named = Named::parse(text);
    if named.file.is_file() {
        let recorded = read_file(&named.file, named.name.as_deref())?;
        let beside = named.file.with_file_name("build.log");
        let beside = (recorded.is_own() && beside.is_file()).then_some(beside);
        return Ok((recorded, beside));
    }
    let output = match &arguments.run.output {
        Some(output) => output.clone(),
        None => arguments.run.source.join(".buildspec"),
    };
    if let Ok(kept) = crate::builds::find(&output, Some(text)) {
        let recorded = read_file(&kept.folder.join("build.json"), None)?;
        return Ok((recorded, Some(kept.log()).filter(|log| log.is_file())));
    }
    Ok((fetched(text, arguments)?, None))
}

#[cfg(feature = "aws")]
fn fetched(text: &str, arguments: &Arguments) -> Result<Recorded> {
    use crate::reproduce::fetch;
    let Some(wanted) = fetch::wanted(text) else {
        return Err(no_such_build(text));
    };
    if arguments.run.aws.offline {
        return Err(Error::usage(format!(
            "{text} would have to be asked of AWS, which --offline forbids"
        ))
        .hint("give the file: aws codebuild batch-get-builds --ids ID > build.json"));
    }
    let access = arguments.run.aws.access();
    let answer = super::block_on(async { Box::pin(fetch::build(&wanted, &access)).await })?;
    let mut recorded = build::read(&Source::new(text, answer), None)?;
    if recorded.arn.is_empty() && text.starts_with("arn:") {
        text.clone_into(&mut recorded.arn);
    }
    Ok(recorded)
}

#[cfg(not(feature = "aws"))]
fn fetched(text: &str, _: &Arguments) -> Result<Recorded> {
    Err(no_such_build(text)
        .hint("this binary was built without AWS: it can't ask for builds by id"))
}

fn no_such_build(text: &str) -> Error {
    Error::usage(format!(
        "{text} is no file, no build's id or ARN, and no kept build"
    ))
    .hint("BUILD is a file, PROJECT:UUID, an ARN, latest:PROJECT, or a number of `buildspec list`")
}

/// A log that can't be had is no reason not to build.
#[cfg(feature = "aws")]
async fn fetched_log(
    recorded: &Recorded,
    asked: &str,
    access: &crate::options::Access,
) -> Option<String> {
    use crate::reproduce::fetch;
    if recorded.is_own() || fetch::wanted(asked).is_none() {
        return None;
    }
    match Box::pin(fetch::log(recorded, access)).await {
        Ok(log) => log,
        Err(error) => {
            no_log(&error);
            None
        }
    }
}

/// One that nobody named is no reason not to build either.
fn no_log(error: &Error) {
    let text = message::harmless(&error.message);
    message::print(&format!("the recorded log can't be had: {text}\n"));
}

#[cfg(not(feature = "aws"))]
async fn fetched_log(_: &Recorded, _: &str, _: &crate::options::Access) -> Option<String> {
    std::future::ready(None).await
}

fn read_file(path: &Path, id: Option<&str>) -> Result<Recorded> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Error::usage(format!("{shown} can't be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::usage(format!(
            "{shown} is not UTF-8, so it is no record of a build"
        ))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    build::read(&Source::new(shown.to_string(), text), id)
}

fn read_log(recorded: &Recorded, file: &Path) -> Result<String> {
    let log = if let Some(log) = cloudwatch::read(file, &recorded.log_stream)? {
        log
    } else {
        let is_long = recorded_log::length(file)? > recorded_log::LONG;
        recorded_log::read(file, is_long)?
    };
    recorded_log::check(recorded, &log, &file.display().to_string())?;
    Ok(log)
}

/// What the record says, as a project does; a cache could bring back what made the build fail, or hide it.
fn reading(recorded: &Recorded) -> Reading {
    let mut project = recorded.project.clone();
    project.cache = crate::project::model::Cache::default();
    project
        .environment
        .variables
        .retain(|variable| variable.value.value != HIDDEN);
    Reading {
        project,
        remarks: recorded.remarks.clone(),
    }
}

/// How the build ended, and what can't be the same.
fn said(recorded: &Recorded, told: &[differences::Difference]) -> String {
    let mut text = match recorded.failure() {
        Some(failure) => format!(
            "{} {} in {}: {}\n",
            recorded.id, recorded.status, failure.phase, failure.message
        ),
        None => format!("{} {}\n", recorded.id, recorded.status),
    };
    if !told.is_empty() {
        text.push_str("What can't be the same here:\n");
    }
    for one in told {
        text.push_str(&format!("  {}\n    here: {}\n", one.recorded, one.here));
    }
    text
}

/// Watches in silence.
struct Nobody;

impl crate::engine::journal::Watcher for Nobody {
    fn event(
        &mut self,
        _: jiff::Timestamp,
        _: &crate::engine::event::Event<'_>,
    ) -> std::io::Result<()> {
        Ok(())
    }
}
