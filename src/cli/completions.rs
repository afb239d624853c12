//! `buildspec completions`.

use super::Exit;
use crate::console::message;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  source <(buildspec completions bash)            for this shell
  buildspec completions fish > ~/.config/fish/completions/buildspec.fish")]
pub(super) struct Arguments {
    /// The shell that is to complete.
    shell: clap_complete::Shell,
}

pub(super) fn execute(arguments: &Arguments) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut super::command(),
        "buildspec",
        &mut script,
    );
    message::answer(&String::from_utf8_lossy(&script));
    Exit::Success
}
