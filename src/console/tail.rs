//! The end of a stream, in bounded memory.

/// So much of the end is kept; at most twice as much is held.
const KEPT: usize = 64 * 1024;

/// The last bytes of a stream and the number of its lines.
#[derive(Debug, Default)]
pub struct Tail {
    bytes: Vec<u8>,
    newlines: usize,
    /// Bytes were let go: the first line may lack its beginning.
    cut: bool,
}

impl Tail {
    /// The next piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.newlines += memchr::memchr_iter(b'\n', piece).count();
        if piece.len() >= KEPT {
            self.cut |= piece.len() > KEPT || !self.bytes.is_empty();
            self.bytes.clear();
            self.bytes.extend_from_slice(&piece[piece.len() - KEPT..]);
            return;
        }
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() > 2 * KEPT {
            self.bytes.drain(..self.bytes.len() - KEPT);
            self.cut = true;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.newlines = 0;
        self.cut = false;
    }

    /// How many lines there were, the unfinished one included.
    pub fn count(&self) -> usize {
        let unfinished = self.bytes.last().is_some_and(|&last| last != b'\n');
        self.newlines + usize::from(unfinished)
    }

    /// The last lines, without their ends; fewer where they are too long to have been kept.
    pub fn last(&self, most: usize) -> Vec<&[u8]> {
        let bytes = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        if self.bytes.is_empty() {
            return Vec::new();
        }
        let mut lines: Vec<&[u8]> = bytes.rsplit(|&byte| byte == b'\n').take(most).collect();
        let whole = lines.len() > 1 && self.cut && lines.len() == self.lines_held();
        if whole {
            lines.pop();
        }
        lines.reverse();
        lines
    }

    /// All that is kept, with U+FFFD for what is not UTF-8.
    pub fn text(&self) -> String {
        let start = self.bytes.len().saturating_sub(KEPT);
        String::from_utf8_lossy(&self.bytes[start..]).into_owned()
    }

    fn lines_held(&self) -> usize {
        let bytes = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        memchr::memchr_iter(b'\n', bytes).count() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_lines_and_counts_all() {
        let mut tail = Tail::default();
        assert_eq!((tail.count(), tail.last(3).len()), (0, 0));
        for piece in ["one\ntw", "o\n\nfo", "ur"] {
            tail.push(piece.as_bytes());
        }
        assert_eq!(tail.count(), 4);
        assert_eq!(tail.last(2), [&b""[..], b"four"]);
        assert_eq!(tail.last(9), [&b"one"[..], b"two", b"", b"four"]);
        tail.push(b"\n");
        assert_eq!(tail.count(), 4);
        tail.clear();
        assert_eq!(tail.count(), 0);
    }

    #[test]
    fn memory_is_bounded_and_half_a_line_is_not_shown() {
        let mut tail = Tail::default();
        for number in 0..100_000 {
            tail.push(format!("line {number}\n").as_bytes());
        }
        assert!(
            tail.bytes.capacity() < 5 * KEPT,
            "{}",
            tail.bytes.capacity()
        );
        assert_eq!(tail.count(), 100_000);
        assert_eq!(tail.last(1), [b"line 99999"]);
        let shown = tail.last(100_000);
        assert!(shown[0].starts_with(b"line "), "{:?}", shown[0]);
        tail.push(&vec![b'x'; 10 * KEPT]);
        assert_eq!(tail.count(), 100_001);
        assert_eq!(tail.last(5), [&vec![b'x'; KEPT][..]]);
    }
}
