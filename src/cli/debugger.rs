//! Flags of the debugger, for every verb that runs a build.

use std::time::Duration;

use crate::debug::Settings;
use crate::debug::breaks::BreakPoint;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Debugger")]
pub(super) struct DebuggerArguments {
    /// Stop before a phase's first command, or its Nth; PHASE:finally is its `finally`. Repeatable.
    #[arg(
        long = "break",
        value_name = "PHASE[:N]",
        env = "BUILDSPEC_BREAK",
        value_delimiter = ','
    )]
    points: Vec<BreakPoint>,

    /// Stop when a command has failed.
    #[arg(long, env = "BUILDSPEC_BREAK_ON_FAILURE")]
    break_on_failure: bool,

    /// Stop before every command.
    #[arg(long, env = "BUILDSPEC_STEP")]
    step: bool,

    /// Let codebuild-breakpoint in a command stop the build; the flags above do so, too.
    #[arg(long, env = "BUILDSPEC_DEBUG_SESSION")]
    debug_session: bool,

    /// Without a terminal: how long to wait for `buildspec attach`, then the build goes on; `90s` are seconds.
    #[arg(
        long,
        value_name = "MINUTES",
        default_value = "30",
        env = "BUILDSPEC_HOLD",
        value_parser = super::run::minutes
    )]
    hold: Duration,
}

impl DebuggerArguments {
    /// `None` when nothing is to stop anywhere.
    pub(super) fn settle(&self) -> Option<Settings> {
        let wanted =
            !self.points.is_empty() || self.break_on_failure || self.step || self.debug_session;
        wanted.then(|| self.open())
    }

    /// A debugger for a build that something else stops.
    pub(super) fn open(&self) -> Settings {
        Settings {
            points: self.points.clone(),
            on_failure: self.break_on_failure,
            step: self.step,
            hold: self.hold,
            ..settings()
        }
    }
}

/// A debugger that stops nowhere by itself, and what the terminal is.
pub(super) fn settings() -> Settings {
    Settings {
        points: Vec::new(),
        sought: None,
        on_failure: false,
        step: false,
        hold: Duration::ZERO,
        terminal: has_terminal(),
        term: super::variable("TERM").unwrap_or_else(|| "dumb".to_owned()),
        editor: ["VISUAL", "EDITOR"]
            .into_iter()
            .find_map(super::variable)
            .unwrap_or_else(|| "vi".to_owned()),
    }
}

/// Somebody can type, and see what we say: the debugger talks to the terminal itself, so that one of the two streams may
/// lead elsewhere (`| tee build.log`).
pub(super) fn has_terminal() -> bool {
    use std::io::IsTerminal as _;
    std::io::stdin().is_terminal()
        && (std::io::stdout().is_terminal() || std::io::stderr().is_terminal())
}
