//! `buildspec completions`.

use clap::CommandFactory as _;

use super::{Cli, Exit};
use crate::console::message;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    shell: clap_complete::Shell,
}

pub(super) fn execute(arguments: &Arguments) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Cli::command(),
        "buildspec",
        &mut script,
    );
    message::answer(&String::from_utf8_lossy(&script));
    Exit::Success
}
