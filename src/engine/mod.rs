//! The loop: machine times session, seen through the journal.

pub mod assumptions;
pub mod event;
pub mod journal;
pub mod machine;
pub mod phase;

use std::time::Instant;

use event::{Event, Place};
use journal::Journal;
use machine::{Machine, Run, Step};
use phase::{Context, Exit, PhaseType, Status};

use crate::runtime::{Executor, Lost, Sink};
use crate::source::Source;

/// What the four command phases led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// `UPLOAD_ARTIFACTS` comes next; tell the machine how it went.
    Upload,
    /// The build is over.
    Finish(Status),
}

/// The variable that tells commands whether an earlier one has failed.
pub const SUCCEEDING: &str = "CODEBUILD_BUILD_SUCCEEDING";

/// Runs the phases up to `UPLOAD_ARTIFACTS` or the build's end.
///
/// `Lost` means that no command can be run any more; the phase that was running is then still open in the journal.
pub async fn run_phases<E: Executor>(
    machine: &mut Machine<'_>,
    executor: &mut E,
    buildspec: &Source,
    journal: &mut Journal,
) -> Result<Next, Lost> {
    let mut last = None;
    let mut told_failing = false;
    let mut failure: Option<Context> = None;
    loop {
        match machine.next(last.take()) {
            Step::Enter(phase) => journal.enter(phase),
            Step::Run(run) => {
                if !machine.succeeding() && !told_failing && tells_failure(run) {
                    executor.set_variable(SUCCEEDING, "0").await?;
                    told_failing = true;
                }
                let exit = run_command(run, executor, buildspec, journal).await?;
                if !exit.success() && failure.is_none() {
                    failure = Some(failure_context(&run.command.value, exit));
                }
                last = Some(exit.success());
            }
            Step::Leave(_, status) => journal.leave(status, failure.take().unwrap_or_default()),
            Step::Upload => return Ok(Next::Upload),
            Step::Finish(status) => return Ok(Next::Finish(status)),
        }
    }
}

fn tells_failure(run: Run<'_>) -> bool {
    !run.finally || assumptions::NOT_SUCCEEDING_IN_FINALLY
}

async fn run_command<E: Executor>(
    run: Run<'_>,
    executor: &mut E,
    buildspec: &Source,
    journal: &mut Journal,
) -> Result<Exit, Lost> {
    let text = &run.command.value;
    journal.emit(&Event::CommandStarted {
        phase: run.phase,
        finally: run.finally,
        number: run.number,
        text: text.clone(),
        place: Some(Place::of(buildspec, run.command.span)),
    });
    let started = Instant::now();
    let exit = executor.execute(text, &mut Output(journal)).await?;
    journal.emit(&Event::CommandEnded {
        text: text.clone(),
        exit,
        duration: started.elapsed(),
    });
    Ok(exit)
}

/// The context of a phase whose command failed, in `CodeBuild`'s words; the full stop is appended blindly.
pub fn failure_context(command: &str, exit: Exit) -> Context {
    Context::new(
        "COMMAND_EXECUTION_ERROR",
        format!("Error while executing command: {command}. Reason: {exit}"),
    )
}

/// The lines that tell how many commands each phase has, and of what is odd about them.
pub fn count_lines(phases: &crate::buildspec::model::Phases) -> Vec<String> {
    let all = [
        &phases.install,
        &phases.pre_build,
        &phases.build,
        &phases.post_build,
    ];
    let present = PhaseType::COMMANDS
        .into_iter()
        .zip(all)
        .filter_map(|(kind, phase)| Some((kind, phase.as_ref()?)));
    let mut lines: Vec<_> = present
        .map(|(kind, phase)| {
            let finally = if assumptions::COUNT_INCLUDES_FINALLY {
                phase.finally.len()
            } else {
                0
            };
            format!(" {kind}: {} commands", phase.commands.len() + finally)
        })
        .collect();
    lines.insert(0, format!("Phases found in YAML: {}", lines.len()));
    lines
}

struct Output<'a>(&'a mut Journal);

impl Sink for Output<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.emit(&Event::Output(bytes));
    }

    fn idle(&mut self) {
        self.0.idle();
    }
}
