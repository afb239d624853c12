//! `--fix`: mends what has one safe mending, and nothing else.

use similar::TextDiff;

use crate::diagnostic::{Checked, Finding, edit};
use crate::source::Source;

/// One file has no more mistakes than this that anybody waits for.
const MOST_FIXES: usize = 500;

/// A file with its mendings.
#[derive(Clone, Debug)]
pub(super) struct Mended {
    /// What is left to find.
    pub(super) checked: Checked,
    /// How many findings are gone.
    pub(super) fixes: usize,
}

/// Mends one finding after the other; each must go away and bring nothing worse.
pub(super) fn mend(checked: Checked, check: impl Fn(Source) -> Checked) -> Mended {
    let mut now = checked;
    let mut fixes = 0;
    let mut next = 0;
    while fixes < MOST_FIXES {
        let Some(finding) = now.findings.get(next) else {
            break;
        };
        let text = if finding.edits.is_empty() {
            None
        } else {
            edit::apply(now.source.text(), &finding.edits)
        };
        let after = text.map(|text| check(Source::new(now.source.name(), text)));
        match after.filter(|after| is_better(&now, finding, after)) {
            Some(after) => {
                now = after;
                fixes += 1;
                next = 0;
            }
            None => next += 1,
        }
    }
    Mended {
        checked: now,
        fixes,
    }
}

/// A syntax error must give way to none or to a later one; nothing may stand twice that did not before.
fn is_better(before: &Checked, mended: &Finding, after: &Checked) -> bool {
    let line = |checked: &Checked| {
        let syntax = checked
            .findings
            .iter()
            .find(|finding| finding.rule == "yaml-syntax");
        syntax.map_or(usize::MAX, |finding| {
            checked.source.position(finding.primary.span.start).0
        })
    };
    let count = |checked: &Checked, wanted: &dyn Fn(&Finding) -> bool| {
        checked
            .findings
            .iter()
            .filter(|finding| wanted(finding))
            .count()
    };
    let same = |finding: &Finding| finding.rule == mended.rule && finding.message == mended.message;
    let twice = |finding: &Finding| finding.rule == "duplicate-key";
    let gone = if mended.rule == "yaml-syntax" {
        line(after) > line(before)
    } else {
        line(after) >= line(before) && count(after, &same) < count(before, &same)
    };
    gone && count(after, &twice) <= count(before, &twice)
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
