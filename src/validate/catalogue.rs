//! All rules that `validate` knows: those of the reader and of the lints, and those about where buildspecs stand.

use crate::diagnostic::Severity;
use crate::diagnostic::rule::Rule;

/// Every rule, in the order in which `--list-rules` shows them.
pub fn rules() -> Vec<Rule> {
    let outside = OUTSIDE
        .iter()
        .map(|(id, group, severity, summary, why)| Rule {
            id,
            group,
            severity: *severity,
            summary,
            explain: format!("{id}: {summary}\n\n{why}\n"),
        });
    linted().chain(outside).collect()
}

// --- the place of the lints' registry ---
/// The rules of the reader and of the lints.
fn linted() -> impl Iterator<Item = Rule> {
    READER.iter().map(|(id, severity, summary)| Rule {
        id,
        group: severity.name(),
        severity: *severity,
        summary,
        explain: format!("{id}: {summary}\n"),
    })
}

const READER: &[(&str, Severity, &str)] = &[
    ("yaml-syntax", Severity::Error, "the file is not YAML"),
    (
        "yaml-alias",
        Severity::Error,
        "an alias that can't be followed",
    ),
    (
        "yaml-merge",
        Severity::Error,
        "a merge key without a mapping",
    ),
    (
        "yaml-documents",
        Severity::Warning,
        "more than one document",
    ),
    (
        "yaml-tag",
        Severity::Warning,
        "a text that is taken for a tag",
    ),
    (
        "yaml-unplaceable",
        Severity::Error,
        "YAML that this tool can't place",
    ),
    ("no-buildspec", Severity::Error, "the file is no buildspec"),
    ("version", Severity::Error, "a version that does not exist"),
    ("phases", Severity::Error, "no phases"),
    ("phase-name", Severity::Error, "a phase that does not exist"),
    ("command", Severity::Error, "a command that is not a text"),
    ("wrong-kind", Severity::Error, "a value of the wrong kind"),
    (
        "wrong-value",
        Severity::Error,
        "a value that is not allowed",
    ),
    ("batch", Severity::Error, "a batch that can't be built"),
    ("unknown-key", Severity::Warning, "a key that is ignored"),
    (
        "duplicate-key",
        Severity::Warning,
        "a key that stands twice",
    ),
    (
        "indentation",
        Severity::Warning,
        "a section with nothing below it",
    ),
    ("boolean", Severity::Warning, "neither yes nor no"),
    (
        "empty-item",
        Severity::Warning,
        "an item with nothing in it",
    ),
    ("shell", Severity::Warning, "an undocumented shell"),
    (
        "reference",
        Severity::Warning,
        "a reference that can't be followed",
    ),
    ("runtime-versions", Severity::Warning, "no runtime is named"),
    (
        "steps",
        Severity::Warning,
        "steps that only CodeBuild can run",
    ),
    (
        "artifacts-files",
        Severity::Warning,
        "artifacts without files",
    ),
    (
        "report-files",
        Severity::Warning,
        "a report group without files",
    ),
    (
        "cache-fallback-keys",
        Severity::Warning,
        "fallback keys without effect",
    ),
];
// --- end of that place ---

type Outside = (
    &'static str,
    &'static str,
    Severity,
    &'static str,
    &'static str,
);

/// What is found around buildspecs.
const OUTSIDE: &[Outside] = &[
    (
        "container-syntax",
        "inline",
        Severity::Error,
        "a template or Terraform file that can't be read",
        "Buildspecs inside of it can't be found before it is read. CloudFormation or Terraform will refuse it too.",
    ),
    (
        "inline-not-text",
        "inline",
        Severity::Error,
        "a `BuildSpec` property that is not a text",
        "CloudFormation wants a text. Without a `|` behind `BuildSpec:`, YAML reads what stands below it as keys and values.\n\nBefore:\n\n    BuildSpec:\n      version: 0.2\n\nAfter:\n\n    BuildSpec: |\n      version: 0.2",
    ),
    (
        "inline-one-line",
        "inline",
        Severity::Warning,
        "a buildspec in one line, which is taken for a path",
        "CodeBuild tells a buildspec from the path of one by its line breaks. In one line, it looks for a file with that name.",
    ),
    (
        "not-evaluated",
        "inline",
        Severity::Note,
        "a part of a buildspec that only a deployment knows",
        "The value comes from a parameter, an import, a variable or a function. It is never guessed: findings about it are left out. Check the text that is deployed to be sure.",
    ),
    (
        "no-inline-buildspec",
        "inline",
        Severity::Note,
        "a template, project or Terraform file without a buildspec in it",
        "The file was named, but nothing in it is a buildspec. Its projects may name files: check those.",
    ),
    (
        "ignore-unused",
        "comment",
        Severity::Warning,
        "a comment `# buildspec: ignore[...]` that hides nothing",
        "What it was written for is gone, or stands elsewhere. It would hide the next such finding, which nobody expects.\n\nThe comment counts for its own line, or, alone in a line, for the next one; at a command in several lines, for all of it.",
    ),
    (
        "ignore-unknown",
        "comment",
        Severity::Warning,
        "a comment `# buildspec: ignore[...]` that names no rule",
        "The comment hides nothing. It is written as `# buildspec: ignore[rule, other-rule] the reason`; `buildspec validate --list-rules` shows the rules.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_own_name_and_an_explanation() {
        let mut ids: Vec<&str> = rules().iter().map(|rule| rule.id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert!(rules().iter().all(|rule| rule.explain.starts_with(rule.id)));
    }
}
