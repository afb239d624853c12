//! Replaces texts in a stream: secrets and access key ids by `***`, a session's folder on the host by `/codebuild`.

use std::borrow::Cow;
use std::cmp::Reverse;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::secret::Secret;

/// What stands in a log in the place of a secret.
pub const MASK: &str = "***";

/// Shorter values are not masked: a log in which every `1` is hidden helps nobody.
pub const SHORTEST: usize = 4;

/// How an access key id of AWS begins, and how many letters and digits follow.
const KEY_PREFIXES: [&str; 2] = ["AKIA", "ASIA"];
const KEY_TAIL: usize = 16;

/// Only so much of a text is looked for; the rest is compared where that is found. The automaton stays small, and fast,
/// whatever the length of a secret.
const ANCHOR: usize = 24;

/// What is hidden of a set of secrets: each as it is, each of its lines, and how JSON would write them.
pub fn masks<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |text: &str| {
        if text.len() >= SHORTEST {
            let json = serde_json::Value::from(text).to_string();
            all.extend([text.to_owned(), json[1..json.len() - 1].to_owned()]);
        }
    };
    for secret in secrets {
        let text = secret.reveal();
        add(text);
        text.lines().for_each(&mut add);
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// The same, each with what stands in its place.
pub fn pairs<'a>(
    secrets: impl IntoIterator<Item = &'a Secret>,
) -> impl Iterator<Item = (String, String)> {
    let texts = masks(secrets).into_iter();
    texts.map(|text| (text, MASK.to_owned()))
}

/// A set of texts and what stands in for each.
///
/// Pieces of a stream may be cut anywhere; only what could be the start of a text is held back. Where texts overlap,
/// all that they cover is replaced once.
#[derive(Clone, Debug)]
pub struct Rewriter {
    finder: Option<AhoCorasick>,
    patterns: Vec<Pattern>,
    held: Vec<u8>,
}

#[derive(Clone)]
struct Pattern {
    /// Empty for an access key id.
    rest: Vec<u8>,
    anchor: Vec<u8>,
    replacement: String,
    is_key: bool,
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pattern").finish_non_exhaustive()
    }
}

/// How far a text agrees with a pattern behind its anchor.
enum Agreement {
    /// Up to there.
    Whole(usize),
    /// As far as the text goes.
    SoFar,
    None,
}

impl Pattern {
    fn text(text: String, replacement: String) -> Self {
        let mut anchor = text.into_bytes();
        let rest = anchor.split_off(anchor.len().min(ANCHOR));
        Self {
            rest,
            anchor,
            replacement,
            is_key: false,
        }
    }

    fn key(prefix: &str) -> Self {
        Self {
            rest: Vec::new(),
            anchor: prefix.as_bytes().to_vec(),
            replacement: MASK.to_owned(),
            is_key: true,
        }
    }

    /// Compares what stands behind an anchor that ends at `from`.
    fn agrees(&self, bytes: &[u8], from: usize) -> Agreement {
        let there = &bytes[from..];
        let length = if self.is_key {
            KEY_TAIL
        } else {
            self.rest.len()
        };
        let seen = &there[..there.len().min(length)];
        let same = if self.is_key {
            seen.iter()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        } else {
            self.rest.starts_with(seen)
        };
        match (same, seen.len() == length) {
            (true, true) => Agreement::Whole(from + length),
            (true, false) => Agreement::SoFar,
            (false, _) => Agreement::None,
        }
    }
}

/// A stretch to be replaced: from, to, by which pattern's replacement.
type Stretch = (usize, usize, usize);

impl Default for Rewriter {
    /// Hides access key ids, and nothing else.
    fn default() -> Self {
        Self::new([])
    }
}

impl Rewriter {
    /// Pairs of a text and its replacement, beside the access key ids; empty texts are left out.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let texts = pairs
            .into_iter()
            .filter(|(text, _)| !text.is_empty())
            .map(|(text, by)| Pattern::text(text, by));
        let patterns: Vec<Pattern> = texts.chain(KEY_PREFIXES.map(Pattern::key)).collect();
        let anchors = || patterns.iter().map(|pattern| &pattern.anchor);
        let build = |kind| {
            AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .kind(kind)
                .build(anchors())
                .ok()
        };
        let length: usize = anchors().map(Vec::len).sum();
        // Fast, and a few megabytes for thousands of bytes; beyond that the automaton is left to choose for itself.
        let finder = if length < 64 * 1024 {
            build(Some(AhoCorasickKind::DFA))
        } else {
            build(None)
        };
        Self {
            finder,
            patterns,
            held: Vec::new(),
        }
    }

    /// Hides secrets.
    pub fn hiding<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        Self::new(pairs(secrets))
    }

    /// A whole text, rewritten.
    pub fn rewrite(&self, text: &str) -> String {
        let mut out = Vec::with_capacity(text.len());
        self.replace(text.as_bytes(), true, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Rewrites the next piece of the stream onto the end of `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        let bytes = if held.is_empty() {
            Cow::Borrowed(piece)
        } else {
            Cow::Owned([&held, piece].concat())
        };
        let done = self.replace(&bytes, false, out);
        self.held = bytes[done..].to_vec();
    }

    /// What is still held back, at the stream's end or where a new text begins.
    pub fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let mut out = Vec::new();
        self.replace(&held, true, &mut out);
        out
    }

    /// Rewrites as much of `bytes` as is settled; returns how much that was.
    fn replace(&self, bytes: &[u8], is_end: bool, out: &mut Vec<u8>) -> usize {
        let (stretches, unsettled) = self.find(bytes);
        let until = if is_end {
            bytes.len()
        } else {
            unsettled.min(self.begun_anchor(bytes))
        };
        let mut at = 0;
        for (start, end, pattern) in merged(stretches) {
            if end > until {
                let settled = start.min(until);
                out.extend_from_slice(&bytes[at..settled]);
                return settled;
            }
            out.extend_from_slice(&bytes[at..start]);
            out.extend_from_slice(self.patterns[pattern].replacement.as_bytes());
            at = end;
        }
        out.extend_from_slice(&bytes[at..until]);
        until
    }

    /// All that matches, and where the first begins that more bytes could complete.
    fn find(&self, bytes: &[u8]) -> (Vec<Stretch>, usize) {
        let (mut stretches, mut unsettled) = (Vec::new(), bytes.len());
        let found = self
            .finder
            .iter()
            .flat_map(|finder| finder.find_overlapping_iter(bytes));
        for found in found {
            let pattern = found.pattern().as_usize();
            match self.patterns[pattern].agrees(bytes, found.end()) {
                Agreement::Whole(end) => stretches.push((found.start(), end, pattern)),
                Agreement::SoFar => unsettled = unsettled.min(found.start()),
                Agreement::None => {}
            }
        }
        (stretches, unsettled)
    }

    /// Where the first anchor begins that the end of `bytes` cuts off.
    fn begun_anchor(&self, bytes: &[u8]) -> usize {
        let from = bytes.len().saturating_sub(ANCHOR - 1);
        let begins = |tail: &[u8]| {
            let mut anchors = self.patterns.iter().map(|pattern| &pattern.anchor);
            anchors.any(|anchor| anchor.len() > tail.len() && anchor.starts_with(tail))
        };
        (from..bytes.len())
            .find(|&at| begins(&bytes[at..]))
            .unwrap_or(bytes.len())
    }
}

/// Stretches that overlap become one; the earliest and then longest says by what it is replaced.
fn merged(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable_by_key(|&(start, end, _)| (start, Reverse(end)));
    let mut merged: Vec<Stretch> = Vec::new();
    for (start, end, pattern) in stretches {
        match merged.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end, pattern)),
        }
    }
    merged
}

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;
