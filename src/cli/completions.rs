//! `buildspec completions`: clap's scripts, and in them what only the files of this machine can tell.

use std::path::PathBuf;

use clap_complete::Shell;

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
    #[arg(required = true)]
    shell: Option<Shell>,

    /// Print the names of a file's projects, which is what the scripts ask for behind `--project FILE#`.
    #[arg(long, value_name = "FILE", hide = true, exclusive = true)]
    projects: Option<PathBuf>,
}

pub(super) fn execute(arguments: &Arguments) -> Exit {
    #[cfg(feature = "run")]
    if let Some(file) = &arguments.projects {
        for name in super::project::names(file) {
            message::answer(&format!("{}\n", message::harmless(&name)));
        }
    }
    if let Some(shell) = arguments.shell {
        message::answer(&script(shell));
    }
    Exit::Success
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "buildspec", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Shell::Bash => script + include_str!("completions/projects.bash"),
        Shell::Zsh => zsh(&script),
        Shell::Fish => script + include_str!("completions/projects.fish") + &fish(),
        _ => script,
    }
}

/// The function stands behind the script's first line, which names the command; each `--project` asks it.
fn zsh(script: &str) -> String {
    let (first, rest) = script.split_once('\n').unwrap_or_default();
    let rest = rest.replace(":FILE[#NAME]:_default", ":FILE[#NAME]:_buildspec_projects");
    let function = include_str!("completions/projects.zsh");
    format!("{first}\n{function}{rest}")
}

/// A line for each verb that takes a project.
fn fish() -> String {
    let command = super::command();
    let verbs = command.get_subcommands().filter(|verb| {
        let mut arguments = verb.get_arguments();
        !verb.is_hide_set() && arguments.any(|argument| argument.get_long() == Some("project"))
    });
    verbs
        .map(|verb| {
            let verb = verb.get_name();
            format!(
                "complete -c buildspec -n \"__fish_buildspec_using_subcommand {verb}\" -l project -r -a '(__buildspec_projects)'\n"
            )
        })
        .collect()
}
