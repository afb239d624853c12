//! `exit 0` ends a command, not the build.

use std::collections::HashMap;
use std::ops::Range;

use super::context::{Context, Item};
use super::shell::{Simple, Visit, Word};
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "exit-zero",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "`exit 0`, which ends this command only and loses its state",
    why: "`exit 0` does not end the build: the next command runs as if nothing had happened, and so do the phases that follow. What the \
          command did to the directory and to variables before it is lost, since CodeBuild saves both at the command's end, which is \
          not reached. There is no way to end a build early as a success: put what is to be left out behind an `if`.",
    before: "phases:\n  build:\n    commands:\n      - 'if [ -z \"$CHANGED\" ]; then exit 0; fi'\n      - make deploy",
    after: "phases:\n  build:\n    commands:\n      - 'if [ -n \"$CHANGED\" ]; then make deploy; fi'",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut has_exit = false;
    context.each_simple(|_, step| has_exit |= is_exit(step.simple));
    if !has_exit {
        return findings;
    }
    let last_uses = last_uses(&context.items);
    for (index, item) in context.items.iter().enumerate() {
        let next = context.items.get(index + 1);
        let is_used_later = |name: &str| last_uses.get(name).is_some_and(|last| *last > index);
        let mut lost: Option<(&str, Range<usize>)> = None;
        item.each_simple(|step| {
            if step.inside.subshell {
                return;
            }
            if !step.inside.function {
                lost = assigned(step.simple, is_used_later).or(lost.take());
            }
            if !is_exit(step.simple) {
                return;
            }
            let span = context.place(item, step.simple.range.clone());
            let finding = match (lost.clone(), next) {
                (Some((name, place)), _) => {
                    Finding::warning(RULE.id, format!("`{name}` is lost with this `exit 0`"), span)
                        .label("ends the command before its variables are saved")
                        .related(context.place(item, place), "set here, and used by a later command")
                        .help("leave out what follows with an `if` instead of `exit 0`")
                }
                (None, Some(next)) if next.phase == item.phase && next.is_final == item.is_final => {
                    Finding::warning(RULE.id, "`exit 0` ends this command, not the build", span)
                        .label("the phase goes on")
                        .related(context.place(next, 0..first_line(next.text)), "runs next")
                        .help("put the commands that are to be left out behind an `if`, in one block; a build can't be ended early as a success")
                }
                _ => return,
            };
            findings.push(finding);
        });
    }
    findings
}

fn is_exit(simple: &Simple) -> bool {
    let zero = |arguments: &[Word]| matches!(arguments, [status] if status.literal() == Some("0"));
    simple.name() == Some("exit") && zero(simple.arguments())
}

/// The last variable that a command sets, of those that a later item uses.
fn assigned(simple: &Simple, is_used_later: impl Fn(&str) -> bool) -> Option<(&str, Range<usize>)> {
    let words = match simple.name() {
        None if simple.words.is_empty() => &simple.assignments[..],
        Some("export") => simple.arguments(),
        _ => return None,
    };
    let mut names = words
        .iter()
        .rev()
        .filter_map(|word| Some((word.assigned()?, word.range.clone())));
    names.find(|(name, _)| is_used_later(name))
}

/// For each variable the last item in which `$NAME` or `${NAME}` stands.
fn last_uses<'a>(items: &'a [Item<'_>]) -> HashMap<&'a str, usize> {
    let mut last = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        item.each(|visit| {
            if let Visit::Word(word) = visit {
                word.variables(&mut |used| {
                    last.insert(used, index);
                });
            }
        });
    }
    last
}

fn first_line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}
