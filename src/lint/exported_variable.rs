//! `env.exported-variables`: names that can't be exported, or that nothing sets.

use std::collections::HashSet;

use super::context::Context;
use super::shell::{ExpansionKind, Visit, is_name};
use super::{Group, Rule};
use crate::buildspec::model::BatchKind;
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "exported-variable",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "an exported variable that can't be exported, or that nothing sets",
    why: "`exported-variables` hands values to CodePipeline at the end of the build. Names that begin with `AWS_` can't be exported. A name \
          that neither `env` nor a command sets has a value only if the project sets it; a misspelt one is empty for ever.",
    before: "env:\n  exported-variables:\n    - IMAGE_TAG\nphases:\n  build:\n    commands:\n      - IMAGETAG=$(git describe)",
    after: "env:\n  exported-variables:\n    - IMAGE_TAG\nphases:\n  build:\n    commands:\n      - IMAGE_TAG=$(git describe)",
    check: Some(check),
};

/// How many pairs of names are compared to find a misspelt one.
const MOST_GUESSES: usize = 50_000;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let exported = &context.buildspec.env.exported_variables;
    let mut findings = Vec::new();
    let set = if exported.is_empty() {
        None
    } else {
        set_names(context)
    };
    for name in exported {
        let text = name.value.as_str();
        if text.starts_with("AWS_") {
            findings.push(
                Finding::warning(RULE.id, format!("`{text}` can't be exported"), name.span)
                    .label("names with `AWS_` are not exported")
                    .help("give its value to a variable with another name, and export that one"),
            );
        } else if !is_name(text) {
            findings.push(
                Finding::warning(
                    RULE.id,
                    format!("`{text}` is not a variable's name"),
                    name.span,
                )
                .help("write the name alone, without `$` and without a value"),
            );
        } else if let Some(set) = set
            .as_ref()
            .filter(|set| !set.contains(text) && !text.starts_with("CODEBUILD_"))
        {
            let finding = Finding::warning(
                RULE.id,
                format!("nothing in this file sets `{text}`"),
                name.span,
            )
            .label("exported, but never set");
            let near = set
                .iter()
                .take(MOST_GUESSES / exported.len())
                .filter(|known| text.len() > 4 && known.len().abs_diff(text.len()) <= 2)
                .filter(|known| strsim::osa_distance(known, text) <= 2)
                .min();
            findings.push(match near {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help(format!(
                    "set it in a command, such as `{text}=...`; this is fine if the project sets it"
                )),
            });
        }
    }
    findings
}

/// Every name that the file sets; `None` if commands may set others.
fn set_names<'a>(context: &Context<'a>) -> Option<HashSet<&'a str>> {
    let env = &context.buildspec.env;
    let plain = context.plain_variables().into_iter();
    let mut names: HashSet<&str> = plain
        .chain(&env.parameter_store)
        .chain(&env.secrets_manager)
        .map(|variable| variable.name.value.as_str())
        .collect();
    if let Some(BatchKind::Matrix(matrix)) = context
        .buildspec
        .batch
        .as_ref()
        .and_then(|batch| batch.kind.as_ref())
    {
        names.extend(matrix.variables.iter().map(|(name, _)| name.value.as_str()));
    }
    let mut certain = context.is_unix();
    for item in &context.items {
        certain &= item.script.complete;
        item.each(|visit| match visit {
            Visit::Simple(step) => {
                let simple = step.simple;
                names.extend(simple.assignments.iter().filter_map(|word| word.assigned()));
                match simple.name() {
                    Some("." | "source" | "eval") | None if !simple.words.is_empty() => {
                        certain = false;
                    }
                    Some(
                        "export" | "declare" | "typeset" | "readonly" | "local" | "read" | "printf"
                        | "getopts" | "mapfile" | "readarray",
                    ) => {
                        for word in simple.arguments() {
                            names.extend(word.assigned());
                            names.extend(word.literal());
                        }
                    }
                    _ => {}
                }
            }
            Visit::Compound(compound) => {
                names.extend(compound.words.first().and_then(|word| word.literal()));
            }
            Visit::Word(word) => {
                for expansion in &word.expansions {
                    if let ExpansionKind::Variable { name, modifier } = &expansion.kind
                        && modifier.rest.trim_start_matches(':').starts_with('=')
                    {
                        names.insert(name);
                    }
                }
            }
            Visit::Function(..) => {}
        });
    }
    certain.then_some(names)
}
