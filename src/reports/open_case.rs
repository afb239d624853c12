//! The case that is being read: what its start tag said, and its message as far as it has come.

use std::borrow::Cow;

use super::model::MAX_MESSAGE;
use super::xml::Attributes;

/// The case whose element is open: its attributes, and its message as far as it has come. Reused from case to case.
#[derive(Debug, Default)]
pub(super) struct OpenCase {
    attributes: String,
    pub(super) message: Message,
}

impl OpenCase {
    /// A case begins.
    pub(super) fn begin(&mut self, attributes: Attributes<'_>) {
        self.attributes.clear();
        self.attributes.push_str(attributes.raw());
        self.message.clear();
    }

    /// The attributes that the case began with.
    pub(super) fn attributes(&self) -> Attributes<'_> {
        Attributes(&self.attributes)
    }
}

/// A case's message, no longer than is kept of it: a summary, then the text itself.
#[derive(Debug, Default)]
pub(super) struct Message {
    summary: Bounded,
    text: Bounded,
}

impl Message {
    /// Forgets the text.
    pub(super) fn clear(&mut self) {
        self.summary.clear();
        self.text.clear();
    }

    /// Appends to the text.
    pub(super) fn push(&mut self, piece: &str) {
        self.text.push(piece);
    }

    /// Appends to what stands above the text.
    pub(super) fn push_summary(&mut self, piece: &str) {
        self.summary.push(piece);
    }

    /// The whole message. Most tools repeat the summary in the text; then the text alone is the message.
    pub(super) fn compose(&self) -> Cow<'_, str> {
        let summary = self.summary.0.trim_end();
        let text = self.text.0.trim_end();
        let first = summary.lines().next().unwrap_or_default();
        if text.is_empty() {
            Cow::Borrowed(summary)
        } else if text.contains(first) {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(format!("{summary}\n{text}"))
        }
    }
}

/// The beginning of a text that may be endless, without the space in front of it.
#[derive(Debug, Default)]
struct Bounded(String);

impl Bounded {
    fn clear(&mut self) {
        self.0.clear();
    }

    fn push(&mut self, piece: &str) {
        let piece = if self.0.is_empty() {
            piece.trim_start()
        } else {
            piece
        };
        let room = (MAX_MESSAGE * 4).saturating_sub(self.0.len());
        self.0
            .extend(piece.chars().filter(|&c| c != '\r').take(room));
    }
}
