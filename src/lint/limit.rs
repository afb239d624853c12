//! More of something than a project can have.

use super::context::Context;
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "limit",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "more report groups or secondary artifacts than CodeBuild allows",
    why: "A project reports to at most five report groups, and has at most twelve secondary artifacts. Several files can go into one report \
          group if they have the same format.",
    before: "reports:\n  a: {files: a.xml}\n  b: {files: b.xml}\n  c: {files: c.xml}\n  d: {files: d.xml}\n  e: {files: e.xml}\n  f: {files: f.xml}",
    after: "reports:\n  all:\n    files:\n      - '*.xml'",
    check: Some(check),
};

const MOST_REPORT_GROUPS: usize = 5;
const MOST_SECONDARY_ARTIFACTS: usize = 12;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let reports = &context.buildspec.reports;
    if let Some(sixth) = reports.get(MOST_REPORT_GROUPS) {
        let message = format!(
            "{} report groups, and a project has five at most",
            reports.len()
        );
        findings.push(
            Finding::warning(RULE.id, message, sixth.name.span)
                .label("the sixth")
                .help("collect files of the same format in one report group"),
        );
    }
    let secondary = context
        .buildspec
        .artifacts
        .as_ref()
        .map(|artifacts| &artifacts.secondary);
    if let Some((secondary, (name, _))) =
        secondary.and_then(|all| Some((all, all.get(MOST_SECONDARY_ARTIFACTS)?)))
    {
        let message = format!(
            "{} secondary artifacts, and a project has twelve at most",
            secondary.len()
        );
        findings.push(
            Finding::warning(RULE.id, message, name.span)
                .label("the thirteenth")
                .help("collect more files in one artifact"),
        );
    }
    findings
}
