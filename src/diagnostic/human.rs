//! Findings for people, as rustc shows them.

use std::fmt::Write as _;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Finding, Label, Severity};
use crate::source::Source;

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
    let renderer = renderer.term_width(width.max(LEAST_WIDTH));
    let mut output = String::new();
    for finding in findings {
        let group = group(source, finding);
        let _ = writeln!(output, "{}\n", renderer.render(&[group]));
    }
    output
}

fn group<'a>(source: &'a Source, finding: &'a Finding) -> Group<'a> {
    let level = match finding.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let window = Window::new(source, finding);
    let mut snippet = Snippet::source(harmless(window.text))
        .path(harmless(source.name()))
        .line_start(window.line)
        .annotation(window.annotation(AnnotationKind::Primary, &finding.primary));
    for label in &finding.related {
        snippet = snippet.annotation(window.annotation(AnnotationKind::Context, label));
    }
    let mut group = level
        .primary_title(harmless(&finding.message))
        .id(finding.rule)
        .element(snippet);
    if let Some(sentence) = &finding.codebuild {
        let how = if finding.assumed {
            "CodeBuild refuses this, probably with"
        } else {
            "CodeBuild says"
        };
        let sentence = format!("{how} `YAML_FILE_ERROR: {}`", harmless(sentence));
        group = group.element(Level::NOTE.message(sentence));
    }
    for help in &finding.help {
        group = group.element(Level::HELP.message(harmless(help)));
    }
    group
}

/// The lines from a finding's first place to its last: the renderer need not look at the others.
struct Window<'a> {
    text: &'a str,
    start: usize,
    /// Counted from 1.
    line: usize,
}

impl<'a> Window<'a> {
    fn new(source: &'a Source, finding: &Finding) -> Self {
        let places = || {
            finding
                .related
                .iter()
                .chain([&finding.primary])
                .map(|label| label.span.start)
        };
        let first = places().min().unwrap_or_default();
        let last = places().max().unwrap_or_default();
        let line = source.position(first).0;
        let start = source.line_start(line);
        let end = source.line_start(source.position(last).0 + 1);
        Self {
            text: source.text().get(start..end).unwrap_or_default(),
            start,
            line,
        }
    }

    /// Labels mark one line at most: what goes on over many lines is clear from its start.
    fn annotation<'l>(&self, kind: AnnotationKind, label: &Label) -> Annotation<'l> {
        let inside = |byte: usize| {
            let byte = byte.saturating_sub(self.start).min(self.text.len());
            self.text.floor_char_boundary(byte)
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
pub fn harmless(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\u{feff}' if output.is_empty() => {}
            _ => output.push(substitute(character)),
        }
    }
    output
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
