//! `aws ecr get-login` is gone.

use super::context::Context;
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "ecr-get-login",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "`aws ecr get-login`, which version 2 of the AWS command line does not have",
    why: "Today's CodeBuild images have version 2 of the AWS command line; `get-login` was removed there, and the command fails. \
          `get-login-password` writes the password, which `docker login --password-stdin` reads; it does not show up among the processes.",
    before: "phases:\n  pre_build:\n    commands:\n      - $(aws ecr get-login --no-include-email)",
    after: "phases:\n  pre_build:\n    commands:\n      - aws ecr get-login-password | docker login --username AWS --password-stdin \"$REGISTRY\"",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    context.each_simple(|item, step| {
        let words = &step.simple.words;
        let literal = |word: &super::shell::Word, text: &str| word.literal() == Some(text);
        let ecr = words.iter().position(|word| literal(word, "ecr"));
        let login = words.iter().find(|word| literal(word, "get-login"));
        if let (Some("aws"), Some(_), Some(login)) = (step.simple.name(), ecr, login) {
            findings.push(
                Finding::warning(RULE.id, "`aws ecr get-login` does not exist in version 2 of the AWS command line", context.place(item, login.range.clone()))
                    .label("removed")
                    .help("write `aws ecr get-login-password | docker login --username AWS --password-stdin ACCOUNT.dkr.ecr.REGION.amazonaws.com`"),
            );
        }
    });
    findings
}
