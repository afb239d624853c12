//! Version 0.1, in which commands share nothing.

use super::context::Context;
use super::shell::{Command, Simple};
use super::{Group, Rule};
use crate::buildspec::model::Version;
use crate::diagnostic::{Finding, Severity};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    id: "old-version",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "version 0.1, in which nothing passes from one command to the next",
    why: "In version 0.1 of the buildspec's grammar each command starts anew, in the source's folder: `cd` and variables are lost with the \
          command they stand in. Version 0.2 hands both on. For the change, `environment_variables` becomes `env`, its `plaintext` \
          becomes `variables`, and `artifacts.type` goes.",
    before: "version: 0.1\nphases:\n  build:\n    commands:\n      - cd app\n      - make",
    after: "version: 0.2\nphases:\n  build:\n    commands:\n      - cd app\n      - make",
    check: Some(check),
};

const MOST_PLACES: usize = 4;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if context.buildspec.version != Version::V0_1 {
        return Vec::new();
    }
    let text = context.source.text();
    let key = text
        .find("0.1")
        .map_or(Span::new(0, 0), |at| Span::new(at, at + 3));
    let mut finding = Finding::warning(RULE.id, "version 0.1 starts each command anew", key)
        .label("directory and variables do not pass on")
        .help("write `version: 0.2`, `env` for `environment_variables` and `variables` for `plaintext`");
    let lost = context
        .items
        .iter()
        .filter_map(|item| match item.script.list.items.as_slice() {
            [only] => match only.pipelines.as_slice() {
                [(_, pipeline)] => match pipeline.commands.as_slice() {
                    [Command::Simple(simple)] if is_state(simple) => {
                        Some(context.place(item, simple.range.clone()))
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
    for place in lost.take(MOST_PLACES) {
        finding = finding.related(place, "lost after this command");
    }
    vec![finding]
}

/// Nothing but a change of directory or variables.
fn is_state(simple: &Simple) -> bool {
    simple.words.is_empty() && !simple.assignments.is_empty()
        || matches!(simple.name(), Some("cd" | "export" | "." | "source"))
}
