//! Text to a tree of nodes, each with its place.
//!
//! Two parsers with fixed roles: the [`judge`] decides whether CodeBuild would read the file, and in which words;
//! the [`map`] says where things are and gives each scalar's source text. The judge has the last word. What is [`plain`]
//! is read without the two.

mod advice;
mod assumed;
mod explain;
pub mod judge;
pub mod map;
mod mend;
pub mod place;
mod plain;

use crate::diagnostic::Finding;
use crate::source::{Source, Span};

/// A value and the bytes it covers; a sequence's or mapping's span covers its children.
///
/// An alias has the place where it is used, and its children the places where they are defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub kind: Kind,
    pub span: Span,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Absent, `~` or `null`.
    Null,
    /// A text after YAML's folding and unescaping; numbers and booleans are as written.
    Scalar {
        text: String,
        style: Style,
    },
    Sequence(Vec<Node>),
    /// In the file's order, merge keys applied; of a key that stands twice, the last one.
    Mapping(Vec<Entry>),
}

/// One `key: value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: Node,
    pub value: Node,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    /// `|` or `>`.
    Block,
}

/// A key that stands twice in one mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    pub key: String,
    pub first: Span,
    pub second: Span,
}

/// The file's first document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// `None` when the file is empty or can't be read.
    pub root: Option<Node>,
    pub duplicates: Vec<Duplicate>,
    pub findings: Vec<Finding>,
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a mapping's key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?
            .iter()
            .find(|entry| entry.key.text() == Some(key))
            .map(|entry| &entry.value)
    }

    /// Absent, `~` or `null`.
    pub fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    /// What a person calls it.
    pub fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Scalar { .. } => "a text",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "keys and values",
        }
    }
}

/// What looks like a space, or like nothing, and is neither: copied from a web page.
const ODD_SPACES: [char; 5] = ['\u{a0}', '\u{2007}', '\u{202f}', '\u{3000}', '\u{200b}'];

/// The first letter of a text that looks like a space and is none, where it stands, and what to do about it.
pub(crate) fn odd_space(text: &str) -> Option<(usize, String)> {
    if text.is_ascii() {
        return None;
    }
    let at = text.find(ODD_SPACES)?;
    let sign = text[at..].chars().next().map_or(0, u32::from);
    Some((
        at,
        format!(
            "U+{sign:04X} looks like a space, or like nothing, and is none: write a space, or remove it"
        ),
    ))
}

/// A letter of a word processor at the start of a text, or a curly double quote in it, and the right one.
pub(crate) fn look_alike(text: &str) -> Option<(char, &'static str)> {
    if text.is_ascii() {
        return None;
    }
    let first = text.chars().next()?;
    match first {
        '\u{2013}' | '\u{2014}' => Some((first, "`-` (for an option it may be `--`)")),
        '\u{2018}' | '\u{2019}' => Some((first, "`'`")),
        _ => {
            let quote = text.find(['\u{201c}', '\u{201d}'])?;
            Some((text[quote..].chars().next()?, "`\"`"))
        }
    }
}

/// Brackets within brackets, wherever they stand.
const DEEPEST: usize = 8_000;

/// Reads the first document of a file.
pub fn parse(source: &Source) -> Tree {
    if let Some(at) = too_deep(source.text()) {
        let finding = Finding {
            message: "more brackets within brackets than this tool reads".to_owned(),
            ..map::unplaceable(source.text(), at, "too many are open here")
        };
        return Tree {
            findings: vec![finding],
            ..Tree::default()
        };
    }
    let text = source.text();
    if let Some(tree) = map::plain(text) {
        debug_assert_eq!(tree, map::any(text), "plain, and read in two ways:\n{text}");
        debug_assert_eq!(
            judge::judge(text.as_bytes()),
            Ok(()),
            "plain, and refused:\n{text}"
        );
        return tree;
    }
    match judge::judge(text.as_bytes()) {
        Ok(()) => map::any(text),
        Err(refusal) => Tree {
            findings: vec![explain::finding(source, &refusal)],
            ..Tree::default()
        },
    }
}

/// Where more brackets are open than anybody writes: libyaml looks at all of them for each that follows.
fn too_deep(text: &str) -> Option<usize> {
    let opening = memchr::memchr2_iter(b'[', b'{', text.as_bytes());
    if opening.take(DEEPEST + 1).count() <= DEEPEST {
        return None;
    }
    let mut open = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > DEEPEST
    })
}

/// What is wrong with bytes that are not UTF-8; `text` is what could be made of them.
pub fn not_utf8(source: &Source, bytes: &[u8]) -> Option<Finding> {
    std::str::from_utf8(bytes).err()?;
    if units(bytes).is_some() {
        return Some(not_utf16());
    }
    judge::judge(bytes)
        .err()
        .map(|refusal| explain::finding(source, &refusal))
}

/// The text of bytes that begin with a byte order mark of UTF-16.
pub fn utf_16(bytes: &[u8]) -> Option<String> {
    let letters = char::decode_utf16(units(bytes)?);
    Some(
        letters
            .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

/// What stands behind a byte order mark of UTF-16.
fn units(bytes: &[u8]) -> Option<impl Iterator<Item = u16>> {
    let (read, bytes): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xff, 0xfe, rest @ ..] => (u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => (u16::from_be_bytes, rest),
        _ => return None,
    };
    Some(
        bytes
            .chunks_exact(2)
            .map(move |pair| read([pair[0], pair[1]])),
    )
}

fn not_utf16() -> Finding {
    let message = "the file is UTF-16, as Windows PowerShell's `>` writes it, and not UTF-8";
    Finding::error("yaml-syntax", assumed::UTF_16, message, Span::new(0, 0))
        .help("save the file as UTF-8: `iconv -f UTF-16 -t UTF-8`, or in PowerShell `| Out-File -Encoding utf8` instead of `>`")
        .assumed()
}

#[cfg(test)]
mod tests {
    /// A few lines that stand for 2^60 values.
    pub(super) fn bomb() -> String {
        let lines = (1..60).map(|level| {
            let below = level - 1;
            format!("a{level}: &a{level} [*a{below}, *a{below}]")
        });
        let lines: Vec<String> = ["a0: &a0 [x, x]".to_owned()]
            .into_iter()
            .chain(lines)
            .collect();
        lines.join("\n")
    }
}
