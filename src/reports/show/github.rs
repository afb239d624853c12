//! Annotations on the page of a GitHub Actions run.

use std::path::Path;

use super::look::one_line;
use super::place::place;
use crate::reports::model::{ReportDocument, ReportStatus};

/// Lines of a message that an annotation shows.
const LINES: usize = 20;

/// One annotation for each failed case that is kept, and one for a report without result.
///
/// GitHub makes an absolute path relative to the repository; `source` is where relative ones begin.
pub fn github(document: &ReportDocument, source: &Path) -> String {
    let name = &document.report.name;
    if document.report.status == ReportStatus::Incomplete {
        let reason = document.details.warnings.first();
        let reason = reason.map_or("the report is INCOMPLETE", String::as_str);
        return format!(
            "::warning title={}::{}\n",
            property(name),
            data(&one_line(reason))
        );
    }
    let mut text = String::new();
    let failed = document.test_cases.iter().enumerate();
    for (index, case) in failed.filter(|(_, case)| case.status.is_failure()) {
        text.push_str("::error ");
        if let Some(place) = place(index, case, &document.details) {
            let file = source.join(&place.file).display().to_string();
            text.push_str(&format!("file={},", property(&file)));
            if let Some(line) = place.line {
                text.push_str(&format!("line={line},"));
            }
        }
        let title = match case.prefix.as_str() {
            "" => case.name.clone(),
            prefix => format!("{prefix} > {}", case.name),
        };
        let lines = case.message.lines().filter(|line| !line.trim().is_empty());
        let lines: Vec<String> = lines.take(LINES).map(one_line).collect();
        let message = match lines.join("\n") {
            // GitHub drops an annotation without text.
            empty if empty.is_empty() => "failed".to_owned(),
            message => message,
        };
        text.push_str(&format!("title={}::{}\n", property(&title), data(&message)));
    }
    text
}

/// Line breaks have been looked after, or stay as GitHub's own escape.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&one_line(text))
        .replace(':', "%3A")
        .replace(',', "%2C")
}
