//! `buildspec validate`.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use super::{Color, Exit};
use crate::console::{Verbosity, message};
use crate::error::{Error, Result};

/// Check buildspecs without running anything.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 nothing at error level, 3 CodeBuild would refuse a file, 4 a file can't be read.")]
pub(super) struct Arguments {
    /// Files to check; `-` reads standard input.
    #[arg(default_value = "buildspec.yml", value_name = "FILE")]
    files: Vec<PathBuf>,

    #[arg(long, value_enum, default_value_t, env = "BUILDSPEC_COLOR")]
    color: Color,
}

pub(super) fn execute(arguments: &Arguments) -> Result<Exit> {
    let style = super::style(arguments.color, std::io::stdout().is_terminal(), Verbosity::Normal);
    let mut exit = Exit::Success;
    for file in &arguments.files {
        let (name, bytes) = read(file)?;
        let checked = crate::validate::check(&name, bytes, style.color, style.width);
        message::answer(&checked.text);
        if checked.refused {
            exit = Exit::Invalid;
        }
    }
    Ok(exit)
}

fn read(file: &PathBuf) -> Result<(String, Vec<u8>)> {
    if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        read.map_err(|error| Error::environment("standard input can't be read").because(error))?;
        return Ok(("<stdin>".to_owned(), bytes));
    }
    let name = file.display().to_string();
    match std::fs::read(file) {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) => Err(Error::environment(format!("{name} can't be read: {error}"))),
    }
}
