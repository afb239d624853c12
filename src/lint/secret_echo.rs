//! Secrets that are written to the log.

use std::collections::HashMap;

use super::context::Context;
use super::shell::{Command, ExpansionKind, Modifier, Redirect, Simple, Step, Word};
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "secret-echo",
    severity: Severity::Warning,
    group: Group::Security,
    summary: "a secret that is written to the log",
    why: "CodeBuild replaces values from Secrets Manager and Parameter Store by `***` in its log, but only where they stand exactly as they are \
          stored. A part of one, its base64 form, or one key of a JSON text goes through as it is.",
    before: "env:\n  secrets-manager:\n    TOKEN: prod/app:token\nphases:\n  build:\n    commands:\n      - echo \"token $TOKEN\"",
    after: "env:\n  secrets-manager:\n    TOKEN: prod/app:token\nphases:\n  build:\n    commands:\n      - 'echo \"token ${TOKEN:+is set}\"'",
    check: Some(check),
};

/// Programs that write something else than they read, which no mask fits.
const CHANGING: &[&str] = &[
    "base64", "rev", "xxd", "od", "hexdump", "tr", "cut", "sed", "awk", "fold", "jq", "openssl",
    "gzip",
];

fn check(context: &Context<'_>) -> Vec<Finding> {
    let env = &context.buildspec.env;
    let stores = [
        (&env.secrets_manager, "Secrets Manager"),
        (&env.parameter_store, "Parameter Store"),
    ];
    let secrets: HashMap<&str, &str> = stores
        .iter()
        .flat_map(|(variables, store)| {
            variables
                .iter()
                .map(|variable| (variable.name.value.as_str(), *store))
        })
        .collect();
    let mut findings = Vec::new();
    if secrets.is_empty() {
        return findings;
    }
    context.each_simple(|item, step| {
        let Some(changed) = writes(&step) else { return };
        for word in step.simple.arguments() {
            for (name, modifier, range) in shown(step.simple, word) {
                let Some(store) = secrets.get(name) else {
                    continue;
                };
                let changed = changed
                    || modifier
                        .is_some_and(|modifier| !modifier.rest.is_empty() && !is_default(modifier));
                let label = if changed {
                    "CodeBuild's mask does not fit this form: it can be read in the log"
                } else {
                    "only the mask of CodeBuild stands between it and the log"
                };
                findings.push(
                    Finding::warning(
                        RULE.id,
                        format!("`{name}` from {store} is written to the log"),
                        context.place(item, range),
                    )
                    .label(label)
                    .help(format!(
                        "to see whether it is there, write `${{{name}:+set}}` instead"
                    )),
                );
            }
        }
    });
    findings
}

/// Whether a command writes to the log, and whether what it writes is changed on the way.
fn writes(step: &Step<'_>) -> Option<bool> {
    if !matches!(step.simple.name(), Some("echo" | "printf" | "printenv"))
        || step.inside.substitution
    {
        return None;
    }
    let goes_on = |simple: &Simple| simple.redirects.iter().any(Redirect::takes_output);
    if goes_on(step.simple) {
        return None;
    }
    if !step.is_piped() {
        return (!step.inside.captured).then_some(false);
    }
    let rest = &step.pipeline.commands[step.index + 1..];
    let all = rest.iter().all(|command| {
        matches!(command, Command::Simple(simple) if !goes_on(simple) && simple.name().is_some_and(|name| CHANGING.contains(&name)))
    });
    all.then_some(true)
}

/// The variables that a word shows, and where they stand.
fn shown<'a>(
    simple: &Simple,
    word: &'a Word,
) -> Vec<(&'a str, Option<&'a Modifier>, std::ops::Range<usize>)> {
    if simple.name() == Some("printenv") {
        return vec![(word.text.as_str(), None, word.range.clone())];
    }
    let variable = |expansion: &'a super::shell::Expansion| match &expansion.kind {
        ExpansionKind::Variable { name, modifier } if is_shown(modifier) => {
            Some((name.as_str(), Some(modifier), expansion.range.clone()))
        }
        _ => None,
    };
    word.expansions.iter().filter_map(variable).collect()
}

/// Not a length, and not `${X:+text}`.
fn is_shown(modifier: &Modifier) -> bool {
    modifier.prefix.is_none() && !modifier.rest.trim_start_matches(':').starts_with('+')
}

fn is_default(modifier: &Modifier) -> bool {
    modifier
        .rest
        .trim_start_matches(':')
        .starts_with(['-', '=', '?'])
}
