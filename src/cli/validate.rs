//! `buildspec validate`.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::{Color, Exit};
use crate::console::{Verbosity, message};
use crate::error::Result;
use crate::validate::{Options, Status, validate};

/// Check buildspecs without running anything.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  buildspec validate                       the buildspec.yml of this folder
  buildspec validate ci/*.yml              several files
  git show HEAD:buildspec.yml | buildspec validate -

Exit status:
  0  nothing at error level      3  CodeBuild would refuse a file
  2  wrong usage                 4  a file can't be read")]
pub(super) struct Arguments {
    /// Files to check; `-` reads standard input, a folder stands for the buildspec.yml in it [default: .]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

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

pub(super) fn execute(arguments: &Arguments) -> Result<Exit> {
    let style = super::style(
        arguments.color,
        std::io::stdout().is_terminal(),
        Verbosity::Normal,
    );
    let options = Options {
        styled: style.color,
        width: style.width,
    };
    let mut text = Vec::new();
    let status = validate(&arguments.files, &mut std::io::stdin(), options, &mut text);
    message::answer(&String::from_utf8_lossy(&text));
    Ok(match status? {
        Status::Clean => Exit::Success,
        Status::Errors => Exit::Invalid,
    })
}
