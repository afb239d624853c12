//! Names that a stranger chooses: branches and tags of a webhook.

use std::collections::HashMap;

use super::context::{Context, Item};
use super::shell::{CompoundKind, ExpansionKind, Modifier, Simple, Visit, Word};
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "untrusted-input",
    severity: Severity::Warning,
    group: Group::Security,
    summary: "a webhook's variable, or a branch's name, that is run as code, or used without quotes",
    why: "`CODEBUILD_WEBHOOK_HEAD_REF` and its kin hold names that whoever opens a pull request has chosen; Git allows `$( )`, `;` and `|` in \
          them. In `eval` or `sh -c` they are run. Git allows no blanks, `*`, `?` or `[` in them, so without quotes they stay one word; \
          but one that begins with `-` is an option, and in a build that no webhook started they are empty and vanish, so that \
          `[ $X = y ]` is an error. Other texts of a webhook may become several words.",
    before: "phases:\n  build:\n    commands:\n      - sh -c \"make $CODEBUILD_WEBHOOK_HEAD_REF\"",
    after: "phases:\n  build:\n    commands:\n      - sh -c 'make \"$1\"' sh \"$CODEBUILD_WEBHOOK_HEAD_REF\"",
    check: Some(check),
};

/// A hash or a word of CodeBuild's, not of a stranger.
const HARMLESS: &[&str] = &[
    "CODEBUILD_WEBHOOK_EVENT",
    "CODEBUILD_WEBHOOK_MERGE_COMMIT",
    "CODEBUILD_WEBHOOK_PREV_COMMIT",
    "CODEBUILD_WEBHOOK_ACTOR_ACCOUNT_ID",
];

fn is_webhook(name: &str) -> bool {
    name.starts_with("CODEBUILD_WEBHOOK_") && !HARMLESS.contains(&name)
}

/// What holds a branch's name, by CodeBuild's word or by custom.
const BRANCHES: &[&str] = &[
    "CODEBUILD_SOURCE_VERSION",
    "CODEBUILD_GIT_BRANCH",
    "BRANCH",
    "BRANCH_NAME",
    "GIT_BRANCH",
];

/// What holds a ref's name by a webhook's word; Git allows no blanks and no globs in it.
const REFS: &[&str] = &[
    "CODEBUILD_WEBHOOK_HEAD_REF",
    "CODEBUILD_WEBHOOK_BASE_REF",
    "CODEBUILD_WEBHOOK_TRIGGER",
];

/// What a stranger may have put into a variable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Text {
    /// A longer word with a ref's name in it: neither empty nor an option.
    Longer,
    /// A ref's name.
    Ref,
    /// Anything.
    Any,
}

/// The variables of a build that a stranger may have named.
struct Tainted<'a, 'c> {
    /// They come from others of them.
    copies: HashMap<&'a str, Text>,
    /// Those of [`BRANCHES`] that the buildspec sets.
    context: &'a Context<'c>,
}

impl Tainted<'_, '_> {
    fn has(&self, name: &str) -> bool {
        is_webhook(name)
            || self.copies.contains_key(name)
            || BRANCHES.contains(&name) && !self.context.own_variables().contains(name)
    }

    fn text(&self, name: &str) -> Text {
        match self.copies.get(name) {
            Some(text) => *text,
            None if REFS.contains(&name) || BRANCHES.contains(&name) => Text::Ref,
            None => Text::Any,
        }
    }
}

#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    /// Variables whose missing quotes have been spoken of, and in which finding.
    unquoted: HashMap<String, usize>,
}

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut tainted = Tainted {
        copies: HashMap::new(),
        context,
    };
    let mut found = Found::default();
    for item in &context.items {
        item.each(|visit| match visit {
            Visit::Simple(step) => {
                taint(step.simple, &mut tainted);
                look(context, item, step.simple, &tainted, &mut found);
            }
            Visit::Compound(compound) if compound.kind == CompoundKind::For => {
                for word in compound.words.iter().skip(1) {
                    // A ref's name is one turn of the loop, quotes or not.
                    if used(word, &tainted).any(|(name, ..)| tainted.text(name) == Text::Any) {
                        unquoted(context, item, word, &tainted, &mut found);
                    }
                }
            }
            _ => {}
        });
    }
    found.findings
}

/// Remembers variables that get their value from a tainted one.
fn taint<'a>(simple: &'a Simple, tainted: &mut Tainted<'a, '_>) {
    let export = matches!(
        simple.name(),
        Some("export" | "declare" | "local" | "readonly")
    );
    let arguments = if export { simple.arguments() } else { &[] };
    for word in simple.assignments.iter().chain(arguments) {
        let Some(name) = word.assigned() else {
            continue;
        };
        let mut from = Vec::new();
        // What a program makes of a branch's name is seldom one.
        word.variables(&mut |used| {
            if is_webhook(used) || tainted.copies.contains_key(used) {
                from.push(tainted.text(used));
            }
        });
        from.extend(used(word, tainted).map(|(used, ..)| tainted.text(used)));
        let value = word.text.len() - name.len() - "=".len();
        let is_whole = matches!(word.expansions.as_slice(), [only] if only.range.len() == value);
        match from.into_iter().max() {
            None => tainted.copies.remove(name),
            Some(Text::Ref) if !is_whole => tainted.copies.insert(name, Text::Longer),
            Some(text) => tainted.copies.insert(name, text),
        };
    }
}

fn look(
    context: &Context<'_>,
    item: &Item<'_>,
    simple: &Simple,
    tainted: &Tainted<'_, '_>,
    found: &mut Found,
) {
    let code = code_words(simple);
    if !code.is_empty() {
        for word in code {
            for (name, range, _) in used(word, tainted) {
                found.findings.push(
                    Finding::warning(
                        RULE.id,
                        format!("`{name}` is run as part of a command: whoever names the branch can run anything"),
                        context.place(item, range),
                    )
                    .label("becomes code")
                    .help("hand it over as an argument: `sh -c 'command \"$1\"' sh \"$NAME\"`"),
                );
            }
        }
        return;
    }
    if matches!(
        simple.name(),
        Some("[[" | "export" | "local" | "declare" | "readonly" | "echo")
    ) {
        return;
    }
    for word in &simple.words {
        unquoted(context, item, word, tainted, found);
    }
}

/// Reports each name once: the mending is the same everywhere.
fn unquoted(
    context: &Context<'_>,
    item: &Item<'_>,
    word: &Word,
    tainted: &Tainted<'_, '_>,
    found: &mut Found,
) {
    for (name, range, quoted) in used(word, tainted) {
        let is_harmless = match tainted.text(name) {
            Text::Any => false,
            // It does harm only where it is the whole word.
            Text::Ref => range != word.range,
            Text::Longer => true,
        };
        if quoted || is_harmless {
            continue;
        }
        let place = context.place(item, range.clone());
        if let Some(at) = found.unquoted.get(name) {
            let before = found.findings.remove(*at);
            found.findings.insert(*at, before.again(place, ""));
            continue;
        }
        let message = if is_webhook(name) {
            format!("`{name}` comes from a webhook, and has no quotes")
        } else {
            format!("`{name}` may hold the name of a branch, and has no quotes")
        };
        let written = &item.text[range];
        let quotes = format!("put it in double quotes wherever it is used: `\"{written}\"`");
        // `refs/heads/...` is no option; what is cut out of it may be one.
        let (label, help) = if tainted.text(name) == Text::Any {
            ("empty without a webhook; may be several words", quotes)
        } else if REFS.contains(&name) && !written.contains('#') {
            ("empty without a webhook, and vanishes", quotes)
        } else {
            (
                "vanishes if it is empty; an option if it begins with `-`",
                format!("{quotes}, behind `--` where the program knows it"),
            )
        };
        found.unquoted.insert(name.to_owned(), found.findings.len());
        found.findings.push(
            Finding::warning(RULE.id, message, place)
                .label(label)
                .help(help),
        );
    }
}

/// The tainted variables of a word itself, not those in commands in it.
fn used<'a>(
    word: &'a Word,
    tainted: &Tainted<'_, '_>,
) -> impl Iterator<Item = (&'a str, std::ops::Range<usize>, bool)> {
    let is_tainted = |name: &str, modifier: &Modifier| {
        modifier.prefix.is_none()
            && !modifier.rest.trim_start_matches(':').starts_with('+')
            && tainted.has(name)
    };
    word.expansions
        .iter()
        .filter_map(move |expansion| match &expansion.kind {
            ExpansionKind::Variable { name, modifier } if is_tainted(name, modifier) => {
                Some((name.as_str(), expansion.range.clone(), expansion.quoted))
            }
            _ => None,
        })
}

/// The words of a command that are read as code.
fn code_words(simple: &Simple) -> &[Word] {
    match simple.name() {
        Some("eval") => simple.arguments(),
        Some(
            "sh" | "bash" | "dash" | "zsh" | "python" | "python3" | "node" | "perl" | "ruby" | "su",
        ) => {
            let arguments = simple.arguments();
            let flag =
                |word: &Word| matches!(word.text.as_str(), "-c" | "-e" | "-lc" | "-ec" | "-xc");
            match arguments.iter().position(flag) {
                Some(at) => arguments.get(at + 1..at + 2).unwrap_or_default(),
                None => &[],
            }
        }
        _ => &[],
    }
}
