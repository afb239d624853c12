//! `--fix`: mends what has one safe mending, and nothing else.

use std::collections::{BTreeMap, HashMap};

use similar::TextDiff;

use crate::diagnostic::{Checked, Finding, edit};
use crate::source::Source;

/// What hides all that stands behind it.
const SYNTAX: &str = "yaml-syntax";

/// So much is read before what is left is left, in bytes: a file is read anew with each group of mendings.
const MOST_READ: usize = 64 << 20;
/// So many readings of a small file anybody waits for.
const MOST_READINGS: usize = 300;

/// A file with its mendings.
#[derive(Clone, Debug)]
pub(super) struct Mended {
    /// What is left to find.
    pub(super) checked: Checked,
    /// How many findings are gone.
    pub(super) fixes: usize,
}

/// Mends all that goes away and brings nothing worse: everything at once, and where that fails one half after the other.
pub(super) fn mend(checked: Checked, check: impl Fn(Source) -> Checked) -> Mended {
    let mut now = checked;
    let mut fixes = 0;
    let mut readings = (MOST_READ / (1 + now.source.text().len())).min(MOST_READINGS);
    let mut groups = vec![apart(&now.findings)];
    let mut is_mended = false;
    while readings > 0 {
        let Some(mut group) = groups.pop() else {
            // One mending can uncover another.
            if !std::mem::take(&mut is_mended) {
                break;
            }
            groups.push(apart(&now.findings));
            continue;
        };
        let edits: Vec<_> = group
            .iter()
            .flat_map(|finding| &finding.edits)
            .cloned()
            .collect();
        let after = edit::apply(now.source.text(), &edits).filter(|_| !edits.is_empty());
        let after = after.map(|text| check(Source::new(now.source.name(), text)));
        readings -= 1;
        if let Some(after) = after.filter(|after| is_better(&now, &group, after)) {
            now = after;
            fixes += group.len();
            is_mended = true;
            let moves = edit::Moves::of(&edits);
            for (span, _) in groups
                .iter_mut()
                .flatten()
                .flat_map(|finding| &mut finding.edits)
            {
                *span = moves.place(*span);
            }
        } else if group.len() > 1 {
            groups.push(group.split_off(group.len() / 2));
            groups.push(group);
        }
    }
    Mended {
        checked: now,
        fixes,
    }
}

/// The findings that can be mended, but for those whose mending overlaps with that of another.
fn apart(findings: &[Finding]) -> Vec<Finding> {
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mendable = findings.iter().filter(|finding| !finding.edits.is_empty());
    let apart = mendable.filter(|finding| {
        let mut spans = finding.edits.iter().map(|(span, _)| span);
        // Two that begin at the same byte have no order.
        let is_free = spans.clone().all(|span| {
            let before = taken.range(..=span.start).next_back();
            let behind = taken.range(span.start..).next();
            before.is_none_or(|(start, end)| *start < span.start && *end <= span.start)
                && behind.is_none_or(|(start, _)| span.end <= *start)
        });
        if is_free {
            taken.extend(spans.by_ref().map(|span| (span.start, span.end)));
        }
        is_free
    });
    apart.cloned().collect()
}

/// All of the group are gone. A syntax error must give way to none or to a later one; nothing may stand twice that did not
/// before.
fn is_better(before: &Checked, group: &[Finding], after: &Checked) -> bool {
    let line = |checked: &Checked| {
        let mut findings = checked.findings.iter();
        let syntax = findings.find(|finding| is_syntax(finding));
        syntax.map_or(usize::MAX, |finding| {
            checked.source.position(finding.primary.span.start).0
        })
    };
    let is_twice = |finding: &&Finding| finding.rule == "duplicate-key";
    let twice = |checked: &Checked| checked.findings.iter().filter(is_twice).count();
    let (was, is) = (line(before), line(after));
    let gives_way = is > was || is == was && !group.iter().any(is_syntax);
    let (was, is) = (alike(&before.findings), alike(&after.findings));
    let count = |of: &HashMap<_, usize>, kind| of.get(kind).copied().unwrap_or(0);
    let mended = alike(group);
    let mut mended = mended.iter().filter(|((rule, _), _)| *rule != SYNTAX);
    gives_way
        && twice(after) <= twice(before)
        && mended.all(|(kind, number)| count(&is, kind) + number <= count(&was, kind))
}

/// How many findings there are of each rule and sentence.
fn alike(findings: &[Finding]) -> HashMap<(&str, &str), usize> {
    let mut counts = HashMap::new();
    for finding in findings {
        *counts
            .entry((finding.rule, finding.message.as_str()))
            .or_default() += 1;
    }
    counts
}

fn is_syntax(finding: &Finding) -> bool {
    finding.rule == SYNTAX
}

/// What has changed, as `diff -u` shows it.
pub(super) fn diff(name: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buildspec;

    fn mended(text: &str) -> (String, usize) {
        let check = |source: Source| {
            let findings = buildspec::read(&source).findings;
            Checked {
                source,
                findings,
                buildspecs: 1,
            }
        };
        let mended = mend(check(Source::new("x", text)), check);
        (mended.checked.source.text().to_owned(), mended.fixes)
    }

    #[test]
    fn mends_one_after_the_other() {
        let before = "\
version: 1.0
phases:
  pre-build:
    commands:
      - echo \"a: b\"   # why
      - curl -H \"X: y\" -d 'a: b'
      - [ -f x ] && make
      - [[ -f x ]]
      - @echo \"it's: \\\"so\\\"\"
      - name: kept
artifact:
  files: **/*
";
        let after = "\
version: 0.2
phases:
  pre_build:
    commands:
      - 'echo \"a: b\"'   # why
      - |-
        curl -H \"X: y\" -d 'a: b'
      - '[ -f x ] && make'
      - '[[ -f x ]]'
      - |-
        @echo \"it's: \\\"so\\\"\"
      - name: kept
artifacts:
  files: '**/*'
";
        assert_eq!(mended(before), (after.to_owned(), 9));
    }

    #[test]
    fn keeps_every_other_byte() {
        let before = "\u{feff}phases:\r\n  build:\r\n    commands:\r\n    -   echo a: b\t \r\n\r\n";
        let after = "\u{feff}version: 0.2\r\nphases:\r\n  build:\r\n    commands:\r\n    -   'echo a: b'\t \r\n\r\n";
        assert_eq!(mended(before), (after.to_owned(), 2));
    }

    #[test]
    fn a_block_has_the_line_ends_of_its_file() {
        let lines = "version: 0.2\r\nphases:\r\n  build:\r\n    commands:\r\n";
        for (before, after) in [
            (
                "      - /opt/py e.py -H \"a: b\" -d \"{'test':' #v'}\" http\r\n      - ls\r\n",
                "      - |-\r\n        /opt/py e.py -H \"a: b\" -d \"{'test':' #v'}\" http\r\n      - ls\r\n",
            ),
            (
                "      - echo \"a: 'b'\"",
                "      - |-\r\n        echo \"a: 'b'\"",
            ),
            (
                "      - [ -f x ] && echo \"'b'\"",
                "      - |-\r\n        [ -f x ] && echo \"'b'\"",
            ),
        ] {
            let expected = (format!("{lines}{after}"), 1);
            assert_eq!(mended(&format!("{lines}{before}")), expected);
        }
    }

    #[test]
    fn what_can_not_be_mended_holds_nothing_up() {
        let commands = |quote: &str| -> String {
            let command = |number| format!("      - {quote}echo {number}: b{quote}\n");
            (0..1500).map(command).collect()
        };
        let file = |quote: &str, phase: &str| {
            let (commands, sections) = (
                commands(quote),
                "artifacts: {files: x}\nartifact: {files: y}\n",
            );
            format!("{sections}version: 0.2\nphases:\n  {phase}:\n    commands:\n{commands}")
        };
        assert_eq!(
            mended(&file("", "pre-build")),
            (file("'", "pre_build"), 1501)
        );
    }

    #[test]
    fn the_help_shows_what_is_written() {
        let lines = "version: 0.2\nphases:\n  build:\n    commands:\n";
        for (command, help, after) in [
            (
                "x -H \"a: b\" -d \"{'c':' #v'}\" d   # why",
                "- |-\n  x -H \"a: b\" -d \"{'c':' #v'}\" d   # why",
                "|-\n        x -H \"a: b\" -d \"{'c':' #v'}\" d   # why",
            ),
            (
                "echo \"a: b #v\"",
                "- 'echo \"a: b #v\"'",
                "'echo \"a: b #v\"'",
            ),
            (
                "echo 'a: b' # why",
                "- \"echo 'a: b'\"",
                "\"echo 'a: b'\" # why",
            ),
        ] {
            let before = format!("{lines}      - {command}\n");
            let source = Source::new("x", before.as_str());
            let findings = buildspec::read(&source).findings;
            let shown = &findings[0].help[0];
            assert!(shown.ends_with(help), "{shown}");
            assert_eq!(mended(&before), (format!("{lines}      - {after}\n"), 1));
        }
    }

    #[test]
    fn leaves_what_is_not_clear() {
        for text in [
            "version: 0.2\nphases:\n  build:\n    commands:\n      - \"echo a\n      - echo \"b\"\n",
            "version: 0.2\nphases: {build: {commands: make}}\nartifacts: {files: x}\nartifact: {files: y}\n",
            "version: 0.2\nphases:\n  build:\n\tcommands: make\n",
            "version: 0.2\nphases:\n  build:\n    commands:\n      - \"make\n",
            "version: 0.2\nphases:\n  build:\n    commands:\n      - 'make\n      - ls\n",
            "{\"phases\": {\"build\": {\"commands\": \"make\"}}}",
        ] {
            assert_eq!(mended(text), (text.to_owned(), 0));
        }
    }
}
