//! Letters of a word processor in the place of a shell's signs.

use super::context::Context;
use super::shell::Visit;
use super::{Group, Rule};
use crate::diagnostic::Finding;
use crate::diagnostic::Severity;
use crate::yaml::{look_alike, odd_space};

pub(super) const RULE: Rule = Rule {
    id: "look-alike",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "a dash, a curly quote or a no-break space, where the shell knows only `-`, `'`, `\"` and a space",
    why: "Word processors and web pages turn `--`, quotes and spaces into other letters. To YAML and the shell they are letters like any \
          other: the option is taken for an argument, the text falls into words, or two words are one.",
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
                let alone = word.text.chars().count() == 1 && index > 0;
                let label = look_alike(&word.text)
                    .filter(|_| !alone)
                    .map(|(sign, right)| {
                        format!("`{sign}` is U+{:04X}: write {right}", u32::from(sign))
                    })
                    .or_else(|| odd_space(&word.text).map(|(_, help)| help));
                if let Some(label) = label.filter(|_| !word.quoted) {
                    places.push((context.place(item, word.range.clone()), label));
                }
            }
        });
    }
    let mut places = places.into_iter();
    let Some((span, label)) = places.next() else {
        return Vec::new();
    };
    let mut finding = Finding::warning(
        RULE.id,
        "a letter that only looks like a sign of the shell",
        span,
    )
    .label(label);
    for (span, label) in places {
        finding = finding.again(span, label);
    }
    vec![finding]
}
