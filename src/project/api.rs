//! Definitions in the API's own shape: `batch-get-projects`, `create-project`, and their skeletons.

use granit_parser::ScalarStyle;

use super::file::Definition;
use super::value::{Kind, Value};
use crate::places::tree::{self, Node};
use crate::source::Spanned;

/// Aliases of aliases could go on for ever.
const MOST_NODES: usize = 1 << 18;

/// The projects that a document holds.
pub(super) fn definitions(root: &Node) -> Vec<Definition> {
    let value = value(root);
    let listed = value.get("projects").map(Value::items).unwrap_or_default();
    let single = value.get("project");
    let whole = [&value].into_iter().filter(|value| is_project(value));
    listed
        .iter()
        .chain(single)
        .chain(whole)
        .map(|value| Definition {
            labels: Vec::new(),
            value: value.clone(),
        })
        .collect()
}

/// A build has both members as well.
fn is_project(value: &Value) -> bool {
    let has = |key| value.get(key).is_some();
    (has("source") || has("environment")) && !has("buildStatus") && !has("buildBatchStatus")
}

/// A document of YAML or JSON as a value.
pub(super) fn value(root: &Node) -> Value {
    convert(root, &mut MOST_NODES.clone())
}

fn convert(node: &Node, left: &mut usize) -> Value {
    let span = node.span;
    if *left == 0 {
        return Value::nothing(span);
    }
    *left -= 1;
    let kind = match &node.kind {
        tree::Kind::Scalar { .. } => return scalar(node),
        tree::Kind::Sequence(items) => {
            Kind::List(items.iter().map(|item| convert(item, left)).collect())
        }
        tree::Kind::Mapping(entries) => Kind::Map(
            entries
                .iter()
                .map(|(key, value)| {
                    let name = key.text().unwrap_or_default().to_owned();
                    (Spanned::new(name, key.span), convert(value, left))
                })
                .collect(),
        ),
    };
    Value { kind, span }
}

/// A text, a number, a truth or nothing.
pub(super) fn scalar(node: &Node) -> Value {
    match &node.kind {
        tree::Kind::Scalar { text, style } if *style == ScalarStyle::Plain => match text.as_str() {
            "" | "~" | "null" => Value::nothing(node.span),
            "true" | "false" => Value::bare(text, node.span),
            _ if text.parse::<f64>().is_ok() => Value::bare(text, node.span),
            _ => Value::text(text, node.span),
        },
        tree::Kind::Scalar { text, .. } => Value::text(text, node.span),
        _ => Value::nothing(node.span),
    }
}
