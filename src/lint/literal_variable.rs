//! `$NAME` in the values of `env.variables`: nothing expands it.

use std::ops::Range;

use super::context::Context;
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "literal-variable",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "a variable or command in a value of `env.variables`, where nothing replaces it",
    why: "CodeBuild sets the variables of a buildspec as they are written: `$PATH:/opt/bin` is that very text, and a command in `$( )` is \
          not run. Set what needs other variables in a command; it stays set for the commands and phases that follow.",
    before: "env:\n  variables:\n    IMAGE: $REGISTRY/app",
    after: "phases:\n  install:\n    commands:\n      - IMAGE=$REGISTRY/app",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for variable in context.plain_variables() {
        let Some(range) = reference(&variable.value.value) else {
            continue;
        };
        let name = &variable.name.value;
        let value = &variable.value.value;
        let written = &variable.value.value[range.clone()];
        let message = format!("`{written}` in `{name}` stays as it is written");
        let span = context.place_in(&variable.value, range);
        let help = if *value == format!("${name}") || *value == format!("${{{name}}}") {
            format!("remove `{name}` here: what the project or the image sets is there without it")
        } else {
            format!("set it in a command instead, which stays for all later ones: `{name}=\"...\"`")
        };
        findings.push(
            Finding::warning(RULE.id, message, span)
                .label("CodeBuild does not expand values of `env.variables`")
                .help(help),
        );
    }
    findings
}

/// The first `$NAME`, `${NAME}` or `$(command)` of a value.
fn reference(value: &str) -> Option<Range<usize>> {
    for (at, _) in value.match_indices('$') {
        if value[..at].ends_with(['$', '\\']) {
            continue;
        }
        let rest = &value[at + 1..];
        if rest.starts_with("{{") {
            continue;
        }
        let (skip, close) = match rest.chars().next() {
            Some('{') => (1, Some('}')),
            Some('(') => {
                // A command, not an expression of some template language.
                let end = rest.find(')')?;
                let inner = &rest[1..end];
                let known = inner.starts_with(|letter: char| letter.is_ascii_lowercase())
                    && inner.contains(' ')
                    || matches!(inner, "date" | "pwd" | "whoami" | "hostname");
                if known {
                    return Some(at..at + end + 2);
                }
                continue;
            }
            _ => (0, None),
        };
        let name = &rest[skip..];
        let end = name
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
            .unwrap_or(name.len());
        // `$word` in lower case may be part of a password or a pattern; `${word}` and `$WORD` are meant.
        let meant = name[..end].starts_with(|letter: char| {
            letter.is_ascii_uppercase()
                || letter == '_'
                || close.is_some() && letter.is_ascii_lowercase()
        }) && (close.is_some()
            || end >= 2 && !name[..end].contains(|letter: char| letter.is_ascii_lowercase()));
        if !meant {
            continue;
        }
        return match close {
            None => Some(at..at + 1 + end),
            Some(close) => {
                let close = name.find(close)?;
                Some(at..at + 1 + skip + close + 1)
            }
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_what_looks_like_them() {
        for (value, expected) in [
            ("$PATH:/x", Some("$PATH")),
            ("a/${b}/c", Some("${b}")),
            ("${A:-x}y", Some("${A:-x}")),
            ("$(date +%F)", Some("$(date +%F)")),
            ("pa$$word", None),
            ("s3cr$et", None),
            ("$.name", None),
            ("^v[0-9]+$", None),
            ("${{ x }}", None),
            ("\\$HOME", None),
            ("$(Build)", None),
            ("cost $5", None),
        ] {
            assert_eq!(
                reference(value).map(|range| &value[range]),
                expected,
                "{value}"
            );
        }
    }
}
