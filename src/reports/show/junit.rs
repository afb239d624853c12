//! Test reports as one `JUnit` document, whatever formats they were read from. Coverage has no place in it.

use crate::reports::model::{CaseStatus, ReportDocument, TestCase};

/// One `testsuite` for each test report.
pub(super) fn junit(documents: &[ReportDocument]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for document in documents {
        suite(document, &mut text);
    }
    text.push_str("</testsuites>\n");
    text
}

fn suite(document: &ReportDocument, text: &mut String) {
    let Some(summary) = &document.report.test_summary else {
        return;
    };
    let count = |status| summary.status_counts.get(&status).copied().unwrap_or(0);
    text.push_str(&format!(
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\">\n",
        escaped(&document.report.name),
        summary.total,
        count(CaseStatus::Failed),
        count(CaseStatus::Error),
        // There is no fifth status in this format.
        count(CaseStatus::Skipped).saturating_add(count(CaseStatus::Unknown)),
        seconds(summary.duration_in_nano_seconds)
    ));
    for (index, case) in document.test_cases.iter().enumerate() {
        text.push_str(&format!(
            "<testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
            escaped(&case.prefix),
            escaped(&case.name),
            seconds(case.duration_in_nano_seconds)
        ));
        let mut told = document.details.locations.iter();
        if let Some(told) = told.find(|told| told.case == index) {
            text.push_str(&format!(" file=\"{}\"", escaped(&told.file)));
            if let Some(line) = told.line {
                text.push_str(&format!(" line=\"{line}\""));
            }
        }
        outcome(case, text);
    }
    text.push_str("</testsuite>\n");
}

fn outcome(case: &TestCase, text: &mut String) {
    let element = match case.status {
        CaseStatus::Succeeded => return text.push_str("/>\n"),
        CaseStatus::Failed => "failure",
        CaseStatus::Error => "error",
        CaseStatus::Skipped | CaseStatus::Unknown => "skipped",
    };
    let first = case.message.lines().next().unwrap_or_default();
    text.push_str(&format!(
        "><{element} message=\"{}\">{}</{element}></testcase>\n",
        escaped(first),
        escaped(&case.message)
    ));
}

fn seconds(nanos: u64) -> String {
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

/// For attributes and text alike.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            // XML 1.0 has no way to write these.
            '\0'..=' ' if letter != ' ' => out.push(char::REPLACEMENT_CHARACTER),
            '\u{FFFE}' | '\u{FFFF}' => out.push(char::REPLACEMENT_CHARACTER),
            letter => out.push(letter),
        }
    }
    out
}
