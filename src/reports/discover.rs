//! Auto-discovery: which format a file has, by its first bytes.

use std::io::{BufRead, Read};

use super::input::Input;
use super::xml::{Element, Node, Xml};
use crate::buildspec::model::ReportFormat;

/// Bytes of a file that are looked at.
pub const SNIFFED: u64 = 64 * 1024;

/// The report format of a file, if it has one. Reads at most [`SNIFFED`] bytes.
pub fn sniff(source: &mut dyn BufRead) -> Option<ReportFormat> {
    let mut head = source.take(SNIFFED);
    let mut text = Vec::new();
    Input::open(&mut head).ok()?.read_to_end(&mut text).ok()?;
    match text.trim_ascii_start().first()? {
        b'<' => sniff_xml(&text),
        b'[' | b'{' => sniff_json(&text),
        _ => None,
    }
}

fn sniff_xml(mut text: &[u8]) -> Option<ReportFormat> {
    let input = Input::open(&mut text).ok()?;
    let mut xml = Xml::any_root(input);
    let mut ambiguous = None;
    while let Some(node) = xml.next().ok()? {
        let Node::Start(element) = node else {
            continue;
        };
        match ambiguous {
            None => match root(&element) {
                Root::Format(format) => return Some(format),
                Root::Ambiguous(kind) => ambiguous = Some(kind),
                Root::Other => return None,
            },
            // Only the root's children can tell; the first one does.
            Some(kind) => return child(kind, element.name()),
        }
    }
    None
}

enum Root {
    Format(ReportFormat),
    Ambiguous(Kind),
    Other,
}

/// Roots that do not tell the format.
#[derive(Clone, Copy)]
enum Kind {
    Coverage,
    Report,
}

fn root(element: &Element<'_>) -> Root {
    let has = |name| matches!(element.attributes().get(name), Ok(Some(_)));
    match element.name() {
        "testsuites" | "testsuite" => Root::Format(ReportFormat::JunitXml),
        "testng-results" => Root::Format(ReportFormat::TestNgXml),
        "TestRun" => Root::Format(ReportFormat::VisualStudioTrx),
        "test-results" => Root::Format(ReportFormat::NunitXml),
        "test-run" => Root::Format(ReportFormat::Nunit3Xml),
        "coverage" if has("line-rate") => Root::Format(ReportFormat::CoberturaXml),
        "coverage" => Root::Ambiguous(Kind::Coverage),
        "report" => Root::Ambiguous(Kind::Report),
        _ => Root::Other,
    }
}

fn child(kind: Kind, name: &str) -> Option<ReportFormat> {
    match (kind, name) {
        (Kind::Coverage, "project") => Some(ReportFormat::CloverXml),
        (Kind::Coverage, "sources" | "packages") => Some(ReportFormat::CoberturaXml),
        (Kind::Report, "sessioninfo" | "group" | "package" | "counter") => {
            Some(ReportFormat::JacocoXml)
        }
        _ => None,
    }
}

/// The beginning of a JSON text can't be parsed as JSON; its first tokens are enough.
fn sniff_json(text: &[u8]) -> Option<ReportFormat> {
    let mut tokens = Tokens(text);
    match tokens.next()? {
        Token::Mark(b'[') => sniff_cucumber(tokens),
        Token::Mark(b'{') => sniff_simplecov(tokens),
        _ => None,
    }
}

/// An array of objects that have `elements`, or both `uri` and `keyword`.
fn sniff_cucumber(mut tokens: Tokens<'_>) -> Option<ReportFormat> {
    if tokens.next()? != Token::Mark(b'{') {
        return None;
    }
    let (mut depth, mut keys) = (1, 0);
    let mut before = None;
    while depth > 0 {
        let token = tokens.next()?;
        match token {
            Token::Mark(b'{' | b'[') => depth += 1,
            Token::Mark(b'}' | b']') => depth -= 1,
            Token::Mark(b':') if depth == 1 => match before {
                Some(Token::Text(b"elements")) => return Some(ReportFormat::CucumberJson),
                Some(Token::Text(b"uri" | b"keyword")) => keys += 1,
                _ => {}
            },
            _ => {}
        }
        before = Some(token);
    }
    (keys == 2).then_some(ReportFormat::CucumberJson)
}

/// `{"RSpec": {"coverage": {`.
fn sniff_simplecov(tokens: Tokens<'_>) -> Option<ReportFormat> {
    let head: Vec<Token<'_>> = tokens.take(6).collect();
    let is_resultset = matches!(
        head.as_slice(),
        [
            Token::Text(_),
            Token::Mark(b':'),
            Token::Mark(b'{'),
            Token::Text(b"coverage"),
            Token::Mark(b':'),
            Token::Mark(b'{'),
        ]
    );
    is_resultset.then_some(ReportFormat::SimpleCov)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A string's inside.
    Text(&'a [u8]),
    /// Punctuation.
    Mark(u8),
    /// A number or a name.
    Word,
}

struct Tokens<'a>(&'a [u8]);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.0 = self.0.trim_ascii_start();
        let (first, rest) = self.0.split_first()?;
        match first {
            b'"' => {
                let mut end = memchr::memchr(b'"', rest)?;
                while rest[..end]
                    .iter()
                    .rev()
                    .take_while(|b| **b == b'\\')
                    .count()
                    % 2
                    == 1
                {
                    end += 1 + memchr::memchr(b'"', &rest[end + 1..])?;
                }
                self.0 = &rest[end + 1..];
                Some(Token::Text(&rest[..end]))
            }
            b'{' | b'}' | b'[' | b']' | b':' | b',' => {
                self.0 = rest;
                Some(Token::Mark(*first))
            }
            _ => {
                let ends = |b: &u8| b"{}[]:,\" \t\r\n".contains(b);
                let end = rest.iter().position(ends).unwrap_or(rest.len());
                self.0 = &rest[end..];
                Some(Token::Word)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_formats_by_content() {
        let formats: [(&str, Option<ReportFormat>); 14] = [
            (
                "<?xml version='1.0'?>\n<!-- c --><testsuites/>",
                Some(ReportFormat::JunitXml),
            ),
            (
                "<coverage line-rate='1'/>",
                Some(ReportFormat::CoberturaXml),
            ),
            (
                "<coverage><project/></coverage>",
                Some(ReportFormat::CloverXml),
            ),
            ("<coverage/>", None),
            ("<report><group/></report>", Some(ReportFormat::JacocoXml)),
            ("<report><other/></report>", None),
            ("<html>", None),
            ("", None),
            ("[]", None),
            (
                "[{\"keyword\":\"F\", \"uri\": \"a\\\"b\\\\\"}]",
                Some(ReportFormat::CucumberJson),
            ),
            (
                "[{\"tags\":[{\"elements\":1}],\"elements\":[",
                Some(ReportFormat::CucumberJson),
            ),
            ("[{\"tags\":[{\"elements\":1}]}]", None),
            (
                "{\"RSpec\": {\"coverage\": {\"/a.rb\": [1",
                Some(ReportFormat::SimpleCov),
            ),
            ("{\"coverage\": {\"lines\": 1}}", None),
        ];
        for (text, format) in formats {
            assert_eq!(sniff(&mut text.as_bytes()), format, "{text}");
        }
    }
}
