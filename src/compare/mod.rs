//! Two logs of one build, phase by phase and command by command: what differs once times, ids and paths are put aside.
//!
//! Pure: two texts in, a [`Comparison`] out. `human` shows it to people; as JSON it is what it is.

pub mod human;
mod known;
mod log;
mod normal;

use std::ops::Range;

use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use log::{Log, Phase};

/// More lines than this that have no counterpart are not aligned with each other: that would take their square.
const MOST_ALIGNED: usize = 4000;

/// First line and failure of each command of a phase, in the order in which they ran.
pub fn commands(log: &str, phase: &str) -> Vec<(String, bool)> {
    let log = Log::read(log);
    let phases = log.phases.iter().filter(|other| other.name == phase);
    phases
        .flat_map(|phase| &phase.commands)
        .map(|command| (command.title.to_owned(), !command.complaint.is_empty()))
        .collect()
}

/// What became of two logs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Whether nothing differs.
    pub same: bool,
    /// Every phase of either log, in the order in which they ran.
    pub phases: Vec<PhaseComparison>,
}

/// One phase in both logs; `None` where it never began.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseComparison {
    pub phase: String,
    pub same: bool,
    pub recorded: Option<PhaseFacts>,
    pub here: Option<PhaseFacts>,
    /// The agent's own lines that differ.
    pub lines: Vec<LineDifference>,
    /// Every command of the phase, differing or not.
    pub commands: Vec<CommandComparison>,
}

/// How a phase went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseFacts {
    /// `SUCCEEDED` and its like; empty where the log breaks off.
    pub state: String,
    /// `Phase context status code` and its message, as they stand in the log.
    pub context: String,
    /// As far as the log has times.
    pub seconds: Option<f64>,
}

/// One command in both logs; `None` where it did not run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandComparison {
    pub same: bool,
    pub recorded: Option<CommandFacts>,
    pub here: Option<CommandFacts>,
    /// Lines that differ: of the output, and of a command's text from its second line on, which no log tells apart.
    pub output: Vec<LineDifference>,
}

/// How a command went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandFacts {
    /// Its place in the phase, `finally` included, counted from 1.
    pub number: usize,
    /// Its first line.
    pub text: String,
    /// `exit status 1`, `signal: killed`; empty after success.
    pub exit: String,
    /// As far as the log has times.
    pub seconds: Option<f64>,
}

/// A line that only one log has, or has otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineDifference {
    /// As it stands there, without its time.
    pub recorded: Option<String>,
    pub here: Option<String>,
    /// Why the two may differ although the builds are alike, where that is known.
    pub reason: Option<&'static str>,
}

impl Comparison {
    /// The first phase whose status differs, or that ran in one log only: what to look at first.
    pub fn first_turn(&self) -> Option<&PhaseComparison> {
        self.phases.iter().find(|phase| {
            phase.recorded.as_ref().map(|facts| &facts.state)
                != phase.here.as_ref().map(|facts| &facts.state)
        })
    }
}

/// Compares the log of a build with that of the same build here.
///
/// Every character counts, apart from times, ids, the numbers in `CODEBUILD_SRC_DIR`, and the order in which
/// `CodeBuild` counts the commands of the phases, which is random.
pub fn compare(recorded: &str, here: &str) -> Comparison {
    let (recorded, here) = (Log::read(recorded), Log::read(here));
    let names = |log: &Log<'_>| -> Vec<String> {
        log.phases.iter().map(|phase| phase.name.clone()).collect()
    };
    let mut phases = Vec::new();
    for (a, b) in pairs(&names(&recorded), &names(&here)) {
        let a = a.map(|at| (&recorded, &recorded.phases[at]));
        let b = b.map(|at| (&here, &here.phases[at]));
        match (a, b) {
            (Some((_, left)), Some((_, right))) if left.name != right.name => {
                phases.extend([compare_phase(a, None), compare_phase(None, b)]);
            }
            _ => phases.push(compare_phase(a, b)),
        }
    }
    Comparison {
        same: phases.iter().all(|phase| phase.same),
        phases,
    }
}

type Side<'a> = Option<(&'a Log<'a>, &'a Phase<'a>)>;

fn compare_phase(recorded: Side<'_>, here: Side<'_>) -> PhaseComparison {
    let name = recorded
        .or(here)
        .map_or_else(String::new, |(_, phase)| phase.name.clone());
    let lines_of = |side: Side<'_>| side.map_or(&[][..], |(_, phase)| &phase.lines[..]).to_vec();
    let mut lines = differences(
        &lines_of(recorded),
        &lines_of(here),
        (log_of(recorded), log_of(here)),
        true,
    );
    for line in &mut lines {
        line.reason = known::reason(line);
    }
    let commands = compare_commands(recorded, here);
    let (a, b) = (recorded.map(facts), here.map(facts));
    let ends_alike = match (recorded, here) {
        (Some((left, a)), Some((right, b))) => {
            a.state == b.state && left.normal(&a.context, true) == right.normal(&b.context, true)
        }
        _ => false,
    };
    PhaseComparison {
        phase: name,
        same: ends_alike && lines.is_empty() && commands.iter().all(|command| command.same),
        recorded: a,
        here: b,
        lines,
        commands,
    }
}

fn facts((_, phase): (&Log<'_>, &Phase<'_>)) -> PhaseFacts {
    PhaseFacts {
        state: phase.state.to_owned(),
        context: phase.context.clone(),
        seconds: phase.seconds(),
    }
}

fn log_of(side: Side<'_>) -> Option<&Log<'_>> {
    side.map(|(log, _)| log)
}

fn compare_commands(recorded: Side<'_>, here: Side<'_>) -> Vec<CommandComparison> {
    let left = recorded.map_or(&[][..], |(_, phase)| &phase.commands);
    let right = here.map_or(&[][..], |(_, phase)| &phase.commands);
    let titles = |commands: &[log::Command<'_>], side: Side<'_>| -> Vec<String> {
        let log = log_of(side);
        let normal = |text: &str| log.map_or_else(String::new, |log| log.normal(text, true));
        commands
            .iter()
            .map(|command| normal(command.title))
            .collect()
    };
    let (titles_left, titles_right) = (titles(left, recorded), titles(right, here));
    let mut compared = Vec::new();
    for (a, b) in pairs(&titles_left, &titles_right) {
        let body = |commands: &[log::Command<'_>], at: Option<usize>| -> Vec<String> {
            at.map_or_else(Vec::new, |at| commands[at].body.clone())
        };
        let output = differences(
            &body(left, a),
            &body(right, b),
            (log_of(recorded), log_of(here)),
            false,
        );
        let about = |commands: &[log::Command<'_>], at: Option<usize>| {
            at.map(|at| CommandFacts {
                number: at + 1,
                text: commands[at].title.to_owned(),
                exit: commands[at].exit().to_owned(),
                seconds: commands[at].seconds(),
            })
        };
        let complaint = |commands: &[log::Command<'_>], at: Option<usize>, side: Side<'_>| {
            Some(log_of(side)?.normal(&commands[at?].complaint, true))
        };
        let same = a.is_some()
            && b.is_some()
            && a.map(|at| &titles_left[at]) == b.map(|at| &titles_right[at])
            && complaint(left, a, recorded) == complaint(right, b, here)
            && output.is_empty();
        compared.push(CommandComparison {
            same,
            recorded: about(left, a),
            here: about(right, b),
            output,
        });
    }
    compared
}

/// The lines that differ; `agent` says whose they are.
fn differences(
    recorded: &[String],
    here: &[String],
    logs: (Option<&Log<'_>>, Option<&Log<'_>>),
    agent: bool,
) -> Vec<LineDifference> {
    let normal = |lines: &[String], log: Option<&Log<'_>>| -> Vec<String> {
        let normal =
            |line: &String| log.map_or_else(|| line.clone(), |log| log.normal(line, agent));
        lines.iter().map(normal).collect()
    };
    let (left, right) = (normal(recorded, logs.0), normal(here, logs.1));
    let at = |lines: &[String], at: Option<usize>| at.map(|at| lines[at].clone());
    pairs(&left, &right)
        .into_iter()
        .filter(|(a, b)| a.map(|at| &left[at]) != b.map(|at| &right[at]))
        .map(|(a, b)| LineDifference {
            recorded: at(recorded, a),
            here: at(here, b),
            reason: None,
        })
        .collect()
}

/// Which item of one list stands for which of the other. Those that replace each other are paired as far as they go.
fn pairs(left: &[String], right: &[String]) -> Vec<(Option<usize>, Option<usize>)> {
    let head = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let tails = left[head..].iter().rev().zip(right[head..].iter().rev());
    let tail = tails.take_while(|(a, b)| a == b).count();
    let (middle_left, middle_right) = (head..left.len() - tail, head..right.len() - tail);
    let ops = if middle_left.len().max(middle_right.len()) > MOST_ALIGNED {
        vec![DiffOp::Replace {
            old_index: 0,
            old_len: middle_left.len(),
            new_index: 0,
            new_len: middle_right.len(),
        }]
    } else {
        capture_diff_slices(
            Algorithm::Myers,
            &left[middle_left.clone()],
            &right[middle_right.clone()],
        )
    };
    let mut pairs: Vec<_> = (0..head).map(|at| (Some(at), Some(at))).collect();
    for op in ops {
        let shift = |range: Range<usize>| range.start + head..range.end + head;
        let (mut old, mut new) = (shift(op.old_range()), shift(op.new_range()));
        loop {
            match (old.next(), new.next()) {
                (None, None) => break,
                pair => pairs.push(pair),
            }
        }
    }
    pairs.extend((0..tail).map(|at| (Some(middle_left.end + at), Some(middle_right.end + at))));
    pairs
}

#[cfg(test)]
mod tests;
