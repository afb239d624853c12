//! Commands that are not there.

use super::context::{Context, phases};
use super::{Group, Rule};
use crate::buildspec::model::Command;
use crate::diagnostic::{Finding, Severity};
use crate::source::Span;

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
    let mut findings = Vec::new();
    for (name, phase) in phases(context.buildspec) {
        for list in [&phase.commands, &phase.finally] {
            let places: Vec<Span> = list
                .iter()
                .filter_map(|command| place(context.source.text(), command))
                .collect();
            let Some((first, rest)) = places.split_first() else {
                continue;
            };
            let message = if rest.is_empty() {
                format!("an empty command in `{name}`")
            } else {
                format!("empty commands in `{name}`")
            };
            let mut finding =
                Finding::warning(RULE.id, message, *first).label("YAML sees nothing here");
            for place in rest {
                finding = finding.again(*place, "nor here");
            }
            findings.push(finding.help(
                "remove the item with its `-`, or put the `#` in front of the `-`; a command that begins with `#` is a comment",
            ));
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

/// Where an empty command stands: its `-`, with the comment behind it.
fn place(text: &str, command: &Command) -> Option<Span> {
    // Commands that are no texts are empty too; the reader has spoken about them.
    let written = text.get(command.span.range()).unwrap_or_default();
    let nothing = written.is_empty() || matches!(written, "~" | "null" | "''" | "\"\"");
    if !command.value.trim().is_empty() || !nothing {
        return None;
    }
    let start = text[..command.span.start]
        .rfind('\n')
        .map_or(0, |end| end + 1);
    let end = text[command.span.end..]
        .find('\n')
        .map_or(text.len(), |at| command.span.end + at);
    let line = &text[start..end];
    let dash = line.trim_start_matches([' ', '\t', '\u{feff}']);
    if dash != "-" && !dash.starts_with("- ") && !dash.starts_with("-\r") {
        return Some(command.span);
    }
    Some(Span::new(
        end - dash.len(),
        end - dash.len() + dash.trim_end().len(),
    ))
}
