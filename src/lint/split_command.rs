//! A shell's `if ... fi` that is written as several commands.

use super::context::Context;
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "split-command",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "an `if`, `for`, `while` or `case` whose end stands in another command",
    why: "Each item of `commands` is a command of its own, read by a shell of its own: it must be complete. An `if` without its `fi` is a \
          syntax error, and the build fails there. A block (`- |`) makes one command of several lines.",
    before: "phases:\n  build:\n    commands:\n      - if [ -f package.json ]; then\n      - npm ci\n      - fi",
    after: "phases:\n  build:\n    commands:\n      - |\n        if [ -f package.json ]; then\n          npm ci\n        fi",
    check: Some(check),
};

/// What begins, and what ends it.
const PAIRS: &[(&str, &str)] = &[
    ("if", "fi"),
    ("for", "done"),
    ("while", "done"),
    ("until", "done"),
    ("case", "esac"),
];

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut open = Vec::new();
    let mut list = None;
    for item in context.items.iter().filter(|item| !item.script.complete) {
        if list.replace((item.phase, item.is_final)) != Some((item.phase, item.is_final)) {
            open.clear();
        }
        let start = item.text.len() - item.text.trim_start().len();
        let word = first_word(&item.text[start..]);
        let place = context.place(item, start..start + word.len());
        if let Some((_, end)) = PAIRS.iter().find(|(begin, _)| *begin == word) {
            open.push((word, *end, place));
        } else if let Some(at) = open.iter().rposition(|(_, end, _)| *end == word) {
            let (begin, end, opened) = open[at];
            open.truncate(at);
            findings.push(
                Finding::warning(
                    RULE.id,
                    format!("`{begin}` and its `{end}` are written as commands of their own"),
                    opened,
                )
                .label("to the shell, this command is not complete")
                .related(place, "ends here")
                .help("write all of it as one block: `- |`, and the lines below, indented, without their `-`"),
            );
        }
    }
    findings
}

fn first_word(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_lowercase());
    &text[..end.unwrap_or(text.len())]
}
