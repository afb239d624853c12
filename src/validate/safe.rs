//! A mending that would make CodeBuild refuse a file that it takes is none.

use crate::diagnostic::{Finding, Severity, edit};
use crate::source::Source;

/// Each is tried with a reading of the whole file; nobody has more misspelt keys.
const MOST_TRIES: usize = 20;
/// In larger files nothing is tried, in bytes.
const LARGEST: usize = 128 << 10;

/// Takes the mendings from warnings whose mending brings an error.
pub(super) fn keep_safe(
    source: &Source,
    findings: &mut [Finding],
    read: impl Fn(&Source) -> Vec<Finding>,
) {
    let before = errors(findings);
    let mut tries = 0;
    for finding in findings {
        if finding.severity == Severity::Error || finding.edits.is_empty() {
            continue;
        }
        tries += 1;
        let text = edit::apply(source.text(), &finding.edits)
            .filter(|text| tries <= MOST_TRIES && text.len() <= LARGEST);
        let safe =
            text.is_some_and(|text| errors(&read(&Source::new(source.name(), text))) <= before);
        if !safe {
            finding.edits.clear();
        }
    }
}

/// A key that stands twice takes another's place.
fn errors(findings: &[Finding]) -> usize {
    let is_error =
        |finding: &&Finding| finding.severity == Severity::Error || finding.rule == "duplicate-key";
    findings.iter().filter(is_error).count()
}
