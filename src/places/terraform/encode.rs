//! What `jsonencode` and `yamlencode` make of literals.

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey, ObjectValue};

use super::super::mapped::Mapped;
use super::{span, template};
use crate::source::{Source, Span};

/// Appends a value as `jsonencode` writes it: in one line.
pub(super) fn json(source: &Source, value: &Expression, text: &mut Mapped) {
    let place = span(value);
    let open = Span::new(place.start, place.start + 1);
    let close = Span::new(place.end.saturating_sub(1), place.end);
    match value {
        Expression::Parenthesis(inner) => json(source, inner.inner(), text),
        Expression::Array(items) => {
            text.written("[", open);
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.written(",", span(item));
                }
                json(source, item, text);
            }
            text.written("]", close);
        }
        Expression::Object(object) => {
            text.written("{", open);
            for (index, (key, value)) in sorted(object).into_iter().enumerate() {
                if index > 0 {
                    text.written(",", key_span(key));
                }
                name(source, key, text);
                text.written(":", span(value.expr()));
                json(source, value.expr(), text);
            }
            text.written("}", close);
        }
        _ => plain(source, value, text),
    }
}

/// Appends a value as `yamlencode` writes it.
pub(super) fn yaml(source: &Source, value: &Expression, text: &mut Mapped) {
    block(source, value, 0, text);
}

fn block(source: &Source, value: &Expression, depth: usize, text: &mut Mapped) {
    let indent = "  ".repeat(depth);
    match value {
        Expression::Parenthesis(inner) => block(source, inner.inner(), depth, text),
        Expression::Array(items) if !items.is_empty() => {
            for item in items {
                let place = span(item);
                let place = Span::new(place.start, place.start);
                text.written(&format!("{indent}-"), place);
                nested(source, item, depth + 1, true, text);
            }
        }
        Expression::Object(object) if !object.is_empty() => {
            for (key, value) in sorted(object) {
                text.written(&indent, key_span(key));
                name(source, key, text);
                text.written(":", key_span(key));
                let deeper = depth + usize::from(is_object(value.expr()));
                nested(source, value.expr(), deeper, false, text);
            }
        }
        _ => {
            json(source, value, text);
            text.written("\n", span(value));
        }
    }
}

/// A value behind a `-` or a `:`.
fn nested(source: &Source, value: &Expression, depth: usize, item: bool, text: &mut Mapped) {
    let place = span(value);
    let place = Span::new(place.start, place.start);
    let below = match value {
        Expression::Array(items) => !items.is_empty(),
        Expression::Object(object) => !object.is_empty(),
        _ => false,
    };
    if below {
        // A line of its own is as good as `- - a`, and simpler.
        text.written("\n", place);
        block(source, value, depth.max(usize::from(item)), text);
    } else {
        text.written(" ", place);
        json(source, value, text);
        text.written("\n", place);
    }
}

fn is_object(value: &Expression) -> bool {
    matches!(value, Expression::Object(_))
}

/// Both functions sort.
fn sorted(object: &Object) -> Vec<(&ObjectKey, &ObjectValue)> {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_by_key(|(key, _)| match key {
        ObjectKey::Ident(name) => name.as_str().to_owned(),
        ObjectKey::Expression(value) => value.as_str().unwrap_or_default().to_owned(),
    });
    entries
}

fn key_span(key: &ObjectKey) -> Span {
    let range = match key {
        ObjectKey::Ident(name) => name.span(),
        ObjectKey::Expression(value) => value.span(),
    };
    let range = range.unwrap_or_default();
    Span::new(range.start, range.end)
}

fn name(source: &Source, key: &ObjectKey, text: &mut Mapped) {
    match key {
        ObjectKey::Ident(name) => {
            let place = key_span(key);
            text.written("\"", Span::new(place.start, place.start));
            text.copy(name.as_str(), place.start);
            text.written("\"", Span::new(place.end, place.end));
        }
        ObjectKey::Expression(value) => plain(source, value, text),
    }
}

/// A value without values in it.
fn plain(source: &Source, value: &Expression, text: &mut Mapped) {
    let place = span(value);
    match value {
        Expression::Null(_) => text.written("null", place),
        Expression::Bool(_) | Expression::Number(_) => {
            // `3.10` is a number to Terraform too, which writes it as 3.1.
            let written = match value {
                Expression::Bool(value) => value.to_string(),
                Expression::Number(value) => value.value().to_string(),
                _ => String::new(),
            };
            let raw = source.text().get(place.range()).unwrap_or_default();
            if raw == written {
                text.copy(raw, place.start);
            } else {
                text.written(&written, place);
            }
        }
        Expression::String(_) | Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => {
            match template::mapped(source, value) {
                Some(inner) => {
                    text.written("\"", Span::new(place.start, place.start + 1));
                    text.append_escaped(&inner);
                    text.written("\"", Span::new(place.end.saturating_sub(1), place.end));
                }
                None => text.stand_in("\"${...}\"", place),
            }
        }
        _ => text.stand_in("\"${...}\"", place),
    }
}
