//! Which part of a buildspec runs: `--phase` and `--from`. Pure.

use std::fmt::Write as _;
use std::str::FromStr;

use super::phase::PhaseType;
use crate::buildspec::model::{Phase, Phases};

/// The first command to run, as `PHASE` or `PHASE:N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    pub phase: PhaseType,
    /// Counted from 1 within `commands`.
    pub number: usize,
}

impl FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (phase, number) = text.split_once(':').unwrap_or((text, "1"));
        let phase = PhaseType::with_commands(phase)?;
        match number.parse() {
            Ok(number @ 1..) => Ok(Self { phase, number }),
            _ => Err(format!(
                "`{number}` is not the number of a command, counted from 1"
            )),
        }
    }
}

/// What runs of a buildspec; by default all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Only these phases; empty means every one.
    pub phases: Vec<PhaseType>,
    /// Nothing before this command.
    pub from: Option<Start>,
}

impl Part {
    /// Whether nothing is left out on purpose.
    pub fn is_whole(&self) -> bool {
        self.phases.is_empty() && self.from.is_none()
    }

    /// Whether anything of a phase runs.
    pub fn has(&self, phase: PhaseType) -> bool {
        let place = |wanted| {
            PhaseType::COMMANDS
                .iter()
                .position(|other| *other == wanted)
        };
        (self.phases.is_empty() || self.phases.contains(&phase))
            && self
                .from
                .is_none_or(|from| place(phase) >= place(from.phase))
    }

    /// How many of a phase's first commands do not run.
    pub fn skipped(&self, phase: PhaseType) -> usize {
        match self.from {
            Some(from) if from.phase == phase => from.number - 1,
            _ => 0,
        }
    }

    /// Whether a command runs; `number` is counted from 1 within `commands` or `finally`.
    pub fn runs(&self, phase: PhaseType, finally: bool, number: usize) -> bool {
        self.has(phase) && (finally || number > self.skipped(phase))
    }

    /// What was named and is not there, in words for whoever named it.
    pub fn missing(&self, phases: &Phases) -> Option<String> {
        for phase in &self.phases {
            if phases.get(*phase).is_none() {
                return Some(format!("--phase {phase}: the buildspec has no such phase"));
            }
        }
        let from = self.from?;
        if !PhaseType::COMMANDS.iter().any(|phase| self.has(*phase)) {
            return Some(format!(
                "--from {} begins behind each --phase: nothing is left to run",
                from.phase
            ));
        }
        let commands = phases
            .get(from.phase)
            .map_or(0, |phase| phase.commands.len());
        (from.number > commands).then(|| {
            let counted = counted(commands);
            format!(
                "--from {}:{}: the buildspec has {counted} there",
                from.phase, from.number
            )
        })
    }

    /// What does not run although the buildspec has it, in one line; `None` when there is nothing.
    pub fn left_out(&self, phases: &Phases) -> Option<String> {
        let mut text = String::new();
        for kind in PhaseType::COMMANDS {
            let Some(phase) = phases.get(kind) else {
                continue;
            };
            let what = match (self.has(kind), self.skipped(kind)) {
                (false, _) => counted(phase.commands.len() + phase.finally.len()),
                (true, 0) => continue,
                (true, 1) => "the first command".to_owned(),
                (true, skipped) => format!("the first {}", counted(skipped)),
            };
            let comma = if text.is_empty() { "" } else { ", " };
            write!(text, "{comma}{kind} ({what})").unwrap_or_default();
        }
        (!text.is_empty()).then_some(text)
    }
}

fn counted(commands: usize) -> String {
    match commands {
        0 => "no command".to_owned(),
        1 => "1 command".to_owned(),
        many => format!("{many} commands"),
    }
}

impl Phases {
    /// One of the four; `None` when the file does not name it.
    pub fn get(&self, phase: PhaseType) -> Option<&Phase> {
        match phase {
            PhaseType::Install => self.install.as_ref(),
            PhaseType::PreBuild => self.pre_build.as_ref(),
            PhaseType::Build => self.build.as_ref(),
            PhaseType::PostBuild => self.post_build.as_ref(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buildspec;
    use crate::engine::machine::{Machine, Step};
    use crate::source::Source;

    const BUILDSPEC: &str = "version: 0.2\nphases:\n  install:\n    commands: [i1]\n  build:\n    commands: [b1, b2, b3]\n    finally: [f1]\n  post_build:\n    commands: [p1]\n";

    fn part(phases: &[PhaseType], from: Option<&str>) -> Part {
        Part {
            phases: phases.to_vec(),
            from: from.map(|from| from.parse().unwrap()),
        }
    }

    /// The commands that run where `failing` fails, and what is said to be left out.
    fn play(part: &Part, failing: &str) -> (String, Option<String>) {
        let reading = buildspec::read(&Source::new("buildspec.yml", BUILDSPEC));
        let phases = &reading.buildspec.phases;
        let mut machine = Machine::new(phases).only(part);
        let (mut last, mut ran) = (None, Vec::new());
        loop {
            match machine.next(last.take()) {
                Step::Run(run) => {
                    assert!(part.runs(run.phase, run.finally, run.number), "{run:?}");
                    ran.push(run.command.value.clone());
                    last = Some(run.command.value != failing);
                }
                Step::Finish(_) => return (ran.join(" "), part.left_out(phases)),
                _ => {}
            }
        }
    }

    #[test]
    fn parts_run_and_the_rest_is_named() {
        use PhaseType::{Build, Install, PostBuild};
        let left = |text: &str| Some(text.to_owned());
        for (part, failing, ran, left_out) in [
            (Part::default(), "", "i1 b1 b2 b3 f1 p1", None),
            (
                part(&[Build], None),
                "",
                "b1 b2 b3 f1",
                left("INSTALL (1 command), POST_BUILD (1 command)"),
            ),
            (
                part(&[PostBuild, Install], None),
                "",
                "i1 p1",
                left("BUILD (4 commands)"),
            ),
            (
                part(&[], Some("build:3")),
                "",
                "b3 f1 p1",
                left("INSTALL (1 command), BUILD (the first 2 commands)"),
            ),
            (
                part(&[], Some("BUILD:2")),
                "b2",
                "b2 f1 p1",
                left("INSTALL (1 command), BUILD (the first command)"),
            ),
            (
                part(&[Build], Some("build:2")),
                "",
                "b2 b3 f1",
                left("INSTALL (1 command), BUILD (the first command), POST_BUILD (1 command)"),
            ),
            (
                part(&[], Some("post-build")),
                "",
                "p1",
                left("INSTALL (1 command), BUILD (4 commands)"),
            ),
        ] {
            assert_eq!(play(&part, failing), (ran.to_owned(), left_out), "{part:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let reading = buildspec::read(&Source::new("buildspec.yml", BUILDSPEC));
        let missing = |part: Part| part.missing(&reading.buildspec.phases);
        assert_eq!(missing(part(&[PhaseType::Build], Some("build:3"))), None);
        assert_eq!(
            missing(part(&[PhaseType::PreBuild], None)).as_deref(),
            Some("--phase PRE_BUILD: the buildspec has no such phase")
        );
        assert_eq!(
            missing(part(&[], Some("build:4"))).as_deref(),
            Some("--from BUILD:4: the buildspec has 3 commands there")
        );
        assert_eq!(
            missing(part(&[PhaseType::Install], Some("build"))).as_deref(),
            Some("--from BUILD begins behind each --phase: nothing is left to run")
        );
        for wrong in [
            "",
            "deploy",
            "build:0",
            "build:x",
            "build:1:2",
            "UPLOAD_ARTIFACTS",
        ] {
            assert!(wrong.parse::<Start>().is_err(), "{wrong}");
        }
    }
}
