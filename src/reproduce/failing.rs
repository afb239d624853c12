//! `--to-failure`: at which command a recorded build failed.

use crate::compare;
use crate::debug::Sought;
use crate::engine::phase::PhaseType;
use crate::error::{Error, Result};
use crate::project::build::Recorded;

/// The command that the record names; where it names none, the last one in the log of the phase.
///
/// # Errors
///
/// The build did not fail at a command, or nobody wrote down at which.
pub fn sought(recorded: &Recorded, log: Option<&str>) -> Result<Sought> {
    let nothing = |why: String| Error::usage(format!("--to-failure: {why}"));
    let Some(failure) = recorded.failure() else {
        return Err(nothing(match recorded.status.as_str() {
            "IN_PROGRESS" => format!(
                "the build was still in progress, in {}, and nothing had failed",
                recorded.current_phase
            ),
            "" => "the record does not say how the build ended".to_owned(),
            "SUCCEEDED" => "the recorded build succeeded".to_owned(),
            status => format!("the build ended as {status}, and the record does not say where"),
        }));
    };
    let (name, status) = (failure.phase, failure.status);
    let Some(phase) = PhaseType::with_commands(name)
        .ok()
        .filter(|phase| phase.name() == name)
    else {
        let message = failure.message.trim();
        return Err(nothing(format!(
            "the build did not fail at a command: {name} {status} {message}"
        )));
    };
    let ran = log.map(|log| compare::commands(log, name));
    if let Some(text) = failure.command {
        let title = text.lines().next().unwrap_or_default();
        let before = ran.map(|ran| {
            let until = ran
                .iter()
                .position(|(other, failed)| *failed && other.trim() == title.trim());
            let earlier = ran.iter().take(until.unwrap_or(0));
            earlier
                .filter(|(other, _)| other.trim() == title.trim())
                .count()
        });
        return Ok(Sought {
            phase,
            text: text.to_owned(),
            before,
        });
    }
    let Some(ran) = ran else {
        return Err(nothing(format!(
            "{name} {status}, and the record does not say at which command"
        ))
        .hint("give the build's log, in which it is the last one: --log FILE")
        .hint(format!("or stop where you like: --break {name}:N")));
    };
    let Some(((last, _), earlier)) = ran.split_last() else {
        return Err(nothing(format!(
            "{name} {status}, and the log has no command of it"
        )));
    };
    Ok(Sought {
        phase,
        text: last.clone(),
        before: Some(earlier.iter().filter(|(other, _)| other == last).count()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::build::RecordedPhase;

    fn recorded(phase: &str, status: &str, message: &str) -> Recorded {
        Recorded {
            status: status.to_owned(),
            current_phase: "BUILD".to_owned(),
            phases: vec![RecordedPhase {
                kind: phase.to_owned(),
                status: status.to_owned(),
                seconds: None,
                contexts: vec![("X".to_owned(), message.to_owned())],
            }],
            ..Recorded::default()
        }
    }

    const LOG: &str = "\
[Container] 2026/01/01 00:00:00.000000 Entering phase BUILD
[Container] 2026/01/01 00:00:00.000000 Running command make
[Container] 2026/01/01 00:00:01.000000 Running command if x
then y
[Container] 2026/01/01 00:00:01.000000 Running command make
no
[Container] 2026/01/01 00:00:02.000000 Command did not exit successfully make exit status 2
";

    #[test]
    fn the_command_comes_from_the_record_and_its_place_from_the_log() {
        let failed = recorded(
            "BUILD",
            "FAILED",
            "Error while executing command: make. Reason: exit status 2",
        );
        let found = |build: &Recorded, log| {
            let sought = sought(build, log).unwrap();
            (sought.phase.name(), sought.text, sought.before)
        };
        let make = "make".to_owned();
        assert_eq!(found(&failed, None), ("BUILD", make.clone(), None));
        assert_eq!(found(&failed, Some(LOG)), ("BUILD", make.clone(), Some(1)));
        for status in ["TIMED_OUT", "STOPPED"] {
            let build = recorded("BUILD", status, "");
            assert_eq!(found(&build, Some(LOG)), ("BUILD", make.clone(), Some(1)));
        }
        let cut = LOG.split_inclusive('\n').take(4).collect::<String>();
        let late = recorded("BUILD", "TIMED_OUT", "Build has timed out. ");
        let text = "if x".to_owned();
        assert_eq!(found(&late, Some(&cut)), ("BUILD", text, Some(0)));
    }

    #[test]
    fn a_record_without_a_failed_command_is_told_why() {
        let mut running = recorded("BUILD", "", "");
        running.status = "IN_PROGRESS".to_owned();
        let mut stopped = recorded("BUILD", "", "");
        stopped.status = "STOPPED".to_owned();
        for (build, log, why) in [
            (
                recorded("BUILD", "SUCCEEDED", ""),
                None,
                "the recorded build succeeded",
            ),
            (
                running,
                None,
                "still in progress, in BUILD, and nothing had failed",
            ),
            (
                stopped,
                None,
                "the build ended as STOPPED, and the record does not say where",
            ),
            (
                Recorded::default(),
                None,
                "the record does not say how the build ended",
            ),
            (
                recorded("PROVISIONING", "FAULT", "no such image"),
                None,
                "the build did not fail at a command: PROVISIONING FAULT no such image",
            ),
            (
                recorded("BUILD", "TIMED_OUT", ""),
                None,
                "BUILD TIMED_OUT, and the record does not say at which command",
            ),
            (
                recorded("POST_BUILD", "TIMED_OUT", ""),
                Some(LOG),
                "POST_BUILD TIMED_OUT, and the log has no command of it",
            ),
        ] {
            let error = sought(&build, log).unwrap_err();
            assert!(error.message.contains(why), "{why}: {error}");
        }
    }
}
