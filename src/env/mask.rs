//! Replaces texts in a stream: secrets by `***`, a session's folder on the host by `/codebuild`.

use aho_corasick::{AhoCorasick, MatchKind};

/// What stands in a log in the place of a secret.
pub const MASK: &str = "***";

/// A set of texts and what stands in for each.
///
/// Pieces of a stream may be cut anywhere; only what could be the start of a text is held back. Where texts overlap,
/// all that they cover is replaced once.
#[derive(Debug, Default)]
pub struct Rewriter {
    finder: Option<AhoCorasick>,
    texts: Vec<Vec<u8>>,
    replacements: Vec<String>,
    longest: usize,
    held: Vec<u8>,
}

impl Rewriter {
    /// Pairs of a text and its replacement; empty texts are left out.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let (texts, replacements): (Vec<_>, Vec<_>) = pairs
            .into_iter()
            .filter(|(text, _)| !text.is_empty())
            .map(|(text, by)| (text.into_bytes(), by))
            .unzip();
        if texts.is_empty() {
            return Self::default();
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&texts)
            .ok();
        let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            finder,
            texts,
            replacements,
            longest,
            held: Vec::new(),
        }
    }

    /// Whether there is nothing to replace.
    pub fn is_empty(&self) -> bool {
        self.finder.is_none()
    }

    /// A whole text, rewritten.
    pub fn rewrite(&self, text: &str) -> String {
        let mut out = Vec::new();
        self.replace(text.as_bytes(), text.len(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Rewrites the next piece of the stream onto the end of `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(piece);
        let settled = self.settled(&bytes);
        let done = self.replace(&bytes, settled, out);
        bytes.drain(..done);
        self.held = bytes;
    }

    /// What is still held back, at the stream's end or where a new text begins.
    pub fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let mut out = Vec::new();
        self.replace(&held, held.len(), &mut out);
        out
    }

    /// Up to where nothing can change any more: a longer tail could be the start of a text.
    fn settled(&self, bytes: &[u8]) -> usize {
        let from = bytes.len().saturating_sub(self.longest.saturating_sub(1));
        (from..bytes.len())
            .find(|&at| {
                self.texts
                    .iter()
                    .any(|text| text.len() > bytes.len() - at && text.starts_with(&bytes[at..]))
            })
            .unwrap_or(bytes.len())
    }

    /// Rewrites `bytes[..until]`; returns how much was used, which is less where a replaced stretch reaches beyond.
    fn replace(&self, bytes: &[u8], until: usize, out: &mut Vec<u8>) -> usize {
        let Some(finder) = &self.finder else {
            out.extend_from_slice(&bytes[..until]);
            return until;
        };
        let mut stretches: Vec<(usize, usize, usize)> = Vec::new();
        for found in finder.find_overlapping_iter(bytes) {
            let (mut start, end, mut pattern) =
                (found.start(), found.end(), found.pattern().as_usize());
            // Matches come in the order of their ends: one that begins earlier swallows those before it.
            while let Some(&(earlier, its_end, its_pattern)) = stretches.last() {
                if its_end <= start {
                    break;
                }
                if earlier <= start {
                    pattern = if earlier == start {
                        pattern
                    } else {
                        its_pattern
                    };
                }
                start = start.min(earlier);
                stretches.pop();
            }
            stretches.push((start, end, pattern));
        }
        let mut at = 0;
        for (start, end, pattern) in stretches {
            if end > until {
                out.extend_from_slice(&bytes[at..start.min(until)]);
                return start.min(until);
            }
            out.extend_from_slice(&bytes[at..start]);
            out.extend_from_slice(self.replacements[pattern].as_bytes());
            at = end;
        }
        out.extend_from_slice(&bytes[at..until]);
        until
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mask(texts: &[&str]) -> Rewriter {
        Rewriter::new(
            texts
                .iter()
                .map(|text| ((*text).to_owned(), MASK.to_owned())),
        )
    }

    fn stream(rewriter: &mut Rewriter, pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        for piece in pieces {
            rewriter.push(piece, &mut out);
        }
        out.extend(rewriter.finish());
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn replaces_whole_stretches() {
        let mut rewriter = mask(&["abcd", "cdef", "ab"]);
        assert_eq!(
            stream(&mut rewriter, &[b"x abcdef y ab z"]),
            "x *** y *** z"
        );
        assert_eq!(rewriter.rewrite("-abcd-"), "-***-");
    }

    #[test]
    fn shows_a_prompt_that_starts_no_secret() {
        let mut rewriter = mask(&["secret"]);
        let mut out = Vec::new();
        rewriter.push(b"name? se", &mut out);
        assert_eq!(out, b"name? ");
    }

    #[test]
    fn keeps_the_longer_of_two_that_start_together() {
        let mut rewriter = Rewriter::new([
            ("/tmp/a".to_owned(), "1".to_owned()),
            ("/tmp/a/b".to_owned(), "2".to_owned()),
        ]);
        assert_eq!(stream(&mut rewriter, &[b"/tmp/a/b /tmp/a"]), "2 1");
    }

    proptest! {
        #[test]
        fn no_secret_survives_any_cuts(
            text in "[abc ]{0,60}", cut in proptest::collection::vec(1..7_usize, 0..40),
            secrets in proptest::collection::vec("[abc]{2,6}", 1..5),
        ) {
            let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let mut rewriter = mask(&secrets);
            let whole = rewriter.rewrite(&text);
            let mut pieces = Vec::new();
            let mut rest = text.as_bytes();
            for size in cut {
                let (piece, tail) = rest.split_at(size.min(rest.len()));
                pieces.push(piece);
                rest = tail;
            }
            pieces.push(rest);
            let streamed = stream(&mut rewriter, &pieces);
            for secret in &secrets {
                prop_assert!(!whole.contains(secret) && !streamed.contains(secret), "{text:?} {streamed:?}");
            }
            prop_assert_eq!(whole, streamed);
        }
    }
}
