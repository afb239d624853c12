//! `buildspec run --write-secrets-template`: what the build would fetch from AWS, as a file to be filled in.

use std::path::PathBuf;

use crate::buildspec;
use crate::env::reference::Needs;
use crate::env::{Variables, secrets};
use crate::error::{Error, Result};
use crate::options::{BuildspecFrom, Options};
use crate::output;

/// Writes the file and tells where it is.
pub(crate) fn write(options: &Options) -> Result<PathBuf> {
    let needs = needs(options)?;
    if needs.wanted().is_empty() {
        return Err(Error::usage(
            "buildspec and project refer to nothing in Parameter Store or Secrets Manager; there is nothing to write",
        ));
    }
    let file = &options.secrets.path;
    if !options.secrets.named {
        output::prepare(&options.output)?;
    }
    secrets::write_template(file, &needs)?;
    Ok(file.clone())
}

fn needs(options: &Options) -> Result<Needs> {
    let (path, bytes) = match &options.buildspec {
        BuildspecFrom::Source(path) => (path.clone(), std::fs::read(options.source.join(path))),
        BuildspecFrom::Elsewhere(path) => (path.clone(), std::fs::read(path)),
        BuildspecFrom::Inline(bytes) => ("<stdin>".into(), Ok(bytes.clone())),
    };
    let name = path.display().to_string();
    let bytes =
        bytes.map_err(|error| Error::buildspec(format!("{name} can't be read: {error}")))?;
    let (_, reading) = buildspec::read_bytes(&name, &bytes);
    if let Some(finding) = reading.verdict() {
        let sentence = finding.codebuild.as_ref().unwrap_or(&finding.message);
        return Err(Error::buildspec(format!("{name} is invalid: {sentence}"))
            .hint("see all that is wrong with it: buildspec validate"));
    }
    let mut variables = Variables::default();
    variables.set_buildspec(&reading.buildspec.env);
    variables.set_project(&options.project.project);
    Ok(Needs::of(&variables))
}
