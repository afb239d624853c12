//! What is downloaded is run unseen.

use super::context::{Context, Item};
use super::shell::{Command, ExpansionKind, List, Simple, Word};
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "curl-pipe-shell",
    severity: Severity::Warning,
    group: Group::Security,
    summary: "a download that is run without a look at what it is",
    why: "Whoever controls the address, or the way to it, runs commands in the build, with its credentials. A download that breaks off is run \
          in part, and with `sh` the status of `curl` is lost. Download to a file, compare its checksum, then run it; or pin a version \
          and use a package.",
    before: "phases:\n  install:\n    commands:\n      - curl -fsSL https://example.com/install.sh | sh",
    after: "phases:\n  install:\n    commands:\n      - curl -fsSLo install.sh https://example.com/install.sh\n      - echo \"$INSTALL_SHA256  install.sh\" | sha256sum -c\n      - sh install.sh",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for item in &context.items {
        item.each_simple(|step| {
            let simple = step.simple;
            let commands = &step.pipeline.commands;
            if downloads(simple) {
                let later = commands[step.index + 1..].iter().filter_map(as_simple);
                if let Some(runner) = later.into_iter().find(|simple| runs_input(simple)) {
                    let range = simple.range.start..runner.range.end;
                    findings.push(finding(context, item, range, runner));
                }
            }
            if let Some(word) = runs_words(simple).iter().find(|word| brings_download(word)) {
                findings.push(finding(
                    context,
                    item,
                    simple.range.start..word.range.end,
                    simple,
                ));
            }
        });
    }
    findings
}

fn finding(
    context: &Context<'_>,
    item: &Item<'_>,
    range: std::ops::Range<usize>,
    runner: &Simple,
) -> Finding {
    let name = without_sudo(runner)
        .first()
        .map_or("sh", |word| word.text.as_str());
    let mut finding = Finding::warning(
        RULE.id,
        format!("`{name}` runs what was just downloaded, unseen"),
        context.place(item, range.clone()),
    )
    .label("no checksum, no pinned content");
    if item.text[range].contains("http://") {
        finding = finding.help("and without `https` anyone on the way can change it");
    }
    finding.help("download to a file, compare it with `sha256sum -c`, then run it; or install a package of a fixed version")
}

fn as_simple(command: &Command) -> Option<&Simple> {
    match command {
        Command::Simple(simple) => Some(simple),
        Command::Compound(_) | Command::Function { .. } => None,
    }
}

/// Downloads to its output.
fn downloads(simple: &Simple) -> bool {
    let name = without_sudo(simple).first().and_then(|word| word.literal());
    match name {
        Some("curl") => true,
        Some("wget") => simple
            .words
            .iter()
            .any(|word| word.text.starts_with('-') && word.text.contains('O')),
        _ => false,
    }
}

fn without_sudo(simple: &Simple) -> &[Word] {
    let sudo = simple.words.first().is_some_and(|word| word.text == "sudo");
    let mut words = &simple.words[usize::from(sudo)..];
    while sudo
        && words
            .first()
            .is_some_and(|word| word.text.starts_with('-') || word.assigned().is_some())
    {
        words = &words[1..];
    }
    words
}

/// Runs what comes through its input.
fn runs_input(simple: &Simple) -> bool {
    let words = without_sudo(simple);
    let Some((first, arguments)) = words.split_first() else {
        return false;
    };
    let name = first.text.rsplit('/').next().unwrap_or_default();
    let shell = matches!(name, "sh" | "bash" | "zsh" | "dash" | "ash" | "ksh");
    let other = name.starts_with("python") || matches!(name, "php" | "perl" | "ruby" | "node");
    if !shell && !other {
        return false;
    }
    for argument in arguments {
        match argument.text.as_str() {
            "-" | "-s" | "--" => return true,
            "-c" | "-e" | "-r" | "-m" | "-n" | "-p" | "-ne" | "-pe" | "-lc"
                if other || argument.text.ends_with('c') =>
            {
                return false;
            }
            text if text.starts_with('-') && shell => {
                if text.contains('s') && !text.starts_with("--") {
                    return true;
                }
            }
            text if text.starts_with('-') => return false,
            // A script of its own: the input is its data.
            _ => return shell && matches!(argument.text.as_str(), "/dev/stdin"),
        }
    }
    true
}

/// The words that a command runs as a script: of `eval`, `.`, `sh -c`, `bash <( )`.
fn runs_words(simple: &Simple) -> &[Word] {
    let words = without_sudo(simple);
    let arguments = words.get(1..).unwrap_or_default();
    let code = |arguments: &[Word]| {
        arguments
            .iter()
            .position(|word| !word.text.starts_with('-'))
    };
    match words.first().and_then(Word::literal) {
        Some("eval") => arguments,
        Some("." | "source") => arguments.get(..1).unwrap_or_default(),
        Some("sh" | "bash" | "zsh" | "dash" | "/bin/sh" | "/bin/bash") => {
            code(arguments).map_or(&[], |at| &arguments[at..=at])
        }
        Some("python" | "python3" | "ruby" | "perl" | "node" | "php") => {
            let runs = |word: &Word| matches!(word.text.as_str(), "-c" | "-e" | "-r");
            if arguments.first().is_some_and(runs) {
                arguments.get(1..2).unwrap_or_default()
            } else {
                &[]
            }
        }
        _ => &[],
    }
}

/// A part of the word is what a download writes.
fn brings_download(word: &Word) -> bool {
    word.expansions
        .iter()
        .any(|expansion| match &expansion.kind {
            ExpansionKind::Command(list) | ExpansionKind::Process(list) => writes_download(list),
            _ => false,
        })
}

fn writes_download(list: &List) -> bool {
    let pipelines = list.items.iter().flat_map(|item| &item.pipelines);
    pipelines
        .filter_map(|(_, pipeline)| match pipeline.commands.as_slice() {
            [only] => as_simple(only),
            _ => None,
        })
        .any(downloads)
}
