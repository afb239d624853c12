//! Edits: the texts that mend a finding.

use crate::source::Span;

/// Another name in the place of a key or value; its quotes stay.
pub fn rename(text: &str, span: Span, name: &str) -> (Span, String) {
    let raw = text.get(span.range()).unwrap_or_default();
    let quote = raw
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''));
    match quote {
        Some(quote) => (span, format!("{quote}{name}{quote}")),
        None => (span, name.to_owned()),
    }
}

/// One line as a YAML text in quotes; `None` where only a block could hold it.
pub fn quoted(line: &str) -> Option<String> {
    if line.contains('\n') {
        None
    } else if !line.contains('\'') {
        Some(format!("'{line}'"))
    } else if !line.contains(['"', '\\']) {
        Some(format!("\"{line}\""))
    } else {
        None
    }
}

/// How the line around a byte ends, or the one above where it has no end.
pub fn line_end(text: &str, byte: usize) -> &'static str {
    let (before, after) = text.split_at(text.floor_char_boundary(byte));
    let here = after.find('\n').map(|at| before.len() + at);
    match here.or_else(|| before.rfind('\n')) {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// One line as a YAML text in quotes, or as a block below `column` where quotes can't hold it.
pub fn quoted_or_block(line: &str, column: usize, line_end: &str) -> Option<String> {
    if line.contains('\n') {
        return None;
    }
    quoted(line).or_else(|| Some(format!("|-{line_end}{}{line}", " ".repeat(column + 2))))
}

/// A quote of the shell's is open at a command's end.
pub fn ends_in_quotes(command: &str) -> bool {
    let mut open = None;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match (open, letter) {
            (Some(quote), _) if quote == letter => open = None,
            (Some('"') | None, '\\') => {
                letters.next();
            }
            (None, '\'' | '"') => open = Some(letter),
            _ => {}
        }
    }
    open.is_some()
}

/// Where places are after edits that they do not overlap with.
#[derive(Debug)]
pub struct Moves(Vec<(usize, usize, usize)>);

impl Moves {
    pub fn of(edits: &[(Span, String)]) -> Self {
        let mut edits: Vec<_> = edits.iter().collect();
        edits.sort_by_key(|(span, _)| span.end);
        let (mut gone, mut come) = (0, 0);
        let moves = edits.into_iter().map(|(span, new)| {
            gone += span.range().len();
            come += new.len();
            (span.end, gone, come)
        });
        Self(moves.collect())
    }

    pub fn place(&self, span: Span) -> Span {
        let before = self.0.partition_point(|(end, ..)| *end <= span.start);
        let last = before.checked_sub(1).and_then(|last| self.0.get(last));
        let (gone, come) = last.map_or((0, 0), |(_, gone, come)| (*gone, *come));
        Span::new(span.start + come - gone, span.end + come - gone)
    }
}

/// The text with edits in it; `None` when two of them overlap or one lies outside.
pub fn apply(text: &str, edits: &[(Span, String)]) -> Option<String> {
    let mut edits: Vec<&(Span, String)> = edits.iter().collect();
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (span, new) in edits {
        out.push_str(text.get(done..span.start)?);
        out.push_str(new);
        done = span.end.max(span.start);
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_move_with_what_stands_before_them() {
        let edits = [(8, 8, "new"), (2, 4, ""), (10, 11, "longer")];
        let edits = edits.map(|(start, end, new)| (Span::new(start, end), new.to_owned()));
        let moves = Moves::of(&edits);
        let place = |start, end| moves.place(Span::new(start, end)).range();
        assert_eq!(place(0, 2), 0..2);
        assert_eq!(place(4, 6), 2..4);
        assert_eq!(place(8, 10), 9..11);
        assert_eq!(place(11, 12), 17..18);
    }

    #[test]
    fn writes_texts_that_yaml_takes() {
        assert_eq!(quoted("echo a: b").unwrap(), "'echo a: b'");
        assert_eq!(quoted("echo 'a: b'").unwrap(), "\"echo 'a: b'\"");
        assert_eq!(quoted("echo 'a: \"b'"), None);
        assert_eq!(
            quoted_or_block("echo 'a: \"b'", 4, "\n").unwrap(),
            "|-\n      echo 'a: \"b'"
        );
        assert_eq!(rename("'a': b", Span::new(0, 3), "x").1, "'x'");
    }

    #[test]
    fn finds_the_end_of_a_line() {
        for (text, byte, expected) in [
            ("a\r\nb\n", 0, "\r\n"),
            ("a\r\nb\n", 3, "\n"),
            ("a\r\nb", 4, "\r\n"),
            ("a", 0, "\n"),
        ] {
            assert_eq!(line_end(text, byte), expected, "{text:?}");
        }
    }

    #[test]
    fn applies_in_any_order_and_refuses_overlaps() {
        let edit = |start, end, text: &str| (Span::new(start, end), text.to_owned());
        assert_eq!(
            apply("abcd", &[edit(3, 4, "x"), edit(0, 1, "")]).unwrap(),
            "bcx"
        );
        assert_eq!(apply("abcd", &[edit(4, 4, "e")]).unwrap(), "abcde");
        assert_eq!(apply("abcd", &[edit(0, 2, ""), edit(1, 3, "")]), None);
        assert_eq!(apply("abcd", &[edit(0, 9, "")]), None);
    }
}
