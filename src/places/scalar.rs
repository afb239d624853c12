//! YAML's texts, aligned with what stands in the file.

use granit_parser::ScalarStyle;

use super::mapped::Mapped;
use crate::source::{Source, Span};

/// The text of a scalar with the place of every part of it.
///
/// The parser says what the text is; this finds each letter again. Where that fails, the whole text has the scalar's place.
pub(super) fn mapped(source: &Source, text: &str, style: ScalarStyle, span: Span) -> Mapped {
    let aligned = match style {
        ScalarStyle::Literal => literal(source, text, span),
        _ => flow(source, text, style, span),
    };
    aligned
        .filter(|mapped| mapped.text() == text)
        .unwrap_or_else(|| {
            let mut mapped = Mapped::default();
            mapped.written(text, span);
            mapped
        })
}

/// Each line of a `|` block is the end of a line in the file.
fn literal(source: &Source, text: &str, span: Span) -> Option<Mapped> {
    let file = source.text();
    let mut mapped = Mapped::default();
    let (mut line, _) = source.position(span.start);
    for piece in text.split_inclusive('\n') {
        let start = source.line_start(line);
        let raw = file.get(start..source.line_start(line + 1))?;
        let content = raw.trim_end_matches('\n').trim_end_matches('\r');
        let inner = piece.trim_end_matches('\n');
        content.strip_suffix(inner)?;
        let at = start + content.len() - inner.len();
        mapped.copy(inner, at);
        if piece.ends_with('\n') {
            let end = Span::new(at + inner.len(), start + raw.len());
            if end.end - end.start == 1 {
                mapped.copy("\n", end.start);
            } else {
                mapped.written("\n", end);
            }
        }
        line += 1;
    }
    Some(mapped)
}

/// Plain, quoted and folded texts: letters are the same, white space with a line break in it is folded, and quotes have escapes.
fn flow(source: &Source, text: &str, style: ScalarStyle, span: Span) -> Option<Mapped> {
    let raw = source.text().get(span.range())?;
    let (mut raw, mut at) = match style {
        ScalarStyle::DoubleQuoted | ScalarStyle::SingleQuoted => {
            (raw.get(1..raw.len().checked_sub(1)?)?, span.start + 1)
        }
        _ => (raw, span.start),
    };
    let mut text = text;
    let mut mapped = Mapped::default();
    while !text.is_empty() {
        let (taken, length, copied) = step(text, raw, style)?;
        let (inner, outer) = (text.get(..taken)?, Span::new(at, at + length));
        if copied {
            mapped.copy(inner, at);
        } else {
            mapped.written(inner, outer);
        }
        text = text.get(taken..)?;
        raw = raw.get(length..)?;
        at += length;
    }
    Some(mapped)
}

/// How much of the text the next bytes of the file stand for, how many they are, and whether they are the same.
fn step(text: &str, raw: &str, style: ScalarStyle) -> Option<(usize, usize, bool)> {
    let next = raw.chars().next()?;
    let double = style == ScalarStyle::DoubleQuoted;
    if double && next == '\\' {
        let (length, letters) = escape(text, raw)?;
        return Some((letters, length, false));
    }
    if style == ScalarStyle::SingleQuoted && raw.starts_with("''") {
        return text.starts_with('\'').then_some((1, 2, false));
    }
    let blank = |letter: char| matches!(letter, ' ' | '\t' | '\n' | '\r');
    let space = raw.len() - raw.trim_start_matches(blank).len();
    if space > 0 && raw[..space].contains('\n') {
        let escaped_next = double && raw[space..].starts_with('\\');
        let most = text.len() - text.trim_start_matches(blank).len();
        let breaks = raw[..space].matches('\n').count();
        let taken = if escaped_next {
            breaks.saturating_sub(1).max(1).min(most)
        } else {
            most
        };
        return Some((taken, space, false));
    }
    let same = raw
        .bytes()
        .zip(text.bytes())
        .take_while(|(raw, text)| {
            raw == text && !matches!(raw, b'\n' | b'\r' | b' ' | b'\t' | b'\\' | b'\'')
        })
        .count();
    if same > 0 && text.is_char_boundary(same) {
        return Some((same, same, true));
    }
    text.starts_with(next)
        .then_some((next.len_utf8(), next.len_utf8(), true))
}

/// The length of an escape in double quotes, and of what it stands for.
fn escape(text: &str, raw: &str) -> Option<(usize, usize)> {
    let kind = raw.chars().nth(1)?;
    if kind == '\n' || kind == '\r' {
        let rest = raw[1..].trim_start();
        return Some((raw.len() - rest.len(), 0));
    }
    let letter = text.chars().next()?;
    let length = match kind {
        'x' => 4,
        'u' if u32::from(letter) > 0xffff => 12,
        'u' => 6,
        'U' => 10,
        other => 1 + other.len_utf8(),
    };
    Some((length.min(raw.len()), letter.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    /// Every letter of the text `a` must be found where it stands.
    fn aligned(file: &str) -> (String, Vec<String>) {
        let source = Source::new("x", file);
        let documents = tree::read(&source).unwrap();
        let node = documents[0].get("a").unwrap();
        let tree::Kind::Scalar { text, style } = &node.kind else {
            panic!("{node:?}")
        };
        let mapped = mapped(&source, text, *style, node.span);
        assert_eq!(mapped.text(), text);
        let words = text
            .split_whitespace()
            .map(|word| {
                let start = word.as_ptr() as usize - text.as_ptr() as usize;
                let outer = mapped.outer(Span::new(start, start + word.len()));
                file[outer.range()].to_owned()
            })
            .collect();
        (text.clone(), words)
    }

    #[test]
    fn finds_words_in_every_style() {
        for (file, words) in [
            ("a: |\n    one\n      two\n\n    three\n", "one two three"),
            ("a: |-\r\n  one\r\n  two\r\n", "one two"),
            (
                "a: >\n  one\n  two\n\n   three\n  four\n",
                "one two three four",
            ),
            ("a: one two\n  three\n\n  four # no\n", "one two three four"),
            ("a: 'one ''two''\n  three'\n", "one ''two'' three"),
            (
                "a: \"one\\n  two\\ttwo \\\"q\\\"\n    three\\\n    3 \\u00e9\\n\\n- \\ud83d\\ude00\"\n",
                "one two two \\\"q\\\" three\\\n    3 \\u00e9 - \\ud83d\\ude00",
            ),
            ("{\"a\": \"x\\n\\\\y\\/z\"}", "x \\\\y\\/z"),
            ("a: |2\n    one\n   two\n", "one two"),
        ] {
            let (_, found) = aligned(file);
            assert_eq!(found.join(" "), words, "{file}");
        }
    }
}
