//! Which step follows which: the rules of the phases, without input, output or clock.

use super::assumptions::{
    ABORT_RUNS_FINALLY, ABORT_SKIPS_UPLOAD, CONTINUE_FORGIVES, FINALLY_STOPS_AT_FIRST_FAILURE,
    RETRY_POSTPONES_FINALLY, SUCCEEDING_AGAIN_IN_RETRY,
};
use super::part::Part;
use super::phase::{PhaseType, Status};
use crate::buildspec::model::{Command, OnFailure, Phase, Phases, Text};

/// What the caller has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Say that a phase begins.
    Enter(PhaseType),
    /// Run a command and tell the machine whether it succeeded.
    Run(Run<'a>),
    /// See whether the phase's failure matches a pattern and tell the machine: if so, the phase begins again.
    Judge(Retry<'a>),
    /// Say that a phase ended.
    Leave(PhaseType, Status),
    /// Do `UPLOAD_ARTIFACTS` and tell the machine whether it succeeded.
    Upload,
    /// Nothing more: the build's status.
    Finish(Status),
}

/// One command to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run<'a> {
    pub phase: PhaseType,
    pub command: &'a Command,
    /// Whether it stands in `finally`.
    pub finally: bool,
    /// Its place in `commands` or `finally`, counted from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// `run-as`: the phase's, else the buildspec's.
    pub user: Option<&'a str>,
}

/// A retry that `on-failure` offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry<'a> {
    pub phase: PhaseType,
    /// What the failure has to match.
    pub regex: &'a str,
    /// Which retry it would be, counted from 1.
    pub number: u32,
    /// How many there may be.
    pub most: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Enter,
    Commands(usize),
    Finally(usize),
    /// A retry was offered; `finally` is still to run where it is not taken.
    Judge {
        finally: bool,
    },
    Upload,
    Uploaded,
    Finish,
}

/// The phases after `DOWNLOAD_SOURCE`, from INSTALL to the build's status.
#[derive(Clone, Debug)]
pub struct Machine<'a> {
    phases: [Option<&'a Phase>; 4],
    /// How many of each phase's first commands are left out.
    skipped: [usize; 4],
    user: Option<&'a str>,
    current: usize,
    state: State,
    /// Whether the current phase has failed, in its present attempt.
    phase_failed: bool,
    /// How often the current phase was retried.
    retries: u32,
    /// Whether no earlier phase has failed, forgiven or not.
    succeeding: bool,
    /// Whether a failure stands that nothing forgives.
    failed: bool,
}

impl<'a> Machine<'a> {
    /// A machine that is about to enter INSTALL.
    pub fn new(phases: &'a Phases) -> Self {
        Self {
            phases: [
                phases.install.as_ref(),
                phases.pre_build.as_ref(),
                phases.build.as_ref(),
                phases.post_build.as_ref(),
            ],
            skipped: [0; 4],
            user: None,
            current: 0,
            state: State::Enter,
            phase_failed: false,
            retries: 0,
            succeeding: true,
            failed: false,
        }
    }

    /// The user of phases that name none.
    #[must_use]
    pub fn run_as(mut self, user: Option<&'a Text>) -> Self {
        self.user = user.map(|user| user.value.as_str());
        self
    }

    /// Only this part of the phases; what is left out counts as if the buildspec did not have it.
    #[must_use]
    pub fn only(mut self, part: &Part) -> Self {
        for (place, kind) in PhaseType::COMMANDS.into_iter().enumerate() {
            self.phases[place] = self.phases[place].filter(|_| part.has(kind));
            self.skipped[place] = part.skipped(kind);
        }
        self
    }

    /// Whether a retry may depend on what commands print.
    pub fn asks_for_output(&self) -> bool {
        self.phases.iter().flatten().any(|phase| {
            let on_failure = phase.on_failure.as_ref().map(|on| &on.value);
            matches!(on_failure, Some(OnFailure::Retry { regex, .. }) if regex != ".*")
        })
    }

    /// The value of `CODEBUILD_BUILD_SUCCEEDING`: false once a command has failed.
    pub fn succeeding(&self) -> bool {
        self.succeeding && !self.phase_failed && (self.retries == 0 || SUCCEEDING_AGAIN_IN_RETRY)
    }

    /// The next step. `last` tells how the last `Run` or `Upload` went, or whether the failure of a `Judge` matches; it
    /// is not looked at after any other step.
    pub fn next(&mut self, last: Option<bool>) -> Step<'a> {
        let succeeded = last.unwrap_or(true);
        match self.state {
            State::Enter => {
                self.phase_failed = false;
                self.retries = 0;
                self.state = State::Commands(self.skipped[self.current]);
                Step::Enter(self.phase_type())
            }
            State::Commands(done) => self.command(done, succeeded),
            State::Finally(done) => self.finally(done, succeeded),
            State::Judge { finally } => self.judged(finally, last == Some(true)),
            State::Upload => {
                self.state = State::Uploaded;
                Step::Upload
            }
            State::Uploaded => {
                self.failed |= !succeeded;
                self.finish()
            }
            State::Finish => self.finish(),
        }
    }

    fn phase_type(&self) -> PhaseType {
        PhaseType::COMMANDS[self.current]
    }

    fn command(&mut self, done: usize, succeeded: bool) -> Step<'a> {
        self.note(done, succeeded);
        let commands = self.phases[self.current].map_or(&[][..], |phase| &phase.commands);
        match commands.get(done).filter(|_| !self.phase_failed) {
            Some(command) => {
                self.state = State::Commands(done + 1);
                self.run(command, done, false)
            }
            None if RETRY_POSTPONES_FINALLY => self
                .offer_retry(true)
                .unwrap_or_else(|| self.finally(0, true)),
            None => self.finally(0, true),
        }
    }

    /// A retry, if the phase has failed and there is one left.
    fn offer_retry(&mut self, finally: bool) -> Option<Step<'a>> {
        let Some(OnFailure::Retry { count, regex }) = self.on_failure() else {
            return None;
        };
        if !self.phase_failed || self.retries >= *count {
            return None;
        }
        self.state = State::Judge { finally };
        Some(Step::Judge(Retry {
            phase: self.phase_type(),
            regex,
            number: self.retries + 1,
            most: *count,
        }))
    }

    fn judged(&mut self, finally: bool, matches: bool) -> Step<'a> {
        if matches {
            self.retries += 1;
            self.phase_failed = false;
            self.command(self.skipped[self.current], true)
        } else if finally {
            self.finally(0, true)
        } else {
            self.leave()
        }
    }

    fn finally(&mut self, done: usize, succeeded: bool) -> Step<'a> {
        self.note(done, succeeded);
        let stop = (done > 0 && !succeeded && FINALLY_STOPS_AT_FIRST_FAILURE)
            || (self.phase_failed && self.aborts() && !ABORT_RUNS_FINALLY);
        let finally = self.phases[self.current].map_or(&[][..], |phase| &phase.finally);
        match finally.get(done).filter(|_| !stop) {
            Some(command) => {
                self.state = State::Finally(done + 1);
                self.run(command, done, true)
            }
            None if RETRY_POSTPONES_FINALLY => self.leave(),
            None => self.offer_retry(false).unwrap_or_else(|| self.leave()),
        }
    }

    fn run(&self, command: &'a Command, done: usize, finally: bool) -> Step<'a> {
        let phase = self.phases[self.current];
        let all = phase.map(|phase| {
            if finally {
                &phase.finally
            } else {
                &phase.commands
            }
        });
        Step::Run(Run {
            phase: self.phase_type(),
            command,
            finally,
            number: done + 1,
            of: all.map_or(0, Vec::len),
            user: phase
                .and_then(|phase| phase.run_as.as_ref())
                .map(|user| user.value.as_str())
                .or(self.user),
        })
    }

    /// Takes note of how a command went; before the first one there is nothing to note.
    fn note(&mut self, done: usize, succeeded: bool) {
        if done > 0 && !succeeded {
            self.phase_failed = true;
        }
    }

    fn aborts(&self) -> bool {
        self.on_failure() == Some(&OnFailure::Abort)
    }

    fn on_failure(&self) -> Option<&'a OnFailure> {
        self.phases[self.current]?
            .on_failure
            .as_ref()
            .map(|spanned| &spanned.value)
    }

    fn leave(&mut self) -> Step<'a> {
        let phase = self.phase_type();
        self.state = self.after_phase();
        if self.state == State::Enter {
            self.current += 1;
        }
        self.succeeding &= !self.phase_failed;
        let status = if self.phase_failed {
            Status::Failed
        } else {
            Status::Succeeded
        };
        Step::Leave(phase, status)
    }

    fn after_phase(&mut self) -> State {
        let last = self.current + 1 == PhaseType::COMMANDS.len();
        let go_on = if last { State::Upload } else { State::Enter };
        if !self.phase_failed {
            return go_on;
        }
        let forgiven = CONTINUE_FORGIVES && self.on_failure() == Some(&OnFailure::Continue);
        self.failed |= !forgiven;
        match self.on_failure() {
            Some(OnFailure::Abort) if ABORT_SKIPS_UPLOAD => State::Finish,
            Some(OnFailure::Abort) => State::Upload,
            Some(OnFailure::Continue) => go_on,
            // What was retried in vain has failed as if RETRY were absent.
            Some(OnFailure::Retry { .. }) | None => match self.phase_type() {
                PhaseType::Install | PhaseType::PreBuild => State::Finish,
                _ => go_on,
            },
        }
    }

    fn finish(&mut self) -> Step<'a> {
        self.state = State::Finish;
        Step::Finish(if self.failed {
            Status::Failed
        } else {
            Status::Succeeded
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::{Span, Spanned};

    fn phase(on_failure: Option<OnFailure>, commands: usize, finally: usize) -> Phase {
        let command =
            |kind: &str, number: usize| Command::new(format!("{kind}{number}"), Span::default());
        Phase {
            on_failure: on_failure.map(|value| Spanned::new(value, Span::default())),
            commands: (1..=commands).map(|number| command("c", number)).collect(),
            finally: (1..=finally).map(|number| command("f", number)).collect(),
            ..Phase::default()
        }
    }

    fn phases([install, pre_build, build, post_build]: [Option<Phase>; 4]) -> Phases {
        Phases {
            install,
            pre_build,
            build,
            post_build,
        }
    }

    /// Runs a plan; `fails` says which commands fail, whether `Upload` does, and which failures don't match. One word a
    /// step.
    fn trace(phases: &Phases, mut fails: impl FnMut(&str) -> bool) -> Vec<String> {
        let mut machine = Machine::new(phases);
        let mut last = None;
        let mut steps = Vec::new();
        loop {
            let step = machine.next(last.take());
            match step {
                Step::Enter(phase) => steps.push(format!("+{phase}")),
                Step::Leave(phase, status) => steps.push(format!("-{phase} {status}")),
                Step::Run(run) => {
                    let name = format!("{} {}", run.phase, run.command.value);
                    last = Some(!fails(&name));
                    steps.push(name);
                }
                Step::Judge(retry) => {
                    let name = format!("{} retry {}/{}", retry.phase, retry.number, retry.most);
                    last = Some(!fails(&name));
                    steps.push(name);
                }
                Step::Upload => {
                    last = Some(!fails("UPLOAD"));
                    steps.push("UPLOAD".to_owned());
                }
                Step::Finish(status) => {
                    steps.push(status.to_string());
                    assert_eq!(
                        machine.next(None),
                        Step::Finish(status),
                        "it stays finished"
                    );
                    return steps;
                }
            }
        }
    }

    fn summary(steps: &[String]) -> String {
        steps
            .iter()
            .filter(|step| !step.starts_with('+'))
            .cloned()
            .collect::<Vec<_>>()
            .join(", ")
    }

    #[test]
    fn enters_all_four_phases_even_when_the_buildspec_names_none() {
        assert_eq!(
            trace(&Phases::default(), |_| false),
            [
                "+INSTALL",
                "-INSTALL SUCCEEDED",
                "+PRE_BUILD",
                "-PRE_BUILD SUCCEEDED",
                "+BUILD",
                "-BUILD SUCCEEDED",
                "+POST_BUILD",
                "-POST_BUILD SUCCEEDED",
                "UPLOAD",
                "SUCCEEDED"
            ]
        );
    }

    #[test]
    fn follows_the_table_of_transitions() {
        use OnFailure::{Abort, Continue};
        let rows = [
            (
                "INSTALL",
                None,
                "INSTALL c1, INSTALL f1, -INSTALL FAILED, FAILED",
            ),
            (
                "PRE_BUILD",
                None,
                "PRE_BUILD c1, PRE_BUILD f1, -PRE_BUILD FAILED, FAILED",
            ),
            (
                "BUILD",
                None,
                "BUILD c1, BUILD f1, -BUILD FAILED, POST_BUILD c1, POST_BUILD c2, POST_BUILD f1, -POST_BUILD SUCCEEDED, UPLOAD, FAILED",
            ),
            (
                "POST_BUILD",
                None,
                "POST_BUILD c1, POST_BUILD f1, -POST_BUILD FAILED, UPLOAD, FAILED",
            ),
            (
                "BUILD",
                Some(Abort),
                "BUILD c1, BUILD f1, -BUILD FAILED, FAILED",
            ),
            (
                "POST_BUILD",
                Some(Abort),
                "POST_BUILD c1, POST_BUILD f1, -POST_BUILD FAILED, FAILED",
            ),
            (
                "INSTALL",
                Some(Continue),
                "INSTALL c1, INSTALL f1, -INSTALL FAILED, PRE_BUILD c1, PRE_BUILD c2, PRE_BUILD f1, -PRE_BUILD SUCCEEDED, \
                 BUILD c1, BUILD c2, BUILD f1, -BUILD SUCCEEDED, POST_BUILD c1, POST_BUILD c2, POST_BUILD f1, \
                 -POST_BUILD SUCCEEDED, UPLOAD, SUCCEEDED",
            ),
        ];
        for (failing, on_failure, expected) in rows {
            let plan = phases(PhaseType::COMMANDS.map(|kind| {
                Some(phase(
                    on_failure.clone().filter(|_| kind.name() == failing),
                    2,
                    1,
                ))
            }));
            let steps = summary(&trace(&plan, |command| command == format!("{failing} c1")));
            assert!(
                steps.ends_with(expected),
                "{failing} {on_failure:?}\n{steps}\n{expected}"
            );
        }
    }

    #[test]
    fn a_failing_finally_fails_its_phase_and_stops() {
        let plan = phases([None, None, Some(phase(None, 1, 2)), None]);
        let steps = summary(&trace(&plan, |command| command == "BUILD f1"));
        assert!(
            steps.contains("BUILD c1, BUILD f1, -BUILD FAILED, -POST_BUILD"),
            "{steps}"
        );
        assert!(steps.ends_with("UPLOAD, FAILED"), "{steps}");
    }

    fn retry(count: u32) -> OnFailure {
        let regex = ".*".to_owned();
        OnFailure::Retry { count, regex }
    }

    #[test]
    fn a_retried_phase_begins_again_and_may_succeed() {
        let plan = phases([None, Some(phase(Some(retry(2)), 2, 1)), None, None]);
        let mut left = 2;
        let steps = summary(&trace(&plan, |command| {
            let fails = command == "PRE_BUILD c2" && left > 0;
            left -= u32::from(fails);
            fails
        }));
        assert_eq!(
            steps,
            "-INSTALL SUCCEEDED, PRE_BUILD c1, PRE_BUILD c2, PRE_BUILD f1, PRE_BUILD retry 1/2, \
             PRE_BUILD c1, PRE_BUILD c2, PRE_BUILD f1, PRE_BUILD retry 2/2, \
             PRE_BUILD c1, PRE_BUILD c2, PRE_BUILD f1, -PRE_BUILD SUCCEEDED, \
             -BUILD SUCCEEDED, -POST_BUILD SUCCEEDED, UPLOAD, SUCCEEDED"
        );
    }

    #[test]
    fn what_is_retried_in_vain_fails_as_usual() {
        for (plan, expected) in [
            (
                phases([Some(phase(Some(retry(1)), 1, 0)), None, None, None]),
                "INSTALL c1, INSTALL retry 1/1, INSTALL c1, -INSTALL FAILED, FAILED",
            ),
            (
                phases([Some(phase(Some(retry(0)), 1, 0)), None, None, None]),
                "INSTALL c1, -INSTALL FAILED, FAILED",
            ),
        ] {
            assert_eq!(
                summary(&trace(&plan, |name| name == "INSTALL c1")),
                expected
            );
        }
        let plan = phases([None, None, Some(phase(Some(retry(3)), 1, 1)), None]);
        let unmatched = |name: &str| name == "BUILD f1" || name.contains("retry");
        assert_eq!(
            summary(&trace(&plan, unmatched)),
            "-INSTALL SUCCEEDED, -PRE_BUILD SUCCEEDED, BUILD c1, BUILD f1, BUILD retry 1/3, -BUILD FAILED, \
             -POST_BUILD SUCCEEDED, UPLOAD, FAILED"
        );
    }

    /// `CODEBUILD_BUILD_SUCCEEDING` before each command.
    #[test]
    fn knows_at_every_point_whether_the_build_succeeds() {
        let plan = phases([
            None,
            Some(phase(Some(OnFailure::Continue), 1, 1)),
            Some(phase(Some(retry(1)), 1, 1)),
            Some(phase(None, 1, 0)),
        ]);
        for (fails, expected) in [
            ("", "1 1 1 1 1"),
            // Forgiven, and yet the build is not succeeding.
            ("PRE_BUILD c1", "1 0 0 0 0"),
            // Twice in vain.
            ("BUILD c1", "1 1 1 0 1 0 0"),
            ("BUILD f1", "1 1 1 1 1 1 0"),
        ] {
            let mut machine = Machine::new(&plan);
            let (mut seen, mut last) = (Vec::new(), None);
            loop {
                match machine.next(last.take()) {
                    Step::Run(run) => {
                        seen.push(if machine.succeeding() { "1" } else { "0" });
                        last = Some(format!("{} {}", run.phase, run.command.value) != fails);
                    }
                    Step::Judge(_) | Step::Upload => last = Some(true),
                    Step::Finish(_) => break,
                    _ => {}
                }
            }
            assert_eq!(seen.join(" "), expected, "{fails}");
        }
    }

    #[test]
    fn a_failing_upload_fails_the_build() {
        assert!(
            summary(&trace(&Phases::default(), |command| command == "UPLOAD"))
                .ends_with("UPLOAD, FAILED")
        );
    }

    #[test]
    fn succeeding_turns_false_before_finally() {
        let plan = phases([None, None, Some(phase(None, 1, 1)), None]);
        let mut machine = Machine::new(&plan);
        while !matches!(machine.next(None), Step::Run(_)) {}
        assert!(machine.succeeding());
        assert!(matches!(
            machine.next(Some(false)),
            Step::Run(Run { finally: true, .. })
        ));
        assert!(!machine.succeeding());
    }

    fn any_phase() -> impl Strategy<Value = Option<Phase>> {
        let on_failure = prop_oneof![
            Just(None),
            Just(Some(OnFailure::Abort)),
            Just(Some(OnFailure::Continue)),
            (0..4_u32).prop_map(|count| Some(retry(count))),
        ];
        proptest::option::of(
            (on_failure, 0..4_usize, 0..3_usize)
                .prop_map(|(on_failure, c, f)| phase(on_failure, c, f)),
        )
    }

    /// What one phase did in a trace: the words of each attempt, and whether it failed.
    fn attempts(kind: PhaseType, steps: &[String], failed: &[usize]) -> Vec<(Vec<String>, bool)> {
        let mut attempts = vec![(Vec::new(), false)];
        for (at, step) in steps.iter().enumerate() {
            let Some(word) = step.strip_prefix(&format!("{kind} ")) else {
                continue;
            };
            let Some(last) = attempts.last_mut() else {
                continue;
            };
            if word.starts_with("retry") {
                if !failed.contains(&at) {
                    attempts.push((Vec::new(), false));
                }
            } else {
                last.0.push(word.to_owned());
                last.1 |= failed.contains(&at);
            }
        }
        attempts
    }

    proptest! {
        #[test]
        fn keeps_its_promises(
            plan in [any_phase(), any_phase(), any_phase(), any_phase()],
            failures in proptest::collection::vec(proptest::bool::weighted(0.3), 120),
        ) {
            let plan = phases(plan);
            let mut failures = failures.into_iter();
            let mut answered = Vec::new();
            let steps = trace(&plan, |_| {
                let fails = failures.next().unwrap_or(false);
                answered.push(fails);
                fails
            });
            let mut answers = answered.into_iter();
            let failed: Vec<usize> = (0..steps.len())
                .filter(|&at| {
                    let asked = !steps[at].starts_with(['+', '-']) && steps[at] != "SUCCEEDED" && steps[at] != "FAILED";
                    asked && answers.next().unwrap_or(false)
                })
                .collect();
            let end = steps.last().map(String::as_str);
            let all = [&plan.install, &plan.pre_build, &plan.build, &plan.post_build];
            let mut unforgiven = false;
            for (kind, phase) in PhaseType::COMMANDS.into_iter().zip(all) {
                let entered = steps.iter().filter(|step| **step == format!("+{kind}")).count();
                let left: Vec<_> = steps.iter().filter(|step| step.starts_with(&format!("-{kind} "))).collect();
                prop_assert!(entered <= 1 && left.len() == entered, "every entered phase leaves once: {steps:?}");
                let Some(phase) = phase else { continue };
                let on_failure = phase.on_failure.as_ref().map(|on| &on.value);
                let attempts = attempts(kind, &steps, &failed);
                let most = if let Some(OnFailure::Retry { count, .. }) = on_failure { *count } else { 0 };
                prop_assert!(attempts.len() <= 1 + most as usize, "no more retries than allowed: {steps:?}");
                if entered == 0 { continue }
                for (words, _) in &attempts {
                    prop_assert!(phase.finally.is_empty() || words.contains(&"f1".to_owned()), "finally always runs: {steps:?}");
                    prop_assert!(phase.commands.is_empty() || words.first().is_some_and(|word| word == "c1"), "from the first command: {steps:?}");
                }
                for (_, attempt_failed) in attempts.iter().rev().skip(1) {
                    prop_assert!(attempt_failed, "only what failed is retried: {steps:?}");
                }
                let phase_failed = attempts.last().is_some_and(|(_, failed)| *failed);
                prop_assert_eq!(left[0].ends_with("FAILED"), phase_failed);
                unforgiven |= phase_failed && on_failure != Some(&OnFailure::Continue);
                if phase_failed && on_failure == Some(&OnFailure::Abort) {
                    let leave = steps.iter().position(|step| *step == format!("-{kind} FAILED"));
                    prop_assert_eq!(leave.map(|at| at + 2), Some(steps.len()), "nothing after ABORT");
                }
            }
            let upload_failed = failed.iter().any(|&at| steps[at] == "UPLOAD");
            let expected = if unforgiven || upload_failed { "FAILED" } else { "SUCCEEDED" };
            prop_assert_eq!(end, Some(expected), "{:?}", steps);
        }
    }
}
