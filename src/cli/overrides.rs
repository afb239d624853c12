//! `-e` and `--env-file`.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::options::Override;

/// Files first, so that what is named one by one wins.
pub(super) fn all(files: &[PathBuf], given: &[String]) -> Result<Vec<Override>> {
    let mut overrides = Vec::new();
    for file in files {
        overrides.extend(env_file(file)?);
    }
    for given in given {
        overrides.push(override_of(given)?);
    }
    Ok(overrides)
}

fn override_of(given: &str) -> Result<Override> {
    let (name, value, passed_through) = if let Some((name, value)) = given.split_once('=') {
        (name, value.to_owned(), false)
    } else {
        let value = super::variable_os(given).ok_or_else(|| {
            Error::usage(format!("-e {given}: the host has no variable of that name"))
                .hint(format!("-e {given}=VALUE gives it one"))
        })?;
        let value = value
            .into_string()
            .map_err(|_| Error::usage(format!("-e {given}: the host's value is not UTF-8")))?;
        (given, value, true)
    };
    if name.is_empty() {
        return Err(Error::usage(format!("-e {given}: a name is missing")));
    }
    Ok(Override {
        name: name.to_owned(),
        value,
        passed_through,
    })
}

/// As AWS's own script reads it: `VAR=VAL` lines, `#` comments, blank lines, quotes kept (spec 21).
fn env_file(file: &Path) -> Result<Vec<Override>> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::usage(format!(
            "--env-file {} can't be read: {error}",
            file.display()
        ))
    })?;
    let lines = text
        .lines()
        .map(str::trim_end)
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| match line.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Override {
                name: name.to_owned(),
                value: value.to_owned(),
                passed_through: false,
            }),
            _ => Err(Error::usage(format!(
                "{}:{}: not of the form NAME=VALUE",
                file.display(),
                number + 1
            ))),
        })
        .collect()
}
