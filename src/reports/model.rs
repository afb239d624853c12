//! A report as the API shows it: the member names, statuses and limits are `CodeBuild`'s own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Test cases that a report keeps; the totals count all.
pub const MAX_CASES: usize = 500;
/// Characters of a test case's name.
pub const MAX_NAME: usize = 1_000;
/// Characters of a test case's message.
pub const MAX_MESSAGE: usize = 5_000;
/// Seconds that a report is kept: 30 days.
pub const RETENTION: f64 = 30.0 * 24.0 * 3600.0;

/// What kind of results a report holds; follows from the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReportType {
    Test,
    CodeCoverage,
}

/// How a report ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReportStatus {
    Succeeded,
    Failed,
    Incomplete,
}

/// How a test case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CaseStatus {
    Succeeded,
    Failed,
    Error,
    Skipped,
    /// A status that the format does not define.
    Unknown,
}

impl CaseStatus {
    /// Every status, in the order in which a summary lists them.
    pub const ALL: [Self; 5] = [
        Self::Succeeded,
        Self::Failed,
        Self::Error,
        Self::Skipped,
        Self::Unknown,
    ];

    /// Whether such a case makes its report fail.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }
}

/// One report: the results that one build has for one group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub arn: String,
    #[serde(rename = "type")]
    pub kind: ReportType,
    pub name: String,
    pub report_group_arn: String,
    /// The build's ARN.
    pub execution_id: String,
    pub status: ReportStatus,
    /// Seconds since the epoch.
    pub created: f64,
    /// Seconds since the epoch.
    pub expired: f64,
    pub export_config: ExportConfig,
    pub truncated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_summary: Option<TestSummary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_coverage_summary: Option<CodeCoverageSummary>,
}

/// Where raw files are exported to; a group that `CodeBuild` makes by itself exports nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportConfig {
    pub export_config_type: String,
}

impl Default for ExportConfig {
    fn default() -> Self {
        Self {
            export_config_type: "NO_EXPORT".to_owned(),
        }
    }
}

/// The totals of a test report. All five statuses are listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestSummary {
    pub total: u64,
    pub status_counts: BTreeMap<CaseStatus, u64>,
    pub duration_in_nano_seconds: u64,
}

impl Default for TestSummary {
    fn default() -> Self {
        Self {
            total: 0,
            status_counts: CaseStatus::ALL.map(|status| (status, 0)).into(),
            duration_in_nano_seconds: 0,
        }
    }
}

/// The totals of a coverage report. A percentage of nothing is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeCoverageSummary {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_coverage_percentage: Option<f64>,
    pub lines_covered: u64,
    pub lines_missed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_coverage_percentage: Option<f64>,
    pub branches_covered: u64,
    pub branches_missed: u64,
}

/// One test case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCase {
    pub report_arn: String,
    pub test_raw_data_path: String,
    /// What the case's framework groups cases by, mostly a class.
    pub prefix: String,
    pub name: String,
    pub status: CaseStatus,
    pub duration_in_nano_seconds: u64,
    pub message: String,
    pub test_suite_name: String,
    /// Seconds since the epoch.
    pub expired: f64,
}

/// The coverage of one source file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeCoverage {
    pub id: String,
    #[serde(rename = "reportARN")]
    pub report_arn: String,
    pub file_path: String,
    #[serde(flatten)]
    pub counts: CodeCoverageSummary,
    /// Seconds since the epoch.
    pub expired: f64,
}

/// Everything kept of one report: what the API answers, and what only this tool shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportDocument {
    pub report: Report,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test_cases: Vec<TestCase>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_coverages: Vec<CodeCoverage>,
    #[serde(default)]
    pub details: Details,
}

impl ReportDocument {
    /// The same, with every text changed that comes from the build or its files.
    #[must_use]
    pub fn map_texts(mut self, change: impl Fn(&str) -> String) -> Self {
        let mut texts = vec![
            &mut self.report.arn,
            &mut self.report.name,
            &mut self.report.report_group_arn,
        ];
        for case in &mut self.test_cases {
            texts.extend([
                &mut case.report_arn,
                &mut case.test_raw_data_path,
                &mut case.prefix,
                &mut case.name,
                &mut case.message,
                &mut case.test_suite_name,
            ]);
        }
        for file in &mut self.code_coverages {
            texts.extend([&mut file.report_arn, &mut file.file_path]);
        }
        let details = &mut self.details;
        for slow in &mut details.slowest {
            texts.extend([&mut slow.prefix, &mut slow.name]);
        }
        texts.extend(details.locations.iter_mut().map(|place| &mut place.file));
        texts.extend(&mut details.files);
        texts.extend(&mut details.warnings);
        for text in texts {
            *text = change(text);
        }
        self
    }
}

/// What the API has no member for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The files that were read, as they were named.
    pub files: Vec<String>,
    /// The slowest of all cases, kept or not, slowest first.
    pub slowest: Vec<SlowCase>,
    /// Where kept cases stand in the sources.
    pub locations: Vec<CaseLocation>,
    /// What a reader should know: one line each.
    pub warnings: Vec<String>,
}

/// A case that took long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlowCase {
    pub prefix: String,
    pub name: String,
    pub duration_in_nano_seconds: u64,
}

/// Where a case stands in the sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseLocation {
    /// Index into `testCases`.
    pub case: usize,
    pub file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}
