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
    /// What is not known, by the name under which `--parameter` gives it.
    pub(super) unknown: Vec<String>,
    /// A number, `true` or `false`: JSON has no quotes around it.
    pub(super) bare: bool,
}

impl Filled {
    pub(super) fn known(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    pub(super) fn unknown(name: &str) -> Self {
        Self {
            text: format!("${{{name}}}"),
            unknown: vec![name.to_owned()],
            bare: false,
        }
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        for name in &other.unknown {
            if !self.unknown.contains(name) {
                self.unknown.push(name.clone());
            }
        }
    }

    /// Takes in a value as part of a text; `name` is what it is called where it can't be one.
    pub(super) fn append_value(&mut self, value: &Value, name: &str) {
        match &value.kind {
            Kind::Text(filled) => self.append(filled),
            Kind::Nothing => {}
            Kind::List(_) | Kind::Map(_) => self.append(&Self::unknown(name)),
        }
    }
}

impl Value {
    pub(super) fn text(text: impl Into<String>, span: Span) -> Self {
        Self::filled(Filled::known(text), span)
    }

    pub(super) fn bare(text: impl Into<String>, span: Span) -> Self {
        let mut filled = Filled::known(text);
        filled.bare = true;
        Self::filled(filled, span)
    }

    pub(super) fn unknown(name: &str, span: Span) -> Self {
        Self::filled(Filled::unknown(name), span)
    }

    pub(super) const fn filled(filled: Filled, span: Span) -> Self {
        Self {
            kind: Kind::Text(filled),
            span,
        }
    }

    pub(super) const fn nothing(span: Span) -> Self {
        Self {
            kind: Kind::Nothing,
            span,
        }
    }

    pub(super) fn at(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(name, _)| name.value == key)
            .map(|(_, value)| value)
    }

    pub(super) fn entries(&self) -> &[(Spanned<String>, Self)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
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

    /// As JSON; what is not known stays as it is written.
    pub(super) fn json(&self) -> Filled {
        let mut json = Filled::default();
        self.write_json(&mut json);
        json
    }

    fn write_json(&self, out: &mut Filled) {
        match &self.kind {
            Kind::Nothing => out.text.push_str("null"),
            Kind::Text(filled) if filled.bare => out.append(filled),
            Kind::Text(filled) => {
                let quoted = serde_json::Value::from(filled.text.as_str()).to_string();
                out.append(&Filled {
                    text: quoted,
                    unknown: filled.unknown.clone(),
                    bare: false,
                });
            }
            Kind::List(items) => {
                out.text.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.text.push_str(if index > 0 { "," } else { "" });
                    item.write_json(out);
                }
                out.text.push(']');
            }
            Kind::Map(entries) => {
                out.text.push('{');
                for (index, (name, value)) in entries.iter().enumerate() {
                    out.text.push_str(if index > 0 { "," } else { "" });
                    out.text
                        .push_str(&serde_json::Value::from(name.value.as_str()).to_string());
                    out.text.push(':');
                    value.write_json(out);
                }
                out.text.push('}');
            }
        }
    }
}
