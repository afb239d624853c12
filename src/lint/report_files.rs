//! A report group without `files`.

use super::context::Context;
use super::{Group, Rule};
use crate::buildspec::model::Lack;
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "report-files",
    severity: Severity::Error,
    group: Group::Error,
    summary: "a report group that does not say which files",
    why: "`files`, a list of paths and patterns, is required below each report group: without it there is nothing to report.",
    before: "reports:\n  unit:\n    file-format: JUNITXML",
    after: "reports:\n  unit:\n    files:\n      - 'target/*.xml'\n    file-format: JUNITXML",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let groups = context.buildspec.reports.iter();
    groups
        .filter_map(|group| {
            let severity = match group.lacks_files? {
                Lack::Key => Severity::Error,
                Lack::Items => Severity::Warning,
            };
            let message = format!(
                "report group `{}` does not say which files",
                group.name.value
            );
            let finding = Finding::new(RULE.id, severity, message, group.name.span);
            Some(finding.help("add `files:` with a list of patterns below it"))
        })
        .collect()
}
