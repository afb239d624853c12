//! `buildspec report`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{Color, Exit};
use crate::builds;
use crate::console::{Verbosity, message};
use crate::error::Result;
use crate::reports::show::{Form, show};

/// Show a kept build's test and coverage reports again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  buildspec report                         the latest build of this folder
  buildspec report 3 --format junit        build 3, all test formats as one
  buildspec report --format github         annotations of a GitHub Actions run

Exit status:
  0  shown, whatever the tests say     4  a report can't be read
  2  wrong usage, or no such build")]
pub(super) struct Arguments {
    /// A build's number, its id, or `latest`.
    #[arg(default_value = "latest")]
    build: String,

    /// What to make of the reports.
    #[arg(long, value_enum, default_value_t, env = "BUILDSPEC_FORMAT")]
    format: Format,

    /// Where builds are kept [default: .buildspec]
    #[arg(short, long, value_name = "DIR", env = "BUILDSPEC_OUTPUT")]
    output: Option<PathBuf>,

    /// When to use colours.
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "BUILDSPEC_COLOR",
        value_name = "WHEN"
    )]
    color: Color,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables, failures, bars.
    #[default]
    Human,
    /// A list of what each report.json holds.
    Json,
    /// Test cases as one JUnit file; coverage is left out.
    Junit,
    /// Annotations for failed tests.
    Github,
}

pub(super) fn execute(arguments: &Arguments) -> Result<Exit> {
    let style = super::style(
        arguments.color,
        super::stdout_is_terminal(),
        Verbosity::Normal,
    );
    let output = arguments.output.as_deref();
    let output = output.unwrap_or(Path::new(".buildspec"));
    let documents = builds::find(output, Some(&arguments.build))?.reports()?;
    if documents.is_empty() && arguments.format == Format::Human {
        message::answer("the build has no reports\n");
        return Ok(Exit::Success);
    }
    let form = match arguments.format {
        Format::Human => Form::Human,
        Format::Json => Form::Json,
        Format::Junit => Form::JUnit,
        Format::Github => Form::GitHub,
    };
    // Builds are mostly kept in the source they were made of.
    let output = std::fs::canonicalize(output).unwrap_or_default();
    let source = output.parent().unwrap_or(Path::new(""));
    message::answer(&show(&documents, form, style.look(), source));
    Ok(Exit::Success)
}
