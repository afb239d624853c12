//! Findings for people, as rustc shows them.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::iter;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Finding, Label, Severity, simple};
use crate::source::Source;

/// Nobody reads more, and a hostile file can have any number.
const MOST_FINDINGS: usize = 200;

/// Places that are further apart are shown as snippets of their own.
pub(super) const MOST_LINES: usize = 200;

/// What a narrower terminal would show is unreadable anyway.
const LEAST_WIDTH: usize = 40;

/// Renders findings one below the other, each followed by an empty line.
///
/// `styled` adds colours; `width` is the terminal's.
pub fn render(source: &Source, findings: &[Finding], styled: bool, width: usize) -> String {
    let renderer = if styled {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let width = width.max(LEAST_WIDTH);
    let renderer = renderer.term_width(width);
    let mut output = String::new();
    let mut shown: Vec<&Finding> = findings.iter().collect();
    if shown.len() > MOST_FINDINGS {
        shown.sort_by_key(|finding| Reverse(finding.severity));
    }
    for finding in shown.into_iter().take(MOST_FINDINGS) {
        let laid_out = || renderer.render(&[group(source, finding)]);
        let simple = if styled {
            None
        } else {
            simple::render(source, finding, width)
        };
        debug_assert_eq!(simple, simple.as_ref().map(|_| laid_out()));
        output += &simple.unwrap_or_else(laid_out);
        output += "\n\n";
    }
    if let Some(left @ 1..) = findings.len().checked_sub(MOST_FINDINGS) {
        let _ = writeln!(output, "... and {left} more findings\n");
    }
    output
}

fn group<'a>(source: &'a Source, finding: &'a Finding) -> Group<'a> {
    let level = match finding.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let labels = || {
        let related = finding.related.iter();
        let related = related.map(|label| (AnnotationKind::Context, label));
        iter::once((AnnotationKind::Primary, &finding.primary)).chain(related)
    };
    let place = |label: &Label| source.position(label.span.start).0;
    let first = labels().map(|(_, label)| place(label)).min().unwrap_or(1);
    let last = labels().map(|(_, label)| place(label)).max().unwrap_or(1);
    let snippets: Vec<Snippet<'_, Annotation<'_>>> = if last - first <= MOST_LINES {
        let window = Window::new(source, first, last);
        let labels = labels().map(|(kind, label)| window.annotation(kind, label));
        vec![window.snippet().annotations(labels)]
    } else {
        labels()
            .map(|(kind, label)| {
                let window = Window::new(source, place(label), place(label));
                window.snippet().annotation(window.annotation(kind, label))
            })
            .collect()
    };
    let mut group = level
        .primary_title(harmless(&finding.message))
        .id(finding.rule)
        .elements(snippets);
    if let Some(sentence) = sentence(finding) {
        group = group.element(Level::NOTE.message(sentence));
    }
    for help in &finding.help {
        group = group.element(Level::HELP.message(harmless(help)));
    }
    group
}

/// What CodeBuild says of a finding.
pub(super) fn sentence(finding: &Finding) -> Option<String> {
    let sentence = harmless(finding.codebuild.as_ref()?);
    let how = if finding.assumed {
        "CodeBuild refuses this, probably with"
    } else {
        "CodeBuild says"
    };
    Some(format!("{how} `YAML_FILE_ERROR: {sentence}`"))
}

/// The lines that a snippet is made of: the renderer need not look at the others.
struct Window<'a> {
    source: &'a Source,
    text: &'a str,
    start: usize,
    /// Counted from 1.
    line: usize,
}

impl<'a> Window<'a> {
    fn new(source: &'a Source, first: usize, last: usize) -> Self {
        let start = source.line_start(first);
        let end = source.line_start(last + 1);
        Self {
            source,
            text: source.text().get(start..end).unwrap_or_default(),
            start,
            line: first,
        }
    }

    fn snippet<T: Clone>(&self) -> Snippet<'a, T> {
        Snippet::source(harmless(self.text))
            .path(harmless(self.source.name()))
            .line_start(self.line)
    }

    /// Labels mark one line at most: what goes on over many lines is clear from its start.
    fn annotation<'l>(&self, kind: AnnotationKind, label: &'l Label) -> Annotation<'l> {
        let inside = |byte: usize| {
            let byte = byte.saturating_sub(self.start).min(self.text.len());
            let (before, after) = self.text.split_at(self.text.floor_char_boundary(byte));
            // Both characters of a line's end stand for one.
            match before.strip_suffix('\r') {
                Some(before) if after.starts_with('\n') => before.len(),
                _ => before.len(),
            }
        };
        let start = inside(label.span.start);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let end = inside(label.span.end).clamp(start, start + line.trim_end().len());
        let place = |byte: usize| harmless(&self.text[..byte]).len();
        let annotation = kind.span(place(start)..place(end));
        if label.message.is_empty() {
            annotation
        } else {
            annotation.label(harmless(&label.message))
        }
    }
}

/// A text without control characters, which could rewrite what a terminal has shown.
///
/// Line ends become line feeds, other control characters their Unicode pictures, and what hides or reorders text a mark.
pub fn harmless(text: &str) -> Cow<'_, str> {
    // Nearly all texts are; without an early end, the compiler looks at many bytes at once.
    let ascii = |all, byte| all & matches!(byte, b'\n' | b'\t' | b' '..=b'~');
    if text.bytes().fold(true, ascii) {
        return Cow::Borrowed(text);
    }
    let mut output = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\u{feff}' if output.is_empty() => {}
            _ => output.push(substitute(character)),
        }
    }
    Cow::Owned(output)
}

fn substitute(character: char) -> char {
    match character {
        '\n' | '\t' => character,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => '\u{fffd}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    #[test]
    fn shows_place_sentence_and_help() {
        let source = Source::new("b.yml", "version: 1.0\r\nphases: {}\r\n");
        let finding = Finding::error(
            "version",
            "no 1.0",
            "there is no such version",
            Span::new(9, 12),
        )
        .label("here")
        .help("write `0.2`");
        assert_eq!(
            render(&source, &[finding], false, 80),
            "error[version]: there is no such version\n \
             --> b.yml:1:10\n  \
             |\n\
             1 | version: 1.0\n  \
             |          ^^^ here\n  \
             |\n  \
             = note: CodeBuild says `YAML_FILE_ERROR: no 1.0`\n  \
             = help: write `0.2`\n\n"
        );
    }

    #[test]
    fn control_characters_do_no_harm() {
        let source = Source::new("\u{1b}[2Jx.yml", "a: \u{1b}[31mred\u{202e}\u{7f}\n");
        let finding =
            Finding::warning("x", "\u{1b}]0;title\u{7}", Span::new(3, 12)).label("\u{9b}31m");
        let shown = render(&source, &[finding], false, 80);
        assert!(
            !shown.chars().any(|c| c.is_control() && c != '\n'),
            "{shown:?}"
        );
        assert!(shown.contains("\u{241b}[31mred"), "{shown}");
    }

    #[test]
    fn distant_places_are_shown_apart() {
        let source = Source::new("x", "a\n".repeat(1000));
        let finding =
            Finding::warning("x", "x", Span::new(1998, 1999)).related(Span::new(0, 1), "y");
        let shown = render(&source, &[finding], false, 80);
        assert!(
            shown.contains("1000 | a") && shown.contains("   1 | a"),
            "{shown}"
        );
        assert!(shown.lines().count() < 12, "{shown}");
    }

    #[test]
    fn errors_come_first_when_there_is_too_much() {
        let source = Source::new("x", "a\n");
        let mut findings = vec![Finding::warning("w", "w", Span::new(0, 1)); 300];
        findings.push(Finding::error("e", "s", "e", Span::new(0, 1)));
        let shown = render(&source, &findings, false, 80);
        assert!(shown.starts_with("error[e]"), "{shown}");
        assert!(shown.ends_with("... and 101 more findings\n\n"), "{shown}");
    }

    #[test]
    fn places_beyond_the_text_do_no_harm() {
        let source = Source::new("x", "a\n");
        for span in [
            Span::new(2, 2),
            Span::new(7, 9),
            Span::new(1, 1),
            Span::new(0, 0),
        ] {
            let finding = Finding::warning("x", "x", span).related(span, "y");
            assert!(!render(&source, &[finding], false, 80).is_empty());
        }
        let empty = Source::new("x", "");
        assert!(
            !render(
                &empty,
                &[Finding::warning("x", "x", Span::new(0, 0))],
                false,
                80
            )
            .is_empty()
        );
    }
}
