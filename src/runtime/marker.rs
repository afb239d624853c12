//! Finds the supervisor's markers in a stream, whatever its cuts, without reading any byte twice.

use bytes::Bytes;
use memchr::memchr;

const SEPARATOR: u8 = 0x1e;
/// A separator, 32 digits, a space, three digits, a newline: nothing longer is ever held back.
const LONGEST: usize = 48;

/// Watches one stream for `\x1e NONCE[ STATUS]\n`.
#[derive(Debug)]
pub struct Scanner {
    nonce: Vec<u8>,
    /// A separator and what followed it so far, not yet known to be a marker.
    held: Vec<u8>,
}

/// What a piece of the stream held.
#[derive(Debug, PartialEq, Eq)]
pub struct Marker {
    /// The number behind the nonce; 0 when there is none.
    pub status: u8,
    /// What came after the marker, to be given to the scanner again.
    pub rest: Bytes,
}

enum Match {
    Yes { status: u8, length: usize },
    Perhaps,
    No,
}

impl Scanner {
    /// A scanner for markers with this nonce.
    pub fn new(nonce: &str) -> Self {
        Self {
            nonce: nonce.as_bytes().to_vec(),
            held: Vec::new(),
        }
    }

    /// Passes on what is not marker; stops at the first marker.
    pub fn scan(&mut self, chunk: Bytes, mut pass: impl FnMut(&[u8])) -> Option<Marker> {
        let bytes = if self.held.is_empty() {
            chunk
        } else {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(&chunk);
            Bytes::from(held)
        };
        let mut from = 0;
        let mut search = 0;
        while let Some(found) = memchr(SEPARATOR, &bytes[search..]) {
            let at = search + found;
            match self.marker_at(&bytes[at..]) {
                Match::Yes { status, length } => {
                    Self::hand_over(&bytes[from..at], &mut pass);
                    return Some(Marker {
                        status,
                        rest: bytes.slice(at + length..),
                    });
                }
                Match::Perhaps => {
                    Self::hand_over(&bytes[from..at], &mut pass);
                    from = at;
                    break;
                }
                Match::No => search = at + 1,
            }
            if search >= bytes.len() {
                break;
            }
        }
        if from > 0
            || matches!(self.marker_at(&bytes[from..]), Match::Perhaps)
                && bytes.get(from) == Some(&SEPARATOR)
        {
            self.held = bytes[from..].to_vec();
        } else {
            Self::hand_over(&bytes[from..], &mut pass);
        }
        None
    }

    /// What was held back when the stream ended.
    pub fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    fn hand_over(bytes: &[u8], pass: &mut impl FnMut(&[u8])) {
        if !bytes.is_empty() {
            pass(bytes);
        }
    }

    fn marker_at(&self, bytes: &[u8]) -> Match {
        let text = &bytes[..bytes.len().min(LONGEST)];
        let Some(body) = text.get(1..) else {
            return Match::Perhaps;
        };
        let common = body.len().min(self.nonce.len());
        if body[..common] != self.nonce[..common] {
            return Match::No;
        }
        let tail = &body[common..];
        match memchr(b'\n', tail) {
            Some(end) => match parse_status(&tail[..end]) {
                Some(status) => Match::Yes {
                    status,
                    length: 1 + common + end + 1,
                },
                None => Match::No,
            },
            None if text.len() < LONGEST => Match::Perhaps,
            None => Match::No,
        }
    }
}

fn parse_status(text: &[u8]) -> Option<u8> {
    if text.is_empty() {
        return Some(0);
    }
    std::str::from_utf8(text.strip_prefix(b" ")?)
        .ok()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONCE: &str = "0123456789abcdef0123456789abcdef";

    fn scan_all(stream: &[u8], cuts: &[usize]) -> (Vec<u8>, Option<u8>, Vec<u8>) {
        let mut scanner = Scanner::new(NONCE);
        let (mut out, mut status, mut rest) = (Vec::new(), None, Vec::new());
        let mut pieces = Vec::new();
        let mut from = 0;
        for &cut in cuts {
            let to = (from + cut).min(stream.len());
            pieces.push(stream[from..to].to_vec());
            from = to;
        }
        pieces.push(stream[from..].to_vec());
        for piece in pieces {
            if status.is_some() {
                rest.extend(piece);
            } else if let Some(marker) =
                scanner.scan(piece.into(), |bytes| out.extend_from_slice(bytes))
            {
                status = Some(marker.status);
                rest = marker.rest.to_vec();
            }
        }
        out.extend(scanner.finish());
        (out, status, rest)
    }

    #[test]
    fn finds_a_marker_behind_text_without_newline() {
        let stream = format!("abc\u{1e}{NONCE} 137\nlate");
        assert_eq!(
            scan_all(stream.as_bytes(), &[]),
            (b"abc".to_vec(), Some(137), b"late".to_vec())
        );
    }

    #[test]
    fn passes_look_alikes_on() {
        let stream = format!(
            "\u{1e}\u{1e}{} 0\n\u{1e}{NONCE}x\n\u{1e}{NONCE} 999\nend\u{1e}",
            &NONCE[..31]
        );
        assert_eq!(
            scan_all(stream.as_bytes(), &[]),
            (stream.clone().into_bytes(), None, Vec::new())
        );
    }

    proptest! {
        #[test]
        fn any_cuts_give_the_same(
            before in proptest::collection::vec(prop_oneof![Just(0x1e_u8), Just(b'0'), Just(b'1'), any::<u8>()], 0..60),
            status in any::<u8>(),
            cuts in proptest::collection::vec(0..9_usize, 0..60),
        ) {
            let mut stream = before.clone();
            stream.extend(format!("\u{1e}{NONCE} {status}\nafter").bytes());
            prop_assert_eq!(scan_all(&stream, &cuts), (before, Some(status), b"after".to_vec()));
        }
    }
}
