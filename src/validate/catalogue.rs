//! All rules that `validate` knows: those of the reader and of the lints, and those about where buildspecs stand.

use crate::diagnostic::Severity;
use crate::diagnostic::rule::Rule;
use crate::lint::{self, Group};

/// Every rule, in the order in which `--list-rules` shows them.
pub fn rules() -> Vec<Rule> {
    let outside = OUTSIDE
        .iter()
        .map(|(id, group, severity, summary, why)| Rule {
            id,
            group,
            severity: *severity,
            summary,
            why,
            example: None,
        });
    linted().chain(outside).collect()
}

/// The rules of the reader and of the lints.
fn linted() -> impl Iterator<Item = Rule> {
    lint::RULES.iter().map(|rule| Rule {
        id: rule.id,
        group: match rule.group {
            Group::Error => "error",
            Group::Warning => "warning",
            Group::Security => "security",
        },
        severity: rule.severity,
        summary: rule.summary,
        why: rule.why,
        example: Some((rule.before, rule.after)),
    })
}

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
        "more-findings",
        "inline",
        Severity::Note,
        "a file with more than a thousand findings",
        "The worst thousand are shown. Most of them will have one cause: mend the first ones and check again.",
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
        for rule in rules() {
            let text = rule.explain();
            assert!(
                text.starts_with(&format!("{}: {}", rule.id, rule.summary)) && text.ends_with('\n')
            );
            assert_eq!(
                text.contains("\n\nBefore:\n\n    "),
                rule.example.is_some() || rule.id == "inline-not-text"
            );
        }
    }
}
