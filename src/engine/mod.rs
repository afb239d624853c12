//! The loop: machine times session, seen through the journal.

pub mod assumptions;
pub mod event;
pub mod journal;
pub mod machine;
pub mod part;
pub mod pause;
pub mod phase;
mod retry;

use std::cell::RefCell;
use std::time::Instant;

use event::{Event, Place};
use journal::Journal;
use machine::{Machine, Retry, Run, Step};
use pause::{Order, Pause, Stop};
use phase::{Context, Exit, PhaseType, Status};
use retry::{Failure, Heard};

use crate::runtime::{Became, Executor, Lost, Sink};
use crate::source::Source;

/// What the four command phases led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// `UPLOAD_ARTIFACTS` comes next; tell the machine how it went.
    Upload,
    /// The build is over.
    Finish(Status),
    /// Somebody ended it at a command, and may want its artifacts.
    Quit { artifacts: bool },
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
    debugger: &mut impl Pause,
    journal: &mut Journal,
) -> Result<Next, Lost> {
    let mut last = None;
    let mut told = true;
    let mut failure = Failure::default();
    let mut heard = Heard::new(machine.asks_for_output());
    loop {
        match machine.next(last.take()) {
            Step::Enter(phase) => journal.enter(phase),
            Step::Run(run) => {
                let succeeding = machine.succeeding();
                if succeeding != told && (succeeding || tells_failure(run)) {
                    let value = if succeeding { "1" } else { "0" };
                    executor.set_variable(SUCCEEDING, value).await?;
                    told = succeeding;
                }
                heard.forget();
                let went = match ready(run, executor, journal).await? {
                    Ok(()) => {
                        attempt(run, executor, buildspec, debugger, &mut heard, journal).await?
                    }
                    Err(context) => Went::Wrong(context),
                };
                let succeeded = match went {
                    Went::Well => true,
                    Went::Wrong(context) => {
                        failure.note(context, &heard);
                        false
                    }
                    Went::NoFurther { artifacts } => return Ok(Next::Quit { artifacts }),
                };
                if journal.is_broken() {
                    // Nobody would learn what the rest did.
                    return Ok(Next::Finish(Status::Fault));
                }
                last = Some(succeeded);
            }
            Step::Judge(retry) => last = Some(judge(retry, &mut failure, journal)),
            Step::Leave(_, status) => {
                let failure = std::mem::take(&mut failure);
                journal.leave(status, failure.context.unwrap_or_default());
            }
            Step::Upload => return Ok(Next::Upload),
            Step::Finish(status) => return Ok(Next::Finish(status)),
        }
    }
}

/// Whether a failed phase begins again. No line of `CodeBuild`'s about it is known, so the log has none.
fn judge(retry: Retry<'_>, failure: &mut Failure, journal: &mut Journal) -> bool {
    let Retry {
        phase,
        regex,
        number,
        most,
    } = retry;
    match failure.matches(regex) {
        Ok(true) => {
            journal.emit(&Event::Warning(format!(
                "on-failure: RETRY: {phase} begins again with its first command ({number} of {most})"
            )));
            *failure = Failure::default();
            true
        }
        Ok(false) => {
            journal.emit(&Event::Note(format!(
                "on-failure: RETRY: {phase} is not tried again: neither its message nor the command's output matches {regex}"
            )));
            false
        }
        Err(error) => {
            journal.emit(&Event::Warning(format!(
                "on-failure: RETRY: {phase} is not tried again: {regex} is no pattern: {error}"
            )));
            false
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

/// What a command came to.
enum Went {
    Well,
    Wrong(Context),
    /// Somebody ended the build at it.
    NoFurther {
        artifacts: bool,
    },
}

/// Runs a command, as often and with such a text as whoever stops the build wants.
async fn attempt<E: Executor>(
    run: Run<'_>,
    executor: &mut E,
    buildspec: &Source,
    debugger: &mut impl Pause,
    heard: &mut Heard,
    journal: &mut Journal,
) -> Result<Went, Lost> {
    let place = Place::of(buildspec, run.command.span);
    let mut text = run.command.value.clone();
    let mut failure = None;
    loop {
        let stop = Stop {
            run,
            text: &text,
            place: &place,
        };
        match (debugger.ask(stop, failure, journal).await?, failure) {
            (Order::Run(wanted), _) => text = wanted,
            (Order::GoOn, None) => {}
            (Order::GoOn, Some(exit)) => return Ok(Went::Wrong(failure_context(&text, exit))),
            (Order::Skip, _) => return Ok(Went::Well),
            (Order::Quit { artifacts }, _) => return Ok(Went::NoFurther { artifacts }),
        }
        let stop = Stop {
            run,
            text: &text,
            place: &place,
        };
        match run_command(stop, executor, debugger, heard, journal).await? {
            None => return Ok(Went::NoFurther { artifacts: false }),
            Some(exit) if exit.success() => return Ok(Went::Well),
            Some(exit) => failure = Some(exit),
        }
    }
}

async fn run_command<E: Executor>(
    stop: Stop<'_>,
    executor: &mut E,
    debugger: &mut impl Pause,
    heard: &mut Heard,
    journal: &mut Journal,
) -> Result<Option<Exit>, Lost> {
    let Stop { run, text, place } = stop;
    journal.emit(&Event::CommandStarted {
        phase: run.phase,
        finally: run.finally,
        number: run.number,
        text: text.to_owned(),
        place: Some(place.clone()),
    });
    let started = Instant::now();
    let shared = RefCell::new(journal);
    let mut output = Output {
        journal: &shared,
        heard,
    };
    let work = executor.execute(text, &mut output);
    let Some(exit) = debugger.during(stop, work, &shared).await? else {
        return Ok(None);
    };
    let exit = exit?;
    shared.into_inner().emit(&Event::CommandEnded {
        text: text.to_owned(),
        exit,
        duration: started.elapsed(),
    });
    Ok(Some(exit))
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

struct Output<'a, 'j> {
    journal: &'a RefCell<&'j mut Journal>,
    heard: &'a mut Heard,
}

impl Sink for Output<'_, '_> {
    fn write(&mut self, bytes: &[u8]) {
        self.heard.push(bytes);
        self.journal.borrow_mut().emit(&Event::Output(bytes));
    }

    fn idle(&mut self) {
        self.journal.borrow_mut().idle();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
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
        play_with(answers, &mut None::<Orders>).await
    }

    async fn play_with(
        answers: Vec<Answer>,
        debugger: &mut impl Pause,
    ) -> (Result<Next, Lost>, Vec<String>, Vec<String>) {
        play_of(BUILDSPEC, answers, debugger).await
    }

    async fn play_of(
        text: &str,
        answers: Vec<Answer>,
        debugger: &mut impl Pause,
    ) -> (Result<Next, Lost>, Vec<String>, Vec<String>) {
        let source = Source::new("buildspec.yml", text);
        let reading = buildspec::read(&source);
        let mut machine = Machine::new(&reading.buildspec.phases);
        let mut fake = Fake::new(answers);
        let log = Log::default();
        let mut journal = Journal::new(Rewriter::default(), vec![Box::new(log.clone())]);
        let next = run_phases(&mut machine, &mut fake, &source, debugger, &mut journal).await;
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
    async fn a_retried_phase_succeeds_without_a_trace_in_the_log() {
        let spec = "version: 0.2\nphases:\n  build:\n    on-failure: RETRY-2-timed out\n    commands:\n      - one\n      - two\n    finally:\n      - last\n";
        let slow = Answer::Ends("it timed out\n", Exit::Status(7));
        let well = Answer::Ends("", Exit::Status(0));
        let answers = vec![well.clone(), slow.clone(), well];
        let (next, calls, lines) = play_of(spec, answers, &mut None::<Orders>).await;
        assert_eq!(next.unwrap(), Next::Upload);
        assert_eq!(
            calls,
            [
                "one",
                "two",
                "CODEBUILD_BUILD_SUCCEEDING=0",
                "last",
                "CODEBUILD_BUILD_SUCCEEDING=1",
                "one",
                "two",
                "last"
            ]
        );
        assert!(lines.contains(&"Phase complete: BUILD State: SUCCEEDED".to_owned()));
        assert!(
            !lines.iter().any(|line| line.contains("RETRY")),
            "{lines:?}"
        );

        let other = Answer::Ends("no such host\n", Exit::Status(7));
        let (_, calls, lines) = play_of(spec, vec![other], &mut None::<Orders>).await;
        assert_eq!(calls, ["one", "CODEBUILD_BUILD_SUCCEEDING=0", "last"]);
        assert!(lines.contains(&"Phase complete: BUILD State: FAILED".to_owned()));

        // The last attempt's failure is the phase's.
        let answers = vec![
            slow.clone(),
            Answer::Ends("", Exit::Status(0)),
            slow.clone(),
            Answer::Ends("", Exit::Status(0)),
            Answer::Ends("timed out", Exit::Status(9)),
        ];
        let (_, calls, lines) = play_of(spec, answers, &mut None::<Orders>).await;
        assert_eq!(calls.iter().filter(|call| *call == "one").count(), 3);
        assert!(
            lines
                .iter()
                .any(|line| line.ends_with("Reason: exit status 9")),
            "{lines:?}"
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

    /// Gives these orders before and after commands; beyond them, those of nobody.
    #[derive(Debug, Default)]
    struct Orders {
        before: VecDeque<Order>,
        failed: VecDeque<Order>,
    }

    impl Pause for Orders {
        async fn ask(
            &mut self,
            _: Stop<'_>,
            failure: Option<Exit>,
            _: &mut Journal,
        ) -> Result<Order, Lost> {
            let orders = match failure {
                None => &mut self.before,
                Some(_) => &mut self.failed,
            };
            Ok(orders.pop_front().unwrap_or(Order::GoOn))
        }

        async fn during<T>(
            &mut self,
            _: Stop<'_>,
            work: impl Future<Output = T>,
            _: &RefCell<&mut Journal>,
        ) -> Result<Option<T>, Lost> {
            Ok(Some(work.await))
        }
    }

    #[tokio::test]
    async fn a_command_is_edited_retried_skipped() {
        let no = Answer::Ends("", Exit::Status(1));
        let mut orders = Orders {
            before: [Order::Skip, Order::Run("two!".to_owned())].into(),
            failed: [Order::Run("two!".to_owned()), Order::Run("2".to_owned())].into(),
        };
        let (next, calls, lines) = play_with(vec![no.clone(), no], &mut orders).await;
        assert_eq!(next.unwrap(), Next::Upload);
        assert_eq!(calls, ["two!", "two!", "2", "last", "after"]);
        assert!(lines.contains(&"Phase complete: BUILD State: SUCCEEDED".to_owned()));

        let no = Answer::Ends("", Exit::Status(1));
        let mut orders = Orders {
            failed: [Order::Skip].into(),
            ..Orders::default()
        };
        let (next, calls, _) = play_with(vec![no], &mut orders).await;
        assert_eq!(next.unwrap(), Next::Upload);
        assert_eq!(calls, ["one", "two", "last", "after"]);
    }

    #[tokio::test]
    async fn nothing_runs_after_the_end_was_ordered() {
        let mut orders = Orders {
            before: [Order::Run("1".to_owned()), Order::Quit { artifacts: true }].into(),
            ..Orders::default()
        };
        let (next, calls, _) = play_with(Vec::new(), &mut orders).await;
        assert_eq!(next.unwrap(), Next::Quit { artifacts: true });
        assert_eq!(calls, ["1"]);
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
