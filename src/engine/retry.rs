//! `on-failure: RETRY`: what failed commands printed, and whether a failure matches.

use regex::Regex;

use super::assumptions::{RETRY_LOOKS_AT_OUTPUT, RETRY_OUTPUT_SEEN};
use super::phase::Context;

/// What a failure is looked for in: the end of what the phase's commands printed, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Whether anybody will ask.
    listening: bool,
    bytes: Vec<u8>,
}

impl Heard {
    /// Listens only where somebody may ask.
    pub(super) fn new(asked: bool) -> Self {
        Self {
            listening: asked && RETRY_LOOKS_AT_OUTPUT,
            bytes: Vec::new(),
        }
    }

    /// The next piece.
    pub(super) fn push(&mut self, piece: &[u8]) {
        if !self.listening {
            return;
        }
        self.bytes
            .extend_from_slice(&piece[piece.len().saturating_sub(RETRY_OUTPUT_SEEN)..]);
        if self.bytes.len() > 2 * RETRY_OUTPUT_SEEN {
            self.bytes.drain(..self.bytes.len() - RETRY_OUTPUT_SEEN);
        }
    }

    /// Another command begins.
    pub(super) fn forget(&mut self) {
        self.bytes.clear();
    }

    fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// Whether a failure matches; an error where the pattern is none.
///
/// A search, not a match of the whole: one of AWS's examples has `.*` around it, another (`RETRY-invalid+`) has not
/// (spec 7.4). Go's syntax is that of this crate's patterns but for a few escapes.
pub(super) fn matches(
    regex: &str,
    failure: Option<&Context>,
    output: &str,
) -> Result<bool, regex::Error> {
    let regex = Regex::new(regex)?;
    let message = failure.map_or("", |failure| failure.message.as_str());
    Ok(regex.is_match(message) || (RETRY_LOOKS_AT_OUTPUT && regex.is_match(output)))
}

/// What a failed phase printed last: that of the command whose failure is the phase's.
#[derive(Debug, Default)]
pub(super) struct Failure {
    pub(super) context: Option<Context>,
    output: String,
}

impl Failure {
    /// Takes note of a failure, of the first one of its phase.
    pub(super) fn note(&mut self, context: Context, heard: &Heard) {
        if self.context.is_none() {
            self.context = Some(context);
            self.output = heard.text().into_owned();
        }
    }

    /// Whether the phase's failure matches.
    pub(super) fn matches(&self, regex: &str) -> Result<bool, regex::Error> {
        matches(regex, self.context.as_ref(), &self.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_looked_for_in_message_and_output() {
        let failure = Context::new(
            "COMMAND_EXECUTION_ERROR",
            "Error while executing command: npm ci. Reason: exit status 7",
        );
        for (regex, expected) in [
            (".*", true),
            ("exit status 7", true),
            ("invalid+", false),
            (".*connection timed out.*", true),
            ("(?i)CONNECTION", true),
            ("^connection", false),
        ] {
            let found = matches(regex, Some(&failure), "npm: connection timed out\n");
            assert_eq!(found, Ok(expected), "{regex}");
        }
        assert!(matches("(", None, "").is_err());
        assert_eq!(matches(".*", None, ""), Ok(true));
    }

    #[test]
    fn little_is_kept_of_much() {
        let mut heard = Heard {
            listening: true,
            bytes: Vec::new(),
        };
        for _ in 0..100 {
            heard.push(&vec![b'x'; 100_000]);
        }
        heard.push(b"the end");
        assert!(heard.bytes.len() <= 2 * RETRY_OUTPUT_SEEN && heard.bytes.ends_with(b"the end"));
        heard.push(&vec![b'y'; 3 * RETRY_OUTPUT_SEEN]);
        assert!(heard.bytes.len() <= 2 * RETRY_OUTPUT_SEEN);
    }
}
