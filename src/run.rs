//! `buildspec run`: read, provision, download, execute, collect, tell.

use tokio::task::JoinHandle;

use crate::buildspec::model::Shell;
use crate::debug::Desk;
use crate::diagnostic::Finding;
use crate::engine::event::Event;
use crate::engine::journal::{Journal, Watcher};
use crate::engine::machine::{Machine, Step};
use crate::engine::phase::{Context, PhaseType, Status};
use crate::engine::{Next, assumptions, run_phases};
use crate::env::builtin::{Identity, Sources};
use crate::env::mask::Rewriter;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::output::BuildFolder;
use crate::record::build::Record;
use crate::runtime::Lost;
use crate::runtime::place::Place;
use crate::script::Layout;
use crate::stages::Script;
use crate::stages::provision::Underway;

/// Why a build ends before its time.
#[derive(Debug)]
pub enum Halt {
    /// The phase that is open failed, and nothing follows it.
    Failed(Context),
    /// The buildspec is invalid.
    Invalid(Context),
    /// The build's shell is gone.
    Lost(Lost),
    /// Somebody wants it to end.
    Stopped(Stop),
    /// This tool can't do its work.
    Error(Error),
}

/// Who ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// This signal.
    Signal(i32),
    /// `--timeout`.
    TimedOut,
}

/// How `run` ended; `main` makes an exit code of it.
#[derive(Debug)]
pub enum Ended {
    /// The build has this status.
    Build(Status),
    /// The buildspec is invalid.
    Invalid,
    Stopped(Stop),
}

/// A build on its way.
#[derive(Debug)]
pub(crate) struct Build<'a> {
    pub(crate) options: &'a Options,
    pub(crate) folder: BuildFolder,
    /// What `validate` finds in the buildspec, meanwhile.
    pub(crate) findings: Option<JoinHandle<Vec<Finding>>>,
    /// What stands for the source: itself, or a clean checkout in the build's folder.
    pub(crate) source: std::path::PathBuf,
    pub(crate) identity: Identity,
    /// What Git is asked meanwhile.
    pub(crate) asked: Option<JoinHandle<Sources>>,
    pub(crate) layout: Layout,
    pub(crate) journal: Journal,
    pub(crate) record: Record,
    /// Hides what was told in secret from what is kept besides the journal.
    pub(crate) masks: Rewriter,
    /// What has to be ended, once it is there.
    pub(crate) place: Option<Place>,
    /// What is being made to run in, until it is there.
    pub(crate) underway: Option<Underway>,
    /// Clears away what earlier builds left, meanwhile.
    pub(crate) sweep: Option<JoinHandle<Result<usize>>>,
    /// What was in the source's top folder when the build first saw it.
    #[cfg(feature = "docker")]
    pub(crate) top: crate::edits::Top,
    /// The only one that can read the state that the build leaves.
    pub(crate) shell: Shell,
    /// Where the build stops, if it is to stop anywhere.
    pub(crate) desk: Option<Desk>,
}

/// Runs a build to its end and cleans up after it, whatever happens.
///
/// # Errors
///
/// When this tool can't do its work; a failing build is no error.
pub async fn run(
    options: &Options,
    console: Box<dyn Watcher>,
    stop: impl Future<Output = Stop>,
) -> Result<Ended> {
    Ok(run_and_mask(options, console, stop).await?.0)
}

/// The same, and what hides the build's secrets in texts of other builds.
///
/// # Errors
///
/// As with [`run`].
pub async fn run_and_mask(
    options: &Options,
    console: Box<dyn Watcher>,
    stop: impl Future<Output = Stop>,
) -> Result<(Ended, Rewriter)> {
    let mut build = Build::begin(options, console).await?;
    let script = build.read_buildspec();
    if let Err(wrong) = build.check_usage(&script) {
        build.folder.abandon(&options.output);
        return Err(wrong);
    }
    build.announce();
    let went = tokio::select! {
        went = build.go(&script) => went,
        stop = stop => Err(Halt::Stopped(stop)),
    };
    let ended = Box::pin(build.end(went)).await?;
    Ok((ended, build.masks))
}

/// Opens a shell in what a build would run in, before any phase, and cleans up after it. No build is kept.
///
/// # Errors
///
/// When this tool can't do its work, or `CodeBuild` would refuse the buildspec.
pub async fn shell(
    options: &Options,
    console: Box<dyn Watcher>,
    stop: impl Future<Output = Stop>,
) -> Result<Ended> {
    let mut build = Build::begin(options, console).await?;
    let folder = build.folder.clone();
    build.announce();
    let went = tokio::select! {
        went = build.only_shell() => went,
        stop = stop => Err(Halt::Stopped(stop)),
    };
    let ended = build.end(went).await;
    drop(build);
    folder.abandon(&options.output);
    ended
}

impl Build<'_> {
    async fn go(&mut self, script: &Script) -> Result<Status, Halt> {
        let supervisor = self.provision(script).await?;
        let mut session = self.download_source(script, supervisor).await?;
        let buildspec = &script.reading.buildspec;
        self.open_desk(&session, script).await?;
        let mut machine = Machine::new(&buildspec.phases)
            .only(&self.options.part)
            .run_as(buildspec.run_as.as_ref());
        let next = run_phases(
            &mut machine,
            &mut session,
            &script.source,
            &mut self.desk,
            &mut self.journal,
        )
        .await?;
        self.close_desk(script);
        self.check_files()?;
        let status = match next {
            Next::Finish(status) => status,
            Next::Quit { artifacts } => {
                self.journal.leave(Status::Stopped, Context::default());
                if artifacts {
                    self.upload_artifacts(buildspec, &mut session).await?;
                }
                Status::Stopped
            }
            Next::Upload => {
                let succeeded = self.upload_artifacts(buildspec, &mut session).await?;
                match machine.next(Some(succeeded)) {
                    Step::Finish(status) => status,
                    other => unreachable!("nothing but the end follows the upload, not {other:?}"),
                }
            }
        };
        session.end().await;
        Ok(status)
    }

    /// What was named on the command line and is not there.
    fn check_usage(&self, script: &Script) -> Result<()> {
        if script.refused.is_some() {
            return Ok(());
        }
        self.break_points(script)?;
        self.check_part(script)
    }

    /// A log that could not be written must not pass for one.
    pub(crate) fn check_files(&mut self) -> Result<(), Halt> {
        match self.journal.take_broken() {
            Some(error) => Err(Halt::Error(
                Error::environment(format!("the build's files can't be written: {error}")).hint(
                    format!(
                        "see whether there is room at {}",
                        self.folder.path.display()
                    ),
                ),
            )),
            None => Ok(()),
        }
    }

    async fn end(&mut self, went: Result<Status, Halt>) -> Result<Ended> {
        let (status, context, ended) = match went {
            Ok(status) => (status, Context::default(), Ok(Ended::Build(status))),
            Err(halt) => self.halted(halt).await,
        };
        self.learn_sources().await;
        self.record.make_room();
        self.journal.leave(status, context);
        self.journal.enter(PhaseType::Finalizing);
        let cleaned = self.clean_up().await;
        self.journal.leave(Status::Succeeded, Context::default());
        self.journal.enter(PhaseType::Completed);
        self.journal.emit(&Event::BuildEnded {
            status,
            duration: self.elapsed(),
        });
        self.journal.idle();
        if let Some(desk) = &mut self.desk {
            desk.offer_edits().await;
            desk.bid_farewell(status.name()).await;
        }
        let written = self.check_files();
        match (ended, cleaned, written) {
            (Err(error), ..) | (_, Err(error), _) | (_, _, Err(Halt::Error(error))) => {
                Err(error.rewritten(|text| self.masks.rewrite(text)))
            }
            (ended, ..) => ended,
        }
    }

    async fn halted(&mut self, halt: Halt) -> (Status, Context, Result<Ended>) {
        match halt {
            Halt::Failed(context) => (Status::Failed, context, Ok(Ended::Build(Status::Failed))),
            Halt::Invalid(context) => (Status::Failed, context, Ok(Ended::Invalid)),
            Halt::Stopped(Stop::TimedOut) => (
                assumptions::STATUS_AFTER_TIME_OUT,
                Context::default(),
                Ok(Ended::Stopped(Stop::TimedOut)),
            ),
            Halt::Stopped(stop) => (
                Status::Stopped,
                Context::default(),
                Ok(Ended::Stopped(stop)),
            ),
            Halt::Lost(lost) => match self.explain(lost).await {
                Ok(context) => (Status::Failed, context, Ok(Ended::Build(Status::Failed))),
                Err(error) => (Status::Fault, Context::new("", &error.message), Err(error)),
            },
            Halt::Error(error) => (Status::Fault, Context::new("", &error.message), Err(error)),
        }
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Lost> for Halt {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}
