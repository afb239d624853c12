//! A mending that would make CodeBuild refuse a file that it takes is none.

use crate::diagnostic::{Finding, Severity, edit};
use crate::source::Source;

/// Each try is a reading of the whole file.
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
    let is_tried =
        |finding: &Finding| finding.severity != Severity::Error && !finding.edits.is_empty();
    let tried = (0..findings.len()).filter(|index| is_tried(&findings[*index]));
    // All at once, and where that is not safe one half after the other.
    let mut groups: Vec<Vec<usize>> = vec![tried.collect()];
    let mut readings = 0;
    while let Some(mut group) = groups.pop() {
        let edits: Vec<_> = group
            .iter()
            .flat_map(|index| &findings[*index].edits)
            .cloned()
            .collect();
        if edits.is_empty() {
            continue;
        }
        let is_small = source.text().len() <= LARGEST && readings < MOST_TRIES;
        readings += 1;
        let text = edit::apply(source.text(), &edits).filter(|_| is_small);
        let is_safe = |text: String| errors(&read(&Source::new(source.name(), text))) <= before;
        if text.is_some_and(is_safe) {
            continue;
        }
        if is_small && group.len() > 1 {
            groups.push(group.split_off(group.len() / 2));
            groups.push(group);
            continue;
        }
        for index in group {
            findings[index].edits.clear();
        }
    }
}

/// A key that stands twice takes another's place.
fn errors(findings: &[Finding]) -> usize {
    let is_error =
        |finding: &&Finding| finding.severity == Severity::Error || finding.rule == "duplicate-key";
    findings.iter().filter(is_error).count()
}
