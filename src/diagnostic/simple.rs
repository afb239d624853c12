//! A finding without colours as annotate-snippets shows it, when its places are marks in short lines of ASCII, one in each.
//!
//! Nine of ten are so, and the crate, which lays out every letter with its style, would take a fifth of the time that
//! a check of many files has. Builds with debug assertions show each in both ways and compare.

use super::human::{MOST_LINES, sentence};
use super::{Finding, Label};
use crate::source::Source;

/// From here on the crate leaves out some of what stands in front of the place.
const FAR_RIGHT: usize = 26;

/// The lines of a finding without the last one's end; `None` when it is not simple.
pub(super) fn render(source: &Source, finding: &Finding, width: usize) -> Option<String> {
    let primary = Mark::new(source, &finding.primary, "^")?;
    let related = finding.related.iter();
    let related = related.map(|label| Mark::new(source, label, "-"));
    let mut marks = related.collect::<Option<Vec<_>>>()?;
    marks.push(primary);
    marks.sort_by_key(|mark| mark.number);
    let digits = marks.last()?.number.ilog10() as usize + 1;
    let sentence = sentence(finding);
    let notes = sentence.iter().map(|sentence| ("note", sentence));
    let notes = notes.chain(finding.help.iter().map(|help| ("help", help)));
    let is_simple = is_ascii(source.name())
        && is_ascii(&finding.message)
        && notes.clone().all(|(_, note)| is_ascii(note))
        && are_simple(source, &marks, width.checked_sub(digits + " | ".len())?);
    if !is_simple {
        return None;
    }
    let margin = " ".repeat(digits);
    let mut output = format!(
        "{}[{}]: {}\n{margin}--> {}:{}:{}\n{margin} |",
        finding.severity.name(),
        finding.rule,
        finding.message,
        source.name(),
        primary.number,
        primary.column + 1,
    );
    let mut before = None;
    for mark in marks {
        match before.map(|before| mark.number - before) {
            Some(2) => {
                let between = line(source, mark.number - 1);
                let gap = if between.is_empty() { "" } else { " " };
                output += &format!("\n{:digits$} |{gap}{between}", mark.number - 1);
            }
            Some(3..) => output += "\n...",
            _ => {}
        }
        before = Some(mark.number);
        output += &format!(
            "\n{:digits$} | {}\n{margin} | {}{}",
            mark.number,
            mark.line,
            " ".repeat(mark.column),
            mark.sign.repeat(mark.length),
        );
        if !mark.label.is_empty() {
            output.extend([" ", mark.label]);
        }
    }
    for (index, (kind, note)) in notes.enumerate() {
        if index == 0 {
            output.extend(["\n", &margin, " |"]);
        }
        output.extend(["\n", &margin, " = ", kind, ": ", note]);
    }
    Some(output)
}

/// No two marks stand in one line, the lines between them can be shown too, and the crate would make one snippet of all.
fn are_simple(source: &Source, marks: &[Mark<'_>], width: usize) -> bool {
    let fits = |line: &str| is_ascii(line) && line.len() <= width;
    let apart = marks.windows(2).all(|pair| {
        let distance = pair[1].number - pair[0].number;
        distance > 0 && (distance != 2 || fits(line(source, pair[0].number + 1)))
    });
    let is_simple = |mark: &Mark<'_>| {
        let spaces = mark.line.len() - mark.line.trim_start_matches(' ').len();
        fits(mark.line) && is_ascii(mark.label) && spaces.min(mark.column) <= FAR_RIGHT
    };
    let height = match marks {
        [first, .., last] => last.number - first.number,
        _ => 0,
    };
    apart && height <= MOST_LINES && marks.iter().all(is_simple)
}

/// A line, and what is marked in it.
#[derive(Clone, Copy)]
struct Mark<'a> {
    /// Counted from 1.
    number: usize,
    line: &'a str,
    /// In bytes, as is the length.
    column: usize,
    length: usize,
    sign: &'static str,
    label: &'a str,
}

impl<'a> Mark<'a> {
    fn new(source: &'a Source, label: &'a Label, sign: &'static str) -> Option<Self> {
        let (number, _) = source.position(label.span.start);
        let start = source.line_start(number);
        let line = line(source, number);
        let column = label.span.start - start;
        let end = line.trim_end().len().min(label.span.end - start);
        Some(Self {
            number,
            line,
            column,
            length: end.checked_sub(column).filter(|length| *length > 0)?,
            sign,
            label: &label.message,
        })
    }
}

fn line(source: &Source, number: usize) -> &str {
    let lines = source.line_start(number)..source.line_start(number + 1);
    let line = source.text().get(lines).unwrap_or_default();
    let Some(line) = line.strip_suffix('\n') else {
        return line;
    };
    line.strip_suffix('\r').unwrap_or(line)
}

fn is_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostic::human;
    use crate::source::Span;

    fn finding(places: &[(usize, usize, String)]) -> Option<Finding> {
        let mut places = places.iter();
        let (start, length, message) = places.next()?;
        let first = Finding::warning("rule", "what is wrong", Span::new(*start, start + length));
        let finding = first.label(message.clone()).help("mend it");
        Some(places.fold(finding, |finding, (start, length, message)| {
            finding.related(Span::new(*start, start + length), message.clone())
        }))
    }

    #[test]
    fn places_in_lines_of_their_own_are_simple() {
        let source = Source::new("b.yml", "a: b\nc: d\n\ne: f\ng\nh\ni: j\n");
        let places = [11, 0, 5, 20].map(|start| (start, 1, "here".to_owned()));
        let finding = finding(&places).unwrap();
        let text = "\
warning[rule]: what is wrong
 --> b.yml:4:1
  |
1 | a: b
  | - here
2 | c: d
  | - here
3 |
4 | e: f
  | ^ here
...
7 | i: j
  | - here
  |
  = help: mend it";
        assert_eq!(render(&source, &finding, 80).as_deref(), Some(text));
        assert_eq!(render(&source, &finding, 4), None);
    }

    proptest! {
        /// With debug assertions, what is simple is held against what the crate makes of it.
        #[test]
        fn simple_findings_look_as_the_crate_shows_them(
            text in "([ \t]{0,30}[ -~\u{e9}]{0,30}\r?\n?){0,14}",
            places in proptest::collection::vec((0..300_usize, 0..30_usize, "[ -~\u{e9}\n]{0,6}"), 1..5),
            width in 0..120_usize,
        ) {
            let source = Source::new("b.yml", text);
            let findings: Vec<Finding> = finding(&places).into_iter().collect();
            prop_assert!(human::render(&source, &findings, false, width).contains("what is wrong"));
        }
    }
}
