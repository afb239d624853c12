//! A report for people: a table, the failures, what was slow.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use super::coverage::coverage;
use super::look::{Look, duration, grouped, one_line, table};
use super::place::place;
use crate::reports::model::{
    CaseStatus, MAX_CASES, ReportDocument, ReportStatus, TestCase, TestSummary,
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const WARN: Style = AnsiColor::Yellow.on_default();

/// Failures whose messages get several lines; the others get one.
const LONG_FAILURES: usize = 20;
/// Lines of such a message: the first and the last ones, in equal parts.
const LINES: usize = 8;

/// One report. What it warns of is not in it.
pub fn human(document: &ReportDocument, look: Look) -> String {
    let report = &document.report;
    let (word, style) = match report.status {
        ReportStatus::Succeeded => ("SUCCEEDED", GOOD),
        ReportStatus::Failed => ("FAILED", BAD.bold()),
        ReportStatus::Incomplete => ("INCOMPLETE", WARN.bold()),
    };
    let name = look.fit(&one_line(&report.name), look.behind(20));
    let mut text = format!(
        "report {}  {}\n",
        look.paint(BOLD, &name),
        look.paint(style, word)
    );
    if report.status == ReportStatus::Incomplete {
        return text;
    }
    if let Some(summary) = &report.test_summary {
        text.push_str(&totals(summary));
        if report.truncated {
            text.push_str(&format!(
                "  {} cases are kept, failed ones first\n",
                document.test_cases.len().min(MAX_CASES)
            ));
        }
        failures(document, look, &mut text);
        slowest(document, look, &mut text);
    }
    if let Some(summary) = &report.code_coverage_summary {
        coverage(summary, &document.code_coverages, look, &mut text);
    }
    text
}

/// What a report warns of, a line each.
pub(super) fn warnings(document: &ReportDocument, look: Look) -> String {
    let word = look.paint(WARN.bold(), "warning");
    let lines = document.details.warnings.iter();
    lines
        .map(|warning| format!("  {word}: {}\n", one_line(warning)))
        .collect()
}

fn totals(summary: &TestSummary) -> String {
    let count = |status| summary.status_counts.get(&status).copied().unwrap_or(0);
    let failed = count(CaseStatus::Failed).saturating_add(count(CaseStatus::Error));
    let mut columns = vec![
        ("cases", grouped(summary.total)),
        ("passed", grouped(count(CaseStatus::Succeeded))),
        ("failed", grouped(failed)),
        ("skipped", grouped(count(CaseStatus::Skipped))),
    ];
    if count(CaseStatus::Unknown) > 0 {
        columns.push(("unknown", grouped(count(CaseStatus::Unknown))));
    }
    columns.push(("duration", duration(summary.duration_in_nano_seconds)));
    table(&columns)
}

fn failures(document: &ReportDocument, look: Look, text: &mut String) {
    let failed = document.test_cases.iter().enumerate();
    let failed = failed.filter(|(_, case)| case.status.is_failure());
    for (number, (index, case)) in failed.enumerate() {
        let place = place(index, case, &document.details).map_or_else(String::new, |place| {
            let line = place
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            format!("  {}{line}", one_line(&place.file))
        });
        let what = if case.status == CaseStatus::Error {
            " (error)"
        } else {
            ""
        };
        let place = look.fit(&place, look.behind(4) / 2);
        let name = look.fit(
            &title(&case.prefix, &case.name),
            look.behind(4 + place.width() + what.len()),
        );
        text.push_str(&format!(
            "  {} {name}{what}{}\n",
            look.paint(BAD.bold(), look.symbol("\u{2717}", "x")),
            look.paint(DIM, &place)
        ));
        let lines = if number < LONG_FAILURES { LINES } else { 1 };
        message(case, lines, look, text);
    }
}

fn message(case: &TestCase, most: usize, look: Look, text: &mut String) {
    let lines: Vec<&str> = case
        .message
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    // The first lines name what went wrong, the last ones where.
    let (head, tail) = if lines.len() <= most {
        (lines.len(), 0)
    } else {
        (most - most / 2, most / 2)
    };
    let mut line = |line: &str| {
        let line = look.fit(&one_line(line), look.behind(6));
        text.push_str(&format!("      {}\n", line.trim_end()));
    };
    lines[..head].iter().for_each(|text| line(text));
    if head + tail < lines.len() && most > 1 {
        let dots = look.symbol("\u{2026}", "...");
        line(&format!("{dots} {} more lines", lines.len() - head - tail));
    }
    lines[lines.len() - tail..]
        .iter()
        .for_each(|text| line(text));
}

fn slowest(document: &ReportDocument, look: Look, text: &mut String) {
    if document.details.slowest.is_empty() {
        return;
    }
    text.push_str(&format!("  {}\n", look.paint(DIM, "slowest")));
    for slow in &document.details.slowest {
        let time = duration(slow.duration_in_nano_seconds);
        let name = look.fit(&title(&slow.prefix, &slow.name), look.behind(15));
        text.push_str(&format!("  {time:>11}  {name}\n"));
    }
}

/// A case's prefix and name, once.
fn title(prefix: &str, name: &str) -> String {
    if prefix.is_empty() || name.starts_with(prefix) {
        one_line(name)
    } else {
        format!("{} > {}", one_line(prefix), one_line(name))
    }
}
