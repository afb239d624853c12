//! The reports part of `UPLOAD_ARTIFACTS`: files become the report of their group.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::fetch::Links;
use super::upload_artifacts::{Collected, file_name};
use crate::artifacts::{Chosen, Failure, expand, shown, variables_in};
use crate::buildspec::model::{Artifacts, Buildspec, ReportFormat, ReportGroup};
use crate::engine::event::Event;
use crate::error::Error;
use crate::reports::discover::sniff;
use crate::reports::group::{
    BuildStamp, Failure as Unread, Group, GroupError, Home, phase_message,
};
use crate::reports::model::ReportType;
use crate::reports::{ReadError, WRONG_ROOT, format_name, report_type};
use crate::run::{Build, Halt};
use crate::runtime::session::Session;

/// What was reported so far.
pub(super) struct Reported {
    pub(super) failure: Collected,
    /// Absolute paths in the build of files that belong to a group.
    pub(super) files: BTreeSet<Vec<u8>>,
}

impl Build<'_> {
    /// Reads every report group of the buildspec. A failing test fails nothing; a file that can't be read does.
    pub(super) async fn upload_reports(
        &mut self,
        buildspec: &Buildspec,
        session: &mut Session,
    ) -> Result<Reported, Halt> {
        let mut reported = Reported {
            failure: Ok(()),
            files: BTreeSet::new(),
        };
        let mut errors = Vec::new();
        for group in &buildspec.reports {
            let values = session.variables(&variables_in(&group.name.value)).await?;
            let lookup = |name: &str| {
                values
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value.clone())
            };
            let key = expand(&group.name.value, lookup);
            let kind = match report_type(group.file_format.value) {
                ReportType::Test => "TEST",
                ReportType::CodeCoverage => "CODE_COVERAGE",
            };
            self.journal.say(format!(
                "Preparing to copy {kind} report {}",
                shown(key.as_bytes())
            ));
            let definition = as_artifacts(group);
            let (selection, _) = self.choose(&definition, None, false, session).await?;
            for line in selection.log {
                self.journal.say(two_spaces(line));
            }
            let error = self
                .report(
                    &key,
                    group.file_format.value,
                    selection.files,
                    &mut reported,
                    session,
                )
                .await?;
            errors.extend(error);
        }
        if !errors.is_empty() {
            reported.failure = Err(Failure {
                code: "CLIENT_ERROR",
                message: phase_message(&errors),
            });
        }
        Ok(reported)
    }

    /// Makes one group's report of these files, and keeps both.
    pub(super) async fn report(
        &mut self,
        key: &str,
        format: ReportFormat,
        files: Vec<Chosen>,
        reported: &mut Reported,
        session: &mut Session,
    ) -> Result<Option<GroupError>, Halt> {
        let home = Home {
            project: self.identity.project.clone(),
            region: self.identity.region.clone(),
            account: self.identity.account.clone(),
        };
        let stamp = BuildStamp {
            arn: self.identity.arn(),
            uuid: self.identity.uuid.clone(),
            created: self.record.started(),
        };
        let mut group = Group::new(key, format, &home);
        let folder = self
            .folder
            .file("reports")
            .join(file_name(&group.id().name));
        let raw = folder.join("raw");
        if !files.is_empty() {
            let fetched = self.fetch(files.clone(), raw.clone(), Links::Follow, session);
            fetched.await?.complete()?;
        }
        let mut named = Vec::new();
        for file in &files {
            let shown = String::from_utf8_lossy(&file.source)
                .replace(session.layout().root(), "/codebuild");
            let path = raw.join(path_of(&file.artifact));
            match File::open(&path) {
                Ok(opened) => group.read(&shown, &mut BufReader::with_capacity(64 * 1024, opened)),
                Err(error) => group.unreadable(&shown, &error),
            }
            named.push((shown, path));
        }
        reported
            .files
            .extend(files.into_iter().map(|file| file.source));
        let arn = group.id().report_arn(&self.identity.uuid);
        let (mut document, error) = group.finish(&stamp);
        let source = session.layout().source();
        for place in &mut document.details.locations {
            let inside = place.file.strip_prefix(&source);
            if let Some(inside) = inside.and_then(|path| path.strip_prefix('/')) {
                place.file = inside.to_owned();
            }
        }
        let failures = error.iter().flat_map(|error| &error.failures);
        let explained = failures.map(|failure| explain(failure, format, &named));
        document.details.warnings.extend(explained);
        let root = session.layout().root();
        let change = |text: &str| self.masks.rewrite(&text.replace(root, "/codebuild"));
        let arn = change(&arn);
        let document = document.map_texts(change);
        write_json(&folder.join("report.json"), &document)?;
        self.record.change(|build| build.report_arns.push(arn));
        let warnings = document.details.warnings.clone();
        self.journal.emit(&Event::ReportMade(Box::new(document)));
        for warning in warnings {
            self.journal.emit(&Event::Warning(warning));
        }
        Ok(error)
    }
}

/// An error that is worded for programs, with what a person should know of it.
fn explain(failure: &Unread, format: ReportFormat, files: &[(String, PathBuf)]) -> String {
    let explanation = match failure {
        Unread::File(error) => of_other_format(error, format, files),
        Unread::Service(_) => None,
    };
    match explanation.or_else(|| failure.explanation().map(str::to_owned)) {
        Some(explanation) => format!("{failure} ({explanation})"),
        None => failure.to_string(),
    }
}

fn of_other_format(
    error: &ReadError,
    format: ReportFormat,
    files: &[(String, PathBuf)],
) -> Option<String> {
    let (_, path) = files.iter().find(|(shown, _)| *shown == error.file)?;
    let opened = File::open(path).ok()?;
    match sniff(&mut BufReader::new(opened)) {
        Some(found) if found != format => Some(format!(
            "the file is {0}: say `file-format: {0}`",
            format_name(found)
        )),
        None if error.message.starts_with(WRONG_ROOT) => {
            Some("the file has none of the formats that CodeBuild reads".to_owned())
        }
        _ => None,
    }
}

fn as_artifacts(group: &ReportGroup) -> Artifacts {
    Artifacts {
        files: group.files.clone(),
        base_directory: group.base_directory.clone(),
        discard_paths: group.discard_paths,
        ..Artifacts::default()
    }
}

/// Reports say `path:  .` where artifacts say `path: .`.
fn two_spaces(line: String) -> String {
    match line.strip_prefix("Expanding base directory path: ") {
        Some(path) => format!("Expanding base directory path:  {path}"),
        None => line,
    }
}

pub(super) fn path_of(bytes: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt as _;
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

fn write_json(path: &Path, document: &impl serde::Serialize) -> Result<(), Halt> {
    let failed = |error: std::io::Error| {
        Error::environment(format!("{} can't be written: {error}", path.display()))
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut text = serde_json::to_vec_pretty(document).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    Ok(std::fs::write(path, text).map_err(failed)?)
}
