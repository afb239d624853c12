//! What bash knows and dash, the `sh` of AWS's Ubuntu images, does not. Each was tried with dash 0.5.12.

use std::ops::Range;

use super::context::{Context, Dialect, Item};
use super::shell::{CompoundKind, ExpansionKind, Modifier, Simple, Visit, Word};
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "bash-syntax",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "bash syntax, and the shell may be dash",
    why: "Commands are read by `/bin/sh` unless `env.shell` says `bash`. In AWS's Ubuntu images (`aws/codebuild/standard:*`) and in images \
          made from Debian or Ubuntu that is dash, which ends with `[[: not found`, `source: not found` or a syntax error. In AWS's \
          Amazon Linux images `sh` is bash, so the same buildspec works there: with `--image` this tool knows which it is.",
    before: "phases:\n  build:\n    commands:\n      - 'if [[ $STAGE == prod* ]]; then make release; fi'",
    after: "env:\n  shell: bash\nphases:\n  build:\n    commands:\n      - 'if [[ $STAGE == prod* ]]; then make release; fi'",
    check: Some(check),
};

/// Set by bash alone.
const VARIABLES: &[&str] = &[
    "RANDOM",
    "SRANDOM",
    "BASH_SOURCE",
    "BASHPID",
    "FUNCNAME",
    "OSTYPE",
    "UID",
    "EUID",
    "EPOCHSECONDS",
];

fn check(context: &Context<'_>) -> Vec<Finding> {
    let image = context.options.image.as_deref();
    if context.dialect != Dialect::Sh || image.is_some_and(is_bash_as_sh) {
        return Vec::new();
    }
    let mut places = Vec::new();
    for item in &context.items {
        let mut found = Vec::new();
        item.each(|visit| {
            look(context, item, visit, &mut found);
        });
        found.sort_by_key(|(range, _)| range.start);
        found.dedup_by(|one, other| one.0.start == other.0.start);
        for (range, what) in found {
            places.push((context.place(item, range), what));
        }
    }
    let Some(((span, what), rest)) = places.split_first() else {
        return Vec::new();
    };
    let mut finding = Finding::warning(RULE.id, "bash syntax, and the shell is `sh`", *span).label(
        format!("{what}: not known to dash, the `sh` of Ubuntu images"),
    );
    for (span, what) in rest {
        finding = finding.again(*span, what.clone());
    }
    vec![
        finding
            .help("put `shell: bash` below `env`, or write it as `sh` knows it")
            .help(
                "in Amazon Linux images `sh` is bash, and this works; with `--image` it is known",
            ),
    ]
}

/// An image whose `sh` is bash.
pub(super) fn is_bash_as_sh(image: &str) -> bool {
    image.contains("amazonlinux") || image.contains("codebuild/al2")
}

type Found = Vec<(Range<usize>, String)>;

fn look(context: &Context<'_>, item: &Item<'_>, visit: Visit<'_>, found: &mut Found) {
    match visit {
        Visit::Simple(step) => {
            if let Some(range) = &step.pipeline.with_errors {
                found.push((range.clone(), "`|&`".to_owned()));
            }
            simple(item, step.simple, found);
        }
        Visit::Compound(compound) => {
            if compound.kind == CompoundKind::For {
                for word in compound.words.iter().skip(1) {
                    braces(item, word, found);
                }
            }
            let text = item.text.get(compound.opening.clone()).unwrap_or_default();
            if compound.kind == CompoundKind::Arithmetic {
                found.push((compound.opening.clone(), "`(( ))`".to_owned()));
            } else if text == "select" {
                found.push((compound.opening.clone(), "`select`".to_owned()));
            }
        }
        Visit::Function(name, range, true) => {
            found.push((range.start..name.range.end, "`function`".to_owned()));
        }
        Visit::Function(..) => {}
        Visit::Word(it) => word(context, it, found),
    }
}

fn simple(item: &Item<'_>, simple: &Simple, found: &mut Found) {
    for redirect in &simple.redirects {
        if matches!(redirect.operator, "<<<" | "&>" | "&>>") {
            found.push((redirect.range.clone(), format!("`{}`", redirect.operator)));
        }
    }
    for word in &simple.assignments {
        let name = word.assigned().unwrap_or_default();
        let sign = word.text.get(name.len()..).unwrap_or_default();
        if sign.starts_with('[') || sign.starts_with('+') {
            let what = if sign.starts_with('+') {
                "`+=`"
            } else {
                "an array"
            };
            found.push((word.range.clone(), what.to_owned()));
        }
    }
    let Some(first) = simple.words.first() else {
        return;
    };
    if first.quoted {
        return;
    }
    let argument = |wanted: &dyn Fn(&str) -> bool| {
        let words = simple.arguments().iter();
        words
            .filter(|word| !word.quoted)
            .find(|word| word.literal().is_some_and(wanted))
    };
    match first.text.as_str() {
        "[[" | "source" | "pushd" | "popd" | "shopt" | "declare" | "typeset" | "let"
        | "mapfile" | "readarray" | "disown" => {
            found.push((first.range.clone(), format!("`{}`", first.text)));
        }
        "[" | "test" => {
            if let Some(sign) = argument(&|text| matches!(text, "==" | "=~")) {
                let what = format!("`{}` in `{}`", sign.text, first.text);
                found.push((sign.range.clone(), what));
            }
        }
        "set" => {
            if let Some(option) = argument(&|text| matches!(text, "pipefail" | "errtrace")) {
                found.push((option.range.clone(), format!("`{}`", option.text)));
            }
        }
        "trap" => {
            if let Some(signal) = argument(&|text| text == "ERR") {
                found.push((signal.range.clone(), "`trap` for `ERR`".to_owned()));
            }
        }
        "export" => {
            if let Some(option) = argument(&|text| text == "-f") {
                found.push((option.range.clone(), "`export -f`".to_owned()));
            }
            for word in simple.arguments() {
                let name = word.assigned().unwrap_or_default();
                if !name.is_empty() && word.text[name.len()..].starts_with('+') {
                    found.push((word.range.clone(), "`+=`".to_owned()));
                }
            }
        }
        "read" => {
            if let Some(option) = argument(&|text| {
                matches!(
                    text,
                    "-a" | "-ra" | "-d" | "-t" | "-n" | "-N" | "-s" | "-u" | "-e"
                )
            }) {
                found.push((option.range.clone(), "an option of `read`".to_owned()));
            }
        }
        "wait" => {
            if let Some(option) = argument(&|text| text == "-n") {
                found.push((option.range.clone(), "`wait -n`".to_owned()));
            }
        }
        "printf" => {
            let format = simple
                .arguments()
                .first()
                .filter(|word| word.text.contains("%q"));
            if let Some(format) = format {
                found.push((format.range.clone(), "`%q`".to_owned()));
            }
        }
        "mkdir" | "touch" | "cp" | "mv" | "rm" | "rmdir" | "ls" | "cat" | "chmod" | "chown"
        | "ln" | "tar" | "zip" | "rsync" | "echo" => {
            for word in simple.arguments() {
                braces(item, word, found);
            }
        }
        _ => {}
    }
}

/// `{a,b}` and `{1..5}` where dash would take them as they stand; many other programs know such patterns themselves.
fn braces(item: &Item<'_>, word: &Word, found: &mut Found) {
    if word.quoted || !word.expansions.is_empty() {
        return;
    }
    let raw = item.text.get(word.range.clone()).unwrap_or_default();
    let inner = raw
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map_or("", |(inner, _)| inner);
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let letter =
        |text: &str| text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let range = inner
        .split_once("..")
        .is_some_and(|(from, to)| number(from) && number(to) || letter(from) && letter(to));
    let list = inner.contains(',')
        && !inner.contains([':', '=', '{', '"', '(', '[', ';'])
        && !inner.split(',').all(|part| part.is_empty() || number(part));
    if range || list {
        found.push((word.range.clone(), format!("`{{{inner}}}`")));
    }
}

fn word(context: &Context<'_>, word: &Word, found: &mut Found) {
    if word.array {
        let end = word
            .text
            .find('=')
            .map_or(word.range.end, |at| word.range.start + at + 2);
        found.push((
            word.range.start..end.min(word.range.end),
            "an array".to_owned(),
        ));
    }
    for expansion in &word.expansions {
        let what = match &expansion.kind {
            ExpansionKind::Process(_) => "process substitution".to_owned(),
            ExpansionKind::Ansi => "`$'...'`".to_owned(),
            ExpansionKind::Variable { name, modifier } if is_bash(name, modifier) => {
                "a form of `${ }`".to_owned()
            }
            ExpansionKind::Variable { name, modifier }
                if modifier.rest.is_empty()
                    && modifier.prefix.is_none()
                    && VARIABLES.contains(&name.as_str())
                    && !context.own_variables().contains(name.as_str()) =>
            {
                format!("`${name}`")
            }
            _ => continue,
        };
        found.push((expansion.range.clone(), what));
    }
}

/// `${x:0:7}`, `${x/a/b}`, `${x^^}`, `${x[0]}`, `${!x}` and the like; not `${x:-y}` or `${x%y}`.
fn is_bash(name: &str, modifier: &Modifier) -> bool {
    let mut rest = modifier.rest.chars();
    let indirect = modifier.prefix == Some('!') && !name.is_empty();
    indirect
        || !name.is_empty()
            && match rest.next() {
                Some('/' | '^' | ',' | '[' | '@') => true,
                Some(':') => !matches!(rest.next(), Some('-' | '=' | '+' | '?')),
                _ => false,
            }
}
