//! Projects in what `terraform show -json` prints, of a plan or of a state.

use super::file::{Definition, Given};
use super::terraform::{LABEL, SINGLE, api_name};
use super::value::{Kind, Value};
use crate::source::Spanned;

/// Modules in modules.
const DEEPEST: usize = 32;

/// The projects of a plan or state; `None` when the document is neither.
pub(super) fn definitions(root: &Value, given: &Given) -> Option<Vec<Definition>> {
    let values = root.get("planned_values").or_else(|| root.get("values"))?;
    let module = values.get("root_module")?;
    let mut found = Vec::new();
    gather(module, root, given, 0, &mut found);
    Some(found)
}

fn gather(module: &Value, root: &Value, given: &Given, depth: usize, found: &mut Vec<Definition>) {
    let resources = module
        .get("resources")
        .map(Value::items)
        .unwrap_or_default();
    for resource in resources {
        let text = |key: &str| resource.get(key).and_then(Value::known);
        let (Some(LABEL), Some(values)) = (text("type"), resource.get("values")) else {
            continue;
        };
        let address = text("address").unwrap_or_default();
        let mut value = in_api_shape(values);
        if let Some(unknown) = after_unknown(root, address) {
            mark(&mut value, &in_api_shape(unknown), given, address);
        }
        found.push(Definition {
            labels: [text("address"), text("name")]
                .into_iter()
                .flatten()
                .map(str::to_owned)
                .collect(),
            value,
        });
    }
    let children = module.get("child_modules").map(Value::items);
    if depth < DEEPEST {
        for child in children.unwrap_or_default() {
            gather(child, root, given, depth + 1, found);
        }
    }
}

/// Names become the API's, and a block that can stand only once is no list.
fn in_api_shape(value: &Value) -> Value {
    let kind = match &value.kind {
        Kind::Map(entries) => Kind::Map(
            entries
                .iter()
                .filter_map(|(name, value)| {
                    let key = Spanned::new(api_name(&name.value)?, name.span);
                    Some((key, in_api_shape(alone(&name.value, value)?)))
                })
                .collect(),
        ),
        Kind::List(items) => Kind::List(items.iter().map(in_api_shape).collect()),
        other => other.clone(),
    };
    Value {
        kind,
        span: value.span,
    }
}

fn alone<'v>(name: &str, value: &'v Value) -> Option<&'v Value> {
    match &value.kind {
        Kind::List(items) if SINGLE.contains(&name) => items.first(),
        _ => Some(value),
    }
}

/// What the plan says will be known only after it was applied.
fn after_unknown<'v>(root: &'v Value, address: &str) -> Option<&'v Value> {
    let changes = root.get("resource_changes").map(Value::items)?;
    let of = |change: &&Value| change.get("address").and_then(Value::known) == Some(address);
    changes.iter().find(of)?.get("change")?.get("after_unknown")
}

fn mark(value: &mut Value, unknown: &Value, given: &Given, name: &str) {
    let span = value.span;
    if unknown.known() == Some("true") {
        *value = match given.parameter(name) {
            Some(text) => Value::text(text, span),
            None => Value::unknown(name, span),
        };
        return;
    }
    match (&mut value.kind, &unknown.kind) {
        (Kind::Map(entries), Kind::Map(unknown)) => {
            for (key, unknown) in unknown {
                let inner = format!("{name}.{}", key.value);
                if !entries.iter().any(|(name, _)| name.value == key.value) {
                    let key = Spanned::new(key.value.clone(), span);
                    entries.push((key, Value::nothing(span)));
                }
                let own = |(name, _): &&mut (Spanned<String>, Value)| name.value == key.value;
                if let Some((_, value)) = entries.iter_mut().find(own) {
                    mark(value, unknown, given, &inner);
                }
            }
        }
        (Kind::List(items), Kind::List(unknown)) => {
            for (index, (value, unknown)) in items.iter_mut().zip(unknown).enumerate() {
                mark(value, unknown, given, &format!("{name}[{index}]"));
            }
        }
        _ => {}
    }
}
