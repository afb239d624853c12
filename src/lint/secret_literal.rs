//! Secrets that are written out in the file.

use std::ops::Range;

use super::context::{Context, Item};
use super::shell::{Simple, Word};
use super::{Group, Rule, tokens};
use crate::diagnostic::{Finding, Severity};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    id: "secret-literal",
    severity: Severity::Warning,
    group: Group::Security,
    summary: "a secret that is written out in the buildspec",
    why: "Whoever can read the repository or the project has the secret, for as long as the history lasts; CodeBuild shows plain variables in \
          its console and does not mask them in its log. Put it into Secrets Manager or Parameter Store, refer to it, and replace the \
          one that has been published.",
    before: "env:\n  variables:\n    DB_PASSWORD: h7Gq2-zXw9-Rt4L",
    after: "env:\n  secrets-manager:\n    DB_PASSWORD: prod/db:password",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut tokens = Vec::new();
    let mut findings = Vec::new();
    for (range, what) in tokens::find(context.source.text()) {
        let span = Span::new(range.start, range.end);
        tokens.push(span);
        findings.push(finding(what, span));
    }
    let mut written: Vec<Span> = context
        .plain_variables()
        .into_iter()
        .filter(|variable| is_secret(&variable.name.value, &variable.value.value))
        .map(|variable| variable.value.span)
        .collect();
    context.each_simple(|item, step| {
        let places = in_command(item, step.simple);
        written.extend(places.into_iter().map(|range| context.place(item, range)));
    });
    for span in written {
        let after = tokens.partition_point(|token| token.end <= span.start);
        let spoken = tokens
            .get(after)
            .is_some_and(|token| token.start < span.end);
        if !spoken {
            findings.push(finding("what looks like a secret", span));
        }
    }
    findings
}

fn finding(what: &str, span: Span) -> Finding {
    Finding::warning(RULE.id, format!("{what} is written out here"), span)
        .label("everyone who can read this file has it")
        .help("put it into Secrets Manager or Parameter Store and refer to it in `env.secrets-manager` or `env.parameter-store`")
        .help("replace the secret: this one has been published")
}

/// Where a command has secrets: what it sets variables to, and what it hands to programs that want a password.
fn in_command(item: &Item<'_>, simple: &Simple) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let sets = matches!(
        simple.name(),
        Some("export" | "declare" | "local" | "readonly" | "typeset" | "env")
    );
    let arguments = simple.arguments();
    let set = if sets { arguments } else { &[] };
    for word in simple.assignments.iter().chain(set) {
        let (Some(name), Some(text)) = (word.assigned(), word.literal()) else {
            continue;
        };
        let value = text.split_once('=').map_or("", |(_, value)| value);
        if is_secret(name, value) {
            found.push(tail(item, word, '='));
        }
    }
    if simple.begins_with(&["aws", "configure", "set"])
        && let [_, _, key, value, ..] = arguments
        && key
            .literal()
            .is_some_and(|key| key.ends_with("aws_secret_access_key"))
        && value
            .literal()
            .is_some_and(|text| is_aws_secret(text) || is_random(text))
    {
        found.push(value.range.clone());
    }
    if simple.name() == Some("curl") {
        let mut next = false;
        for word in arguments {
            let short = word.text.starts_with("-u") && word.text.len() > 2;
            let long = word.text.starts_with("--user=");
            let password = word
                .text
                .split_once(':')
                .map_or("", |(_, password)| password);
            if (next || short || long) && is_password(password) {
                found.push(tail(item, word, ':'));
            }
            next = matches!(
                word.text.as_str(),
                "-u" | "--user" | "-su" | "-sSu" | "-fsSLu"
            );
        }
    }
    found
}

/// A word from behind a sign on.
fn tail(item: &Item<'_>, word: &Word, sign: char) -> Range<usize> {
    const QUOTES: [char; 2] = ['"', '\''];
    let raw = item.text.get(word.range.clone()).unwrap_or_default();
    let value = raw.split_once(sign).map_or(raw, |(_, value)| value);
    let value = value.trim_start_matches(QUOTES);
    let start = word.range.end - value.len();
    start..start + value.trim_end_matches(QUOTES).len()
}

/// The name says that it is a secret, and the value looks like one.
fn is_secret(name: &str, value: &str) -> bool {
    const PASSWORDS: &[&str] = &["PASSWORD", "PASSWD", "PASSPHRASE", "MYSQL_PWD"];
    const NAMES: &[&str] = &[
        "SECRET",
        "SECRET_KEY",
        "SECRET_ACCESS_KEY",
        "TOKEN",
        "API_KEY",
        "APIKEY",
        "PRIVATE_KEY",
    ];
    let name = name.to_ascii_uppercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(PASSWORDS) {
        is_password(value) || is_random(value)
    } else {
        ends(NAMES) && (is_random(value) || is_aws_secret(value))
    }
}

/// Forty letters, digits, `/` and `+`, as AWS makes them.
fn is_aws_secret(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    value.len() == 40
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/+".contains(&byte))
        && digits >= 2
        && value.bytes().any(|byte| byte.is_ascii_lowercase())
        && value.bytes().any(|byte| byte.is_ascii_uppercase())
        && !value.starts_with('/')
        && !tokens::is_placeholder(value)
}

/// What a person takes for a password: more than a word.
fn is_password(value: &str) -> bool {
    let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let others = value
        .bytes()
        .any(|byte| byte.is_ascii_digit() || b"!@#%^&*+=?~".contains(&byte));
    value.len() >= 6 && letters && others && !is_reference(value) && !tokens::is_placeholder(value)
}

/// The name of a secret, or what stands for it.
fn is_reference(value: &str) -> bool {
    value.starts_with(['/', '$', '<', '{', '.', '~', '%', '`', '[', '@'])
        || value.contains(|letter: char| letter.is_whitespace() || letter == '$' || letter == '`')
        || ["://", "arn:", "{{", "/"]
            .iter()
            .any(|sign| value.contains(sign))
            && !value.ends_with('=')
}

/// Neither a word, nor a name of something, nor a reference.
fn is_random(value: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| value.bytes().any(|byte| kind(&byte));
    if value.len() < 8 || is_reference(value) || tokens::is_placeholder(value) {
        return false;
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let special = has(|byte| b"!@#%^&*+=?~".contains(byte));
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    digits >= 1 && (special || mixed && digits >= 2)
        || value.len() >= 20 && digits >= 5 && !value.contains(['.', '_', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_aws_have_slashes() {
        // Put together here, so that no scanner takes this file for a leak.
        let secret = ["k8Jq/Zx2Rt7Lw+Nv", "Bc3H/gF1dS0pYtUe9MzQaWxE"].concat();
        assert!(is_secret("AWS_SECRET_ACCESS_KEY", &secret));
        assert!(!is_secret(
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        ));
        assert!(!is_secret(
            "AWS_SECRET_ACCESS_KEY",
            "prod/Database/Cluster01/secret-access-ke"
        ));
    }

    #[test]
    fn names_of_secrets_are_none() {
        for harmless in [
            "my-app-secret-1",
            "prod/db",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "https://auth.example.com/token",
            "${TOKEN}",
            "true",
            "Passw0rd-placeholder",
            "github-token",
            "SecretName",
            "build-2024-01-02",
            "/app/DB_PASSWORD",
        ] {
            assert!(!is_random(harmless), "{harmless}");
        }
        for secret in [
            "h7Gq2-zXw9-Rt4L",
            "Wint3r!gone",
            "9f86d081884c7d659a2feaa0c55ad015",
        ] {
            assert!(is_random(secret), "{secret}");
        }
    }
}
