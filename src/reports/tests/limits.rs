//! Totals, limits and texts.

use std::fmt::Write as _;

use super::junit;
use crate::reports::model::{CaseStatus, ReportStatus};

#[test]
fn totals_come_from_the_attributes() {
    let document = junit(
        "<testsuite name='s' tests='5' failures='1' errors='' skipped='1'>\
         <testcase name='a'/></testsuite>",
    );
    let summary = document.report.test_summary.unwrap();
    assert_eq!(summary.total, 5);
    assert_eq!(summary.status_counts[&CaseStatus::Succeeded], 3);
    assert_eq!(document.report.status, ReportStatus::Failed);
    assert_eq!(
        document.details.warnings,
        [
            "/src/report: suite \"s\" says 5 tests, 1 failures, 0 errors, 1 skipped but holds \
             1 tests, 0 failures, 0 errors, 0 skipped; CodeBuild believes what it says"
        ]
    );
}

#[test]
fn a_million_failures_keep_five_hundred() {
    let mut xml = String::from("<testsuite>");
    for number in 0..1_500 {
        let inside = if number % 2 == 1 { "<error/>" } else { "" };
        write!(
            xml,
            "<testcase name='{number}' time='{number}'>{inside}</testcase>"
        )
        .unwrap();
    }
    xml.push_str("</testsuite>");
    let document = junit(xml);
    assert!(document.report.truncated);
    assert_eq!(document.test_cases.len(), 500);
    assert!(
        document
            .test_cases
            .iter()
            .all(|case| case.status == CaseStatus::Error)
    );
    assert_eq!(document.report.test_summary.unwrap().total, 1_500);
    let slowest: Vec<&str> = document.details.slowest.iter().map(|s| &*s.name).collect();
    assert_eq!(slowest, ["1499", "1498", "1497", "1496", "1495"]);

    let mut xml = String::from("<testsuite>");
    for number in 0..600 {
        let inside = if number > 590 { "<failure/>" } else { "" };
        write!(xml, "<testcase name='{number}'>{inside}</testcase>").unwrap();
    }
    let document = junit(xml + "</testsuite>");
    let names: Vec<&str> = document.test_cases.iter().map(|case| &*case.name).collect();
    assert_eq!(names.len(), 500);
    assert_eq!(
        (names[0], names[8], names[9], names[499]),
        ("591", "599", "0", "490")
    );
}

#[test]
fn long_texts_are_clipped() {
    let long = "ä".repeat(100_000);
    let document = junit(format!(
        "<testsuite name='{long}'><testcase name='{long}' classname='{long}'>\
         <failure message='{long}'>{long}</failure></testcase></testsuite>"
    ));
    let case = &document.test_cases[0];
    assert_eq!(case.name.chars().count(), 1_000);
    assert_eq!(case.message.chars().count(), 5_000);
}

#[test]
fn control_characters_are_replaced() {
    let document = junit("<testsuite><testcase name='a\x1b[31m&#27;&#x0;'/></testsuite>");
    assert_eq!(document.test_cases[0].name, "a\u{FFFD}[31m\u{FFFD}\u{FFFD}");
    assert_eq!(
        document.details.warnings,
        ["/src/report: 1 control characters replaced; CodeBuild may refuse the file"]
    );
}
