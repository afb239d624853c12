//! Secrets that are written out in the file.

use super::context::Context;
use super::{Group, Rule, tokens};
use crate::buildspec::model::Variable;
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
    for variable in context.plain_variables() {
        let span = variable.value.span;
        let after = tokens.partition_point(|token| token.start < span.start);
        let spoken = tokens
            .get(after..)
            .unwrap_or_default()
            .iter()
            .take_while(|token| token.start < span.end)
            .any(|token| token.end <= span.end);
        if !spoken && is_secret(variable) {
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

/// The name says that it is a secret, and the value looks like one.
fn is_secret(variable: &Variable) -> bool {
    const NAMES: &[&str] = &[
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "SECRET",
        "SECRET_KEY",
        "SECRET_ACCESS_KEY",
        "TOKEN",
        "API_KEY",
        "APIKEY",
        "PRIVATE_KEY",
    ];
    let name = variable.name.value.to_ascii_uppercase();
    NAMES.iter().any(|ending| name.ends_with(ending)) && is_random(&variable.value.value)
}

/// Neither a word, nor a name of something, nor a reference.
fn is_random(value: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| value.bytes().any(|byte| kind(&byte));
    let reference = value.starts_with(['/', '$', '<', '{', '.', '~'])
        || value.contains(|letter: char| letter.is_whitespace() || letter == '$')
        || ["://", "arn:", "{{", "/"]
            .iter()
            .any(|sign| value.contains(sign))
            && !value.ends_with('=');
    if value.len() < 8 || reference || tokens::is_placeholder(value) {
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
