//! Versions of runtimes that are another number to whatever reads YAML's numbers.

use super::context::Context;
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "float-version",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "a runtime's version that is another number without quotes",
    why: "Without quotes `3.10` is a number, and the same number as 3.1. CodeBuild keeps the text, but what reads the file before it may not: \
          formatters, `yq`, the CDK and templates that turn YAML into JSON write `3.1`, and the build then fails or runs another version.",
    before: "phases:\n  install:\n    runtime-versions:\n      python: 3.10",
    after: "phases:\n  install:\n    runtime-versions:\n      python: \"3.10\"",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(install) = &context.buildspec.phases.install else {
        return Vec::new();
    };
    let versions = install
        .runtime_versions
        .iter()
        .map(|runtime| &runtime.value);
    versions
        .filter(|version| {
            let written = context.source.text().get(version.span.range());
            written == Some(version.value.as_str())
        })
        .filter_map(|version| {
            let text = version.value.as_str();
            let number = shorter(text)?;
            let finding = Finding::warning(
                RULE.id,
                format!("`{text}` without quotes is the number {number}"),
                version.span,
            );
            Some(
                finding
                    .label("CodeBuild keeps it as it is written; other tools that read YAML do not")
                    .help(format!("put it in quotes: \"{text}\""))
                    .edit(version.span, format!("\"{text}\"")),
            )
        })
        .collect()
}

/// `3.1` for `3.10`: what is left of a number with two or more decimals that end with 0.
fn shorter(text: &str) -> Option<&str> {
    let (whole, decimals) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let short = decimals.trim_end_matches('0');
    (digits(whole) && digits(decimals) && digits(short) && short != decimals)
        .then(|| &text[..whole.len() + 1 + short.len()])
}
