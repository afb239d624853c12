//! Commands that were changed for one run, and how they get into the buildspec with its formatting kept. Pure.

use similar::TextDiff;

use super::breaks::BreakPoint;
use crate::buildspec;
use crate::buildspec::model::{Phase, Phases};
use crate::diagnostic::edit;
use crate::source::{Source, Span};

/// A command's new text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) at: BreakPoint,
    /// Where the old one stands.
    pub(super) span: Span,
    pub(super) was: String,
    pub(super) now: String,
}

/// The buildspec with the edits in it.
///
/// Each is written in the style of what it replaces where that can hold it, and read back: nothing else may have
/// changed. The error says which edit can't be placed.
pub(super) fn apply(source: &Source, edits: &[Edit]) -> Result<String, String> {
    let mut text = source.text().to_owned();
    let mut expected = commands(&text, source.name());
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    for edit in edits {
        let command = expected.iter_mut().find(|(at, _)| *at == edit.at);
        if let Some((_, command)) = command {
            command.clone_from(&edit.now);
        }
        let fits = |candidate: &String| commands(candidate, source.name()) == expected;
        let span = with_header(&text, edit.span);
        let placed = candidates(&text, span, &edit.now)
            .into_iter()
            .filter_map(|way| edit::apply(&text, &[way]))
            .find(fits);
        text = placed.ok_or_else(|| {
            format!(
                "{}: the new text can't stand in the old one's place (does an alias refer to it?)",
                edit.at
            )
        })?;
    }
    Ok(text)
}

/// What changed, command by command, where it can't stand in the buildspec.
pub(super) fn apart(source: &Source, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| edit.span.start);
    let ended = |text: &str| format!("{}\n", text.trim_end_matches('\n'));
    edits
        .into_iter()
        .map(|edit| {
            let (line, column) = source.position(edit.span.start);
            let name = format!("{}:{line}:{column} {}", source.name(), edit.at);
            diff(&name, &ended(&edit.was), &ended(&edit.now))
        })
        .collect()
}

/// What changed, as `diff -u` shows it.
pub(super) fn diff(name: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(2)
        .header(name, name)
        .to_string()
}

/// Every command, with its place.
fn commands(text: &str, name: &str) -> Vec<(BreakPoint, String)> {
    let reading = buildspec::read(&Source::new(name, text));
    if reading.verdict().is_some() {
        return Vec::new();
    }
    all(&reading.buildspec.phases)
}

fn all(phases: &Phases) -> Vec<(BreakPoint, String)> {
    use crate::engine::phase::PhaseType;
    let of = [
        &phases.install,
        &phases.pre_build,
        &phases.build,
        &phases.post_build,
    ];
    let mut all = Vec::new();
    for (kind, phase) in PhaseType::COMMANDS.into_iter().zip(of) {
        let Some(Phase {
            commands, finally, ..
        }) = phase
        else {
            continue;
        };
        for (list, finally) in [(commands, false), (finally, true)] {
            all.extend(list.iter().zip(1..).map(|(command, number)| {
                let at = BreakPoint {
                    phase: kind,
                    finally,
                    number,
                };
                (at, command.value.clone())
            }));
        }
    }
    all
}

/// A block's span begins with its text; with its header (`|`, `>-`), and without what is less deep, where it is one.
fn with_header(text: &str, span: Span) -> Span {
    let before = text[..span.start].trim_end_matches(' ');
    let deep = span.start - before.len();
    let header_line = before.trim_end().lines().next_back().unwrap_or_default();
    let header = header_line
        .split(" #")
        .next()
        .unwrap_or_default()
        .trim_end();
    let header = header.rsplit(' ').next().unwrap_or_default();
    let is_header = before.ends_with('\n')
        && header.starts_with(['|', '>'])
        && header[1..]
            .bytes()
            .all(|byte| b"+-0123456789".contains(&byte));
    if !is_header {
        return span;
    }
    let line_start = before.trim_end().len() - header_line.len();
    let start = line_start + header_line.rfind(header).unwrap_or_default();
    let mut end = span.start;
    for (number, line) in text[span.start..].split_inclusive('\n').enumerate() {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        if number > 0 && spaces < deep && !line.trim().is_empty() {
            break;
        }
        end += line.len();
    }
    // Empty lines behind it belong to whatever follows.
    let blank = &text[span.start..end];
    let kept = blank.trim_end().len();
    let newline = blank[kept..]
        .find('\n')
        .map_or(blank.len(), |at| kept + at + 1);
    Span::new(start, span.start + newline)
}

/// The ways to write a text, those nearest to the old one's style first, each with what it replaces.
fn candidates(text: &str, span: Span, now: &str) -> Vec<(Span, String)> {
    let old = text.get(span.range()).unwrap_or_default();
    // A block's span ends behind its last line break.
    let behind = if old.starts_with(['|', '>']) {
        &old[old.trim_end().len()..]
    } else {
        ""
    };
    let way = |new: String| (span, new + behind);
    let one_line = !now.contains('\n');
    let plain = one_line.then(|| way(now.to_owned()));
    let quoted = edit::quoted(now).map(way);
    let single = one_line.then(|| way(format!("'{}'", now.replace('\'', "''"))));
    let double = serde_json::to_string(now).ok().map(way);
    let block = Some(block(text, span, old, now));
    let ways = match old.chars().next() {
        Some('|' | '>') => [block, plain, single, double],
        Some('\'') => [single, block, double, None],
        Some('"') => [double, block, None, None],
        _ => [plain, quoted, block, double],
    };
    ways.into_iter().flatten().collect()
}

/// A literal block, as deep as the old one's text or two columns deeper than its line. A comment behind the old text
/// moves behind the block's header.
fn block(text: &str, span: Span, old: &str, now: &str) -> (Span, String) {
    let line_start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..]
        .split_inclusive('\n')
        .next()
        .unwrap_or_default();
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let was_block = old.starts_with(['|', '>']);
    let deep = old
        .lines()
        .skip(1)
        .find(|line| was_block && !line.trim().is_empty())
        .map_or(spaces(line) + 2, spaces);
    let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
    let behind = text[span.end..].lines().next().unwrap_or_default();
    let comment = if !was_block && behind.trim_start().starts_with('#') {
        behind
    } else {
        ""
    };
    let chomp = match now {
        now if now.ends_with("\n\n") => "+",
        now if now.ends_with('\n') => "",
        _ => "-",
    };
    let mut block = format!("|{chomp}{comment}");
    for line in now.strip_suffix('\n').unwrap_or(now).split('\n') {
        block.push_str(end);
        if !line.is_empty() {
            block.push_str(&" ".repeat(deep));
            block.push_str(line);
        }
    }
    // What followed the old text stays on its own line.
    block.push_str(&old[old.trim_end_matches(['\n', '\r', ' ']).len()..]);
    (Span::new(span.start, span.end + comment.len()), block)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# mine
version: 0.2
phases:
  build:
    commands:
      - echo plain   # why
      - 'it''s single'
      - \"double\\t\"
      - |
        one
          two
      # between
      - >-
        folded
        text
    finally: [ last, 'end' ]
";

    fn edit(text: &str, at: &str, now: &str) -> Edit {
        let reading = buildspec::read(&Source::new("b.yml", text));
        let at: BreakPoint = at.parse().unwrap();
        let build = reading.buildspec.phases.build.unwrap();
        let list = if at.finally {
            build.finally
        } else {
            build.commands
        };
        Edit {
            at,
            span: list[at.number - 1].span,
            was: list[at.number - 1].value.clone(),
            now: now.to_owned(),
        }
    }

    fn changed(text: &str, edits: &[(&str, &str)]) -> Result<String, String> {
        let edits: Vec<_> = edits.iter().map(|(at, now)| edit(text, at, now)).collect();
        apply(&Source::new("b.yml", text), &edits).map(|new| diff("b.yml", text, &new))
    }

    #[test]
    fn the_style_and_all_around_it_stay() {
        for (at, now, lines) in [
            (
                "BUILD:1",
                "echo other",
                "-      - echo plain   # why\n+      - echo other   # why\n",
            ),
            ("BUILD:1", "a: b", "+      - 'a: b'   # why\n"),
            ("BUILD:2", "it's new", "+      - 'it''s new'\n"),
            ("BUILD:3", "a\\b", "+      - \"a\\\\b\"\n"),
            (
                "BUILD:4",
                "one\n  2\nthree\n",
                "-          two\n+          2\n+        three\n",
            ),
            (
                "BUILD:4",
                "only",
                "-      - |\n-        one\n-          two\n+      - |-\n+        only\n",
            ),
            (
                "BUILD:5",
                "new\n\nlines",
                "+      - |-\n+        new\n+\n+        lines\n",
            ),
            (
                "BUILD:finally:1",
                "first",
                "+    finally: [ first, 'end' ]\n",
            ),
            (
                "BUILD:finally:2",
                "a\nb",
                "+    finally: [ last, \"a\\nb\" ]\n",
            ),
            (
                "BUILD:1",
                "if x\nthen y\nfi",
                "+      - |-   # why\n+        if x\n+        then y\n+        fi",
            ),
            (
                "BUILD:4",
                "  deep\nshallow",
                "+      - \"  deep\\nshallow\"\n",
            ),
        ] {
            let diff = changed(TEXT, &[(at, now)]).unwrap_or_else(|error| panic!("{at}: {error}"));
            assert!(diff.contains(lines), "{at} {now:?}\n{diff}");
            assert_eq!(diff.matches("@@").count(), 2, "{diff}");
        }
    }

    #[test]
    fn what_can_t_be_placed_is_shown_by_itself() {
        let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - &same echo one\n      - *same\n";
        let source = Source::new("b.yml", text);
        let edits = [edit(text, "BUILD:1", "echo two\necho three\n")];
        assert!(apply(&source, &edits).is_err());
        let shown = apart(&source, &edits);
        assert!(shown.starts_with("--- b.yml:5:"), "{shown}");
        assert!(
            shown.ends_with("-echo one\n+echo two\n+echo three\n"),
            "{shown}"
        );
    }

    #[test]
    fn several_edits_and_foreign_line_ends() {
        let diff = changed(
            TEXT,
            &[("BUILD:1", "A"), ("BUILD:finally:2", "Z"), ("BUILD:2", "B")],
        )
        .unwrap();
        for line in [
            "+      - A   # why\n",
            "+      - 'B'\n",
            "+    finally: [ last, 'Z' ]\n",
        ] {
            assert!(diff.contains(line), "{diff}");
        }
        let crlf = TEXT.replace('\n', "\r\n");
        let edits = [edit(&crlf, "BUILD:4", "x\ny\n")];
        let new = apply(&Source::new("b.yml", crlf.as_str()), &edits).unwrap();
        assert!(
            new.contains("      - |\r\n        x\r\n        y\r\n"),
            "{new:?}"
        );
    }
}
