//! A report group: its name, the report that a build makes of its files, and the words for what went wrong.

use std::fmt;
use std::io::BufRead;

use super::fault::ReadError;
use super::format::{Results, format_name, report_type};
use super::model::{
    CodeCoverageSummary, Details, ExportConfig, RETENTION, Report, ReportDocument, ReportStatus,
    ReportType, TestSummary,
};
use crate::buildspec::model::ReportFormat;

/// Where groups live that a build makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    pub project: String,
    pub region: String,
    pub account: String,
}

/// Which build a report belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildStamp {
    /// The build's ARN.
    pub arn: String,
    /// The build's uuid, which the report's ARN takes over.
    pub uuid: String,
    /// Seconds since the epoch.
    pub created: f64,
}

/// A group's name and ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupId {
    pub name: String,
    pub arn: String,
}

impl GroupId {
    /// The group that a buildspec's key means. A `$VARIABLE` has to be replaced before.
    ///
    /// A plain name belongs to the project; an ARN is the group itself, whatever its account.
    pub fn new(key: &str, home: &Home) -> Self {
        if key.starts_with("arn:")
            && let Some((_, name)) = key.split_once(":report-group/")
        {
            return Self {
                name: name.to_owned(),
                arn: key.to_owned(),
            };
        }
        let name = format!("{}-{key}", home.project);
        Self {
            arn: format!(
                "arn:aws:codebuild:{}:{}:report-group/{name}",
                home.region, home.account
            ),
            name,
        }
    }

    /// The report of one build, of that build's uuid.
    pub fn report_arn(&self, uuid: &str) -> String {
        let arn = self.arn.replacen(":report-group/", ":report/", 1);
        format!("{arn}:{uuid}")
    }
}

/// The key of the group in which auto-discovery puts files of a format.
pub fn discovered_key(format: ReportFormat) -> String {
    format!("{}-AutoDiscovered", format_name(format))
}

/// A group whose files are being read.
#[derive(Debug)]
pub struct Group {
    key: String,
    id: GroupId,
    format: ReportFormat,
    results: Results,
    details: Details,
    errors: Vec<ReadError>,
}

impl Group {
    /// A group without files.
    pub fn new(key: &str, format: ReportFormat, home: &Home) -> Self {
        Self {
            key: key.to_owned(),
            id: GroupId::new(key, home),
            format,
            results: Results::default(),
            details: Details::default(),
            errors: Vec::new(),
        }
    }

    /// Name and ARN.
    pub fn id(&self) -> &GroupId {
        &self.id
    }

    /// Reads one file. `path` names it in messages and results: its absolute path in the build.
    pub fn read(&mut self, path: &str, source: &mut dyn BufRead) {
        self.details.files.push(path.to_owned());
        match self.results.read(self.format, path, source) {
            Ok(warnings) => self.details.warnings.extend(warnings),
            Err(error) => self.errors.push(error),
        }
    }

    /// A file that matched but can't be opened.
    pub fn unreadable(&mut self, path: &str, error: &std::io::Error) {
        self.errors.push(ReadError {
            file: path.to_owned(),
            message: error.to_string(),
            explanation: None,
        });
    }

    /// The report, and why the phase fails if it does.
    ///
    /// Without any file, and after an error, the report is INCOMPLETE and empty.
    pub fn finish(self, stamp: &BuildStamp) -> (ReportDocument, Option<GroupError>) {
        let arn = self.id.report_arn(&stamp.uuid);
        let expired = stamp.created + RETENTION;
        let kind = report_type(self.format);
        let mut document = ReportDocument {
            report: Report {
                arn: arn.clone(),
                kind,
                name: self.id.name,
                report_group_arn: self.id.arn,
                execution_id: stamp.arn.clone(),
                status: ReportStatus::Incomplete,
                created: stamp.created,
                expired,
                export_config: ExportConfig::default(),
                truncated: false,
                test_summary: None,
                code_coverage_summary: None,
            },
            test_cases: Vec::new(),
            code_coverages: Vec::new(),
            details: self.details,
        };
        let mut failures: Vec<Failure> = self.errors.into_iter().map(Failure::File).collect();
        if document.details.files.is_empty() && failures.is_empty() {
            document.details.warnings.push(format!(
                "report group {}: no file matches, the report is INCOMPLETE",
                self.key
            ));
        } else if failures.is_empty()
            && let Err(refusal) = fill(&mut document, self.results)
        {
            failures.push(Failure::Service(refusal));
        }
        if document.report.status == ReportStatus::Incomplete {
            match kind {
                ReportType::Test => document.report.test_summary = Some(TestSummary::default()),
                ReportType::CodeCoverage => {
                    document.report.code_coverage_summary = Some(CodeCoverageSummary::default());
                }
            }
        }
        let error = (!failures.is_empty()).then_some(GroupError {
            key: self.key,
            failures,
        });
        (document, error)
    }
}

fn fill(document: &mut ReportDocument, results: Results) -> Result<(), &'static str> {
    let report = &mut document.report;
    match report.kind {
        ReportType::Test => {
            let mut summed = results.cases.finish()?;
            for case in &mut summed.cases {
                case.report_arn.clone_from(&report.arn);
                case.expired = report.expired;
            }
            report.status = summed.status;
            report.truncated = summed.truncated;
            report.test_summary = Some(summed.summary);
            document.test_cases = summed.cases;
            document.details.slowest = summed.slowest;
            document.details.locations = summed.locations;
        }
        ReportType::CodeCoverage => {
            let (summary, files) = results.coverage.finish(&report.arn, report.expired);
            report.status = ReportStatus::Succeeded;
            report.code_coverage_summary = Some(summary);
            document.code_coverages = files;
        }
    }
    Ok(())
}

/// Why a group has no report, in the shape of `CodeBuild`'s message:
/// `<key>: [error processing report: [<file>: <parser error>]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupError {
    pub key: String,
    pub failures: Vec<Failure>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A file is not what its group says.
    File(ReadError),
    /// The service would refuse the report.
    Service(&'static str),
}

impl Failure {
    /// The reason for people, where the words alone say too little.
    pub fn explanation(&self) -> Option<&'static str> {
        match self {
            Self::File(error) => error.explanation,
            Self::Service(_) => Some(
                "the attributes tests, failures, errors and skipped of the suites contradict each other",
            ),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Service(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures = joined(&self.failures);
        write!(f, "{}: [error processing report: [{failures}]]", self.key)
    }
}

impl std::error::Error for GroupError {}

/// The message of the failed phase.
pub fn phase_message(errors: &[GroupError]) -> String {
    format!("Error in UPLOAD_ARTIFACTS phase: [{}]", joined(errors))
}

/// Texts side by side, as Go shows a list of errors.
fn joined(texts: &[impl ToString]) -> String {
    let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
    texts.join(" ")
}
