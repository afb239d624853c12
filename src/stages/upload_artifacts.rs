//! `UPLOAD_ARTIFACTS`: what the build made goes to the output directory.

use std::path::{Path, PathBuf};

use crate::artifacts::Failure;
use crate::buildspec::model::Buildspec;
use crate::engine::event::Event;
use crate::engine::phase::{Context, PhaseType, Status};
use crate::error::Error;
use crate::project::model::VariableType;
use crate::publish::publish;
use crate::record::build::ExportedVariable;
use crate::run::{Build, Halt};
use crate::runtime::session::Session;

/// What a part of the phase came to: nothing, or why the phase fails.
pub(super) type Collected = Result<(), Failure>;

impl Build<'_> {
    /// Collects artifacts, reports and exported variables; whether the phase succeeded.
    ///
    /// Reports that the buildspec lists are read even where artifacts failed; only the search for others is then left
    /// out (aws/aws-cdk#25842 and a log of 2025).
    pub(crate) async fn upload_artifacts(
        &mut self,
        buildspec: &Buildspec,
        session: &mut Session,
    ) -> Result<bool, Halt> {
        self.journal.enter(PhaseType::UploadArtifacts);
        self.export_variables(buildspec, session).await?;
        let artifacts = self.collect_artifacts(buildspec, session).await?;
        let mut reported = self.upload_reports(buildspec, session).await?;
        if artifacts.is_ok() && reported.failure.is_ok() {
            self.discover_reports(&mut reported, session).await?;
        }
        if let Some(wanted) = &self.options.reports
            && self.folder.file("reports").exists()
        {
            let links = publish_reports(&self.folder.file("reports"), wanted)?;
            self.tell_of_links(&links);
        }
        let collected = artifacts.and(reported.failure);
        let (status, context) = match &collected {
            Ok(()) => (Status::Succeeded, Context::default()),
            Err(failure) => (Status::Failed, Context::new(failure.code, &failure.message)),
        };
        self.journal.leave(status, context);
        Ok(collected.is_ok())
    }

    async fn export_variables(
        &mut self,
        buildspec: &Buildspec,
        session: &mut Session,
    ) -> Result<(), Halt> {
        let names: Vec<String> = buildspec
            .env
            .exported_variables
            .iter()
            .map(|name| name.value.clone())
            .collect();
        let mut values = session.variables(&names).await?;
        values.retain(|(_, value)| !value.is_empty());
        let mut exported = Vec::new();
        for name in names {
            let value = values.iter().find(|(known, _)| *known == name);
            let problem = match value {
                _ if name.starts_with("AWS_") => "names that begin with AWS_ can't be exported",
                _ if self.is_the_projects_secret(&name) => {
                    "the project takes it from Parameter Store or Secrets Manager"
                }
                None => "it has no value",
                Some((_, value)) => {
                    let masked = self.masks.rewrite(value);
                    if masked != *value {
                        self.journal.emit(&Event::Warning(format!(
                            "exported-variables: the value of {name} holds a secret, and is kept as {masked}"
                        )));
                    }
                    exported.push(ExportedVariable {
                        name,
                        value: masked,
                    });
                    continue;
                }
            };
            self.journal.emit(&Event::Warning(format!(
                "exported-variables: {name} is left out: {problem}"
            )));
        }
        if !exported.is_empty() {
            let pairs = exported
                .iter()
                .map(|one| (one.name.clone(), one.value.clone()));
            self.journal.emit(&Event::Exported(pairs.collect()));
        }
        self.record
            .change(|build| build.exported_environment_variables = exported);
        Ok(())
    }

    /// Such a variable can't be exported, whatever it holds by now (spec 5.5).
    fn is_the_projects_secret(&self, name: &str) -> bool {
        let variables = &self.options.project.project.environment.variables;
        variables
            .iter()
            .any(|known| known.name.value == name && known.kind != VariableType::Plaintext)
    }
}

/// Moves reports away, but leaves what `buildspec report` shows.
fn publish_reports(reports: &Path, wanted: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error: std::io::Error| {
        Error::environment(format!("{} can't be written: {error}", reports.display()))
    };
    let mut documents = Vec::new();
    for group in std::fs::read_dir(reports).map_err(failed)?.flatten() {
        let file = group.path().join("report.json");
        documents.push((std::fs::read(&file).map_err(failed)?, file));
    }
    let links = publish(reports, wanted)?;
    for (document, file) in documents {
        std::fs::create_dir_all(file.parent().unwrap_or(reports)).map_err(failed)?;
        std::fs::write(&file, document).map_err(failed)?;
    }
    Ok(links)
}

/// An identifier as one component of a path.
pub(super) fn file_name(identifier: &str) -> String {
    identifier
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || "_-".contains(letter) {
                letter
            } else {
                '_'
            }
        })
        .collect()
}
