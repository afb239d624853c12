//! The command line: flags, the host's environment and the terminal become settled options here, and nowhere else.

#[cfg(feature = "run")]
mod agent;
#[cfg(feature = "run")]
mod attach;
#[cfg(feature = "run")]
mod aws;
#[cfg(feature = "run")]
mod clean;
mod completions;
#[cfg(feature = "run")]
mod container;
#[cfg(feature = "run")]
mod debugger;
#[cfg(feature = "docker")]
mod engine;
#[cfg(feature = "run")]
mod kept;
mod man;
#[cfg(feature = "run")]
mod network;
#[cfg(feature = "run")]
mod overrides;
#[cfg(feature = "run")]
mod part;
#[cfg(feature = "run")]
mod project;
#[cfg(feature = "run")]
mod report;
#[cfg(feature = "run")]
mod reproduce;
#[cfg(feature = "run")]
mod run;
mod schema;
#[cfg(feature = "run")]
mod shell;
#[cfg(feature = "run")]
mod sources;
mod validate;

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal as _};

use clap::{Args as _, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::console::{Reader, Style, Verbosity, message};
use crate::error::{Error, Kind, Result};

/// The help's, in columns.
const WIDEST: usize = 100;

/// A local AWS CodeBuild: runs a buildspec.yml on this machine exactly as the cloud would.
#[derive(Debug, Parser)]
#[command(
    name = "buildspec",
    version,
    max_term_width = WIDEST,
    after_help = "\
Examples:
  buildspec run               build this folder as CodeBuild would
  buildspec validate          see whether CodeBuild would take its buildspec
  buildspec run --help        all about images, variables and results

A run needs a Docker engine, or `--runtime host`. Flags with a value can also be
set in the environment: --log-format json is BUILDSPEC_LOG_FORMAT=json."
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[cfg(feature = "run")]
    Run(Box<run::Arguments>),
    Validate(validate::Arguments),
    #[cfg(feature = "run")]
    Reproduce(Box<reproduce::Arguments>),
    #[cfg(feature = "run")]
    List(kept::List),
    #[cfg(feature = "run")]
    Show(kept::Show),
    #[cfg(feature = "run")]
    Logs(kept::Logs),
    #[cfg(feature = "run")]
    Shell(Box<shell::ShellArguments>),
    #[cfg(feature = "run")]
    Attach(attach::Arguments),
    Schema(schema::Arguments),
    #[cfg(feature = "run")]
    Report(report::Arguments),
    #[cfg(feature = "run")]
    Agent(agent::Arguments),
    #[cfg(feature = "run")]
    Clean(clean::Arguments),
    Completions(completions::Arguments),
    #[command(hide = true)]
    Man(man::Arguments),
}

/// The one definition of the command line, for parsing, help, man pages and completions.
fn command() -> clap::Command {
    Cli::command().mut_subcommands(without_variables)
}

/// As much of [`command`] as these arguments need: hooks start `validate` for each commit, and the definitions of all other
/// verbs take as long as the check of a file.
fn command_for(given: &[OsString]) -> clap::Command {
    match given {
        [_, verb, ..] if verb == "validate" => {
            let validate = validate::Arguments::augment_args(clap::Command::new("validate"));
            clap::Command::new("buildspec")
                .max_term_width(WIDEST)
                .subcommand(without_variables(validate))
        }
        _ => command(),
    }
}

/// Each flag's own line about its variable would double the help.
fn without_variables(verb: clap::Command) -> clap::Command {
    verb.mut_args(|argument| argument.hide_env(true))
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Even in a file.
    Always,
    /// Not at all.
    Never,
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "run"),
    expect(dead_code, reason = "some ends are those of builds")
)]
enum Exit {
    /// The build succeeded; nothing was found.
    Success,
    /// The build failed.
    BuildFailed,
    Usage,
    /// The buildspec is invalid.
    Invalid,
    /// This tool could not do its work.
    Environment,
    TimedOut,
    /// 128 and the signal's number.
    Signal(i32),
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::BuildFailed => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::Environment => 4,
            Self::TimedOut => 5,
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        }
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Self {
        match error.kind {
            Kind::Usage => Self::Usage,
            Kind::Buildspec => Self::Invalid,
            Kind::Environment => Self::Environment,
        }
    }
}

/// Runs the program; its exit code.
pub fn main() -> u8 {
    let given: Vec<OsString> = std::env::args_os().collect();
    let mut exit = execute(&given).unwrap_or_else(|error| {
        tell(&error);
        Exit::from(&error)
    });
    message::finish();
    if let Some(why) = message::lost() {
        tell(&lost(why));
        if exit == Exit::Success {
            exit = Exit::Environment;
        }
    }
    exit.code()
}

fn lost(why: &std::io::Error) -> Error {
    Error::environment(format!("standard output did not take everything: {why}"))
}

fn tell(error: &Error) {
    let is_terminal = std::io::stderr().is_terminal();
    let mut style = style(Color::Auto, is_terminal, Verbosity::Normal);
    if !is_terminal {
        // Whoever looks for a sentence in a log wants it in one piece.
        style.width = usize::MAX;
    }
    message::error(error, style);
}

fn execute(given: &[OsString]) -> Result<Exit> {
    #[cfg(feature = "run")]
    if let Some(own) = agent::own(given) {
        return agent::execute(&own);
    }
    #[cfg(feature = "run")]
    if let [_, only] = given
        && only == crate::debug::guard::WATCH
    {
        // Where there is no terminal, there is nothing to watch.
        crate::debug::guard::watch().ok();
        return Ok(Exit::Success);
    }
    #[cfg(feature = "run")]
    if let [_, only] = given
        && only == crate::runtime::host::watch::WATCH
    {
        // Where a process has gone already, there is nothing to end.
        crate::runtime::host::watch::watch().ok();
        return Ok(Exit::Success);
    }
    let matches = command_for(given).try_get_matches_from(given);
    let verb = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(arguments) => arguments.verb,
        Err(told) => return help_or_refusal(&told),
    };
    match verb {
        #[cfg(feature = "run")]
        Verb::Run(arguments) => run::execute(*arguments),
        #[cfg(feature = "run")]
        Verb::Reproduce(arguments) => reproduce::execute(*arguments),
        Verb::Schema(_) => Ok(schema::execute()),
        Verb::Validate(arguments) => validate::execute(&arguments),
        #[cfg(feature = "run")]
        Verb::List(arguments) => kept::list(&arguments),
        #[cfg(feature = "run")]
        Verb::Show(arguments) => kept::show(&arguments),
        #[cfg(feature = "run")]
        Verb::Logs(arguments) => kept::logs(&arguments),
        #[cfg(feature = "run")]
        Verb::Shell(arguments) => shell::execute(*arguments),
        #[cfg(feature = "run")]
        Verb::Attach(arguments) => attach::execute(&arguments),
        #[cfg(feature = "run")]
        Verb::Report(arguments) => report::execute(&arguments),
        #[cfg(feature = "run")]
        Verb::Agent(arguments) => agent::run(&arguments),
        #[cfg(feature = "run")]
        Verb::Clean(arguments) => clean::execute(&arguments),
        Verb::Completions(arguments) => Ok(completions::execute(&arguments)),
        Verb::Man(arguments) => man::execute(&arguments),
    }
}

/// Prints what the command line comes to where it names no work: a help text, the version, a mistake in it.
fn help_or_refusal(told: &clap::Error) -> Result<Exit> {
    match told.print() {
        Err(why) if !told.use_stderr() && why.kind() != ErrorKind::BrokenPipe => Err(lost(&why)),
        _ if told.exit_code() == 0 => Ok(Exit::Success),
        _ => Ok(Exit::Usage),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the host's variables are read"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(feature = "run")]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the host's variables are read"
)]
fn variable_os(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// Names and values, in order of names; what is not UTF-8 is left out.
#[cfg(feature = "run")]
fn variables_beginning(start: &str) -> Vec<(String, String)> {
    let mut variables: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(start))
        .collect();
    variables.sort();
    variables
}

/// Colour and width of a stream.
fn style(color: Color, is_terminal: bool, verbosity: Verbosity) -> Style {
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            is_terminal
                && variable("NO_COLOR").is_none()
                && variable("TERM").as_deref() != Some("dumb")
        }
    };
    let columns = variable("COLUMNS").and_then(|columns| columns.parse().ok());
    let measure: Option<fn() -> Option<usize>> = match columns {
        None => Some(terminal_width),
        Some(_) => None,
    };
    let width = columns.or_else(terminal_width).unwrap_or(100);
    Style {
        color,
        width: usable(width),
        measure,
        verbosity,
        unicode: speaks_unicode(),
        reader: reader(is_terminal),
    }
}

fn reader(is_terminal: bool) -> Reader {
    let in_place = std::io::stderr().is_terminal() && variable("TERM").as_deref() != Some("dumb");
    if is_terminal && in_place {
        Reader::Terminal
    } else if is_terminal {
        Reader::DumbTerminal
    } else if variable("GITHUB_ACTIONS").as_deref() == Some("true") {
        Reader::GitHub
    } else {
        Reader::File
    }
}

/// As the C library decides it: the first of these that is set counts, and none means C.
fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(variable);
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok()?;
    (size.ws_col > 0).then_some(usable(size.ws_col.into()))
}

fn usable(width: usize) -> usize {
    width.clamp(40, 400)
}

#[cfg(feature = "run")]
fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Does asynchronous work for a verb.
#[cfg(feature = "run")]
fn block_on<T>(work: impl Future<Output = crate::error::Result<T>>) -> crate::error::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::environment("no threads can be started").because(error))?;
    let result = runtime.block_on(work);
    // What still waits in a blocking call (a stream that nobody ends) must not hold the program.
    runtime.shutdown_background();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validate_by_itself_answers_as_among_all_verbs() {
        for words in [
            "",
            "-h",
            "--help",
            "--version",
            "--formt json",
            "--format xml",
            "--explain",
            "--fix --dry-run help",
            "--dry-run",
            "--select error,version a.yml -",
        ] {
            let line = format!("buildspec validate {words}");
            let given: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            let told = |command: clap::Command| match command.try_get_matches_from(&given) {
                Ok(matches) => format!("{:?}", Cli::from_arg_matches(&matches)),
                Err(told) => told.render().ansi().to_string(),
            };
            assert_eq!(told(command_for(&given)), told(command()), "{line}");
        }
    }
}
