//! What becomes of a group's files together.

use super::{home, read_all};
use crate::buildspec::model::ReportFormat;
use crate::reports::group::{GroupId, discovered_key};
use crate::reports::model::ReportStatus;

#[test]
fn several_files_become_one_report() {
    let one = "<testsuite name='a' tests='2' failures='1' time='1.5'><testcase name='x'/>\
               <testcase name='y'><failure message='m'>t</failure></testcase></testsuite>";
    let two = "<testsuites><testsuite tests='1' skipped='1' time='0.001'>\
               <testcase name='z'><skipped/></testcase></testsuite></testsuites>";
    let (document, error) = read_all(
        ReportFormat::JunitXml,
        &[("/1.xml", one.as_bytes()), ("/2.xml", two.as_bytes())],
    );
    assert_eq!(error, None);
    let paths: Vec<&str> = document
        .test_cases
        .iter()
        .map(|case| case.test_raw_data_path.as_str())
        .collect();
    assert_eq!(paths, ["/1.xml", "/1.xml", "/2.xml"]);
    assert_eq!(document.test_cases[1].message, "m\nt");
    insta::assert_json_snapshot!(document.report);
}

#[test]
fn broken_files_are_all_named() {
    let (document, error) = read_all(
        ReportFormat::JunitXml,
        &[("/1", b""), ("/2", b"<testsuite/>"), ("/3", b"<a/>")],
    );
    assert!(document.test_cases.is_empty());
    assert_eq!(
        error.unwrap().to_string(),
        "unit: [error processing report: [/1: EOF /3: expected element type <testsuite> but have <a>]]"
    );
}

#[test]
fn no_file_is_incomplete_and_no_error() {
    let (document, error) = read_all(ReportFormat::CloverXml, &[]);
    assert_eq!(error, None);
    assert_eq!(document.report.status, ReportStatus::Incomplete);
    assert_eq!(
        document.details.warnings,
        ["report group unit: no file matches, the report is INCOMPLETE"]
    );
}

#[test]
fn coverage_merges_by_line() {
    let one = "<coverage line-rate='0'><class filename='a.py'><line number='1' hits='1'/>\
               <line number='2' hits='0' branch='true' condition-coverage='50% (1/2)'/></class>\
               <class filename='a.py'><line number='1' hits='0'/></class></coverage>";
    let two = "<coverage><class filename='a.py'><line number='2' hits='3' branch='true' \
               condition-coverage='100% (2/2)'/><line number='18446744073709551616' hits='1'/>\
               </class></coverage>";
    let (document, error) = read_all(
        ReportFormat::CoberturaXml,
        &[("/1", one.as_bytes()), ("/2", two.as_bytes())],
    );
    assert_eq!(error, None);
    insta::assert_json_snapshot!(document.code_coverages);
}

#[test]
fn names_and_arns() {
    let group = GroupId::new("unit", &home());
    assert_eq!(group.name, "shop-unit");
    assert_eq!(
        group.report_arn("1234"),
        "arn:aws:codebuild:eu-central-1:123456789012:report/shop-unit:1234"
    );
    let arn = "arn:aws:codebuild:us-east-1:210987654321:report-group/shared";
    let shared = GroupId::new(arn, &home());
    assert_eq!((&*shared.name, &*shared.arn), ("shared", arn));
    assert_eq!(
        discovered_key(ReportFormat::SimpleCov),
        "SIMPLECOV-AutoDiscovered"
    );
}
