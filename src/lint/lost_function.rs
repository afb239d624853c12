//! Functions and aliases do not pass from one command to the next.

use std::collections::HashMap;

use super::context::{Context, Item};
use super::shell::Visit;
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    id: "lost-function",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "a function or alias that is defined in one command and used in another",
    why: "Each item of `commands` runs in a shell of its own. Variables and the working directory are handed on; functions and aliases are \
          not, and end as `not found`. Define and use them in one block, or put them into a file that each command reads with `.`.",
    before: "phases:\n  build:\n    commands:\n      - 'retry() { \"$@\" || \"$@\"; }'\n      - retry make",
    after: "phases:\n  build:\n    commands:\n      - |\n        retry() { \"$@\" || \"$@\"; }\n        retry make",
    check: Some(check),
};

type Known<'a> = HashMap<&'a str, Definition>;

struct Definition {
    kind: &'static str,
    item: usize,
    span: Span,
}

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut known: Known<'_> = HashMap::new();
    let mut findings: Vec<Finding> = Vec::new();
    for (index, item) in context.items.iter().enumerate() {
        define(context, index, item, &mut known);
        if known.is_empty() || reads_files(item) {
            continue;
        }
        item.each_simple(|step| {
            let Some(first) = step.simple.words.first() else {
                return;
            };
            let Some(name) = first.literal() else { return };
            // The last of a name may stand in this command.
            let Some(definition) = known
                .get(name)
                .filter(|definition| definition.item != index)
            else {
                return;
            };
            let kind = definition.kind;
            findings.push(
                Finding::warning(
                    RULE.id,
                    format!("the {kind} `{name}` does not exist in this command"),
                    context.place(item, first.range.clone()),
                )
                .label("run by a shell of its own")
                .related(definition.span, "defined here, and gone after this command")
                .help(format!("use the {kind} in the command that defines it, or put it into a file that each command reads with `. ./file`")),
            );
        });
    }
    findings
}

fn define<'a>(context: &Context<'a>, index: usize, item: &Item<'a>, known: &mut Known<'a>) {
    item.each(|visit| match visit {
        Visit::Function(name, ..) => {
            if let Some(text) = name.literal() {
                known.insert(
                    text,
                    Definition {
                        kind: "function",
                        item: index,
                        span: context.place(item, name.range.clone()),
                    },
                );
            }
        }
        Visit::Simple(step) if step.simple.name() == Some("alias") => {
            for word in step.simple.arguments() {
                if let Some((name, _)) = word.text.split_once('=') {
                    known.insert(
                        name,
                        Definition {
                            kind: "alias",
                            item: index,
                            span: context.place(item, word.range.clone()),
                        },
                    );
                }
            }
        }
        _ => {}
    });
}

/// The definition may come from a file, or from a text that is run.
fn reads_files(item: &Item<'_>) -> bool {
    let mut found = false;
    item.each_simple(|step| {
        found |= matches!(step.simple.name(), Some("." | "source" | "eval"));
    });
    found
}
