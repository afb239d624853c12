//! A command that is known by its text, as a build's record has it, and its place in the buildspec of now. Pure.

use super::breaks::BreakPoint;
use crate::buildspec::model::Phases;
use crate::engine::phase::PhaseType;

/// A command to stop at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    pub phase: PhaseType,
    /// Its text, or the beginning of that.
    pub text: String,
    /// How many with the same text ran before it in the phase, where that is known.
    pub before: Option<usize>,
}

impl Sought {
    /// Where it stands: in one place if it is known which of several it was, else in all of them.
    ///
    /// # Errors
    ///
    /// No command of the phase has this text.
    pub fn find(&self, phases: &Phases) -> Result<Vec<BreakPoint>, String> {
        let all = self.commands(phases);
        let text = self.text.trim();
        let places = |like: &dyn Fn(&str) -> bool| -> Vec<BreakPoint> {
            let alike = all.iter().filter(|(_, command)| like(command.trim()));
            alike.map(|(at, _)| *at).collect()
        };
        let mut found = places(&|command| command == text);
        if found.is_empty() {
            found = places(&|command| command.starts_with(text));
        }
        match self.before {
            _ if found.is_empty() => Err(format!(
                "no command of {} is `{text}` in this buildspec",
                self.phase
            )),
            // A phase that was tried again ran each of them more than once.
            Some(before) => Ok(vec![found[before.min(found.len() - 1)]]),
            None => Ok(found),
        }
    }

    fn commands<'p>(&self, phases: &'p Phases) -> Vec<(BreakPoint, &'p str)> {
        let Some(phase) = phases.get(self.phase) else {
            return Vec::new();
        };
        let numbered = |finally| {
            let list = if finally {
                &phase.finally
            } else {
                &phase.commands
            };
            list.iter().zip(1..).map(move |(command, number)| {
                let at = BreakPoint {
                    phase: self.phase,
                    finally,
                    number,
                };
                (at, command.value.as_str())
            })
        };
        numbered(false).chain(numbered(true)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buildspec;
    use crate::source::Source;

    #[test]
    fn a_command_is_found_by_its_text() {
        let source = Source::new(
            "buildspec.yml",
            "version: 0.2\nphases:\n  build:\n    commands: [make, make test, make, ' npm  run x']\n    finally: [make]\n",
        );
        let phases = buildspec::read(&source).buildspec.phases;
        let find = |phase, text: &str, before| {
            let sought = Sought {
                phase,
                text: text.to_owned(),
                before,
            };
            let found = sought.find(&phases)?;
            let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
            Ok::<_, String>(shown.join(" "))
        };
        let build = PhaseType::Build;
        for (text, before, at) in [
            ("make test", None, "BUILD:2"),
            ("make", None, "BUILD:1 BUILD:3 BUILD:finally:1"),
            ("make", Some(1), "BUILD:3"),
            ("make", Some(7), "BUILD:finally:1"),
            ("npm  run", Some(0), "BUILD:4"),
        ] {
            assert_eq!(find(build, text, before).unwrap(), at, "{text}");
        }
        let gone = "no command of BUILD is `cargo` in this buildspec";
        assert_eq!(find(build, "cargo", None).unwrap_err(), gone);
        assert!(find(PhaseType::Install, "make", None).is_err());
    }
}
