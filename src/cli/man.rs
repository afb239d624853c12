//! `buildspec man`, for whoever packages this program.

use std::path::PathBuf;

use super::Exit;
use crate::error::{Error, Result};

/// Write the manual pages, one for the program and one for each verb.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A folder that exists.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn execute(arguments: &Arguments) -> Result<Exit> {
    let written = clap_mangen::generate_to(super::command(), &arguments.folder);
    written.map_err(|error| {
        let folder = arguments.folder.display();
        Error::environment(format!("manual pages can't be written to {folder}"))
            .because(error)
            .hint("name a folder that exists")
    })?;
    Ok(Exit::Success)
}
