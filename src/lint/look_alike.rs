//! Letters of a word processor in the place of a shell's signs.

use super::context::Context;
use super::shell::Visit;
use super::{Group, Rule};
use crate::diagnostic::Finding;
use crate::diagnostic::Severity;
use crate::yaml::look_alike;

pub(super) const RULE: Rule = Rule {
    id: "look-alike",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "a dash or a curly quote of a word processor, where the shell knows only `-`, `'` and `\"`",
    why: "Word processors and web pages turn `--` and quotes into other letters. To YAML and the shell they are letters like any other: the \
          option is taken for an argument, and the text falls into words.",
    before: "phases:\n  build:\n    commands:\n      - npm ci \u{2013}production",
    after: "phases:\n  build:\n    commands:\n      - npm ci --production",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut places = Vec::new();
    for item in &context.items {
        item.each(|visit| {
            let Visit::Simple(step) = visit else { return };
            if matches!(step.simple.name(), Some("echo" | "printf")) {
                return;
            }
            for (index, word) in step.simple.words.iter().enumerate() {
                let Some((sign, right)) = look_alike(&word.text) else {
                    continue;
                };
                let alone = word.text.chars().count() == 1 && index > 0;
                if !word.quoted && !alone {
                    places.push((context.place(item, word.range.clone()), sign, right));
                }
            }
        });
    }
    let label =
        |sign: char, right: &str| format!("`{sign}` is U+{:04X}: write {right}", u32::from(sign));
    let mut places = places.into_iter();
    let Some((span, sign, right)) = places.next() else {
        return Vec::new();
    };
    let mut finding = Finding::warning(
        RULE.id,
        "a letter that only looks like a sign of the shell",
        span,
    )
    .label(label(sign, right));
    for (span, sign, right) in places {
        finding = finding.again(span, label(sign, right));
    }
    vec![finding]
}
