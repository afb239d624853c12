//! Where a build stands still, and why.

use std::fmt;

use super::breaks::Reason;
use super::texts::State;
use crate::console::message::harmless;
use crate::engine::pause::Stop;
use crate::engine::phase::Exit;

/// Why a build stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Before(Reason),
    Failed(Exit),
    /// Inside the command, in `codebuild-breakpoint`.
    Waiting,
}

/// Where a build stands still, and the state that a shell would see.
#[derive(Clone, Debug)]
pub(super) struct Scene<'a> {
    pub(super) stop: Stop<'a>,
    pub(super) why: Why,
    pub(super) state: State,
}

impl Scene<'_> {
    /// The phase, which of its commands, and why the build stands there.
    pub(super) fn whereabouts(&self) -> String {
        let run = self.stop.run;
        let finally = if run.finally { "finally, " } else { "" };
        format!(
            "  phase {}, {finally}command {} of {}: {}\n",
            run.phase, run.number, run.of, self.why
        )
    }

    /// The command and where it stands.
    pub(super) fn place(&self) -> String {
        let stop = &self.stop;
        let at = stop.place;
        let user = stop.run.user.map(|user| format!(", as {user}"));
        let mut text = format!(
            "  {}:{}:{}{}\n",
            harmless(&at.file),
            at.line,
            at.column,
            harmless(&user.unwrap_or_default())
        );
        let changed = stop.text != stop.run.command.value;
        for line in harmless(stop.text.trim_end()).lines() {
            text.push_str(&format!("  $ {line}\n"));
        }
        if changed {
            text.push_str("  (changed for this run)\n");
        }
        text
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(Reason::Point) => f.write_str("break point"),
            Self::Before(_) => f.write_str("step"),
            Self::Failed(exit) => write!(f, "failed, {exit}"),
            Self::Waiting => f.write_str("codebuild-breakpoint"),
        }
    }
}
