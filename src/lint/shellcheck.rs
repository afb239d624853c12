//! What ShellCheck says about the commands: which texts it is given, and where its findings stand.
//!
//! It is run elsewhere; rules read nothing but the file.

use super::bash_syntax::is_bash_as_sh;
use super::context::{Context, Dialect, Item, Parsed};
use super::{Group, Options, Rule};
use crate::buildspec::Reading;
use crate::diagnostic::{Finding, Severity};
use crate::source::Source;

pub(super) const RULE: Rule = Rule {
    id: "shellcheck",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "what ShellCheck says about a command, where it is installed",
    why: "ShellCheck knows the traps of shell scripts: words that a space tears apart, tests that are always true, statuses that get lost. \
          Where `shellcheck` is on PATH, every command goes through it; `--shellcheck never` leaves it out. What it can't know is left \
          out too: variables pass from one command to the next, and a failing `cd` ends the build. A comment \
          `# shellcheck disable=SC2155` in a block counts as everywhere.",
    before: "phases:\n  build:\n    commands:\n      - 'for file in $(ls *.txt); do cat \"$file\"; done; [ \"$A\" = x -o ]'",
    after: "phases:\n  build:\n    commands:\n      - 'for file in *.txt; do cat \"$file\"; done'",
    check: None,
};

/// Findings that a script of its own would deserve, and a command of a buildspec does not.
///
/// Variables that are set and not used, or used and not set: they pass from one command to the next. Files that are sourced: they are not
/// there. Shebangs: a command has none. `$(...)` as a command: that is how people log in to ECR. `cd` whose failure is not looked at, or that leads back: rule `lost-failure` knows better.
const NOT_HERE: &[u32] = &[1090, 1091, 1128, 2034, 2091, 2103, 2148, 2154, 2164];
/// Syntax that `sh` may not know: rule `bash-syntax` speaks of it once for the whole file.
const BASH_SYNTAX: std::ops::Range<u32> = 3000..4000;
const BASH_SYNTAX_ONCE: u32 = 2039;

/// The commands of a buildspec, each a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scripts {
    /// ShellCheck's name for the shell.
    pub shell: &'static str,
    pub texts: Vec<String>,
}

/// One of ShellCheck's findings.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Its number among the texts.
    pub script: usize,
    /// Counted from 1, as columns are; a tab is one column.
    pub line: usize,
    pub end_line: usize,
    pub column: usize,
    pub end_column: usize,
    pub code: u32,
    pub message: String,
}

/// What ShellCheck is to look at.
pub fn scripts(source: &Source, reading: &Reading, options: &Options) -> Scripts {
    let scripts = Parsed::of(&reading.buildspec);
    let context = Context::new(source, &reading.buildspec, &scripts, options);
    let bash =
        context.dialect == Dialect::Bash || options.image.as_deref().is_some_and(is_bash_as_sh);
    let texts = items(&context)
        .iter()
        .map(|item| item.text.to_owned())
        .collect();
    Scripts {
        shell: if bash { "bash" } else { "dash" },
        texts,
    }
}

/// The comments at their places in the file.
pub fn findings(
    source: &Source,
    reading: &Reading,
    options: &Options,
    comments: &[Comment],
) -> Vec<Finding> {
    let scripts = Parsed::of(&reading.buildspec);
    let context = Context::new(source, &reading.buildspec, &scripts, options);
    let items = items(&context);
    let mut findings: Vec<Finding> = comments
        .iter()
        .filter(|comment| {
            let code = comment.code;
            !NOT_HERE.contains(&code) && !BASH_SYNTAX.contains(&code) && code != BASH_SYNTAX_ONCE
        })
        .filter_map(|comment| Some(finding(&context, items.get(comment.script)?, comment)))
        .collect();
    findings.sort_by_key(|finding| finding.primary.span.start);
    findings
}

fn finding(context: &Context<'_>, item: &Item<'_>, comment: &Comment) -> Finding {
    let start = byte(item.text, comment.line, comment.column);
    let end = byte(item.text, comment.end_line, comment.end_column).max(start);
    // A place without an extent is the letter that stands there.
    let letter = item.text[start..]
        .chars()
        .next()
        .filter(|letter| *letter != '\n');
    let end = if end == start {
        end + letter.map_or(0, char::len_utf8)
    } else {
        end
    };
    let message = comment.message.trim_end_matches('.');
    let message = format!("SC{}: {message}", comment.code);
    Finding::warning(RULE.id, message, context.place(item, start..end)).help(format!(
        "https://www.shellcheck.net/wiki/SC{}",
        comment.code
    ))
}

/// Every command once: what stands behind an alias is one command, however often it runs.
fn items<'c, 'a>(context: &'c Context<'a>) -> Vec<&'c Item<'a>> {
    let mut seen = std::collections::HashSet::new();
    let items = context.items.iter().filter(|_| context.is_unix());
    items
        .filter(|item| {
            !item.text.trim().is_empty() && seen.insert((item.span.start, item.span.end))
        })
        .collect()
}

/// The byte at a line and a column.
fn byte(text: &str, line: usize, column: usize) -> usize {
    let mut start = 0;
    for _ in 1..line {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return text.len(),
        }
    }
    let rest = text[start..].split('\n').next().unwrap_or_default();
    let letter = rest.char_indices().nth(column.saturating_sub(1));
    start + letter.map_or(rest.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buildspec::read;

    const TEXT: &str = "\u{feff}version: 0.2\r\nphases:\r\n  build:\r\n    commands: &all\r\n      - \"a\\tb \u{e9} $x\"\r\n      - |\r\n        one\r\n        two $x\r\n      -\r\n  post_build:\r\n    commands: *all\r\n";

    fn comment(script: usize, line: usize, column: usize, end_column: usize, code: u32) -> Comment {
        Comment {
            script,
            line,
            end_line: line,
            column,
            end_column,
            code,
            message: "Quote it.".to_owned(),
        }
    }

    #[test]
    fn every_command_is_a_script_once() {
        let source = Source::new("x", TEXT);
        let scripts = scripts(&source, &read(&source), &Options::default());
        assert_eq!(scripts.shell, "dash");
        assert_eq!(scripts.texts, ["a\tb \u{e9} $x", "one\ntwo $x\n"]);
    }

    #[test]
    fn the_shell_is_that_of_the_build() {
        for (head, image, expected) in [
            ("env: {shell: bash}", None, "bash"),
            ("env: {shell: /bin/sh}", None, "dash"),
            (
                "env: {}",
                Some("aws/codebuild/amazonlinux-x86_64-standard:5.0"),
                "bash",
            ),
            ("env: {}", Some("aws/codebuild/standard:7.0"), "dash"),
        ] {
            let text = format!("version: 0.2\n{head}\nphases: {{build: {{commands: make}}}}\n");
            let source = Source::new("x", text);
            let options = Options {
                image: image.map(str::to_owned),
            };
            assert_eq!(scripts(&source, &read(&source), &options).shell, expected);
        }
    }

    #[test]
    fn findings_stand_at_their_places() {
        let source = Source::new("x", TEXT);
        let comments = [
            comment(0, 1, 7, 9, 2086),
            comment(1, 2, 5, 7, 2086),
            comment(1, 1, 1, 1, 1000),
            comment(1, 1, 1, 4, 2154),
            comment(1, 1, 1, 4, 3010),
            comment(9, 1, 1, 4, 2086),
        ];
        let found = findings(&source, &read(&source), &Options::default(), &comments);
        let places: Vec<_> = found
            .iter()
            .map(|finding| {
                (
                    source.position(finding.primary.span.start),
                    &TEXT[finding.primary.span.range()],
                )
            })
            .collect();
        assert_eq!(places, [((5, 17), "$x"), ((7, 9), "o"), ((8, 13), "$x")]);
        assert_eq!(found[0].message, "SC2086: Quote it");
        assert_eq!(byte("a", 99, 99), 1);
    }
}
