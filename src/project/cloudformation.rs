//! Projects in CloudFormation's templates: also those of SAM, of the Serverless Framework, and what the CDK writes.
//!
//! Functions are followed as far as parameters, mappings and conditions of the template reach. What only a deployment
//! knows (a resource's ARN, another stack's export, the account) is unknown, unless `--parameter` tells it.

use super::file::{Definition, Given};
use super::value::{Filled, Kind, Value};
use crate::diagnostic::Finding;
use crate::places::cloudformation::intrinsic;
use crate::places::tree::{self, Node};
use crate::source::{Span, Spanned};

const PROJECT: &str = "AWS::CodeBuild::Project";

/// References of references could go round in circles.
const DEEPEST: usize = 64;

/// Aliases of aliases could go on for ever.
const MOST_NODES: usize = 1 << 18;

/// The projects of a template.
pub(super) fn definitions(root: &Node, given: &Given) -> Vec<Definition> {
    let template = Template {
        tops: [Some(root), root.get("resources").map(AsRef::as_ref)],
        given,
    };
    template.check_parameters();
    let mut found = Vec::new();
    template.walk(root, &mut MOST_NODES.clone(), 0, &mut found);
    found
}

struct Template<'a> {
    /// Where sections may stand: the Serverless Framework has the template below a key.
    tops: [Option<&'a Node>; 2],
    given: &'a Given,
}

impl<'a> Template<'a> {
    fn section(&self, name: &str, key: &str) -> Option<&'a Node> {
        let mut tops = self.tops.into_iter().flatten();
        tops.find_map(|top| Some(top.get(name)?.get(key)?.as_ref()))
    }

    /// Hears of the template's parameters, and which values each may have.
    fn check_parameters(&self) {
        let sections = self.tops.into_iter().flatten();
        let sections = sections.filter_map(|top| top.get("Parameters"));
        let all = sections.flat_map(|section| section.entries());
        for (name, parameter) in all {
            let Some(name) = name.text() else { continue };
            let given = self.given.parameter(name);
            let (Some(given), Some(allowed)) = (given, parameter.get("AllowedValues")) else {
                continue;
            };
            let values: Vec<_> = allowed
                .items()
                .iter()
                .filter_map(|one| one.text())
                .collect();
            let is_list = parameter
                .get("Type")
                .and_then(|kind| kind.text())
                .is_some_and(is_list);
            let is_allowed = |value: &str| values.contains(&value);
            let fits = if is_list {
                given.split(',').all(|part| is_allowed(part.trim()))
            } else {
                is_allowed(given)
            };
            if !fits && !values.is_empty() {
                let list = values.join(", ");
                let message =
                    format!("CloudFormation would refuse {name}={given}: it allows {list}");
                self.given
                    .say(Finding::warning("project", message, allowed.span));
            }
        }
    }

    fn walk(&self, node: &Node, left: &mut usize, depth: usize, found: &mut Vec<Definition>) {
        if *left == 0 || depth > DEEPEST {
            return;
        }
        *left -= 1;
        for (key, value) in node.entries() {
            if value.get("Type").and_then(|kind| kind.text()) == Some(PROJECT) {
                let nothing = || Value::nothing(value.span);
                let properties = value.get("Properties");
                found.push(Definition {
                    labels: key.text().map(str::to_owned).into_iter().collect(),
                    value: properties.map_or_else(nothing, |node| self.value(node, 0)),
                });
            } else {
                self.walk(value, left, depth + 1, found);
            }
        }
        for item in node.items() {
            self.walk(item, left, depth + 1, found);
        }
    }

    fn value(&self, node: &Node, depth: usize) -> Value {
        let span = node.span;
        if depth > DEEPEST {
            return Value::unknown("a reference that leads too deep", span);
        }
        if let Some((name, argument)) = intrinsic(node) {
            return self.call(name, argument, span, depth).at(span);
        }
        let kind = match &node.kind {
            tree::Kind::Scalar { text, .. } => {
                return if text.contains("{{resolve:") {
                    Value::unknown(text, span)
                } else {
                    super::api::scalar(node)
                };
            }
            tree::Kind::Sequence(items) => {
                let items = items.iter().map(|item| self.value(item, depth + 1));
                Kind::List(
                    items
                        .filter(|item| !matches!(item.kind, Kind::Nothing))
                        .collect(),
                )
            }
            tree::Kind::Mapping(entries) => Kind::Map(
                entries
                    .iter()
                    .map(|(key, value)| {
                        let name = api_name(key.text().unwrap_or_default());
                        (Spanned::new(name, key.span), self.value(value, depth + 1))
                    })
                    .collect(),
            ),
        };
        Value { kind, span }
    }

    fn call(&self, name: &str, argument: &Node, span: Span, depth: usize) -> Value {
        let next = depth + 1;
        let items = argument.items();
        match (name, items) {
            ("Ref", _) => self.reference(argument.text().unwrap_or_default(), span),
            ("Sub", _) => Value::filled(self.substitute(argument, next), span),
            ("Join", [delimiter, list]) => {
                let list = self.value(list, next);
                match &list.kind {
                    Kind::List(items) => {
                        let between = Filled::known(delimiter.text().unwrap_or_default());
                        let mut text = Filled::default();
                        for (index, item) in items.iter().enumerate() {
                            if index > 0 {
                                text.append(&between);
                            }
                            text.append_value(item, "Fn::Join");
                        }
                        Value::filled(text, span)
                    }
                    _ => list,
                }
            }
            ("Split", [delimiter, text]) => {
                let text = self.value(text, next);
                match (text.known(), delimiter.text().filter(|one| !one.is_empty())) {
                    (Some(known), Some(delimiter)) => {
                        let parts = known.split(delimiter).map(|part| Value::text(part, span));
                        Value {
                            kind: Kind::List(parts.collect()),
                            span,
                        }
                    }
                    _ => text,
                }
            }
            ("Select", [index, list]) => {
                let list = self.value(list, next);
                let index = self.value(index, next);
                let at = index.known().and_then(|index| index.trim().parse().ok());
                match (&list.kind, at) {
                    (Kind::List(items), Some(at)) => {
                        let at: usize = at;
                        let outside = || Value::unknown("Fn::Select", span);
                        items.get(at).cloned().unwrap_or_else(outside)
                    }
                    (Kind::Text(_), _) => list,
                    _ => Value::unknown("Fn::Select", span),
                }
            }
            ("If", [condition, yes, no]) => {
                let name = condition.text().unwrap_or_default();
                match self.condition_named(name, next) {
                    Some(true) => self.value(yes, next),
                    Some(false) => self.value(no, next),
                    None => Value::unknown(name, span),
                }
            }
            ("FindInMap", [map, keys @ ..]) => self.find(map, keys, next, span),
            ("GetAtt", _) => {
                let parts: Vec<_> = items.iter().filter_map(|item| item.text()).collect();
                let name = argument
                    .text()
                    .map_or_else(|| parts.join("."), str::to_owned);
                self.reference(&name, span)
            }
            ("ImportValue", _) => {
                let export = self.argument(argument, next);
                self.reference(export.known().unwrap_or("Fn::ImportValue"), span)
            }
            _ => Value::unknown(name, span),
        }
    }

    /// The argument of a function; written as a tag, it carries the function's own.
    fn argument(&self, node: &Node, depth: usize) -> Value {
        match (&node.tag, node.entries()) {
            (None, _) => self.value(node, depth),
            (Some(_), [(key, value)]) => {
                let name = key.text().unwrap_or_default();
                let name = name.strip_prefix("Fn::").unwrap_or(name);
                self.call(name, value, node.span, depth)
            }
            (Some(_), _) => super::api::scalar(node),
        }
    }

    /// A parameter, a pseudo parameter, or what only a deployment knows.
    fn reference(&self, name: &str, span: Span) -> Value {
        let parameter = self.section("Parameters", name);
        let kind = parameter.and_then(|node| node.get("Type")?.text());
        let is_list = kind.is_some_and(is_list);
        let whole = |text: &str| {
            if !is_list {
                return Value::text(text, span);
            }
            let parts = text.split(',').map(|part| Value::text(part.trim(), span));
            Value {
                kind: Kind::List(parts.collect()),
                span,
            }
        };
        if let Some(text) = self.given.parameter(name) {
            return whole(text);
        }
        match name {
            "AWS::NoValue" => return Value::nothing(span),
            "AWS::Region" => return Value::text(&self.given.region, span),
            "AWS::Partition" => return Value::text("aws", span),
            "AWS::URLSuffix" => return Value::text("amazonaws.com", span),
            _ => {}
        }
        let in_store = kind.is_some_and(|kind| kind.starts_with("AWS::SSM::"));
        match parameter.and_then(|node| node.get("Default")?.text()) {
            Some(text) if !in_store => whole(text),
            _ => Value::unknown(name, span),
        }
    }

    /// `Fn::Sub`: a text, or a text and the values of some of its names.
    fn substitute(&self, argument: &Node, depth: usize) -> Filled {
        let (template, values) = match argument.items() {
            [template, values] => (template.as_ref(), Some(values)),
            [template] => (template.as_ref(), None),
            _ => (argument, None),
        };
        let mut rest = template.text().unwrap_or_default();
        let mut text = Filled::default();
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                break;
            };
            text.text.push_str(before);
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                text.text.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let value = match values.and_then(|values| values.get(name)) {
                Some(value) => self.value(value, depth),
                None => self.reference(name, template.span),
            };
            text.append_value(&value, name);
        }
        text.text.push_str(rest);
        text
    }

    fn find(&self, map: &Node, keys: &[std::rc::Rc<Node>], depth: usize, span: Span) -> Value {
        let unknown = || Value::unknown("Fn::FindInMap", span);
        let map = self.value(map, depth);
        let Some(mut node) = map
            .known()
            .and_then(|name| self.whole_section("Mappings", name))
        else {
            return unknown();
        };
        for key in keys.iter().take(2) {
            let key = self.value(key, depth);
            match (&key.kind, key.known().and_then(|key| node.get(key))) {
                (_, Some(inner)) => node = inner,
                (Kind::Text(filled), None) if !filled.unknown.is_empty() => return key.at(span),
                _ => return unknown(),
            }
        }
        self.value(node, depth)
    }

    fn whole_section(&self, name: &str, key: &str) -> Option<&'a Node> {
        self.section(name, key)
    }

    fn condition_named(&self, name: &str, depth: usize) -> Option<bool> {
        self.condition(self.section("Conditions", name)?, depth)
    }

    /// `None` where it depends on what is not known.
    fn condition(&self, node: &Node, depth: usize) -> Option<bool> {
        if depth > DEEPEST {
            return None;
        }
        if let [(key, value)] = node.entries()
            && key.text() == Some("Condition")
        {
            return self.condition_named(value.text()?, depth + 1);
        }
        let (name, argument) = intrinsic(node)?;
        let each = || {
            argument
                .items()
                .iter()
                .map(|item| self.condition(item, depth + 1))
        };
        match (name, argument.items()) {
            ("Condition", _) => self.condition_named(argument.text()?, depth + 1),
            ("Equals", [left, right]) => {
                let (left, right) = (self.value(left, depth + 1), self.value(right, depth + 1));
                Some(left.known()? == right.known()?)
            }
            ("Not", [inner]) => self.condition(inner, depth + 1).map(|yes| !yes),
            ("And", _) if each().any(|one| one == Some(false)) => Some(false),
            ("And", _) => each().all(|one| one == Some(true)).then_some(true),
            ("Or", _) if each().any(|one| one == Some(true)) => Some(true),
            ("Or", _) => each().all(|one| one == Some(false)).then_some(false),
            _ => None,
        }
    }
}

/// Whether a type of parameter is one of lists.
fn is_list(kind: &str) -> bool {
    kind.starts_with("List<") || kind == "CommaDelimitedList"
}

/// CloudFormation begins every name with a capital letter.
fn api_name(name: &str) -> String {
    if name == "BuildSpec" {
        return "buildspec".to_owned();
    }
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_lowercase().to_string() + letters.as_str()
    })
}
