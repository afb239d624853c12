//! Where things are: events with spans become a tree.

use std::collections::{BTreeMap, HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};

use super::{Duplicate, Entry, Kind, Node, Style, Tree, assumed, plain};
use crate::diagnostic::Finding;
use crate::source::Span;

/// What anchors and aliases may copy, in bytes of text plus [`NODE_WEIGHT`] for each node. Files that grow beyond it are bombs.
const ALIAS_BUDGET: usize = 16 << 20;
const NODE_WEIGHT: usize = 128;

/// The tree of a text so plain that the judge takes it for certain.
pub fn plain(text: &str) -> Option<Tree> {
    let mut builder = Builder::default();
    plain::read(text, |event, span| builder.event(text, event, span))?;
    Some(builder.tree)
}

/// The tree of a text. It says something only of a text that the judge takes.
pub fn any(text: &str) -> Tree {
    let options =
        granit_parser::options! { emit_comments: false, simple_key_max_lookahead: text.len() + 1 };
    let mut builder = Builder {
        has_returns: text.contains("\r\n"),
        ..Builder::default()
    };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or_default();
                let span = clamp(text, Span::new(range.start, range.end));
                if !builder.event(text, event, span) {
                    break;
                }
            }
            Err(error) => {
                if !builder.done {
                    let at = error.marker().byte_offset().unwrap_or(text.len());
                    builder.stop(unplaceable(text, at, &error.to_string()));
                }
                break;
            }
        }
    }
    builder.tree
}

/// The file ends with this scalar, and not with a line's end.
fn ends_in_text(text: &str, scalar: Span) -> bool {
    scalar.end == text.len()
        && text.get(scalar.range()).is_some_and(|scalar| {
            let line = scalar.rsplit(['\n', '\r']).next();
            line.is_some_and(|line| !line.trim().is_empty())
        })
}

/// The span as it is, or the nearest one that lies in the text and on its characters' bounds.
fn clamp(text: &str, span: Span) -> Span {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end.max(start));
    Span::new(start, end)
}

pub(super) fn unplaceable(text: &str, at: usize, why: &str) -> Finding {
    let at = text.floor_char_boundary(at);
    Finding::new(
        "yaml-unplaceable",
        crate::diagnostic::Severity::Error,
        "YAML that this tool can't place, though CodeBuild would read it",
        Span::new(at, at),
    )
    .label(why)
    .help("write this part in a plainer way: less nesting, fewer special characters, quotes around texts")
}

#[derive(Default)]
struct Builder {
    tree: Tree,
    /// Collections that are still open.
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    copied: usize,
    /// Where the last piece of text ended.
    end: usize,
    /// The first document is complete.
    done: bool,
    /// Lines may end with `\r\n`.
    has_returns: bool,
}

struct Open {
    kind: Collection,
    start: Span,
    flow: bool,
    anchor: usize,
    weight: usize,
}

enum Collection {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        keys: Keys,
        /// Entries whose key stood once more.
        stale: HashSet<usize>,
        key: Option<Node>,
        merges: Vec<Node>,
    },
}

/// Finds keys among the entries of a mapping. To look through few is quicker than to keep a map of them.
#[derive(Default)]
struct Keys {
    /// Where each key stands first in the file, and the last of its entries; of so many entries.
    known: BTreeMap<String, (Span, usize)>,
    read: usize,
}

impl Keys {
    const FEW: usize = 16;

    fn find(&mut self, entries: &[Entry], key: &str) -> Option<(Span, usize)> {
        if entries.len() <= Self::FEW {
            let is_key = |entry: &Entry| entry.key.text() == Some(key);
            let last = entries.iter().rposition(is_key)?;
            let first = entries.iter().find(|entry| is_key(entry))?;
            return Some((first.key.span, last));
        }
        for (index, entry) in entries.iter().enumerate().skip(self.read) {
            if let Some(text) = entry.key.text() {
                let first = (entry.key.span, index);
                self.known
                    .entry(text.to_owned())
                    .and_modify(|(_, last)| *last = index)
                    .or_insert(first);
            }
        }
        self.read = entries.len();
        self.known.get(key).copied()
    }
}

impl Builder {
    /// Takes one event; `false` ends the reading.
    fn event(&mut self, text: &str, event: Event<'_>, span: Span) -> bool {
        match event {
            Event::DocumentStart(..) if self.done => {
                self.tree.findings.push(
                    Finding::warning("yaml-documents", "a second document starts here", span)
                        .label("nothing from here on is read")
                        .help("CodeBuild reads one document: remove the `---`, or put the rest into a file of its own"),
                );
                return false;
            }
            Event::DocumentEnd => self.done = true,
            Event::Scalar(value, style, anchor, tag) => {
                self.tag(tag.as_deref(), span);
                let value = match style {
                    // libyaml adds no line break that the file does not have.
                    ScalarStyle::Literal | ScalarStyle::Folded if ends_in_text(text, span) => {
                        value.strip_suffix('\n').unwrap_or(&value)
                    }
                    _ => &value,
                };
                let mut kind = scalar(value, style, tag.as_deref(), span);
                if self.has_returns
                    && let Kind::Scalar { text, .. } = &mut kind
                {
                    *text = text.replace("\r\n", "\n");
                }
                self.end = self.end.max(span.end);
                let weight = value.len() + NODE_WEIGHT;
                return self.finish(Node { kind, span }, anchor, weight);
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.tag(tag.as_deref(), span);
                self.start(Collection::Sequence(Vec::new()), style, anchor, span);
            }
            Event::MappingStart(style, anchor, tag) => {
                self.tag(tag.as_deref(), span);
                let mapping = Collection::Mapping {
                    entries: Vec::new(),
                    keys: Keys::default(),
                    stale: HashSet::new(),
                    key: None,
                    merges: Vec::new(),
                };
                self.start(mapping, style, anchor, span);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(span),
            Event::Alias(id) => return self.alias(text, id, span),
            _ => {}
        }
        true
    }

    fn start(&mut self, kind: Collection, style: StructureStyle, anchor: usize, start: Span) {
        self.open.push(Open {
            kind,
            start,
            flow: style == StructureStyle::Flow,
            anchor,
            weight: NODE_WEIGHT,
        });
    }

    fn close(&mut self, end: Span) -> bool {
        let Some(open) = self.open.pop() else {
            return true;
        };
        if open.flow {
            self.end = self.end.max(end.end);
        }
        let (kind, first) = match open.kind {
            Collection::Sequence(nodes) => {
                let first = nodes.first().map(|node| node.span.start);
                (Kind::Sequence(nodes), first)
            }
            Collection::Mapping {
                mut entries,
                mut keys,
                stale,
                merges,
                ..
            } => {
                if !stale.is_empty() {
                    let mut index = 0..;
                    entries.retain(|_| index.next().is_some_and(|index| !stale.contains(&index)));
                    keys = Keys::default();
                }
                let first = entries.first().map(|entry| entry.key.span.start);
                for merge in merges {
                    if !self.merge(&mut entries, &mut keys, merge) {
                        return false;
                    }
                }
                (Kind::Mapping(entries), first)
            }
        };
        let start = first.map_or(open.start.start, |first| first.min(open.start.start));
        let span = Span::new(start, self.end.max(start));
        self.finish(Node { kind, span }, open.anchor, open.weight)
    }

    /// Puts a complete node into the collection around it.
    fn finish(&mut self, node: Node, anchor: usize, weight: usize) -> bool {
        if anchor != 0 {
            if !self.charge(weight, node.span) {
                return false;
            }
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        let Some(open) = self.open.last_mut() else {
            if !self.done {
                self.tree.root = Some(node);
            }
            return true;
        };
        open.weight += weight;
        match &mut open.kind {
            Collection::Sequence(nodes) => nodes.push(node),
            Collection::Mapping {
                entries,
                keys,
                stale,
                key,
                merges,
            } => match key.take() {
                None => *key = Some(node),
                Some(key) if is_merge(&key) => merges.push(node),
                Some(key) => {
                    if let Some(text) = key.text()
                        && let Some((first, last)) = keys.find(entries, text)
                    {
                        stale.insert(last);
                        self.tree.duplicates.push(Duplicate {
                            first,
                            second: key.span,
                            key: text.to_owned(),
                        });
                    }
                    entries.push(Entry { key, value: node });
                }
            },
        }
        true
    }

    fn alias(&mut self, text: &str, id: usize, span: Span) -> bool {
        self.end = self.end.max(span.end);
        let Some(weight) = self.anchors.get(&id).map(|(_, weight)| *weight) else {
            let name = text
                .get(span.range())
                .unwrap_or_default()
                .trim_start_matches('*');
            return self.stop(
                Finding::error(
                    "yaml-alias",
                    assumed::anchor_contains_itself(name),
                    format!("the value called `{name}` contains itself"),
                    span,
                )
                .assumed()
                .help("write the value out here instead of the alias"),
            );
        };
        if !self.charge(weight, span) {
            return false;
        }
        let kind = self
            .anchors
            .get(&id)
            .map_or(Kind::Null, |(node, _)| node.kind.clone());
        self.finish(Node { kind, span }, 0, weight)
    }

    fn charge(&mut self, weight: usize, span: Span) -> bool {
        self.copied += weight;
        self.copied <= ALIAS_BUDGET || self.bomb(span)
    }

    fn bomb(&mut self, span: Span) -> bool {
        self.stop(
            Finding::error(
                "yaml-alias",
                assumed::EXCESSIVE_ALIASING,
                "aliases make this file too large",
                span,
            )
            .assumed()
            .label("expanding from here on goes too far")
            .help("write the values out, or use fewer aliases of aliases"),
        )
    }

    /// Appends what a merge key brings; keys that stand in the mapping itself win.
    fn merge(&mut self, entries: &mut Vec<Entry>, keys: &mut Keys, value: Node) -> bool {
        let span = value.span;
        match value.kind {
            Kind::Mapping(merged) => {
                for entry in merged {
                    if let Some(text) = entry.key.text()
                        && keys.find(entries, text).is_none()
                    {
                        entries.push(entry);
                    }
                }
                true
            }
            Kind::Sequence(nodes) if nodes.iter().all(|node| node.entries().is_some()) => nodes
                .into_iter()
                .all(|node| self.merge(entries, keys, node)),
            _ => self.stop(
                Finding::error(
                    "yaml-merge",
                    assumed::MERGE_NEEDS_MAPPING,
                    "a merge key `<<` takes keys and values, or a list of such",
                    span,
                )
                .assumed()
                .help("give it an alias to a mapping: `<<: *name`"),
            ),
        }
    }

    fn tag(&mut self, tag: Option<&Tag>, span: Span) {
        let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) else {
            return;
        };
        let name = tag.original();
        self.tree.findings.push(
            Finding::warning(
                "yaml-tag",
                format!("YAML takes `{name}` for a tag: it is not part of the value"),
                span,
            )
            .label(format!("what is left of it, without `{name}`"))
            .help("put the whole value in quotes if it is meant to begin with `!`"),
        );
    }

    /// Ends the reading with a finding.
    fn stop(&mut self, finding: Finding) -> bool {
        self.tree.findings.push(finding);
        self.tree.root = None;
        self.open.clear();
        false
    }
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.kind, Kind::Scalar { text, style: Style::Plain } if text == "<<")
}

fn scalar(value: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Kind {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    };
    let absent = span.start == span.end || matches!(value, "" | "~" | "null" | "Null" | "NULL");
    if style == Style::Plain && absent && tag.is_none() {
        return Kind::Null;
    }
    // The parser writes `~` for a value that is not there at all.
    let text = if span.start == span.end && style == Style::Plain {
        String::new()
    } else {
        value.to_owned()
    };
    Kind::Scalar { text, style }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Tree {
        any(text)
    }

    /// A short form: `{k: [a, b], c: ~}`.
    fn short(node: &Node) -> String {
        match &node.kind {
            Kind::Null => "~".to_owned(),
            Kind::Scalar { text, .. } => text.clone(),
            Kind::Sequence(nodes) => {
                format!(
                    "[{}]",
                    nodes.iter().map(short).collect::<Vec<_>>().join(", ")
                )
            }
            Kind::Mapping(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|entry| format!("{}: {}", short(&entry.key), short(&entry.value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    fn shown(text: &str) -> String {
        let tree = tree(text);
        assert_eq!(tree.findings, [], "{text}");
        short(&tree.root.unwrap())
    }

    #[test]
    fn keeps_the_source_spelling() {
        assert_eq!(
            shown("a: 3.10\nb: yes\nc: '1'\nd: ~\ne:\nf: 0x1F\ng: ''\n"),
            "{a: 3.10, b: yes, c: 1, d: ~, e: ~, f: 0x1F, g: }"
        );
    }

    #[test]
    fn spans_cover_the_children() {
        let text = "a:\n  - b\n  - {c: d}\ne: f\n";
        let root = tree(text).root.unwrap();
        assert_eq!(&text[root.span.range()], "a:\n  - b\n  - {c: d}\ne: f");
        let list = root.get("a").unwrap();
        assert_eq!(&text[list.span.range()], "- b\n  - {c: d}");
        let Kind::Sequence(items) = &list.kind else {
            panic!()
        };
        assert_eq!(&text[items[1].span.range()], "{c: d}");
    }

    #[test]
    fn resolves_aliases_and_merges() {
        assert_eq!(
            shown("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: [*x]\n"),
            "{x: {a: 1, b: 2}, y: {b: 3, a: 1}, z: [{a: 1, b: 2}]}"
        );
        assert_eq!(
            shown("x: &x {a: 1}\nw: &w {a: 2, c: 3}\ny: {<<: [*x, *w]}\n"),
            "{x: {a: 1}, w: {a: 2, c: 3}, y: {a: 1, c: 3}}"
        );
        assert_eq!(tree("a: {<<: 1}").findings[0].rule, "yaml-merge");
        assert_eq!(tree("a: &a [*a]").findings[0].rule, "yaml-alias");
    }

    #[test]
    fn refuses_bombs_quickly() {
        let tree = tree(&crate::yaml::tests::bomb());
        assert_eq!(tree.findings[0].rule, "yaml-alias");
        assert!(tree.root.is_none());
    }

    #[test]
    fn refuses_what_is_too_deep() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(tree(&deep).findings[0].rule, "yaml-unplaceable");
    }

    #[test]
    fn notes_duplicates() {
        let tree = tree("a: 1\nb: {c: 1, c: 2}\na: 2\n");
        let keys: Vec<_> = tree
            .duplicates
            .iter()
            .map(|duplicate| duplicate.key.as_str())
            .collect();
        assert_eq!(keys, ["c", "a"]);
        assert_eq!(short(tree.root.as_ref().unwrap()), "{b: {c: 2}, a: 2}");
    }

    /// Few keys are looked for among the entries, many in a map.
    #[test]
    fn keys_are_found_among_few_and_many() {
        for count in [1, Keys::FEW - 1, Keys::FEW, Keys::FEW + 1, 3 * Keys::FEW] {
            let own = |key: usize| format!("k{key}: own");
            let own: Vec<String> = (0..count).map(own).collect();
            let merged = |key: usize| format!("k{key}: merged, m{key}: merged");
            let merged: Vec<String> = (0..count).map(merged).collect();
            let (own, merged) = (own.join(", "), merged.join(", "));
            let text = format!(
                "x: &x {{{merged}}}\ny: &y {{m0: late, z: z}}\na: {{k0: first, k0: second, {own}, <<: [*x, *y]}}\n"
            );
            let tree = tree(&text);
            let firsts: Vec<&str> = tree
                .duplicates
                .iter()
                .map(|duplicate| &text[duplicate.first.start..][..9])
                .collect();
            assert_eq!(firsts, ["k0: first"; 2]);
            let added: Vec<String> = (0..count).map(|key| format!("m{key}: merged")).collect();
            let expected = format!("{{{own}, {}, z: z}}", added.join(", "));
            assert_eq!(short(tree.root.unwrap().get("a").unwrap()), expected);
        }
    }

    #[test]
    fn reads_the_first_document_only() {
        let tree = tree("---\na: 1\n---\nb: 2\n");
        assert_eq!(short(tree.root.as_ref().unwrap()), "{a: 1}");
        assert_eq!(tree.findings[0].rule, "yaml-documents");
    }

    #[test]
    fn warns_of_tags() {
        let tree = tree("- ! grep x\n- !Sub y\n- !!str 1\n");
        assert_eq!(short(tree.root.as_ref().unwrap()), "[grep x, y, 1]");
        assert_eq!(tree.findings.len(), 2);
    }

    #[test]
    fn normalises_line_ends() {
        assert_eq!(
            shown("\u{feff}a: |\r\n  b\r\n  c\r\nd: e\r\n"),
            "{a: b\nc\n, d: e}"
        );
        assert_eq!(shown("a: |\n  b"), "{a: b}");
        assert_eq!(shown("a: |\n  b\n  "), "{a: b\n}");
        assert_eq!(shown("a: \"b\\r\\nc\"\n"), "{a: b\r\nc}");
    }
}
