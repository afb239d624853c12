//! `buildspec run --write-secrets-template`: what the build would fetch from AWS, as a file to be filled in.

use std::path::PathBuf;

use crate::env::reference::Needs;
use crate::env::{Variables, secrets};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::output;
use crate::plan;

/// Writes the file and tells where it is.
pub(crate) async fn write(options: &Options) -> Result<PathBuf> {
    let needs = needs(options).await?;
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

async fn needs(options: &Options) -> Result<Needs> {
    let (_, reading) = plan::read(options).await?;
    let mut variables = Variables::default();
    variables.set_buildspec(&reading.buildspec.env);
    variables.set_project(&options.project.project);
    Ok(Needs::of(&variables))
}
