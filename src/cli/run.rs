//! `buildspec run`.

mod settle;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use tokio::signal::unix::{SignalKind, signal};

pub(super) use settle::{AsRecorded, absolute, settle};

use super::{Color, Exit};
use crate::console::{self, Annotating, LogFormat, Reader, Style, Verbosity};
use crate::engine::phase::Status;
use crate::env::event::Trigger;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::run::{Ended, Stop};

/// Run a build in a container, as CodeBuild would.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  buildspec run                            build this folder
  buildspec run -i public.ecr.aws/docker/library/node:22
                                           in an image of your choice
  buildspec run -e STAGE=test -e TOKEN     set a variable, pass another through
  buildspec run -b ci/release.yml ../app   another buildspec, another source
  buildspec run --plan                     what would run, and with which values
  buildspec run --from build:3             without what comes before
  buildspec run --log-format codebuild     line for line what CodeBuild prints
  buildspec run --runtime host             without Docker

Exit status:
  0  the build succeeded         4  this tool could not do its work
  1  it failed                   5  timed out
  2  wrong usage                 129, 130, 143  hang-up, Ctrl-C, terminated
  3  the buildspec is invalid")]
pub(super) struct Arguments {
    /// The primary source: a folder.
    #[arg(default_value = ".")]
    pub(super) source: PathBuf,

    #[command(flatten)]
    pub(super) sources: super::sources::SourceArguments,

    /// The buildspec, relative to SOURCE or absolute; `-` reads it from standard input [default: the project's, else
    /// buildspec.yml]
    #[arg(short, long, value_name = "FILE", env = "BUILDSPEC_BUILDSPEC")]
    pub(super) buildspec: Option<PathBuf>,

    #[command(flatten)]
    pub(super) project: super::project::ProjectArguments,

    /// The build image; curated names such as aws/codebuild/amazonlinux-x86_64-standard:5.0 are known [default: the
    /// project's, else what CodeBuild's console proposes]
    #[arg(
        short,
        long,
        env = "BUILDSPEC_IMAGE",
        value_parser = clap::builder::NonEmptyStringValueParser::new(),
        help_heading = "Image and source"
    )]
    image: Option<String>,

    /// Where commands run.
    #[arg(
        long,
        value_enum,
        default_value = "docker",
        env = "BUILDSPEC_RUNTIME",
        help_heading = "Image and source"
    )]
    runtime: Runtime,

    /// How the source gets into the container.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "MODE",
        env = "BUILDSPEC_SOURCE_MODE",
        help_heading = "Image and source"
    )]
    source_mode: Mode,

    /// When to fetch the image.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        env = "BUILDSPEC_PULL",
        help_heading = "Image and source"
    )]
    pull: Pull,

    /// Give the container every privilege and run the image's ENTRYPOINT first, which starts an engine for the build.
    #[arg(long, env = "BUILDSPEC_PRIVILEGED", help_heading = "Image and source")]
    privileged: bool,

    /// The container's network, as `docker run --network` takes it.
    #[arg(
        long,
        value_name = "NETWORK",
        env = "BUILDSPEC_NETWORK",
        help_heading = "Image and source"
    )]
    network: Option<String>,

    #[command(flatten)]
    network_of_host: super::network::NetworkArguments,

    #[command(flatten)]
    part: super::part::PartArguments,

    #[command(flatten)]
    container: super::container::ContainerArguments,

    /// Set a variable above project and buildspec; NAME alone passes the host's value through. Repeatable.
    #[arg(
        short,
        long = "env",
        value_name = "NAME[=VALUE]",
        help_heading = "Variables"
    )]
    env: Vec<String>,

    /// Set variables from a file of NAME=VALUE lines; `#` begins a comment, quotes are literal. Repeatable.
    #[arg(
        long,
        value_name = "FILE",
        env = "BUILDSPEC_ENV_FILE",
        help_heading = "Variables"
    )]
    env_file: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) aws: super::aws::AwsArguments,

    /// Tell the build that this started it: pr:NUMBER, push:BRANCH or tag:NAME.
    #[arg(
        long,
        value_name = "EVENT",
        env = "BUILDSPEC_EVENT",
        help_heading = "Variables"
    )]
    event: Option<Trigger>,

    /// Where builds are kept [default: SOURCE/.buildspec]
    #[arg(
        short,
        long,
        value_name = "DIR",
        env = "BUILDSPEC_OUTPUT",
        help_heading = "Results"
    )]
    pub(super) output: Option<PathBuf>,

    /// Put the artifacts there, instead of into the build's folder.
    #[arg(
        short,
        long,
        value_name = "DIR",
        env = "BUILDSPEC_ARTIFACTS",
        help_heading = "Results"
    )]
    artifacts: Option<PathBuf>,

    /// What the primary and each secondary artifact becomes [default: the project's, else none]
    #[arg(
        long,
        value_enum,
        value_name = "PACKAGING",
        env = "BUILDSPEC_PACKAGING",
        help_heading = "Results"
    )]
    packaging: Option<Packaging>,

    /// Put the reports there, instead of into the build's folder.
    #[arg(
        short,
        long,
        value_name = "DIR",
        env = "BUILDSPEC_REPORTS",
        help_heading = "Results"
    )]
    reports: Option<PathBuf>,

    /// How many builds to keep.
    #[arg(
        long,
        default_value_t = 20,
        value_name = "N",
        env = "BUILDSPEC_KEEP_BUILDS",
        help_heading = "Results"
    )]
    keep_builds: usize,

    /// End the build after this many minutes; `90s` are seconds.
    #[arg(long, value_name = "MINUTES", env = "BUILDSPEC_TIMEOUT", value_parser = minutes, help_heading = "Parts")]
    timeout: Option<Duration>,

    #[command(flatten)]
    pub(super) debugger: super::debugger::DebuggerArguments,

    /// What standard output carries [default: pretty on a terminal and in GitHub Actions, codebuild otherwise]
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        env = "BUILDSPEC_LOG_FORMAT",
        help_heading = "Display"
    )]
    log_format: Option<Format>,

    /// Say less: no output of commands. The codebuild and json formats stay whole.
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Display")]
    quiet: bool,

    /// Say more: the agent's own lines, and how the source got in (on standard error in the codebuild format).
    #[arg(short, long, help_heading = "Display")]
    verbose: bool,

    /// When to use colours.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        env = "BUILDSPEC_COLOR",
        help_heading = "Display"
    )]
    color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Runtime {
    /// A container.
    Docker,
    /// The host's own shell, in a copy of the source; no isolation.
    Host,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Overlay where it works, else copy.
    #[default]
    Auto,
    /// Nothing is copied, nothing on the host changes.
    Overlay,
    /// A copy, sent to the engine.
    Copy,
    /// The build works on the host's files themselves.
    Mount,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Pull {
    /// When the engine lacks it.
    #[default]
    Missing,
    /// Even when the engine has it.
    Always,
    /// Fail when the engine lacks it.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Packaging {
    /// A folder of files.
    None,
    /// One ZIP.
    Zip,
}

impl Packaging {
    fn settle(self) -> crate::project::model::Packaging {
        match self {
            Self::None => crate::project::model::Packaging::None,
            Self::Zip => crate::project::model::Packaging::Zip,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Pretty,
    /// Line for line what CodeBuild prints.
    Codebuild,
    /// One event a line.
    Json,
}

impl Arguments {
    /// What is wanted instead of a build.
    pub(super) fn instead(&self) -> Instead {
        Instead {
            template: self.aws.write_secrets_template,
            plan: self.part.plan,
        }
    }

    /// What a shell before any phase could only ignore.
    pub(super) fn check_for_shell(&self) -> Result<()> {
        let flag = if self.aws.write_secrets_template {
            Some("--write-secrets-template")
        } else {
            self.part.given()
        };
        match flag {
            Some(flag) => Err(Error::usage(format!(
                "{flag} is of no use to shell, which runs no phase"
            ))
            .hint("`buildspec run` takes it")),
            None => Ok(()),
        }
    }

    /// How the log is shown.
    pub(super) fn display(&self) -> (LogFormat, Style) {
        let verbosity = match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let style = super::style(self.color, super::stdout_is_terminal(), verbosity);
        let format = match self.log_format {
            Some(Format::Pretty) => LogFormat::Pretty,
            Some(Format::Json) => LogFormat::Json,
            None if super::stdout_is_terminal() || style.reader == Reader::GitHub => {
                LogFormat::Pretty
            }
            Some(Format::Codebuild) | None => LogFormat::CodeBuild,
        };
        (format, style)
    }
}

pub(super) fn execute(arguments: Arguments) -> Result<Exit> {
    let (format, style) = arguments.display();
    let instead = arguments.instead();
    let options = settle(arguments, None)?;
    if super::block_on(instead.take_place(&options, format, style))? {
        return Ok(Exit::Success);
    }
    let mut watcher = console::watcher(format, style);
    if style.reader == Reader::GitHub {
        watcher = Box::new(Annotating::new(watcher, &options.source));
    }
    super::block_on(async {
        let stop = stop(options.timeout)?;
        let ended = crate::run::run(&options, watcher, stop).await?;
        Ok(exit(&ended))
    })
}

/// What the flags want instead of a build.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instead {
    template: bool,
    plan: bool,
}

impl Instead {
    /// Does it; false where a build is wanted.
    pub(super) async fn take_place(
        self,
        options: &Options,
        format: LogFormat,
        style: Style,
    ) -> Result<bool> {
        if self.template {
            let file = crate::template::write(options).await?;
            console::message::print(&format!("wrote {}: fill in the values\n", file.display()));
        } else if self.plan {
            let plan = crate::plan::make(options).await?;
            say_remarks(options, style);
            console::plan::print(&plan, format, style);
        }
        Ok(self.template || self.plan)
    }
}

/// As the build would say them; on standard error, where they spoil no plan.
fn say_remarks(options: &Options, style: Style) {
    for remark in &options.project.remarks {
        let kind = match remark.warning {
            true => "warning",
            false if style.verbosity == Verbosity::Verbose => "note",
            false => continue,
        };
        let text = console::message::harmless(&remark.text);
        console::message::print(&format!("{kind}: {text}\n"));
    }
}

/// The exit code of a build that ended.
pub(super) fn exit(ended: &Ended) -> Exit {
    match ended {
        Ended::Build(Status::Succeeded) => Exit::Success,
        Ended::Build(_) => Exit::BuildFailed,
        Ended::Invalid => Exit::Invalid,
        Ended::Stopped(Stop::TimedOut) => Exit::TimedOut,
        Ended::Stopped(Stop::Signal(number)) => Exit::Signal(*number),
    }
}

pub(super) fn minutes(text: &str) -> Result<Duration, String> {
    let (digits, unit) = match text.strip_suffix('s') {
        Some(digits) => (digits, 1),
        None => (text, 60),
    };
    match digits.parse::<u32>() {
        Ok(count @ 1..) => Ok(Duration::from_secs(u64::from(count) * unit)),
        _ => Err("not a number of minutes above 0".to_owned()),
    }
}

/// Resolves when somebody wants the build to end; a second Ctrl-C ends this process at once.
pub(super) fn stop(timeout: Option<Duration>) -> Result<impl Future<Output = Stop>> {
    let listen = |kind| {
        signal(kind).map_err(|error| Error::environment("signals can't be caught").because(error))
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    Ok(async move {
        let time_is_up = async {
            match timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        // An editor on this terminal gets Ctrl-C for itself.
        let interrupted =
            async { while interrupt.recv().await.is_some() && crate::debug::screen::is_lent() {} };
        let stop = tokio::select! {
            () = interrupted => Stop::Signal(2),
            _ = terminate.recv() => Stop::Signal(15),
            _ = hang_up.recv() => Stop::Signal(1),
            () = time_is_up => Stop::TimedOut,
        };
        tokio::spawn(async move {
            interrupt.recv().await;
            leave_at_once();
        });
        stop
    })
}

#[expect(
    clippy::exit,
    reason = "the second Ctrl-C asks for exactly this; the next run clears away what is left"
)]
fn leave_at_once() {
    // Below the `^C` that a terminal shows.
    let start = if std::io::stderr().is_terminal() {
        "\n"
    } else {
        ""
    };
    console::message::print(&format!(
        "{start}left without cleaning up; `buildspec clean` does it, and so does the next run\n"
    ));
    std::process::exit(130)
}
