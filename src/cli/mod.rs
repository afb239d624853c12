//! The command line: flags, the host's environment and the terminal become settled options here, and nowhere else.

mod clean;
mod completions;
mod container;
mod kept;
mod run;
mod sources;
mod validate;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::console::{Style, Verbosity, message};
use crate::error::{Error, Kind, Result};

/// Runs a buildspec.yml on this machine exactly as AWS CodeBuild would.
#[derive(Debug, Parser)]
#[command(
    name = "buildspec",
    version,
    max_term_width = 100,
    propagate_version = true
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(Box<run::Arguments>),
    Validate(validate::Arguments),
    List(kept::List),
    Show(kept::Show),
    Logs(kept::Logs),
    Clean(clean::Arguments),
    Completions(completions::Arguments),
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Runs the program.
pub fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Run(arguments) => run::execute(*arguments),
        Verb::Validate(arguments) => validate::execute(&arguments),
        Verb::List(arguments) => kept::list(&arguments),
        Verb::Show(arguments) => kept::show(&arguments),
        Verb::Logs(arguments) => kept::logs(&arguments),
        Verb::Clean(arguments) => clean::execute(&arguments),
        Verb::Completions(arguments) => Ok(completions::execute(&arguments)),
    };
    let exit = result.unwrap_or_else(|error| {
        message::error(&error);
        Exit::from(&error)
    });
    ExitCode::from(exit.code())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the host's variables are read"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the host's variables are read"
)]
fn variable_os(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
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
    let width = columns.or_else(terminal_width).unwrap_or(100);
    Style {
        color,
        width: width.clamp(40, 400),
        verbosity,
    }
}

fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Does asynchronous work for a verb.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
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
