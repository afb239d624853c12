//! `artifacts` without `files`.

use super::context::Context;
use super::{Group, Rule};
use crate::buildspec::model::{Artifacts, Lack};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "artifacts-files",
    severity: Severity::Error,
    group: Group::Error,
    summary: "artifacts that do not say which files",
    why: "`files`, a list of paths and patterns, is required below `artifacts` and below each secondary artifact. Without it the build fails \
          with `no matching artifact paths found`, unless its project has no artifacts. An empty `files`, and `artifacts` with nothing \
          but `secondary-artifacts`, are found in builds that run, so they are warnings.",
    before: "artifacts:\n  base-directory: dist",
    after: "artifacts:\n  base-directory: dist\n  files:\n    - '**/*'",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(artifacts) = &context.buildspec.artifacts else {
        return Vec::new();
    };
    let secondary = artifacts.secondary.iter();
    std::iter::once(look("artifacts", artifacts))
        .chain(secondary.map(|(name, artifacts)| look(&name.value, artifacts)))
        .flatten()
        .collect()
}

fn look(name: &str, artifacts: &Artifacts) -> Option<Finding> {
    let severity = match artifacts.lacks_files? {
        Lack::Key if artifacts.secondary.is_empty() => Severity::Error,
        Lack::Key | Lack::Items => Severity::Warning,
    };
    Some(
        Finding::new(RULE.id, severity, format!("`{name}` does not say which files"), artifacts.name_span)
            .help("add `files:` with a list of patterns below it, for example `- '**/*'`; without artifacts remove the section"),
    )
}
