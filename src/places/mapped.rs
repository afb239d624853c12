//! A text that was taken out of a file, and where each part of it stands there.

use std::ops::Range;

use crate::source::Span;

/// A text made of pieces of a file. Every piece knows its place.
#[derive(Clone, Debug, Default)]
pub struct Mapped {
    text: String,
    /// In the order of the text, without gaps.
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
struct Piece {
    /// Where it begins in the text; it ends where the next one begins.
    start: usize,
    outer: Span,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The same bytes in the file.
    Copy,
    /// Other bytes in the file: an escape, a folded line break.
    Written,
    /// Not known before something else runs; the text holds what stands for it.
    Unknown,
}

impl Mapped {
    /// The text as `CodeBuild` would get it, except for what is unknown.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its parts in order: text, place, and whether the text is known.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&str, Span, bool)> {
        self.pieces.iter().enumerate().map(|(index, piece)| {
            let text = &self.text[piece.start..self.end(index)];
            (text, piece.outer, piece.kind != Kind::Unknown)
        })
    }

    /// Where the unknown parts stand in the file.
    pub fn unknown(&self) -> impl Iterator<Item = Span> {
        self.pieces
            .iter()
            .filter(|piece| piece.kind == Kind::Unknown)
            .map(|piece| piece.outer)
    }

    /// Appends bytes that stand in the file as they are, from byte `at` on.
    pub(super) fn copy(&mut self, text: &str, at: usize) {
        let outer = Span::new(at, at + text.len());
        if let Some(last) = self.pieces.last_mut()
            && last.kind == Kind::Copy
            && last.outer.end == at
        {
            last.outer.end = outer.end;
            self.text.push_str(text);
        } else {
            self.push(text, outer, Kind::Copy);
        }
    }

    /// Appends a text that is written in another way in the file.
    pub(super) fn written(&mut self, text: &str, outer: Span) {
        self.push(text, outer, Kind::Written);
    }

    /// Appends what stands for an unknown value.
    pub(super) fn stand_in(&mut self, text: &str, outer: Span) {
        self.push(text, outer, Kind::Unknown);
    }

    fn push(&mut self, text: &str, outer: Span, kind: Kind) {
        if !text.is_empty() {
            self.pieces.push(Piece {
                start: self.text.len(),
                outer,
                kind,
            });
            self.text.push_str(text);
        }
    }

    /// Appends a part of another text.
    pub(super) fn append(&mut self, other: &Self, range: Range<usize>) {
        let after = other
            .pieces
            .partition_point(|piece| piece.start <= range.start);
        for (index, piece) in other
            .pieces
            .iter()
            .enumerate()
            .skip(after.saturating_sub(1))
        {
            if piece.start >= range.end {
                break;
            }
            let whole = piece.start..other.end(index);
            let (start, end) = (whole.start.max(range.start), whole.end.min(range.end));
            if start >= end {
                continue;
            }
            let text = &other.text[start..end];
            match piece.kind {
                Kind::Copy => self.copy(text, piece.outer.start + start - whole.start),
                kind => self.push(text, piece.outer, kind),
            }
        }
    }

    /// Appends another text as the inside of a JSON string.
    pub(super) fn append_escaped(&mut self, other: &Self) {
        for (index, piece) in other.pieces.iter().enumerate() {
            let inner = &other.text[piece.start..other.end(index)];
            for (at, letter) in inner.char_indices() {
                let place = match piece.kind {
                    Kind::Copy => {
                        let at = piece.outer.start + at;
                        Span::new(at, at + letter.len_utf8())
                    }
                    _ => piece.outer,
                };
                let escaped = match letter {
                    '"' => "\\\"".to_owned(),
                    '\\' => "\\\\".to_owned(),
                    '\n' => "\\n".to_owned(),
                    '\r' => "\\r".to_owned(),
                    '\t' => "\\t".to_owned(),
                    '\0'..='\u{1f}' => format!("\\u{:04x}", u32::from(letter)),
                    _ => String::new(),
                };
                match piece.kind {
                    Kind::Copy if escaped.is_empty() => {
                        self.copy(letter.encode_utf8(&mut [0; 4]), place.start);
                    }
                    kind if escaped.is_empty() => {
                        self.push(letter.encode_utf8(&mut [0; 4]), place, kind);
                    }
                    Kind::Unknown => self.stand_in(&escaped, place),
                    _ => self.written(&escaped, place),
                }
            }
        }
    }

    /// The place in the file of a span of the text.
    pub fn outer(&self, span: Span) -> Span {
        let start = self.outer_start(span.start);
        if span.end <= span.start {
            return Span::new(start, start);
        }
        let end = match self.piece(span.end - 1) {
            Some((_, piece)) if piece.kind == Kind::Copy => {
                piece.outer.start + span.end - piece.start
            }
            Some((_, piece)) => piece.outer.end,
            None => self.last_end(),
        };
        Span::new(start, end.max(start))
    }

    fn outer_start(&self, byte: usize) -> usize {
        match self.piece(byte) {
            Some((_, piece)) if piece.kind == Kind::Copy => piece.outer.start + byte - piece.start,
            Some((_, piece)) => piece.outer.start,
            None => self.last_end(),
        }
    }

    fn last_end(&self) -> usize {
        self.pieces.last().map_or(0, |piece| piece.outer.end)
    }

    /// Whether a span of the text depends on something unknown.
    pub fn is_unknown(&self, span: Span) -> bool {
        let end = span.end.max(span.start + 1);
        let after = self
            .pieces
            .partition_point(|piece| piece.start <= span.start);
        self.pieces[after.saturating_sub(1)..]
            .iter()
            .take_while(|piece| piece.start < end)
            .any(|piece| piece.kind == Kind::Unknown)
    }

    /// Whether the bytes of a span stand in the file as they are, side by side.
    pub fn is_copy(&self, span: Span) -> bool {
        self.piece(span.start)
            .is_some_and(|(index, piece)| piece.kind == Kind::Copy && self.end(index) >= span.end)
    }

    /// The first unknown part that is all there is in its line: any number of lines may come from it.
    pub(super) fn unknown_line(&self) -> Option<Span> {
        self.pieces.iter().enumerate().find_map(|(index, piece)| {
            let blank = |letter: char| letter.is_whitespace() && letter != '\n';
            let before = self.text[..piece.start].trim_end_matches(blank);
            let after = self.text[self.end(index)..].trim_start_matches(blank);
            let alone = (before.is_empty() || before.ends_with('\n'))
                && (after.is_empty() || after.starts_with('\n'));
            (piece.kind == Kind::Unknown && alone).then_some(piece.outer)
        })
    }

    fn piece(&self, byte: usize) -> Option<(usize, &Piece)> {
        if byte >= self.text.len() {
            return None;
        }
        let index = self.pieces.partition_point(|piece| piece.start <= byte);
        let index = index.checked_sub(1)?;
        Some((index, &self.pieces[index]))
    }

    fn end(&self, index: usize) -> usize {
        self.pieces
            .get(index + 1)
            .map_or(self.text.len(), |next| next.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Mapped {
        let mut text = Mapped::default();
        text.copy("ab", 10);
        text.copy("c", 12);
        text.written("\n", Span::new(13, 15));
        text.stand_in("${X}", Span::new(20, 30));
        text.copy("d", 31);
        text
    }

    #[test]
    fn knows_where_everything_stands() {
        let text = sample();
        assert_eq!(text.text(), "abc\n${X}d");
        assert_eq!(text.outer(Span::new(1, 3)), Span::new(11, 13));
        assert_eq!(text.outer(Span::new(3, 4)), Span::new(13, 15));
        assert_eq!(text.outer(Span::new(2, 6)), Span::new(12, 30));
        assert_eq!(text.outer(Span::new(8, 9)), Span::new(31, 32));
        assert_eq!(text.outer(Span::new(9, 9)), Span::new(32, 32));
        assert!(text.is_unknown(Span::new(4, 5)) && !text.is_unknown(Span::new(0, 4)));
        assert!(text.is_copy(Span::new(0, 3)) && !text.is_copy(Span::new(0, 4)));
        assert_eq!(text.unknown_line(), None);
    }

    #[test]
    fn parts_keep_their_places() {
        let text = sample();
        let mut part = Mapped::default();
        part.append(&text, 1..6);
        assert_eq!(part.text(), "bc\n${");
        assert_eq!(part.outer(Span::new(0, 2)), Span::new(11, 13));
        assert_eq!(part.unknown_line(), Some(Span::new(20, 30)));
        let mut escaped = Mapped::default();
        escaped.append_escaped(&text);
        assert_eq!(escaped.text(), "abc\\n${X}d");
        assert_eq!(escaped.outer(Span::new(9, 10)), Span::new(31, 32));
    }
}
