//! Streaming XML: elements, attributes and text, one after the other, in memory that the file's size does not touch.
//!
//! A document type is passed over and its entities stay unknown, so that no entity can grow; an unknown entity is
//! an error where it is used.

use std::borrow::Cow;
use std::io;

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::{BytesEnd, BytesStart, Event};

use super::fault::{Fault, UNEXPECTED_EOF};
use super::input::Input;

/// How deep elements may nest; Go's limit.
const MAX_DEPTH: usize = 10_000;

/// One piece of a document.
pub(super) enum Node<'a> {
    Start(Element<'a>),
    /// Follows for an empty element too.
    End(Closing<'a>),
    /// A part of an element's text; a text may come in several.
    Text(Cow<'a, str>),
    /// A comment or an instruction.
    Other,
}

/// A start tag.
pub(super) struct Element<'a> {
    start: BytesStart<'a>,
    /// Where the name begins behind its prefix.
    local: usize,
    empty: bool,
}

impl Element<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        &self.start.name().into_inner()[self.local..]
    }

    /// Whether it holds nothing; its end is told all the same.
    pub(super) fn is_empty(&self) -> bool {
        self.empty
    }

    pub(super) fn attributes(&self) -> Attributes<'_> {
        Attributes(self.start.attributes_raw())
    }
}

/// An end tag.
pub(super) enum Closing<'a> {
    Tag(BytesEnd<'a>),
    Empty(&'a str),
}

impl Closing<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Tag(end) => local(end.name().into_inner()),
            Self::Empty(name) => name,
        }
    }
}

/// The attributes of a start tag as they are written. Each look-up reads them anew, so that elements whose
/// attributes nobody asks for cost nothing.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a>(pub(super) &'a str);

impl<'a> Attributes<'a> {
    /// As written, to be kept for later.
    pub(super) fn raw(self) -> &'a str {
        self.0
    }

    /// One attribute's value.
    ///
    /// The parser's own iterator does the same at four times the cost, which shows where each case's duration is read.
    #[inline]
    pub(super) fn get(self, name: &str) -> Result<Option<Cow<'a, str>>, Fault> {
        let bytes = self.0.as_bytes();
        let mut at = 0;
        loop {
            let start = after_space(bytes, at);
            if start == bytes.len() {
                return Ok(None);
            }
            let mut equals = start;
            while *bytes.get(equals).ok_or_else(missing_equals)? != b'=' {
                equals += 1;
            }
            let value = after_space(bytes, equals + 1) + 1;
            let length = match bytes.get(value - 1) {
                Some(&mark @ (b'"' | b'\'')) => memchr::memchr(mark, &bytes[value..]),
                _ => None,
            };
            let end = value + length.ok_or_else(missing_value)?;
            if is_name(&bytes[start..equals], name.as_bytes()) {
                return unescape(&self.0[value..end]).map(Some);
            }
            at = end + 1;
        }
    }

    /// One attribute's value, empty where it is absent.
    #[inline]
    pub(super) fn text(self, name: &str) -> Result<Cow<'a, str>, Fault> {
        Ok(self.get(name)?.unwrap_or_default())
    }

    /// A number, 0 where the attribute is absent or something else.
    pub(super) fn number(self, name: &str) -> Result<u64, Fault> {
        Ok(self.text(name)?.trim().parse().unwrap_or(0))
    }
}

/// How deep the reader stands, and whether the root was the expected one.
struct Nesting {
    roots: &'static [&'static str],
    depth: usize,
    begun: bool,
}

impl Nesting {
    /// Tells where the name begins behind its prefix.
    fn enter(&mut self, start: &BytesStart<'_>) -> Result<usize, Fault> {
        let name = start.name().into_inner();
        let found = local(name);
        if !self.begun {
            if let Some(expected) = self.roots.last()
                && !self.roots.contains(&found)
            {
                return Err(Fault::wrong_root(expected, found));
            }
            self.begun = true;
        }
        if self.depth == MAX_DEPTH {
            return Err(Fault::Other("exceeded max depth".to_owned()));
        }
        self.depth += 1;
        Ok(name.len() - found.len())
    }
}

/// A document that is being read.
pub(super) struct Xml<'r> {
    reader: Reader<Input<'r>>,
    buffer: Vec<u8>,
    nesting: Nesting,
    /// The name of an empty element whose end has yet to be told.
    empty: String,
    pending_end: bool,
    character: [u8; 4],
}

impl<'r> Xml<'r> {
    /// Begins to read a document whose root has to have one of the given names.
    pub(super) fn new(input: Input<'r>, roots: &'static [&'static str]) -> Self {
        Self {
            reader: Reader::from_reader(input),
            buffer: Vec::new(),
            nesting: Nesting {
                roots,
                depth: 0,
                begun: false,
            },
            empty: String::new(),
            pending_end: false,
            character: [0; 4],
        }
    }

    /// Begins to read a document of any kind.
    pub(super) fn any_root(input: Input<'r>) -> Self {
        Self::new(input, &[])
    }

    /// The end of the empty element that was just told is not news.
    pub(super) fn skip_end(&mut self) {
        if std::mem::take(&mut self.pending_end) {
            self.nesting.depth -= 1;
        }
    }

    /// The next piece, `None` after the root's end. What follows it is not read.
    pub(super) fn next(&mut self) -> Result<Option<Node<'_>>, Fault> {
        if self.pending_end {
            self.pending_end = false;
            self.nesting.depth -= 1;
            return Ok(Some(Node::End(Closing::Empty(&self.empty))));
        }
        if self.nesting.begun && self.nesting.depth == 0 {
            return Ok(None);
        }
        self.buffer.clear();
        let event = self.reader.read_event_into(&mut self.buffer);
        let node = match event.map_err(|error| syntax(&error))? {
            Event::Start(start) => {
                let local = self.nesting.enter(&start)?;
                Node::Start(Element {
                    start,
                    local,
                    empty: false,
                })
            }
            Event::Empty(start) => {
                let local = self.nesting.enter(&start)?;
                self.pending_end = true;
                self.empty.clear();
                self.empty.push_str(&start.name().into_inner()[local..]);
                Node::Start(Element {
                    start,
                    local,
                    empty: true,
                })
            }
            Event::End(end) => {
                self.nesting.depth -= 1;
                Node::End(Closing::Tag(end))
            }
            Event::Text(text) => Node::Text(text.into_inner()),
            Event::CData(text) => Node::Text(text.into_inner()),
            Event::GeneralRef(reference) => {
                let character = resolve(&reference.into_inner())?;
                Node::Text(Cow::Borrowed(character.encode_utf8(&mut self.character)))
            }
            Event::Eof if self.nesting.begun => {
                return Err(Fault::Syntax(UNEXPECTED_EOF.to_owned()));
            }
            Event::Eof => return Err(Fault::Empty),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) => Node::Other,
        };
        // Space between elements is no text, and half of all events; within a text it counts.
        self.reader.config_mut().trim_text_start = !matches!(node, Node::Text(_));
        Ok(Some(node))
    }

    /// The line that has been read up to, from 1.
    pub(super) fn line(&self) -> u64 {
        self.reader.get_ref().line()
    }

    /// How many control characters were replaced.
    pub(super) fn replaced(&self) -> u64 {
        self.reader.get_ref().replaced()
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    let colon = name.bytes().position(|byte| byte == b':');
    colon.map_or(name, |colon| &name[colon + 1..])
}

/// Where the space ends that begins at `at`, if any does. No other control characters are left in a text.
fn after_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|&byte| byte <= b' ') {
        at += 1;
    }
    at
}

/// Whether this is what stands before an equals sign; space may follow it.
fn is_name(written: &[u8], name: &[u8]) -> bool {
    // Most attributes are another one, and told by their first letter.
    written.first() == name.first()
        && written.starts_with(name)
        && after_space(written, name.len()) == written.len()
}

fn missing_equals() -> Fault {
    Fault::Syntax("attribute name without = in element".to_owned())
}

fn missing_value() -> Fault {
    Fault::Syntax("unquoted or missing attribute value in element".to_owned())
}

/// A text with its references replaced by what they stand for.
#[inline]
fn unescape(text: &str) -> Result<Cow<'_, str>, Fault> {
    match memchr::memchr(b'&', text.as_bytes()) {
        Some(start) => replace_references(text, start),
        None => Ok(Cow::Borrowed(text)),
    }
}

fn replace_references(text: &str, mut start: usize) -> Result<Cow<'_, str>, Fault> {
    let mut plain = text[..start].to_owned();
    let mut rest = &text[start..];
    loop {
        // `rest` begins with the ampersand.
        let end = memchr::memchr(b';', rest.as_bytes()).ok_or_else(unclosed_reference)?;
        plain.push(resolve(&rest[1..end])?);
        rest = &rest[end + 1..];
        start = memchr::memchr(b'&', rest.as_bytes()).unwrap_or(rest.len());
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        if rest.is_empty() {
            return Ok(Cow::Owned(plain));
        }
    }
}

/// What stands between `&` and `;`.
fn resolve(reference: &str) -> Result<char, Fault> {
    let number = reference.strip_prefix('#').and_then(|number| {
        match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        }
        .ok()
    });
    match (reference, number) {
        ("lt", _) => Ok('<'),
        ("gt", _) => Ok('>'),
        ("amp", _) => Ok('&'),
        ("apos", _) => Ok('\''),
        ("quot", _) => Ok('"'),
        (_, Some(number)) => Ok(char::from_u32(number)
            .filter(|&c| c >= ' ' || matches!(c, '\t' | '\n' | '\r'))
            .unwrap_or(char::REPLACEMENT_CHARACTER)),
        _ => {
            let shown: String = reference.chars().take(40).collect();
            Err(Fault::Syntax(format!("invalid character entity &{shown};")))
        }
    }
}

fn unclosed_reference() -> Fault {
    Fault::Syntax("invalid character entity & (no semicolon)".to_owned())
}

/// The parser's finding in Go's words.
fn syntax(error: &Error) -> Fault {
    let text = match error {
        Error::Io(error) => return Fault::Io(io::Error::new(error.kind(), error.to_string())),
        Error::Syntax(_) | Error::IllFormed(IllFormedError::MissingEndTag(_)) => {
            UNEXPECTED_EOF.to_owned()
        }
        Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
            format!("element <{expected}> closed by </{found}>")
        }
        Error::IllFormed(IllFormedError::UnmatchedEndTag(found)) => {
            format!("unexpected end element </{found}>")
        }
        Error::IllFormed(IllFormedError::UnclosedReference) => return unclosed_reference(),
        Error::Encoding(_) => "invalid UTF-8".to_owned(),
        other => other.to_string(),
    };
    Fault::Syntax(text)
}
