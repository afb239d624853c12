//! `discard-paths: yes` with two files of the same name.

use std::collections::HashMap;

use super::context::Context;
use super::{Group, Rule};
use crate::buildspec::model::{Artifacts, Text};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "discard-paths",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "two files that have the same name once their paths are discarded",
    why: "With `discard-paths: yes` all files land in one folder. Of two files with the same name, only one is in the artifact.",
    before: "artifacts:\n  discard-paths: yes\n  files:\n    - api/template.yml\n    - web/template.yml",
    after: "artifacts:\n  files:\n    - api/template.yml\n    - web/template.yml",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(artifacts) = &context.buildspec.artifacts else {
        return Vec::new();
    };
    let secondary = artifacts.secondary.iter().map(|(_, artifacts)| artifacts);
    std::iter::once(artifacts)
        .chain(secondary)
        .flat_map(look)
        .collect()
}

fn look(artifacts: &Artifacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names: HashMap<&str, &Text> = HashMap::new();
    let literal = |file: &&Text| {
        !file.value.contains(['*', '?', '[', '{', '$']) && !file.value.ends_with('/')
    };
    for file in artifacts
        .files
        .iter()
        .filter(literal)
        .filter(|_| artifacts.discard_paths)
    {
        let name = file.value.rsplit('/').next().unwrap_or(&file.value);
        let before = *names.entry(name).or_insert(file);
        if before.value != file.value {
            findings.push(
                Finding::warning(
                    RULE.id,
                    format!("there are two files called `{name}`, and `discard-paths` keeps one"),
                    file.span,
                )
                .related(before.span, "the other")
                .help("remove `discard-paths`, or give the files different names"),
            );
        }
    }
    findings
}
