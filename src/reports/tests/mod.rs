//! The readers on files that tools wrote, and on files that nobody should write.

mod groups;
mod limits;
mod words;

use std::fmt::Write as _;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::discover::sniff;
use super::group::{BuildStamp, Group, GroupError, Home, phase_message};
use super::model::{ReportDocument, ReportStatus};
use crate::buildspec::model::ReportFormat;

const FORMATS: [(&str, ReportFormat); 10] = [
    ("junit", ReportFormat::JunitXml),
    ("cucumber", ReportFormat::CucumberJson),
    ("nunit", ReportFormat::NunitXml),
    ("nunit3", ReportFormat::Nunit3Xml),
    ("testng", ReportFormat::TestNgXml),
    ("trx", ReportFormat::VisualStudioTrx),
    ("clover", ReportFormat::CloverXml),
    ("cobertura", ReportFormat::CoberturaXml),
    ("jacoco", ReportFormat::JacocoXml),
    ("simplecov", ReportFormat::SimpleCov),
];

fn home() -> Home {
    Home {
        project: "shop".to_owned(),
        region: "eu-central-1".to_owned(),
        account: "123456789012".to_owned(),
    }
}

fn stamp() -> BuildStamp {
    BuildStamp {
        arn: "arn:aws:codebuild:eu-central-1:123456789012:build/shop:u-u-i-d".to_owned(),
        uuid: "u-u-i-d".to_owned(),
        created: 1_556_906_956.318,
    }
}

fn read_all(format: ReportFormat, files: &[(&str, &[u8])]) -> (ReportDocument, Option<GroupError>) {
    let mut group = Group::new("unit", format, &home());
    for (path, mut bytes) in files.iter().copied() {
        group.read(path, &mut bytes);
    }
    group.finish(&stamp())
}

fn good(format: ReportFormat, bytes: impl AsRef<[u8]>) -> ReportDocument {
    let (document, error) = read_all(format, &[("/src/report", bytes.as_ref())]);
    assert_eq!(error, None);
    document
}

fn bad(format: ReportFormat, bytes: impl AsRef<[u8]>) -> String {
    let (document, error) = read_all(format, &[("/src/report", bytes.as_ref())]);
    assert_eq!(document.report.status, ReportStatus::Incomplete);
    phase_message(&[error.expect("an error")])
}

/// What went wrong with the one file, without the words around it.
fn fault(format: ReportFormat, bytes: impl AsRef<[u8]>) -> String {
    let message = bad(format, bytes);
    let inner = message
        .strip_prefix(
            "Error in UPLOAD_ARTIFACTS phase: [unit: [error processing report: [/src/report: ",
        )
        .and_then(|rest| rest.strip_suffix("]]]"));
    inner.expect("one file's error").to_owned()
}

fn junit(bytes: impl AsRef<[u8]>) -> ReportDocument {
    good(ReportFormat::JunitXml, bytes)
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/reports")
        .join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// A report as a table: what a reviewer of a snapshot wants to see.
fn table(document: &ReportDocument) -> String {
    let mut text = String::new();
    let report = &document.report;
    writeln!(text, "{:?}, truncated: {}", report.status, report.truncated).unwrap();
    if let Some(summary) = &report.test_summary {
        writeln!(
            text,
            "{} cases in {} ns: {:?}",
            summary.total, summary.duration_in_nano_seconds, summary.status_counts
        )
        .unwrap();
    }
    for (index, case) in document.test_cases.iter().enumerate() {
        writeln!(
            text,
            "\n{:?} [{}] [{}] [{}] {} ns",
            case.status,
            case.test_suite_name,
            case.prefix,
            case.name,
            case.duration_in_nano_seconds
        )
        .unwrap();
        for place in document
            .details
            .locations
            .iter()
            .filter(|l| l.case == index)
        {
            writeln!(text, "    at {}:{:?}", place.file, place.line).unwrap();
        }
        for line in case.message.lines().take(8) {
            writeln!(text, "    | {line}").unwrap();
        }
    }
    if let Some(summary) = &report.code_coverage_summary {
        writeln!(text, "{summary:?}").unwrap();
    }
    for file in &document.code_coverages {
        writeln!(text, "\n{} {:?}", file.file_path, file.counts).unwrap();
    }
    for warning in &document.details.warnings {
        writeln!(text, "\nwarning: {warning}").unwrap();
    }
    text
}

#[test]
fn files_that_tools_wrote() {
    for (folder, format) in FORMATS {
        for path in fixtures(folder) {
            let name = format!("{folder}_{}", path.file_stem().unwrap().display());
            let bytes = fs::read(&path).unwrap();
            assert_eq!(sniff(&mut bytes.as_slice()), Some(format), "{name}");
            insta::assert_snapshot!(name, table(&good(format, bytes)));
        }
    }
}

#[test]
fn the_same_in_utf16_and_in_small_pieces() {
    for (folder, format) in FORMATS {
        for path in fixtures(folder) {
            let text = fs::read_to_string(&path).unwrap();
            let expected = good(format, &text);
            let utf16: Vec<u8> = format!("\u{FEFF}{text}")
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            assert_eq!(sniff(&mut utf16.as_slice()), Some(format));
            assert_eq!(good(format, &utf16), expected);

            let mut pieces = BufReader::with_capacity(7, utf16.as_slice());
            let mut group = Group::new("unit", format, &home());
            group.read("/src/report", &mut pieces);
            assert_eq!(group.finish(&stamp()), (expected, None));
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_never_a_hang() {
    for (folder, format) in FORMATS {
        let bytes = fs::read(&fixtures(folder)[0]).unwrap();
        let end = bytes.trim_ascii_end().len();
        for cut in (0..end).step_by(37) {
            bad(format, &bytes[..cut]);
        }
    }
}

#[test]
fn every_other_format_is_refused_or_empty() {
    for (folder, format) in FORMATS {
        let bytes = fs::read(&fixtures(folder)[0]).unwrap();
        for (_, wrong) in FORMATS.into_iter().filter(|(_, wrong)| *wrong != format) {
            let (document, error) = read_all(wrong, &[("/src/report", &bytes)]);
            let empty = document.test_cases.is_empty() && document.code_coverages.is_empty();
            let same_root = [ReportFormat::CloverXml, ReportFormat::CoberturaXml];
            assert!(
                error.is_some() || (same_root.contains(&wrong) && same_root.contains(&format)),
                "{format:?} as {wrong:?}"
            );
            assert!(empty, "{format:?} as {wrong:?}");
        }
    }
}
