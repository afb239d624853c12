//! Flags of `run` that say what the build's sources are.

use std::path::PathBuf;

use crate::checkout::Which;
use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub(super) struct SourceArguments {
    /// A further source, in a folder of its own; variables name it by its ID. Repeatable.
    #[arg(short, long, value_name = "ID=DIR")]
    secondary_source: Vec<String>,

    /// Only files that Git tracks, as they are now.
    #[arg(long, env = "BUILDSPEC_TRACKED", conflicts_with = "at")]
    tracked: bool,

    /// A clean checkout of this revision: what a build in the cloud would see.
    #[arg(long, value_name = "REV", env = "BUILDSPEC_AT")]
    at: Option<String>,
}

impl SourceArguments {
    /// Whether a flag says which files count.
    pub(super) fn is_given(&self) -> bool {
        self.tracked || self.at.is_some()
    }

    pub(super) fn which(&self) -> Which {
        match &self.at {
            Some(revision) => Which::Revision(revision.clone()),
            None if self.tracked => Which::Tracked,
            None => Which::All,
        }
    }

    pub(super) fn secondary(&self) -> Result<Vec<(String, PathBuf)>> {
        let mut found: Vec<(String, PathBuf)> = Vec::new();
        for given in &self.secondary_source {
            let (id, folder) = secondary(given)?;
            if found.iter().any(|(other, _)| *other == id) {
                return Err(Error::usage(format!(
                    "-s {given}: there is another secondary source {id}"
                )));
            }
            found.push((id, folder));
        }
        // CodeBuild takes no more (spec 20).
        if found.len() > 12 {
            return Err(Error::usage("a build has at most 12 secondary sources"));
        }
        Ok(found)
    }
}

fn secondary(given: &str) -> Result<(String, PathBuf)> {
    let (id, folder) = given
        .split_once('=')
        .ok_or_else(|| Error::usage(format!("-s {given}: not of the form ID=DIR")))?;
    let letters = id
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if id.is_empty() || id.len() > 127 || !letters {
        return Err(Error::usage(format!(
            "-s {given}: an identifier has 1 to 127 letters, digits and underscores"
        )));
    }
    let absolute = std::fs::canonicalize(folder)
        .map_err(|error| Error::usage(format!("-s {given}: {folder} can't be used: {error}")))?;
    if !absolute.is_dir() {
        return Err(Error::usage(format!(
            "-s {given}: {folder} is not a directory"
        )));
    }
    Ok((id.to_owned(), absolute))
}
