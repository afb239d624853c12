//! YAML and JSON of which a buildspec is a part: with tags, and with the place of every text.
//!
//! The reader of buildspecs has a tree of its own, without tags: `CodeBuild` knows none, CloudFormation does.

use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use crate::source::{Source, Span};

/// A value with its tag.
#[derive(Debug)]
pub(crate) struct Node {
    /// `Sub` for `!Sub`.
    pub(crate) tag: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Scalar { text: String, style: ScalarStyle },
    Sequence(Vec<Rc<Node>>),
    Mapping(Vec<(Rc<Node>, Rc<Node>)>),
}

/// Why a file can't be read, and where.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) why: String,
    pub(crate) at: usize,
}

impl Node {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(crate) fn entries(&self) -> &[(Rc<Self>, Rc<Self>)] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Rc<Self>] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Rc<Self>> {
        self.entries()
            .iter()
            .find(|(name, _)| name.text() == Some(key))
            .map(|(_, value)| value)
    }
}

/// Reads every document of a file.
pub(crate) fn read(source: &Source) -> Result<Vec<Rc<Node>>, Unreadable> {
    let text = source.text();
    let options =
        granit_parser::options! { emit_comments: false, simple_key_max_lookahead: text.len() + 1 };
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or_default();
                let start = text.floor_char_boundary(range.start);
                let end = text.ceil_char_boundary(range.end.max(start));
                builder.event(event, Span::new(start, end));
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                return Err(Unreadable {
                    why: error.to_string(),
                    at: text.floor_char_boundary(at),
                });
            }
        }
    }
    Ok(builder.documents)
}

#[derive(Default)]
struct Builder {
    documents: Vec<Rc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
}

struct Open {
    node: Node,
    key: Option<Rc<Node>>,
    anchor: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    style,
                };
                self.finish(node(kind, tag.as_deref(), span), anchor);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(Kind::Sequence(Vec::new()), tag.as_deref(), anchor, span);
            }
            Event::MappingStart(_, anchor, tag) => {
                self.open(Kind::Mapping(Vec::new()), tag.as_deref(), anchor, span);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open {
                    mut node, anchor, ..
                }) = self.open.pop()
                {
                    node.span.end = span.start.max(node.span.end);
                    self.finish(node, anchor);
                }
            }
            Event::Alias(id) => {
                if let Some(node) = self.anchors.get(&id).cloned() {
                    self.place(node);
                } else {
                    let kind = Kind::Sequence(Vec::new());
                    self.finish(node(kind, None, span), 0);
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, kind: Kind, tag: Option<&Tag>, anchor: usize, span: Span) {
        self.open.push(Open {
            node: node(kind, tag, span),
            key: None,
            anchor,
        });
    }

    fn finish(&mut self, node: Node, anchor: usize) {
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node);
    }

    fn place(&mut self, node: Rc<Node>) {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        match &mut open.node.kind {
            Kind::Sequence(items) => items.push(node),
            Kind::Mapping(entries) => match open.key.take() {
                None => open.key = Some(node),
                Some(key) => entries.push((key, node)),
            },
            Kind::Scalar { .. } => {}
        }
    }
}

fn node(kind: Kind, tag: Option<&Tag>, span: Span) -> Node {
    let tag = tag.filter(|tag| !tag.is_yaml_core_schema());
    Node {
        tag: tag.map(|tag| tag.original().trim_start_matches('!').to_owned()),
        kind,
        span,
    }
}
