//! From a byte of a scalar's text back to the byte of the file that it was read from.

use std::ops::Range;

use crate::source::Span;

/// Where the bytes of one scalar stand in the file, in spite of indentation, folding, quotes and escapes.
#[derive(Clone, Debug)]
pub struct Places {
    whole: Span,
    /// The text's length, to tell its end from a place that is not known.
    length: usize,
    /// Pieces that stand in the file as they stand in the text, in order.
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    text: usize,
    source: usize,
    length: usize,
    /// Bytes of the file; an escape has more of them than of the text, and is one place.
    width: usize,
}

impl Places {
    /// Lays the text of a scalar over the bytes of the file that it was read from.
    ///
    /// Where they do not fit, as with an alias, places are the whole scalar.
    pub fn new(source: &str, span: Span, text: &str) -> Self {
        let raw = source.get(span.range()).unwrap_or_default();
        let walk = |style| {
            let mut walk = Walk {
                raw: raw.as_bytes(),
                text: text.as_bytes(),
                style,
                read: usize::from(style != Style::Plain),
                written: 0,
                offset: span.start,
                runs: Vec::new(),
            };
            while walk.written < walk.text.len() && walk.step() {}
            walk
        };
        // A quote may also be the first letter of a block, whose span begins behind its `|`.
        let quoted = match raw.as_bytes().first() {
            Some(b'\'') => Some(walk(Style::Single)),
            Some(b'"') => Some(walk(Style::Double)),
            _ => None,
        };
        let walk = quoted
            .filter(|walk| walk.written == text.len())
            .unwrap_or_else(|| walk(Style::Plain));
        Self {
            whole: span,
            length: walk.written,
            runs: walk.runs,
        }
    }

    /// The place of a range of the text; the whole scalar if it is not known.
    pub fn span(&self, range: Range<usize>) -> Span {
        if range.end > self.length || range.is_empty() {
            return self.whole;
        }
        match (self.at(range.start), self.at(range.end - 1)) {
            (Some(start), Some(last)) if last.end > start.start => Span::new(start.start, last.end),
            _ => self.whole,
        }
    }

    fn at(&self, byte: usize) -> Option<Span> {
        let after = self.runs.partition_point(|run| run.text <= byte);
        let run = self.runs.get(after.checked_sub(1)?)?;
        let into = byte - run.text;
        if into >= run.length {
            return None;
        }
        Some(if run.width == run.length {
            Span::new(run.source + into, run.source + into + 1)
        } else {
            Span::new(run.source, run.source + run.width)
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Without quotes, in a line or a block.
    Plain,
    Single,
    Double,
}

struct Walk<'a> {
    raw: &'a [u8],
    text: &'a [u8],
    style: Style,
    read: usize,
    written: usize,
    offset: usize,
    runs: Vec<Run>,
}

impl Walk<'_> {
    /// Goes on by a piece; `false` when text and file do not fit.
    fn step(&mut self) -> bool {
        let Some(&byte) = self.raw.get(self.read) else {
            return false;
        };
        let wanted = self.text[self.written];
        if self.style == Style::Double && byte == b'\\' {
            return self.escape();
        }
        if is_space(byte) {
            self.space(is_space(wanted));
            return true;
        }
        if byte != wanted {
            return false;
        }
        let twice = self.style == Style::Single && byte == b'\'';
        let width = 1 + usize::from(twice);
        self.put(1, width);
        self.read += width;
        true
    }

    /// White space of the file, with what became of it: as much, a fold, or nothing.
    fn space(&mut self, wanted: bool) {
        let count = |bytes: &[u8]| bytes.iter().take_while(|byte| is_space(**byte)).count();
        let raw = count(&self.raw[self.read..]);
        let text = if wanted {
            count(&self.text[self.written..])
        } else {
            0
        };
        let breaks = memchr::memchr_iter(b'\n', &self.raw[self.read..self.read + raw]).count();
        let text = match (self.style, breaks) {
            (Style::Plain, _) => text,
            (_, 0) => text.min(raw),
            (_, 1) => text.min(1),
            (_, breaks) => text.min(breaks - 1),
        };
        for index in 0..text {
            let read = self.read;
            self.read += index.min(raw - 1);
            self.put(1, 1);
            self.read = read;
        }
        self.read += raw;
    }

    /// An escape of a text in double quotes.
    fn escape(&mut self) -> bool {
        let length = match self.raw.get(self.read + 1) {
            Some(b'\r') => 3,
            Some(b'x') => 4,
            Some(b'u') => 6,
            Some(b'U') => 10,
            Some(_) => 2,
            None => return false,
        };
        if matches!(self.raw[self.read + 1], b'\r' | b'\n') {
            self.read += length;
            let rest = &self.raw[self.read.min(self.raw.len())..];
            self.read += rest.iter().take_while(|byte| is_space(**byte)).count();
            return true;
        }
        let rest = &self.text[self.written + 1..];
        let more = rest.iter().take_while(|byte| **byte & 0xc0 == 0x80).count();
        self.put(more + 1, length);
        self.read += length;
        true
    }

    /// The next bytes of the text stand here.
    fn put(&mut self, length: usize, width: usize) {
        let source = self.offset + self.read;
        match self.runs.last_mut() {
            Some(run)
                if (run.width, width) == (run.length, length)
                    && run.source + run.length == source =>
            {
                run.length += length;
                run.width += width;
            }
            _ => self.runs.push(Run {
                text: self.written,
                source,
                length,
                width,
            }),
        }
        self.written += length;
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Kind, map};

    /// Each word of the first item's text is where it says it is.
    fn check(yaml: &str) {
        let root = map::any(yaml).root.unwrap();
        let Kind::Sequence(items) = &root.kind else {
            panic!()
        };
        let text = items[0].text().unwrap();
        let places = Places::new(yaml, items[0].span, text);
        let mut at = 0;
        for word in text.split_whitespace() {
            at += text[at..].find(word).unwrap();
            let span = places.span(at..at + word.len());
            let found = &yaml[span.range()];
            let found = found.replace("''", "'").replace("\\\"", "\"");
            assert_eq!(found, word, "{yaml:?}");
            at += word.len();
        }
        assert_eq!(places.span(0..0), items[0].span);
    }

    #[test]
    fn words_are_found_in_every_style() {
        for yaml in [
            "- a b  c\n",
            "- a\n  b\n\n  c\n",
            "- 'it''s a \u{e9} b'\n",
            "- 'a\n\n   b'\n",
            "- \"say \\\"x\\\" a \\\n   b\"\n",
            "- |\n  a\n    b\n  c  \n\n  d\n",
            "- |2-\n    a\n  b",
            "- >\n  a\n  b\n    c\n\n  d\n",
            "- |\r\n  a\r\n  b\r\n",
            "- |-  # note\n  a\n  b\n",
            "- |\n  \"a\" b\n  'c'\n",
            "- |\n  'a' b\n",
        ] {
            check(yaml);
        }
    }

    #[test]
    fn what_is_not_known_is_the_whole() {
        let yaml = "x: &x abc\ny: *x\n";
        let places = Places::new(yaml, Span::new(13, 15), "abc");
        assert_eq!(places.span(1..2), Span::new(13, 15));
    }

    #[test]
    fn escapes_are_one_place() {
        let yaml = r#"- "a\tb\u00e9c""#;
        let places = Places::new(yaml, Span::new(2, yaml.len()), "a\tb\u{e9}c");
        assert_eq!(&yaml[places.span(2..3).range()], "b");
        assert_eq!(&yaml[places.span(5..6).range()], "c");
    }
}
