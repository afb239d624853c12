//! The reports part of `UPLOAD_ARTIFACTS`: groups that the buildspec lists, then files that nobody listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::upload_artifacts::{Collected, file_name};
use crate::artifacts::{Chosen, Failure, Pattern, expand, variables_in};
use crate::buildspec::model::{Artifacts, Buildspec, ReportFormat, ReportGroup};
use crate::engine::event::Event;
use crate::error::Error;
use crate::reports::discover::sniff;
use crate::reports::group::{
    BuildStamp, Failure as Unread, Group, GroupError, Home, discovered_key, phase_message,
};
use crate::reports::model::ReportType;
use crate::reports::{ReadError, WRONG_ROOT, format_name, report_type};
use crate::run::{Build, Halt};
use crate::runtime::session::Session;
use crate::script;

/// What was reported so far.
pub(super) struct Reported {
    pub(super) failure: Collected,
    /// Absolute paths in the build of files that belong to a group.
    files: BTreeSet<Vec<u8>>,
}

/// At most so many files are looked at by auto-discovery: what CodeBuild gets through in its five seconds is unknown.
const MOST_DISCOVERED: usize = 500;

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
            self.journal
                .say(format!("Preparing to copy {kind} report {key}"));
            let selection = match self.choose(&as_artifacts(group), None, session).await? {
                Ok(selection) => selection,
                Err(failure) => {
                    reported.failure = Err(failure);
                    continue;
                }
            };
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
    async fn report(
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
            self.fetch(files.clone(), raw.clone(), session).await?;
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
        let document = document.map_texts(|text| text.replace(root, "/codebuild"));
        write_json(&folder.join("report.json"), &document)?;
        self.record.change(|build| build.report_arns.push(arn));
        let warnings = document.details.warnings.clone();
        self.journal.emit(&Event::ReportMade(Box::new(document)));
        for warning in warnings {
            self.journal.emit(&Event::Warning(warning));
        }
        Ok(error)
    }

    /// Searches the build's files for reports that no group lists (spec 16.6).
    pub(super) async fn discover_reports(
        &mut self,
        reported: &mut Reported,
        session: &mut Session,
    ) -> Result<(), Halt> {
        let names = [
            "CODEBUILD_CONFIG_AUTO_DISCOVER",
            "CODEBUILD_CONFIG_AUTO_DISCOVER_DIR",
        ]
        .map(str::to_owned);
        let source = session.layout().source();
        let text = script::print_variables(session.layout(), names.iter().map(String::as_str))
            + &candidates_script(&source);
        let started = Instant::now();
        let printed = session.ask_in_state(&text).await?;
        let mut fields = printed.split(|&byte| byte == 0);
        let mut variable =
            || String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned();
        let (enabled, pattern) = (variable(), variable());
        if enabled.eq_ignore_ascii_case("false") {
            return Ok(());
        }
        let pattern = if pattern.is_empty() {
            "**/*".to_owned()
        } else {
            pattern
        };
        let found = self.of_format(fields, &pattern, reported, session).await?;
        let count: usize = found.values().map(Vec::len).sum();
        for line in [
            "Set report auto-discover timeout to 5 seconds",
            "Expanding base directory path:  .",
            "Assembling file list",
            "Expanding .",
            "Expanding file paths for base directory .",
            "Assembling file list",
        ] {
            self.journal.say(line);
        }
        self.journal.say(format!("Expanding {pattern}"));
        self.journal.say(match count {
            0 => "No matching auto-discover report paths found".to_owned(),
            count => format!("Found {count} file(s)"),
        });
        self.journal.say(format!(
            "Report auto-discover file discovery took {:.6} seconds",
            started.elapsed().as_secs_f64()
        ));
        for (format, files) in found {
            // What nobody listed can't fail the build (unconfirmed): a file may only look like a report.
            if let Some(error) = self
                .report(&discovered_key(format), format, files, reported, session)
                .await?
            {
                self.journal.emit(&Event::Warning(error.to_string()));
            }
        }
        Ok(())
    }

    /// Looks into candidates on this side and sorts those that are reports by their format.
    async fn of_format<'a>(
        &mut self,
        candidates: impl Iterator<Item = &'a [u8]>,
        pattern: &str,
        reported: &Reported,
        session: &mut Session,
    ) -> Result<BTreeMap<ReportFormat, Vec<Chosen>>, Halt> {
        let source = session.layout().source().into_bytes();
        let Ok(pattern) = Pattern::new(pattern) else {
            return Ok(BTreeMap::new());
        };
        let files: Vec<Chosen> = candidates
            .filter_map(|path| path.strip_prefix(b"./"))
            .map(|path| Chosen {
                source: [source.as_slice(), b"/", path].concat(),
                artifact: path.to_vec(),
            })
            .filter(|file| {
                pattern.matches(&source, &file.source) && !reported.files.contains(&file.source)
            })
            .take(MOST_DISCOVERED)
            .collect();
        if files.is_empty() {
            return Ok(BTreeMap::new());
        }
        let folder = tempfile::Builder::new()
            .prefix(".discovered-")
            .tempdir_in(&self.folder.path);
        let folder = folder.map_err(|error| {
            Error::environment("the build's folder can't be written").because(error)
        })?;
        self.fetch(files.clone(), folder.path().join("files"), session)
            .await?;
        let mut found: BTreeMap<ReportFormat, Vec<Chosen>> = BTreeMap::new();
        for file in files {
            let opened = File::open(folder.path().join("files").join(path_of(&file.artifact)));
            if let Some(format) = opened
                .ok()
                .and_then(|opened| sniff(&mut BufReader::new(opened)))
            {
                found.entry(format).or_default().push(file);
            }
        }
        Ok(found)
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

/// Prints, each ended by a NUL, files whose text could be a report's. Names with line breaks are left out.
fn candidates_script(source: &str) -> String {
    format!(
        "cd {} || exit 0\n\
         find . -type f \\( -name '*.xml' -o -name '*.json' -o -name '*.trx' \\) -size -65536k ! -name '*\n*' -exec grep -lE \
         '<(testsuites?|assemblies|test-run|test-results|testng-results|TestRun|coverage|report)[ >]|\"(elements|coverage)\"' {{}} + \
         | tr '\\n' '\\000'\n",
        script::quote(source)
    )
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

fn path_of(bytes: &[u8]) -> &Path {
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
