//! `buildspec shell`.

use super::{Exit, run};
use crate::console::{self, Verbosity};
use crate::error::{Error, Result};
use crate::run::Ended;

/// Open a shell in the build's container, before any phase: source, variables and helpers are there.
///
/// Takes the flags of `run`. No build is kept.
#[derive(Debug, clap::Args)]
pub(super) struct ShellArguments {
    #[command(flatten)]
    run: run::Arguments,
}

pub(super) fn execute(arguments: ShellArguments) -> Result<Exit> {
    if !super::debugger::has_terminal() {
        return Err(Error::usage("shell needs a terminal"));
    }
    let style = super::style(super::Color::Auto, true, Verbosity::Normal);
    let mut options = run::settle(arguments.run, None)?;
    options.debug = Some(super::debugger::settings());
    super::block_on(async {
        let stop = run::stop(options.timeout)?;
        let shell = crate::run::shell(&options, console::waits(style), stop);
        let ended = Box::pin(shell).await?;
        Ok(match ended {
            Ended::Build(_) => Exit::Success,
            other => run::exit(&other),
        })
    })
}
