//! `set`, `shopt`, `trap` and the like alone in a command: nothing comes of them.

use super::context::Context;
use super::shell::{Command, Simple};
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "lost-option",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "an option of the shell that is set in a command of its own",
    why: "Each item of `commands` runs in a shell of its own, so `set -e`, `set -o pipefail`, `shopt`, `trap`, `umask` and `ulimit` end \
          with the item they stand in. CodeBuild stops at the first item that fails anyway; inside a block of several lines, the \
          option must be the block's first line.",
    before: "phases:\n  build:\n    commands:\n      - set -o pipefail\n      - make | tee make.log",
    after: "env:\n  shell: bash\nphases:\n  build:\n    commands:\n      - |\n        set -o pipefail\n        make | tee make.log",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, item) in context.items.iter().enumerate() {
        let alone: Option<Vec<&Simple>> = item
            .script
            .list
            .items
            .iter()
            .flat_map(|item| &item.pipelines)
            .map(|(_, pipeline)| match pipeline.commands.as_slice() {
                [Command::Simple(simple)] => Some(simple).filter(|simple| is_option(simple)),
                _ => None,
            })
            .collect();
        let Some(first) = alone.and_then(|simples| simples.first().copied()) else {
            continue;
        };
        if index + 1 == context.items.len() {
            continue;
        }
        let name = first.name().unwrap_or_default();
        let message = format!("`{name}` has no effect on the commands that follow");
        let help = if name == "set" {
            "remove it: CodeBuild stops at the first command that fails; for a block of several lines, write it as its first line"
        } else {
            "write it into the command that needs it"
        };
        findings.push(
            Finding::warning(RULE.id, message, context.place(item, first.range.clone()))
                .label("counts for this command only")
                .help(help),
        );
    }
    findings
}

/// Changes the shell, and nothing that is handed on.
fn is_option(simple: &Simple) -> bool {
    let option = |word: &super::shell::Word| word.text.starts_with(['-', '+']) && word.text != "--";
    match simple.name() {
        Some("set") => simple.arguments().first().is_some_and(option),
        Some("shopt" | "trap" | "umask" | "ulimit") => !simple.arguments().is_empty(),
        _ => false,
    }
}
