//! The text of a file, and places in it.

use std::ops::Range;

/// A half-open range of bytes in a [`Source`]'s text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The same as a standard range, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A value and the bytes it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spanned<T> {
    /// What was read.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Puts a value and its place together.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A text that findings can point into.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// `name` is what a person is shown: a path as they typed it, or `<stdin>`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let ends = || memchr::memchr_iter(b'\n', text.as_bytes());
        let mut line_starts = Vec::with_capacity(1 + ends().count());
        line_starts.push(0);
        line_starts.extend(ends().map(|at| at + 1));
        Self {
            name: name.into(),
            text,
            line_starts,
        }
    }

    /// What a person is shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text, as it stands in the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte, both counted from 1; the column counts characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let byte = byte.min(self.text.len());
        let line = self.line_starts.partition_point(|&start| start <= byte);
        let start = self.line_starts[line - 1];
        let before = self.text.get(start..byte).unwrap_or_default();
        // An editor shows no byte order mark, and counts none.
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        (line, before.chars().count() + 1)
    }

    /// The byte at which line `number` (counted from 1) starts; the end of the text beyond the last one.
    pub fn line_start(&self, number: usize) -> usize {
        number
            .checked_sub(1)
            .and_then(|index| self.line_starts.get(index))
            .copied()
            .unwrap_or(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let source = Source::new("x", "\u{feff}ab\nc");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(3), (1, 1));
        assert_eq!(source.position(4), (1, 2));
        assert_eq!(source.position(6), (2, 1));
    }

    #[test]
    fn counts_lines_and_characters_from_one() {
        let source = Source::new("x", "ab\n\u{e9}c\n");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(2), (1, 3));
        assert_eq!(source.position(5), (2, 2));
        assert_eq!(source.position(7), (3, 1));
        assert_eq!(source.position(99), (3, 1));
        assert_eq!(source.line_start(2), 3);
        assert_eq!(source.line_start(9), 7);
    }
}
