//! Commands that are not there.

use super::context::{Context, phases};
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "empty-command",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "an empty item of `commands`, or `commands` without any",
    why: "CodeBuild takes both: it runs an empty command, or notes `No commands found for phase name`. Often something got lost: a line that \
          was commented out, or commands that are not indented below their key.",
    before: "phases:\n  build:\n    commands:\n      - make\n      -",
    after: "phases:\n  build:\n    commands:\n      - make",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let text = context.source.text();
    let mut findings = Vec::new();
    for (name, phase) in phases(context.buildspec) {
        for command in phase.commands.iter().chain(&phase.finally) {
            // Commands that are no texts are empty too; the reader has spoken about them.
            let written = text.get(command.span.range()).unwrap_or_default();
            let nothing = written.is_empty() || matches!(written, "~" | "null" | "''" | "\"\"");
            if command.value.trim().is_empty() && nothing {
                findings.push(
                    Finding::warning(
                        RULE.id,
                        format!("an empty command in `{name}`"),
                        command.span,
                    )
                    .label("nothing stands here")
                    .help("remove the item, or put quotes around what stands behind its `-`"),
                );
            }
        }
        if let Some(key) = phase.empty_commands {
            findings.push(
                Finding::warning(RULE.id, format!("`commands` of `{name}` is empty"), key)
                    .label("no command stands below it")
                    .help("indent the commands below it, or remove the key"),
            );
        }
    }
    findings
}
