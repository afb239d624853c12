//! Buildspecs in CloudFormation templates: also those of SAM, and what the CDK writes.

use std::rc::Rc;

use super::Gathered;
use super::mapped::Mapped;
use super::scalar;
use super::tree::{Kind, Node};
use crate::diagnostic::Finding;
use crate::source::{Source, Span};

const PROJECT: &str = "AWS::CodeBuild::Project";

/// Nodes that are looked at; aliases of aliases could go on for ever.
const MOST_NODES: usize = 1 << 20;

/// Whether a document is a template at all.
pub(crate) fn is_template(root: &Node) -> bool {
    [
        "AWSTemplateFormatVersion",
        "Resources",
        "resources",
        "Transform",
    ]
    .iter()
    .any(|key| root.get(key).is_some())
}

/// Gathers the buildspecs of all projects below a node.
pub(super) fn gather(source: &Source, root: &Node, gathered: &mut Gathered) {
    let mut template = Template {
        source,
        gathered,
        left: MOST_NODES,
    };
    template.walk(root);
}

struct Template<'a> {
    source: &'a Source,
    gathered: &'a mut Gathered,
    left: usize,
}

impl Template<'_> {
    fn walk(&mut self, node: &Node) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        if node.get("Type").and_then(|kind| kind.text()) == Some(PROJECT) {
            self.gathered.projects += 1;
            let source = node.get("Properties").and_then(|node| node.get("Source"));
            match source.map(|node| (node, intrinsic(node))) {
                Some((_, Some(("If", _)))) => self.branches(source),
                Some((node, Some(_))) => self
                    .gathered
                    .not_evaluated(node.span, "the project's source"),
                Some((node, None)) => self.source(node),
                None => {}
            }
        }
        for item in node.items() {
            self.walk(item);
        }
        for (_, value) in node.entries() {
            self.walk(value);
        }
    }

    /// `Source: !If [condition, {...}, {...}]`.
    fn branches(&mut self, source: Option<&Rc<Node>>) {
        let arguments = source.and_then(|node| intrinsic(node).map(|(_, node)| node.items()));
        for branch in arguments.unwrap_or_default().iter().skip(1) {
            self.source(branch);
        }
    }

    fn source(&mut self, node: &Node) {
        if let Some(buildspec) = node.get("BuildSpec") {
            self.buildspec(buildspec);
        }
    }

    fn buildspec(&mut self, node: &Node) {
        match intrinsic(node) {
            None if node.text().is_none() => self.gathered.findings.push(
                Finding::new(
                    "inline-not-text",
                    crate::diagnostic::Severity::Error,
                    "`BuildSpec` takes a text, and this is a list or keys and values",
                    first_line(self.source, node.span),
                )
                .help("write `BuildSpec: |`: then all that is indented below it is the text"),
            ),
            Some(("If", arguments)) => {
                for branch in arguments.items().iter().skip(1) {
                    self.buildspec(branch);
                }
            }
            Some(("Ref", name)) if name.text() == Some("AWS::NoValue") => {}
            None | Some(("Sub" | "Join", _)) => {
                let mut text = Mapped::default();
                self.append(node, &mut text);
                let block = matches!(
                    node.kind,
                    Kind::Scalar {
                        style: granit_parser::ScalarStyle::Literal,
                        ..
                    }
                );
                self.gathered.text(text, node.span, block);
            }
            Some((name, _)) => {
                let what = format!("a buildspec that comes from `{name}`");
                self.gathered
                    .not_evaluated(first_line(self.source, node.span), &what);
            }
        }
    }

    /// Appends what a value comes to.
    fn append(&self, node: &Node, text: &mut Mapped) {
        match intrinsic(node) {
            None => match &node.kind {
                Kind::Scalar { .. } => {
                    let scalar = self.scalar(node);
                    text.append(&scalar, 0..scalar.text().len());
                }
                _ => text.stand_in("${...}", node.span),
            },
            Some(("Sub", argument)) => self.substitute(argument, text),
            Some(("Join", arguments)) => {
                let [delimiter, list] = arguments.items() else {
                    text.stand_in("${...}", node.span);
                    return;
                };
                if intrinsic(list).is_some() || list.text().is_some() {
                    text.stand_in("${...}", list.span);
                    return;
                }
                let delimiter = self.scalar(delimiter);
                for (index, item) in list.items().iter().enumerate() {
                    if index > 0 {
                        text.append(&delimiter, 0..delimiter.text().len());
                    }
                    self.append(item, text);
                }
            }
            Some((name, argument)) => {
                let written = match (name, argument.text()) {
                    ("Ref" | "GetAtt" | "ImportValue", Some(name)) if is_name(name) => {
                        format!("${{{name}}}")
                    }
                    _ => "${...}".to_owned(),
                };
                text.stand_in(&written, argument.span);
            }
        }
    }

    /// `Fn::Sub`: a text, or a text and the values of some of its names.
    fn substitute(&self, argument: &Node, text: &mut Mapped) {
        let (template, values) = match argument.items() {
            [template, values] => (template.as_ref(), Some(values)),
            [template] => (template.as_ref(), None),
            _ => (argument, None),
        };
        let template = self.scalar(template);
        let whole = template.text();
        let mut done = 0;
        while let Some(start) = whole[done..].find("${").map(|at| done + at) {
            let Some(end) = whole[start..].find('}').map(|at| start + at) else {
                break;
            };
            let name = &whole[start + 2..end];
            text.append(&template, done..start);
            done = end + 1;
            if name.starts_with('!') {
                // `${!Name}` is how `${Name}` is written.
                text.append(&template, start..start + 2);
                text.append(&template, start + 3..end + 1);
            } else if let Some(value) = values.and_then(|values| values.get(name.trim())) {
                self.append(value, text);
            } else if is_name(name.trim()) {
                text.stand_in(&whole[start..done], template.outer(Span::new(start, done)));
            } else {
                // CloudFormation would refuse it; the shell's own form, such as `${A:-b}`.
                text.append(&template, start..done);
            }
        }
        text.append(&template, done..whole.len());
    }

    fn scalar(&self, node: &Node) -> Mapped {
        match &node.kind {
            Kind::Scalar { text, style } => scalar::mapped(self.source, text, *style, node.span),
            _ => Mapped::default(),
        }
    }
}

/// A function's name without `Fn::`, and its argument.
pub(crate) fn intrinsic(node: &Node) -> Option<(&str, &Node)> {
    if let Some(tag) = &node.tag {
        return Some((tag, node));
    }
    let [(key, value)] = node.entries() else {
        return None;
    };
    let key = key.text()?;
    let name = key
        .strip_prefix("Fn::")
        .or((key == "Ref").then_some("Ref"))?;
    Some((name, value))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'_' | b'-'))
}

fn first_line(source: &Source, span: Span) -> Span {
    let text = source.text().get(span.range()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    Span::new(span.start, span.start + line.trim_end().len())
}
