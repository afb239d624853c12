//! Values of any section: texts, lists of texts, yes and no, names with values.

use std::fmt::Display;

use super::Decoder;
use crate::buildspec::assumed;
use crate::buildspec::model::{Text, Variable};
use crate::diagnostic::Finding;
use crate::source::Spanned;
use crate::yaml::{Entry, Kind, Node};

/// Where a value belongs, such as `batch.build-list[0].env`: written out when something is wrong with it.
pub(super) trait Path: Display + Copy {}

impl<T: Display + Copy> Path for T {}

impl Decoder<'_> {
    /// The entries of what should be a mapping; nothing at all counts as an empty one.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, key: impl Path) -> &'n [Entry] {
        match &node.kind {
            Kind::Mapping(entries) => return entries,
            Kind::Null => {}
            Kind::Sequence(_) => self.wrong_kind(
                node,
                key,
                "map",
                &["remove the `- ` in front of each key, or indent the keys below it"],
            ),
            Kind::Scalar { .. } => self.wrong_kind(
                node,
                key,
                "map",
                &["put keys below it, indented, each as `key: value`"],
            ),
        }
        &[]
    }

    /// The entries of a section of which people often leave out the one key that they use, and write its list at once.
    pub(super) fn entries_around<'n>(
        &mut self,
        node: &'n Node,
        section: impl Path,
        key: &str,
    ) -> &'n [Entry] {
        if !matches!(node.kind, Kind::Sequence(_)) {
            return self.entries(node, section);
        }
        let help = format!("put `{key}:` above the list, and indent the list below it");
        self.wrong_kind(node, section, "map", &[&help]);
        &[]
    }

    /// A text; numbers and booleans as they are written. Nothing at all is no text.
    pub(super) fn text(&mut self, node: &Node, key: impl Path) -> Option<Text> {
        match &node.kind {
            Kind::Scalar { text, .. } => Some(Spanned::new(text.clone(), node.span)),
            Kind::Null => None,
            Kind::Sequence(_) => {
                self.wrong_kind(node, key, "string", &["give it one text, not a list"]);
                None
            }
            Kind::Mapping(_) => {
                self.wrong_kind(
                    node,
                    key,
                    "string",
                    &["a text that contains `: ` needs quotes"],
                );
                None
            }
        }
    }

    /// A list of texts, or a single one.
    pub(super) fn texts(&mut self, node: &Node, key: impl Path) -> Vec<Text> {
        match &node.kind {
            Kind::Null => Vec::new(),
            Kind::Sequence(nodes) => nodes
                .iter()
                .enumerate()
                .filter_map(|(index, node)| {
                    let key = format_args!("{key}[{index}]");
                    if node.is_null() {
                        self.report(
                            Finding::warning("empty-item", format!("`{key}` is empty"), node.span)
                                .label("nothing stands here")
                                .help("remove the `-`, or put quotes around what stands behind it"),
                        );
                    }
                    self.text(node, key)
                })
                .collect(),
            Kind::Scalar { .. } => self.text(node, key).into_iter().collect(),
            Kind::Mapping(_) => {
                self.wrong_kind(node, key, "list of strings", &["begin each item with `- `"]);
                Vec::new()
            }
        }
    }

    /// Yes or no, in the spellings of YAML 1.1.
    pub(super) fn boolean(&mut self, node: &Node, key: impl Path) -> Option<Spanned<bool>> {
        let text = self.text(node, key)?;
        let value = match text.value.to_ascii_lowercase().as_str() {
            "y" | "yes" | "true" | "on" => true,
            "n" | "no" | "false" | "off" => false,
            _ => {
                self.report(
                    Finding::warning(
                        "boolean",
                        format!("`{key}` is neither yes nor no"),
                        node.span,
                    )
                    .label("taken as no")
                    .help("write `yes` or `no`"),
                );
                return None;
            }
        };
        Some(Spanned::new(value, node.span))
    }

    /// [`Self::boolean`], with no as the value of nothing.
    pub(super) fn flag(&mut self, node: &Node, key: impl Path) -> bool {
        self.boolean(node, key).is_some_and(|flag| flag.value)
    }

    /// Names and their values as written; a name without a value has the empty text.
    pub(super) fn variables(&mut self, node: &Node, key: impl Path) -> Vec<Variable> {
        let mut variables = Vec::new();
        if matches!(node.kind, Kind::Sequence(_)) {
            let help = "write each as `NAME: value`, without the `- ` in front";
            self.wrong_kind(node, key, "map", &[help]);
            return variables;
        }
        for entry in self.entries(node, key) {
            let Some(name) = self.name(entry, key) else {
                continue;
            };
            let value = if entry.value.is_null() {
                Some(Spanned::new(String::new(), entry.value.span))
            } else {
                self.text(&entry.value, format_args!("{key}.{}", name.value))
            };
            if let Some(value) = value {
                variables.push(Variable { name, value });
            }
        }
        variables
    }

    /// A key that the author chose.
    pub(super) fn name(&mut self, entry: &Entry, section: impl Path) -> Option<Text> {
        if entry.key.text().is_none() {
            self.wrong_kind(
                &entry.key,
                format_args!("a name in {section}"),
                "string",
                &["put a name in front of the `:`"],
            );
        }
        let text = entry.key.text()?;
        Some(Spanned::new(text.to_owned(), entry.key.span))
    }

    /// The value is a list where a text belongs, or the like.
    pub(super) fn wrong_kind(
        &mut self,
        node: &Node,
        key: impl Path,
        expected: &str,
        help: &[&str],
    ) {
        let line = self.line(node.span);
        let wanted = match expected {
            "map" => "keys and values",
            "string" => "a text",
            "list of strings" => "a list of texts",
            other => other,
        };
        let mut finding = Finding::error(
            "wrong-kind",
            assumed::wrong_kind(&key.to_string(), expected, found(node), line),
            format!("`{key}` takes {wanted}"),
            node.span,
        )
        .label(match node.kind {
            Kind::Mapping(_) => "these are keys and values".to_owned(),
            _ => format!("this is {}", node.describe()),
        })
        .assumed();
        finding
            .help
            .extend(help.iter().map(|help| (*help).to_owned()));
        self.report(finding);
    }

    /// The value is not among the allowed ones.
    pub(super) fn wrong_value(&mut self, value: &Text, key: impl Path, allowed: &str) {
        self.report(
            Finding::error(
                "wrong-value",
                assumed::wrong_value(&key.to_string(), &value.value),
                format!("`{key}` does not take `{}`", value.value),
                value.span,
            )
            .assumed()
            .help(format!("allowed: {allowed}")),
        );
    }
}

/// Nothing, or a list without items.
pub(super) fn is_empty_list(node: &Node) -> bool {
    match &node.kind {
        Kind::Sequence(nodes) => nodes.iter().all(Node::is_null),
        kind => *kind == Kind::Null,
    }
}

/// The kind of a node in the words of the sentence about commands.
pub(super) fn found(node: &Node) -> &'static str {
    match node.kind {
        Kind::Null => "nothing",
        Kind::Scalar { .. } => "string",
        Kind::Sequence(_) => "list",
        Kind::Mapping(_) => "subkeys",
    }
}
