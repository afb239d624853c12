//! Several commands in one item: only the last one's status counts.

use std::ops::Range;

use super::context::{Context, short};
use super::shell::{self, Command, CompoundKind, Junction, List, Simple};
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "lost-failure",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "several commands in one item, where an early failure is lost",
    why: "An item of `commands` fails when its last command does. What fails before it in the same block goes unnoticed, and the build \
          goes on as if it had succeeded. `set -e` as the first line makes the block stop at the first failure; it counts for this \
          item only. Or write one item for each command: CodeBuild stops at the first that fails.",
    before: "phases:\n  build:\n    commands:\n      - |\n        npm test\n        npm run build",
    after: "phases:\n  build:\n    commands:\n      - |\n        set -e\n        npm test\n        npm run build",
    check: Some(check),
};

/// Commands whose failure is harmless, an answer, or impossible.
const HARMLESS: &[&str] = &[
    ".", ":", "[", "[[", "alias", "break", "cat", "chmod", "clear", "command", "continue", "date",
    "declare", "df", "diff", "du", "echo", "egrep", "env", "eval", "exit", "export", "false",
    "file", "find", "free", "grep", "hash", "head", "hostname", "id", "kill", "killall", "local",
    "ls", "mkdir", "nohup", "pgrep", "pkill", "popd", "printenv", "printf", "ps", "pushd", "pwd",
    "read", "readonly", "return", "rm", "set", "shift", "shopt", "sleep", "source", "stat", "tail",
    "test", "touch", "trap", "tree", "true", "type", "typeset", "ulimit", "umask", "uname",
    "unset", "wait", "wc", "which", "whoami",
];

/// Arguments that only ask.
const ASKING: &[&str] = &[
    "--version",
    "-version",
    "-v",
    "-V",
    "version",
    "--help",
    "status",
    "info",
    "images",
    "ps",
];

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for item in &context.items {
        let text = item.text;
        let mut hits = Vec::new();
        collect(&item.script.list, None, &mut hits);
        let Some((first, end)) = hits.into_iter().next() else {
            continue;
        };
        let looks = ["$?", "PIPESTATUS", "errexit"]
            .iter()
            .any(|word| text.contains(word));
        if looks || !item.script.complete || sets_e(&item.script.list) {
            continue;
        }
        let finding = Finding::warning(
            RULE.id,
            format!("if `{}` fails, the build goes on", short(first)),
            context.place(item, first.range.clone()),
        )
        .label("its status is lost")
        .related(context.place(item, end), "the status of this counts");
        let help = if text.trim_end().contains('\n') {
            "write `set -e` as the first line of this block, or make each command an item of its own"
        } else {
            "join the commands with `&&`, or make each an item of its own"
        };
        findings.push(finding.help(help));
    }
    findings
}

/// Some command is `set -e` in one of its spellings.
fn sets_e(list: &List) -> bool {
    let mut found = false;
    shell::walk(list, &mut |step| {
        let flag =
            |text: &str| text.starts_with('-') && !text.starts_with("--") && text.contains('e');
        let arguments = step.simple.arguments().iter();
        found |= step.simple.name() == Some("set")
            && arguments.filter_map(|word| word.literal()).any(flag);
    });
    found
}

/// A failure in this list does not go unnoticed, or is not meant to be noticed: its last command ends with a status of its own.
fn ends_on_purpose(list: &List) -> bool {
    let ending = list
        .items
        .last()
        .and_then(|item| Some((item, item.pipelines.last()?)));
    match ending.and_then(|(item, (_, pipeline))| Some((item, pipeline.commands.last()?))) {
        Some((item, Command::Simple(simple))) => {
            item.background || matches!(simple.name(), Some("true" | ":" | "exit" | "return"))
        }
        Some(_) => false,
        None => true,
    }
}

/// Simple commands that can fail without the item failing, each with the command whose status counts instead.
fn collect<'a>(
    list: &'a List,
    outer: Option<&Range<usize>>,
    hits: &mut Vec<(&'a Simple, Range<usize>)>,
) {
    let end = last(list);
    if ends_on_purpose(list) {
        return;
    }
    for (index, entry) in list.items.iter().enumerate() {
        let early = index + 1 < list.items.len();
        let counts = end.as_ref().filter(|_| early).or(outer);
        if entry.background {
            continue;
        }
        // What stands before `||` is answered for.
        let or = entry
            .pipelines
            .iter()
            .rposition(|(junction, _)| *junction == Some(Junction::Or));
        for (_, pipeline) in &entry.pipelines[or.unwrap_or(0)..] {
            if pipeline.negated {
                continue;
            }
            match pipeline.commands.last() {
                Some(Command::Simple(simple)) => {
                    let hit = counts.filter(|_| matters(simple));
                    hits.extend(hit.map(|counts| (simple, counts.clone())));
                }
                Some(Command::Compound(compound)) if compound.kind != CompoundKind::Arithmetic => {
                    for body in &compound.bodies {
                        collect(body, counts, hits);
                    }
                }
                _ => {}
            }
        }
    }
}

fn matters(simple: &Simple) -> bool {
    let Some(first) = simple.words.first() else {
        return false;
    };
    let asks = simple.arguments().first().and_then(|word| word.literal());
    first
        .literal()
        .is_none_or(|_| !simple.name().is_some_and(|name| HARMLESS.contains(&name)))
        && !asks.is_some_and(|word| ASKING.contains(&word))
        && !simple.begins_with(&["git", "config"])
}

/// The place of the last command.
fn last(list: &List) -> Option<Range<usize>> {
    let item = list.items.last()?;
    let (_, pipeline) = item.pipelines.last()?;
    match pipeline.commands.last()? {
        Command::Simple(simple) => Some(simple.range.clone()),
        Command::Compound(compound) => Some(compound.opening.clone()),
        Command::Function { name, .. } => Some(name.range.clone()),
    }
}
