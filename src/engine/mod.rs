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

use crate::runtime::{Became, Executor, Lost, Sink};
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
                let succeeded = match ready(run, executor, journal).await? {
                    Ok(()) => {
                        let exit = run_command(run, executor, buildspec, journal).await?;
                        if !exit.success() && failure.is_none() {
                            failure = Some(failure_context(&run.command.value, exit));
                        }
                        exit.success()
                    }
                    Err(context) => {
                        failure.get_or_insert(context);
                        false
                    }
                };
                if journal.is_broken() {
                    // Nobody would learn what the rest did.
                    return Ok(Next::Finish(Status::Fault));
                }
                last = Some(succeeded);
            }
            Step::Leave(_, status) => journal.leave(status, failure.take().unwrap_or_default()),
            Step::Upload => return Ok(Next::Upload),
            Step::Finish(status) => return Ok(Next::Finish(status)),
        }
    }
}

/// Lets the command's user take over; a failure is the phase's.
async fn ready<E: Executor>(
    run: Run<'_>,
    executor: &mut E,
    journal: &mut Journal,
) -> Result<Result<(), Context>, Lost> {
    let became = executor.become_user(run.user).await?;
    let user = run.user.unwrap_or_default();
    match became {
        Became::Unknown => {
            return Ok(Err(Context::new(
                "COMMAND_EXECUTION_ERROR",
                format!(
                    "Error while executing command: {}. Reason: {} {user}",
                    run.command.value,
                    assumptions::UNKNOWN_USER
                ),
            )));
        }
        Became::NotHere if run.number == 1 => journal.emit(&Event::Warning(format!(
            "run-as: {user}: without a container commands run as yourself"
        ))),
        Became::Ready | Became::NotHere => {}
    }
    Ok(Ok(()))
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use jiff::Timestamp;

    use super::journal::Watcher;
    use super::*;
    use crate::buildspec;
    use crate::env::mask::Rewriter;
    use crate::runtime::fake::{Answer, Fake};

    /// Keeps `CodeBuild`'s lines without their stamps.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Watcher for Log {
        fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
            crate::console::log::write(&mut *self.0.lock().unwrap(), at, event)
        }
    }

    impl Log {
        fn lines(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines()
                .map(|line| {
                    line.get(39..)
                        .filter(|_| line.starts_with("[Container]"))
                        .unwrap_or(line)
                        .to_owned()
                })
                .filter(|line| !line.starts_with("Phase context status code:  "))
                .collect()
        }
    }

    const BUILDSPEC: &str = "version: 0.2\nphases:\n  build:\n    commands:\n      - one\n      - two\n    finally:\n      - last\n  post_build:\n    commands:\n      - after\n";

    async fn play(answers: Vec<Answer>) -> (Result<Next, Lost>, Vec<String>, Vec<String>) {
        let source = Source::new("buildspec.yml", BUILDSPEC);
        let reading = buildspec::read(&source);
        let mut machine = Machine::new(&reading.buildspec.phases);
        let mut fake = Fake::new(answers);
        let log = Log::default();
        let mut journal = Journal::new(Rewriter::default(), vec![Box::new(log.clone())]);
        let next = run_phases(&mut machine, &mut fake, &source, &mut journal).await;
        (next, fake.calls, log.lines())
    }

    #[tokio::test]
    async fn a_failure_is_told_to_what_follows_before_it_runs() {
        let failing = Answer::Ends("no\n", Exit::Status(3));
        let (next, calls, lines) = play(vec![failing]).await;
        assert_eq!(next.unwrap(), Next::Upload);
        assert_eq!(
            calls,
            ["one", "CODEBUILD_BUILD_SUCCEEDING=0", "last", "after"]
        );
        assert_eq!(
            lines,
            [
                "Entering phase INSTALL",
                "Phase complete: INSTALL State: SUCCEEDED",
                "Entering phase PRE_BUILD",
                "Phase complete: PRE_BUILD State: SUCCEEDED",
                "Entering phase BUILD",
                "Running command one",
                "no",
                "",
                "Command did not exit successfully one exit status 3",
                "Running command last",
                "",
                "Phase complete: BUILD State: FAILED",
                "Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command: one. Reason: exit status 3",
                "Entering phase POST_BUILD",
                "Running command after",
                "",
                "Phase complete: POST_BUILD State: SUCCEEDED",
            ]
        );
    }

    #[tokio::test]
    async fn a_lost_place_is_asked_nothing_more() {
        let (next, calls, lines) = play(vec![
            Answer::Ends("", Exit::Status(0)),
            Answer::Dies("half a li"),
        ])
        .await;
        assert!(next.is_err());
        assert_eq!(calls, ["one", "two"]);
        assert_eq!(lines.last().map(String::as_str), Some("half a li"));
    }

    #[test]
    fn counts_commands_without_finally() {
        let reading = buildspec::read(&Source::new("buildspec.yml", BUILDSPEC));
        assert_eq!(
            count_lines(&reading.buildspec.phases),
            [
                "Phases found in YAML: 2",
                " BUILD: 2 commands",
                " POST_BUILD: 1 commands"
            ]
        );
    }
}
