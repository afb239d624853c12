//! `--fix`: mends what has one safe mending, and nothing else.

use std::collections::{BTreeMap, HashMap, HashSet};

use similar::TextDiff;

use crate::diagnostic::{Checked, Finding, Severity, edit};
use crate::source::Source;

/// What hides all that stands behind it.
const SYNTAX: &str = "yaml-syntax";

/// So much is read before what is left is left, in bytes: a file is read anew with each group of mendings.
const MOST_READ: usize = 64 << 20;
/// So many readings of a small file anybody waits for.
const MOST_READINGS: usize = 300;
/// The same for a check that only offers mendings.
const MOST_READ_AHEAD: usize = 2 << 20;
const MOST_TRIES: usize = 20;

/// A file with its mendings.
#[derive(Clone, Debug)]
pub(super) struct Mended {
    /// What is left to find.
    pub(super) checked: Checked,
    /// How many findings are gone.
    pub(super) fixes: usize,
}

/// Mends all that is wanted, goes away and brings nothing worse.
pub(super) fn mend(
    checked: Checked,
    wanted: impl Fn(&Finding) -> bool,
    check: impl Fn(Source) -> Checked,
) -> Mended {
    let mut checked = checked;
    let mut fixes = 0;
    let mut readings = (MOST_READ / (1 + checked.source.text().len())).min(MOST_READINGS);
    loop {
        let round = Round::of(checked, &wanted, &mut readings, &check);
        checked = round.after;
        fixes += round.mended.len();
        // One mending can uncover another.
        if round.mended.is_empty() {
            return Mended { checked, fixes };
        }
    }
}

/// Takes the mendings from findings that [`mend`] would not mend.
pub(super) fn keep(
    source: &Source,
    findings: &mut [Finding],
    read: impl Fn(&Source) -> Vec<Finding>,
) {
    if findings.iter().all(|finding| finding.edits.is_empty()) {
        return;
    }
    let checked = |source: Source, findings| Checked {
        source,
        findings,
        buildspecs: 1,
    };
    let check = |source: Source| {
        let findings = read(&source);
        checked(source, findings)
    };
    let mut readings = (MOST_READ_AHEAD / (1 + source.text().len())).min(MOST_TRIES);
    let before = checked(source.clone(), findings.to_vec());
    let round = Round::of(before, |_| true, &mut readings, &check);
    for (number, finding) in findings.iter_mut().enumerate() {
        if !round.mended.contains(&number) {
            finding.edits.clear();
        }
    }
}

/// All mendings of a file tried once: everything at once, and where that fails one half after the other.
struct Round {
    after: Checked,
    /// The numbers of the findings that are gone.
    mended: HashSet<usize>,
}

impl Round {
    fn of(
        before: Checked,
        wanted: impl Fn(&Finding) -> bool,
        readings: &mut usize,
        check: &impl Fn(Source) -> Checked,
    ) -> Self {
        let apart = apart(&before.findings, wanted);
        let (syntax, others): (Vec<_>, Vec<_>) = apart
            .into_iter()
            .partition(|(_, finding)| is_syntax(finding));
        let (errors, warnings) = others
            .into_iter()
            .partition(|(_, finding)| is_error(finding));
        let mut round = Self {
            after: before,
            mended: HashSet::new(),
        };
        // Warnings come last: a mending of theirs must bring no error, and one of an error's may uncover some.
        let mut groups: Vec<Vec<_>> = vec![warnings, errors, syntax];
        while let Some(mut group) = groups.pop() {
            if group.is_empty() {
                continue;
            }
            let Some(left) = readings.checked_sub(1) else {
                break;
            };
            *readings = left;
            let edits = group.iter().flat_map(|(_, finding)| &finding.edits);
            let edits: Vec<_> = edits.cloned().collect();
            let now = &round.after;
            let text = edit::apply(now.source.text(), &edits);
            let after = text.map(|text| check(Source::new(now.source.name(), text)));
            if let Some(after) = after.filter(|after| is_better(now, &group, after)) {
                round.after = after;
                round.mended.extend(group.iter().map(|(number, _)| *number));
                let moves = edit::Moves::of(&edits);
                let waiting = groups.iter_mut().flatten();
                for (span, _) in waiting.flat_map(|(_, finding)| &mut finding.edits) {
                    *span = moves.place(*span);
                }
            } else if group.len() > 1 {
                groups.push(group.split_off(group.len() / 2));
                groups.push(group);
            }
        }
        round
    }
}

/// The findings that can be mended, with their numbers, but for those whose mending overlaps with that of another.
fn apart(findings: &[Finding], wanted: impl Fn(&Finding) -> bool) -> Vec<(usize, Finding)> {
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut apart = Vec::new();
    let mendable = |finding: &&Finding| !finding.edits.is_empty() && wanted(finding);
    for (number, finding) in findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| mendable(finding))
    {
        let spans = || finding.edits.iter().map(|(span, _)| span);
        // Two that begin at the same byte have no order.
        let is_free = spans().all(|span| {
            let before = taken.range(..=span.start).next_back();
            let behind = taken.range(span.start..).next();
            before.is_none_or(|(start, end)| *start < span.start && *end <= span.start)
                && behind.is_none_or(|(start, _)| span.end <= *start)
        });
        if is_free {
            taken.extend(spans().map(|span| (span.start, span.end)));
            apart.push((number, finding.clone()));
        }
    }
    apart
}

/// All of the group are gone. A syntax error must give way to none or to a later one, a warning to no error, and nothing may
/// stand twice that did not before.
fn is_better(before: &Checked, group: &[(usize, Finding)], after: &Checked) -> bool {
    let line = |checked: &Checked| {
        let mut findings = checked.findings.iter();
        let syntax = findings.find(|finding| is_syntax(finding));
        syntax.map_or(usize::MAX, |finding| {
            checked.source.position(finding.primary.span.start).0
        })
    };
    let count = |checked: &Checked, wanted: fn(&&Finding) -> bool| {
        checked.findings.iter().filter(wanted).count()
    };
    let group = || group.iter().map(|(_, finding)| finding);
    let (was, is) = (line(before), line(after));
    let gives_way = is > was || is == was && !group().any(is_syntax);
    let errors = |checked| count(checked, |finding| is_error(finding));
    let twice = |checked| count(checked, |finding| finding.rule == "duplicate-key");
    let (kinds_before, kinds_after) = (kinds(&before.findings), kinds(&after.findings));
    let number = |of: &HashMap<_, usize>, kind| of.get(kind).copied().unwrap_or(0);
    let mended = kinds(group());
    let mut mended = mended.iter().filter(|((rule, _), _)| *rule != SYNTAX);
    gives_way
        && twice(after) <= twice(before)
        && (group().any(is_error) || errors(after) <= errors(before))
        && mended
            .all(|(kind, count)| number(&kinds_after, kind) + count <= number(&kinds_before, kind))
}

/// How many findings there are of each rule and sentence.
fn kinds<'f>(
    findings: impl IntoIterator<Item = &'f Finding>,
) -> HashMap<(&'f str, &'f str), usize> {
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

fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

/// What has changed, as `diff -u` shows it.
pub(super) fn diff(name: &str, before: &str, after: &str) -> String {
    // As Git does: behind a name with blanks, `patch` wants to be told where it ends.
    let end = if name.contains(char::is_whitespace) {
        "\t"
    } else {
        ""
    };
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{name}{end}"), &format!("b/{name}{end}"))
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
        let mended = mend(check(Source::new("x", text)), |_| true, check);
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
    fn a_diff_tells_patch_where_a_name_with_blanks_ends() {
        assert!(diff("a b.yml", "x\n", "y\n").starts_with("--- a/a b.yml\t\n+++ b/a b.yml\t\n@@"));
        assert!(diff("ab.yml", "x\n", "y\n").starts_with("--- a/ab.yml\n+++ b/ab.yml\n@@"));
    }

    #[test]
    fn quotes_that_were_meant_for_yaml_stay_yamls() {
        let lines = "version: 0.2\nphases:\n  build:\n    commands:\n      - ";
        for (before, after) in [
            ("\"echo \"hello\" world\"", "'echo \"hello\" world'"),
            ("\"echo \"a: b\"\"", "'echo \"a: b\"'"),
            ("'echo 'a' 'b''", "\"echo 'a' 'b'\""),
            ("\"$BIN\" --a \"b\"", "'\"$BIN\" --a \"b\"'"),
            ("\"$A\"/x \"b\"", "'\"$A\"/x \"b\"'"),
            ("\"C:\\x.exe\" /s", "'\"C:\\x.exe\" /s'"),
        ] {
            let expected = (format!("{lines}{after}\n"), 1);
            assert_eq!(mended(&format!("{lines}{before}\n")), expected);
        }
        for unclear in [
            "'echo it's done'",
            "\"echo hello\" world\"",
            "\"curl -H \"A: b\" -d \"{\\\"a\\\": 1}\"\"",
            "*common",
            "\"echo hello\n      - echo \"done\"",
        ] {
            let text = format!("{lines}{unclear}\n");
            assert_eq!(mended(&text), (text.clone(), 0));
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
