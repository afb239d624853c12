//! Where a build stops: break points as they are written, and which of them a command is. Pure.

use std::fmt;
use std::str::FromStr;

use crate::buildspec::model::{Phase, Phases};
use crate::engine::machine::Run;
use crate::engine::phase::PhaseType;

/// A command of the buildspec, named by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakPoint {
    pub phase: PhaseType,
    pub finally: bool,
    /// Counted from 1.
    pub number: usize,
}

/// `PHASE`, `PHASE:N`, `PHASE:finally`, `PHASE:finally:N`.
impl FromStr for BreakPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let phase = PhaseType::COMMANDS
            .into_iter()
            .find(|phase| phase.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                let names = PhaseType::COMMANDS.map(PhaseType::name).join(", ");
                format!("no phase is called `{name}`; there are {names}")
            })?;
        let mut rest = parts.peekable();
        let finally = rest
            .next_if(|part| part.eq_ignore_ascii_case("finally"))
            .is_some();
        let number = match rest.next() {
            None => 1,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|&number| number > 0)
                .ok_or_else(|| {
                    format!("`{digits}` is not the number of a command, counted from 1")
                })?,
        };
        match rest.next() {
            None => Ok(Self {
                phase,
                finally,
                number,
            }),
            Some(_) => Err("not PHASE, PHASE:N, PHASE:finally or PHASE:finally:N".to_owned()),
        }
    }
}

impl fmt::Display for BreakPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finally = if self.finally { "finally:" } else { "" };
        write!(f, "{}:{finally}{}", self.phase, self.number)
    }
}

impl From<Run<'_>> for BreakPoint {
    fn from(run: Run<'_>) -> Self {
        Self {
            phase: run.phase,
            finally: run.finally,
            number: run.number,
        }
    }
}

/// The break points of a buildspec for which there is no command; the text names those that exist.
pub fn missing(points: &[BreakPoint], phases: &Phases) -> Option<String> {
    let exists = |point: &&BreakPoint| point.number <= commands(phases, point);
    let missing: Vec<String> = points
        .iter()
        .filter(|point| !exists(point))
        .map(ToString::to_string)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let there = all(phases);
    let there = if there.is_empty() {
        "this buildspec has no commands".to_owned()
    } else {
        format!("this buildspec has {}", there.join(", "))
    };
    Some(format!(
        "there is no break point {}; {there}",
        missing.join(", ")
    ))
}

fn commands(phases: &Phases, point: &BreakPoint) -> usize {
    let phase = match point.phase {
        PhaseType::Install => &phases.install,
        PhaseType::PreBuild => &phases.pre_build,
        PhaseType::Build => &phases.build,
        PhaseType::PostBuild => &phases.post_build,
        _ => &None,
    };
    phase.as_ref().map_or(0, |phase: &Phase| {
        if point.finally {
            phase.finally.len()
        } else {
            phase.commands.len()
        }
    })
}

/// `BUILD:1`, `BUILD:1 to 4`, `BUILD:finally:1`.
fn all(phases: &Phases) -> Vec<String> {
    let mut all = Vec::new();
    for phase in PhaseType::COMMANDS {
        for finally in [false, true] {
            let first = BreakPoint {
                phase,
                finally,
                number: 1,
            };
            match commands(phases, &first) {
                0 => {}
                1 => all.push(first.to_string()),
                count => all.push(format!("{first} to {count}")),
            }
        }
    }
    all
}

/// Why a build stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `--break`.
    Point,
    /// `--step`, or `next`.
    Step,
    /// A command failed.
    Failure,
    /// `codebuild-breakpoint`.
    Breakpoint,
}

/// Whether a build stops at whatever comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Steps {
    #[default]
    None,
    /// `next`.
    One,
    /// `--step`, until somebody says `continue`.
    All,
}

impl Steps {
    /// Whether it stops now.
    fn take(&mut self) -> bool {
        let stops = *self != Self::None;
        if *self == Self::One {
            *self = Self::None;
        }
        stops
    }
}

/// All that decides whether a build stops.
#[derive(Clone, Debug, Default)]
pub struct Breaks {
    points: Vec<(BreakPoint, bool)>,
    on_failure: bool,
    steps: Steps,
    /// The last command was tried by hand: its failure is news.
    trying: bool,
}

impl Breaks {
    /// `stepping` stops before every command until somebody says `continue`.
    pub fn new(points: &[BreakPoint], on_failure: bool, stepping: bool) -> Self {
        Self {
            points: points.iter().map(|&point| (point, false)).collect(),
            on_failure,
            steps: if stepping { Steps::All } else { Steps::None },
            trying: false,
        }
    }

    /// Whether the build stops before this command.
    pub fn before(&mut self, point: BreakPoint) -> Option<Reason> {
        self.trying = false;
        let step = self.steps.take();
        let mut hit = false;
        for (known, reached) in &mut self.points {
            if *known == point {
                *reached = true;
                hit = true;
            }
        }
        match (hit, step) {
            (true, _) => Some(Reason::Point),
            (false, true) => Some(Reason::Step),
            (false, false) => None,
        }
    }

    /// Whether it stops when a command has failed.
    pub fn after_failure(&mut self) -> bool {
        self.steps.take() || self.on_failure || self.trying
    }

    /// `next`.
    pub fn step(&mut self) {
        if self.steps == Steps::None {
            self.steps = Steps::One;
        }
    }

    /// `retry` and `edit`.
    pub fn try_again(&mut self) {
        self.trying = true;
    }

    /// `continue`.
    pub fn go_on(&mut self) {
        self.steps = Steps::None;
        self.trying = false;
    }

    /// The break points at which no command ever stood.
    pub fn unreached(&self) -> impl Iterator<Item = BreakPoint> {
        let unreached = self.points.iter().filter(|(_, reached)| !reached);
        unreached.map(|&(point, _)| point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buildspec;
    use crate::source::Source;

    fn point(text: &str) -> BreakPoint {
        text.parse().unwrap()
    }

    #[test]
    fn break_points_are_written_as_they_are_read() {
        for (text, shown) in [
            ("BUILD", "BUILD:1"),
            ("build", "BUILD:1"),
            ("pre_build:3", "PRE_BUILD:3"),
            ("POST_BUILD:finally", "POST_BUILD:finally:1"),
            ("install:FINALLY:2", "INSTALL:finally:2"),
        ] {
            assert_eq!(point(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_break_point_is_told_why() {
        for (text, why) in [
            (
                "",
                "no phase is called ``; there are INSTALL, PRE_BUILD, BUILD, POST_BUILD",
            ),
            ("deploy", "no phase is called `deploy`"),
            ("UPLOAD_ARTIFACTS", "no phase is called"),
            (
                "BUILD:0",
                "`0` is not the number of a command, counted from 1",
            ),
            ("BUILD:-1", "`-1` is not the number"),
            ("BUILD:", "`` is not the number"),
            ("BUILD:x", "`x` is not the number"),
            ("BUILD:99999999999999999999999", "is not the number"),
            ("BUILD:1:2", "not PHASE, PHASE:N"),
            ("BUILD:finally:1:2", "not PHASE, PHASE:N"),
        ] {
            let error = text.parse::<BreakPoint>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn those_that_exist_are_named() {
        let source = Source::new(
            "buildspec.yml",
            "version: 0.2\nphases:\n  install:\n    commands: [a]\n  build:\n    commands: [a, b, c]\n    finally: [d, e]\n",
        );
        let phases = buildspec::read(&source).buildspec.phases;
        for good in ["INSTALL", "BUILD:3", "BUILD:finally:2"] {
            assert_eq!(missing(&[point(good)], &phases), None, "{good}");
        }
        let bad = ["BUILD:4", "PRE_BUILD", "INSTALL:finally", "BUILD:1"].map(point);
        assert_eq!(
            missing(&bad, &phases).unwrap(),
            "there is no break point BUILD:4, PRE_BUILD:1, INSTALL:finally:1; \
             this buildspec has INSTALL:1, BUILD:1 to 3, BUILD:finally:1 to 2"
        );
        assert_eq!(
            missing(&bad[..1], &Phases::default()).unwrap(),
            "there is no break point BUILD:4; this buildspec has no commands"
        );
    }

    #[test]
    fn stops_where_it_was_told_and_nowhere_else() {
        let points = ["BUILD:2", "POST_BUILD"].map(point);
        let mut breaks = Breaks::new(&points, false, false);
        assert_eq!(breaks.before(point("BUILD")), None);
        assert!(!breaks.after_failure());
        assert_eq!(breaks.before(point("BUILD:2")), Some(Reason::Point));
        assert_eq!(breaks.before(point("BUILD:finally:2")), None);
        breaks.step();
        assert_eq!(breaks.before(point("BUILD:finally:3")), Some(Reason::Step));
        assert!(!breaks.after_failure(), "`next` is one step");
        breaks.step();
        assert!(breaks.after_failure(), "a step may end in a failure");
        assert_eq!(breaks.before(point("BUILD:finally:4")), None);
        breaks.try_again();
        assert!(breaks.after_failure(), "what was tried by hand is watched");
        assert_eq!(breaks.before(point("BUILD:3")), None);
        assert!(!breaks.after_failure());
        let unreached: Vec<_> = breaks.unreached().map(|point| point.to_string()).collect();
        assert_eq!(unreached, ["POST_BUILD:1"]);
        assert!(Breaks::new(&[], true, false).after_failure());
    }

    #[test]
    fn stepping_goes_on_until_somebody_continues() {
        let mut breaks = Breaks::new(&[], false, true);
        let at = |breaks: &mut Breaks| breaks.before(point("BUILD"));
        assert_eq!(at(&mut breaks), Some(Reason::Step));
        assert_eq!(at(&mut breaks), Some(Reason::Step), "after `skip`");
        breaks.try_again();
        assert!(breaks.after_failure());
        assert_eq!(at(&mut breaks), Some(Reason::Step), "after `retry`");
        breaks.go_on();
        assert_eq!(at(&mut breaks), None);
        assert!(!breaks.after_failure());
    }
}
