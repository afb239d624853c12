//! A password on the command line of `docker login`.

use super::context::Context;
use super::shell::Word;
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "docker-password",
    severity: Severity::Warning,
    group: Group::Security,
    summary: "`docker login` with the password as an argument",
    why: "What stands on a command line is seen by every process of the machine, and by everything that logs commands; Docker itself warns of \
          it. `--password-stdin` reads the password from a pipe instead.",
    before: "phases:\n  pre_build:\n    commands:\n      - docker login -u \"$NAME\" -p \"$PASSWORD\"",
    after: "phases:\n  pre_build:\n    commands:\n      - echo \"$PASSWORD\" | docker login -u \"$NAME\" --password-stdin",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    context.each_simple(|item, step| {
        let simple = step.simple;
        let words = simple.words.as_slice();
        let words = match words.first().map(|word| word.text.as_str()) {
            Some("sudo" | "exec") => &words[1..],
            _ => words,
        };
        let is = |index: usize, text: &str| words.get(index).is_some_and(|word: &Word| word.text == text);
        let login = (is(0, "docker") || is(0, "podman")) && is(1, "login") || is(0, "helm") && is(1, "registry") && is(2, "login");
        let option = |word: &&Word| {
            let text = word.text.as_str();
            text == "-p" || text == "--password" || text.starts_with("--password=")
                || text.starts_with("-p") && !text.starts_with("-p=") && text.len() > 2 && !word.text.starts_with("-pa")
        };
        if let (true, Some(option)) = (login, words.iter().find(option)) {
            findings.push(
                Finding::warning(RULE.id, "the password stands on the command line", context.place(item, option.range.clone()))
                    .label("visible to every process, and in logs of commands")
                    .help("pipe it in: `echo \"$PASSWORD\" | docker login --username NAME --password-stdin REGISTRY`"),
            );
        }
    });
    findings
}
