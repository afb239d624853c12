//! Lines that YAML joins into one command, though each was meant to stand for itself.

use super::context::Context;
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    id: "glued-commands",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "lines that YAML joins into one command, though they are not meant so",
    why: "A line that is indented deeper than the `-` above it goes on with that item, and YAML puts one space in the place of the line's \
          end: an indented `- pwd` is no item but two words more, a `-` without a space behind it begins no item, a `\\` at a line's end \
          then escapes that space, and a here-document has no lines.",
    before: "phases:\n  build:\n    commands:\n      - cd app\n        - make",
    after: "phases:\n  build:\n    commands:\n      - cd app\n      - make",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let text = context.source.text();
    let unix = context.is_unix();
    let glued = context
        .items
        .iter()
        .filter_map(|item| glued(text, item.span, item.text, unix));
    glued.collect()
}

/// Looks at a command where it is written, and at what YAML makes of it.
fn glued(text: &str, span: Span, command: &str, unix: bool) -> Option<Finding> {
    let written = text.get(span.range())?;
    // Quotes are chosen on purpose; of dashes that only look like one, `look-alike` speaks.
    if written.starts_with(['"', '\'', '\u{2013}', '\u{2014}']) || !written.contains('\n') {
        return None;
    }
    let lacks_space = is_dashed(written);
    let mut above: Option<Span> = None;
    let mut start = span.start;
    // What YAML made of the lines from here on.
    let mut rest = command;
    for line in written.split_inclusive('\n') {
        let body = line.trim();
        let at = start + line.len() - line.trim_start().len();
        start += line.len();
        let here = Span::new(at, at + body.len());
        if body.is_empty() {
            above = None;
            continue;
        }
        let from = rest.trim_start();
        let gap = &rest[..rest.len() - from.len()];
        rest = from.strip_prefix(body)?;
        if let Some(above) = above
            && gap == " "
            && let Some((message, label, help)) =
                meaning(&text[above.range()], body, lacks_space, unix)
        {
            return Some(
                Finding::warning(RULE.id, message, here)
                    .label(label)
                    .related(above, "goes on below")
                    .help(help),
            );
        }
        above = Some(here);
    }
    None
}

/// What a line was meant to be that YAML joins to the one above it: a message, a label and help.
fn meaning(
    above: &str,
    line: &str,
    lacks_space: bool,
    unix: bool,
) -> Option<(&'static str, &'static str, &'static str)> {
    Some(if line == "-" || line.starts_with("- ") {
        (
            "this `-` begins no command: the line goes on with the one above",
            "YAML sees no item here",
            "begin every command with `- `, in the same column",
        )
    } else if lacks_space && is_dashed(line) {
        (
            "these lines are one command: a `-` without a space behind it begins no item",
            "goes on with the line above",
            "put a space behind every `-`",
        )
    } else if unix && ends_in_backslash(above) {
        (
            "YAML joins this line to the one above, and the `\\` there escapes the space between them",
            "the space becomes part of this line's first word",
            "remove the `\\`, or write the command as a block: `- |`, and the command on the next lines, indented",
        )
    } else if unix && has_here_document(above) {
        (
            "YAML joins the lines of this here-document into one",
            "no line of its own",
            "write the command as a block, which keeps its lines: `- |`, and the command on the next lines, indented",
        )
    } else {
        return None;
    })
}

/// Begins with a dash and a word: `-echo`, not `--option`.
fn is_dashed(line: &str) -> bool {
    let word = line.strip_prefix('-').unwrap_or_default();
    word.starts_with(|letter: char| letter != '-' && !letter.is_whitespace())
}

fn ends_in_backslash(line: &str) -> bool {
    let slashes = line.len() - line.trim_end_matches('\\').len();
    slashes % 2 == 1
}

/// `<<WORD`, `<<-WORD` or `<<'WORD'`, not `<<<` nor a number's shift.
fn has_here_document(line: &str) -> bool {
    line.match_indices("<<").any(|(at, _)| {
        let rest = line[at + 2..].trim_start_matches('-').trim_start();
        !line[..at].ends_with('<')
            && rest.starts_with(|letter: char| letter.is_alphabetic() || "_'\"\\".contains(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::yaml::{self, Kind};

    fn message(commands: &str) -> Option<String> {
        let source = Source::new("x", format!("{commands}\n"));
        let root = yaml::parse(&source).root.unwrap();
        let item = match &root.kind {
            Kind::Sequence(items) => &items[0],
            _ => &root,
        };
        let found = glued(source.text(), item.span, item.text().unwrap(), true);
        found.map(|finding| finding.message)
    }

    #[test]
    fn lines_that_are_no_longer_their_own_are_found() {
        for (commands, part) in [
            ("- ls\n  - pwd", "this `-` begins no command"),
            ("-echo hi\n-echo there", "without a space behind it"),
            ("- docker run \\\n    -v a:b x", "escapes the space"),
            ("- cat <<EOF > x\n  hello\n  EOF", "here-document"),
            ("- >\n  docker run \\\n  -v a:b x", "escapes the space"),
            ("- cat > x <<-'EOF'\n  hello\n  EOF", "here-document"),
        ] {
            let found = message(commands).unwrap_or_default();
            assert!(found.contains(part), "{commands}: {found}");
        }
    }

    #[test]
    fn ordinary_folding_is_left_alone() {
        for commands in [
            "- ls",
            "- aws s3 cp a b\n  --recursive\n  -v",
            "- make &&\n  make test",
            "- docker run \\\n\n  -v a:b x",
            "- echo a\\\\\n  b",
            "- cat <<< word\n  -n",
            "- x=$((1 << 2))\n  y=1",
            "- '-a\n  -b'",
            "- |\n  ls\n  - pwd",
            "\u{2013} ls\n- pwd",
            "- |\n  docker run \\\n    -v a:b x",
        ] {
            assert_eq!(message(commands), None, "{commands}");
        }
    }
}
