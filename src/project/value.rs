//! Values in the API's shape, whatever they were written in.

use crate::source::{Span, Spanned};

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// `null`, and what stands for "leave it out".
    Nothing,
    /// Any scalar, as text.
    Text(Filled),
    List(Vec<Value>),
    /// In the order of the file.
    Map(Vec<(Spanned<String>, Value)>),
}

/// A text of which parts may be known only when it is deployed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filled {
    /// With `${Name}` for what is not known.
    pub(super) text: String,
    /// What is not known, as a person would name it.
    pub(super) unknown: Vec<String>,
}

impl Value {
    pub(super) fn text(text: impl Into<String>, span: Span) -> Self {
        let filled = Filled {
            text: text.into(),
            unknown: Vec::new(),
        };
        Self {
            kind: Kind::Text(filled),
            span,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(entries) => entries
                .iter()
                .find(|(name, _)| name.value == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn known(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(filled) if filled.unknown.is_empty() => Some(&filled.text),
            _ => None,
        }
    }
}
