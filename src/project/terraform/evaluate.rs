//! What an expression comes to, as far as the files tell.

use std::collections::HashMap;
use std::fs;

use hcl_edit::Span as _;
use hcl_edit::expr::{
    BinaryOperator, Expression, FuncCall, ObjectKey, Traversal, TraversalOperator,
};
use hcl_edit::structure::{BlockLabel, Body};

use super::span;
use crate::places::terraform::template;
use crate::project::file::Given;
use crate::project::value::{Filled, Kind, Value};
use crate::source::{Source, Span, Spanned};

/// Locals of locals could go round in circles.
const DEEPEST: usize = 48;

/// What iterators of `dynamic` blocks stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope(Vec<(String, Value, Value)>);

impl Scope {
    pub(super) fn with(&self, name: &str, key: Value, value: Value) -> Self {
        let mut inner = self.clone();
        inner.0.push((name.to_owned(), key, value));
        inner
    }
}

/// What the files of a folder say.
pub(super) struct Module<'a> {
    given: &'a Given,
    locals: HashMap<&'a str, (&'a Source, &'a Expression)>,
    /// Defaults, and what `terraform.tfvars` says.
    variables: HashMap<&'a str, (&'a Source, &'a Expression)>,
}

impl<'a> Module<'a> {
    pub(super) fn new(given: &'a Given) -> Self {
        Self {
            given,
            locals: HashMap::new(),
            variables: HashMap::new(),
        }
    }

    /// Takes in a file; in a file of values, every attribute is a variable's.
    pub(super) fn remember(&mut self, source: &'a Source, body: &'a Body, values: bool) {
        for attribute in body.attributes().filter(|_| values) {
            self.variables
                .insert(attribute.key.as_str(), (source, &attribute.value));
        }
        for block in body.blocks() {
            match block.ident.as_str() {
                "locals" => {
                    let locals = block.body.attributes();
                    let pair = |local: &'a hcl_edit::structure::Attribute| {
                        (local.key.as_str(), (source, &local.value))
                    };
                    self.locals.extend(locals.map(pair));
                }
                "variable" => {
                    let name = block.labels.first().map(BlockLabel::as_str);
                    let default = block.body.get_attribute("default");
                    if let Some(name) = name {
                        self.given.has(name);
                    }
                    if let (Some(name), Some(default)) = (name, default) {
                        // A file of values has gone before, and counts more.
                        self.variables
                            .entry(name)
                            .or_insert((source, &default.value));
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn value(
        &self,
        source: &Source,
        expression: &Expression,
        scope: &Scope,
        depth: usize,
    ) -> Value {
        let place = span(expression.span());
        if depth > DEEPEST {
            return Value::unknown("a reference that leads too deep", place);
        }
        let next = depth + 1;
        let of = |inner: &Expression| self.value(source, inner, scope, next);
        let kind = match expression {
            Expression::Null(_) => Kind::Nothing,
            Expression::Bool(value) => return Value::bare(value.to_string(), place),
            Expression::Number(value) => return Value::bare(value.value().to_string(), place),
            Expression::String(_)
            | Expression::StringTemplate(_)
            | Expression::HeredocTemplate(_) => {
                return Value::filled(self.text(source, expression, scope, next), place);
            }
            Expression::Array(items) => Kind::List(items.iter().map(of).collect()),
            Expression::Object(object) => Kind::Map(
                object
                    .iter()
                    .map(|(key, value)| {
                        let name = match key {
                            ObjectKey::Ident(name) => Value::text(name.as_str(), span(name.span())),
                            ObjectKey::Expression(key) => of(key),
                        };
                        let text = name.known().unwrap_or("...").to_owned();
                        (Spanned::new(text, name.span), of(value.expr()))
                    })
                    .collect(),
            ),
            Expression::Parenthesis(inner) => return of(inner.inner()),
            Expression::Conditional(branches) => {
                let condition = of(&branches.cond_expr);
                return match condition.known() {
                    Some("true") => of(&branches.true_expr),
                    Some("false") => of(&branches.false_expr),
                    _ => condition.at(place),
                };
            }
            Expression::BinaryOp(operation) => {
                let (left, right) = (of(&operation.lhs_expr), of(&operation.rhs_expr));
                let (Some(a), Some(b)) = (left.known(), right.known()) else {
                    return Value::unknown(written(source, place), place);
                };
                let truth = match operation.operator.value() {
                    BinaryOperator::Eq => a == b,
                    BinaryOperator::NotEq => a != b,
                    BinaryOperator::And => a == "true" && b == "true",
                    BinaryOperator::Or => a == "true" || b == "true",
                    _ => return Value::unknown(written(source, place), place),
                };
                return Value::bare(truth.to_string(), place);
            }
            Expression::FuncCall(call) => return self.call(source, call, scope, next).at(place),
            Expression::Traversal(traversal) => {
                return self.follow(source, traversal, scope, next).at(place);
            }
            _ => return Value::unknown(written(source, place), place),
        };
        Value { kind, span: place }
    }

    /// A string or heredoc with its interpolations filled in.
    fn text(
        &self,
        source: &Source,
        expression: &Expression,
        scope: &Scope,
        depth: usize,
    ) -> Filled {
        let Some(mapped) = template::mapped(source, expression) else {
            return Filled::unknown("a text with `%{ ... }` in it");
        };
        let mut text = Filled::default();
        for (part, place, is_known) in mapped.parts() {
            if is_known {
                text.text.push_str(part);
                continue;
            }
            let raw = source.text().get(place.range()).unwrap_or_default();
            let inner = raw.trim_start_matches("${").trim_end_matches('}');
            let inner = Source::new(source.name(), inner.trim_matches('~').trim());
            match inner.text().parse::<Expression>() {
                Ok(expression) => {
                    let value = self.value(&inner, &expression, scope, depth);
                    text.append_value(&value, inner.text());
                }
                Err(_) => text.append(&Filled::unknown(inner.text())),
            }
        }
        text
    }

    fn call(&self, source: &Source, call: &FuncCall, scope: &Scope, depth: usize) -> Value {
        let place = span(call.span());
        let arguments: Vec<_> = call
            .args
            .iter()
            .map(|argument| self.value(source, argument, scope, depth))
            .collect();
        let whole = written(source, place);
        if let Some(text) = self.given.parameter(whole) {
            return Value::text(text, place);
        }
        let unknown = || Value::unknown(whole, place);
        let changed = |change: fn(&str) -> String| match &arguments[..] {
            [value] => value
                .known()
                .map_or_else(unknown, |text| Value::text(change(text), place)),
            _ => unknown(),
        };
        match (call.name.name.as_str(), &arguments[..]) {
            ("file", [path]) => path
                .known()
                .and_then(|path| fs::read_to_string(self.given.folder.as_ref()?.join(path)).ok())
                .map_or_else(unknown, |text| Value::text(text, place)),
            ("jsonencode", [value]) => Value::filled(value.json(), place),
            ("yamlencode", [value]) => {
                // JSON is YAML; the line break tells it from a path.
                let mut text = value.json();
                text.text.push('\n');
                Value::filled(text, place)
            }
            (
                "tostring" | "tonumber" | "tobool" | "tolist" | "toset" | "sensitive"
                | "nonsensitive",
                [value],
            ) => value.clone(),
            ("lower", _) => changed(str::to_lowercase),
            ("upper", _) => changed(str::to_uppercase),
            ("trimspace", _) => changed(|text| text.trim().to_owned()),
            ("join", [delimiter, list]) => match (delimiter.known(), &list.kind) {
                (Some(delimiter), Kind::List(items)) => {
                    let between = Filled::known(delimiter);
                    let mut text = Filled::default();
                    for (index, item) in items.iter().enumerate() {
                        if index > 0 {
                            text.append(&between);
                        }
                        text.append_value(item, "join");
                    }
                    Value::filled(text, place)
                }
                _ => unknown(),
            },
            ("concat", lists) if lists.iter().all(|list| matches!(list.kind, Kind::List(_))) => {
                Value {
                    kind: Kind::List(lists.iter().flat_map(Value::items).cloned().collect()),
                    span: place,
                }
            }
            ("merge", maps) if maps.iter().all(|map| matches!(map.kind, Kind::Map(_))) => {
                let mut all: Vec<(Spanned<String>, Value)> = Vec::new();
                for (key, value) in maps.iter().flat_map(Value::entries) {
                    match all.iter_mut().find(|(other, _)| other.value == key.value) {
                        Some(entry) => entry.1 = value.clone(),
                        None => all.push((key.clone(), value.clone())),
                    }
                }
                Value {
                    kind: Kind::Map(all),
                    span: place,
                }
            }
            _ => unknown(),
        }
    }

    /// `var.a`, `local.b["c"]`, `each.value`, or what only a plan knows.
    fn follow(&self, source: &Source, traversal: &Traversal, scope: &Scope, depth: usize) -> Value {
        let place = span(traversal.span());
        let whole = written(source, place);
        let unknown = || Value::unknown(whole, place);
        let Expression::Variable(root) = &traversal.expr else {
            return unknown();
        };
        let names: Option<Vec<String>> = traversal
            .operators
            .iter()
            .map(|operator| match operator.value() {
                TraversalOperator::GetAttr(name) => Some(name.as_str().to_owned()),
                TraversalOperator::Index(index) => {
                    let index = self.value(source, index, scope, depth);
                    index.known().map(str::to_owned)
                }
                TraversalOperator::LegacyIndex(index) => Some(index.value().to_string()),
                _ => None,
            })
            .collect();
        let Some(names) = names else {
            return unknown();
        };
        if let Some(text) = self.given.parameter(whole) {
            return Value::text(text, place);
        }
        let (first, rest) = names
            .split_first()
            .map_or(("", &[][..]), |(first, rest)| (first, rest));
        let found = match root.as_str() {
            "var" => {
                if let Some(text) = self.given.parameter(first) {
                    return Value::text(text, place);
                }
                self.variables.get(first)
            }
            "local" => self.locals.get(first),
            "path" => return Value::text(".", place),
            "data" if first == "aws_region" => return Value::text(&self.given.region, place),
            name => {
                let own = scope.0.iter().rev().find(|(iterator, ..)| iterator == name);
                return match (own, first) {
                    (Some((_, key, _)), "key") => inside(key.clone(), rest).unwrap_or_else(unknown),
                    (Some((.., value)), "value") => {
                        inside(value.clone(), rest).unwrap_or_else(unknown)
                    }
                    _ => unknown(),
                };
            }
        };
        let Some((source, expression)) = found else {
            return unknown();
        };
        let value = self.value(source, expression, &Scope::default(), depth);
        inside(value, rest).unwrap_or_else(unknown)
    }
}

/// A member of a member.
fn inside(value: Value, names: &[String]) -> Option<Value> {
    names
        .iter()
        .try_fold(value, |value, name| match &value.kind {
            Kind::List(items) => items.get(name.parse::<usize>().ok()?).cloned(),
            Kind::Text(filled) if !filled.unknown.is_empty() => Some(value),
            _ => value.get(name).cloned(),
        })
}

fn written(source: &Source, place: Span) -> &str {
    source.text().get(place.range()).unwrap_or("...")
}
