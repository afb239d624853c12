//! Whether CodeBuild would read a file: libyaml's verdict.
//!
//! Values are skipped, never built, so aliases are not expanded and nesting costs no stack.

use serde::Deserialize;
use serde::de::IgnoredAny;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why libyaml refuses a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// libyaml's problem text.
    pub problem: String,
    /// Where it noticed.
    pub mark: Mark,
    /// What it was reading, and from where: often the place of the real mistake.
    pub context: Option<(String, Mark)>,
    /// Refusals of bytes give a byte instead of a mark.
    pub byte: Option<usize>,
}

/// Line and column, both counted from 0; the column counts characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    pub line: usize,
    pub column: usize,
}

impl Refusal {
    /// CodeBuild's sentence. Its line is the 0-based one: both files whose message and text are known agree.
    pub fn sentence(&self) -> String {
        format!("{} at line {}", self.problem, self.mark.line)
    }
}

/// Asks libyaml about all documents of a file.
pub fn judge(bytes: &[u8]) -> Result<(), Refusal> {
    // Told the encoding, as it is here, libyaml would count a byte order mark as a column of indentation.
    let mark = bytes.starts_with(BYTE_ORDER_MARK);
    let skipped = if mark { BYTE_ORDER_MARK.len() } else { 0 };
    for document in serde_yaml::Deserializer::from_slice(&bytes[skipped..]) {
        if let Err(error) = IgnoredAny::deserialize(document) {
            let mut refusal = refusal(&error);
            refusal.byte = refusal.byte.map(|byte| byte + skipped);
            return Err(refusal);
        }
    }
    Ok(())
}

/// Takes the parser's message apart: `<problem> at line L column C, <context> at line L column C`.
fn refusal(error: &serde_yaml::Error) -> Refusal {
    let message = error.to_string();
    let mark = error.location().map_or(Mark::default(), |location| Mark {
        line: location.line().saturating_sub(1),
        column: location.column().saturating_sub(1),
    });
    let (problem, rest) = match message.find(" at line ") {
        Some(at) if mark != Mark::default() => message.split_at(at),
        _ => message
            .split_once(", while")
            .map_or((message.as_str(), ""), |(problem, _)| {
                message.split_at(problem.len())
            }),
    };
    let (problem, byte) = match problem.split_once(" at position ") {
        Some((problem, byte)) => (problem, byte.parse().ok()),
        None => (problem, None),
    };
    let context = rest.split_once(", ").map(|(_, context)| {
        let (text, place) = context.split_once(" at line ").unwrap_or((context, ""));
        // The parser leaves out a mark that is the problem's, or the very first place.
        let start = if text.starts_with("while parsing a block") {
            Mark::default()
        } else {
            mark
        };
        (text.to_owned(), read_mark(place).unwrap_or(start))
    });
    Refusal {
        // The port mends a misspelling that libyaml and its child in Go have.
        problem: problem.replace("hexadecimal", "hexdecimal"),
        mark,
        context,
        byte,
    }
}

/// Reads `12 column 3`, which counts from 1.
fn read_mark(text: &str) -> Option<Mark> {
    let (line, column) = text.split_once(" column ")?;
    Some(Mark {
        line: line.parse::<usize>().ok()?.saturating_sub(1),
        column: column.parse::<usize>().ok()?.saturating_sub(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str) -> String {
        judge(text.as_bytes()).unwrap_err().sentence()
    }

    #[test]
    fn speaks_as_codebuild() {
        assert_eq!(
            sentence("- \"C:\\x.exe\"\n"),
            "did not find expected hexdecimal number at line 0"
        );
        assert_eq!(
            sentence("version: 0.2\nphases:\n  build:\n\tcommands: []\n"),
            "found character that cannot start any token at line 3"
        );
        assert_eq!(
            sentence("version: 0.2\n  phases:\n"),
            "mapping values are not allowed in this context at line 1"
        );
        assert_eq!(
            sentence("a: b: c"),
            "mapping values are not allowed in this context at line 0"
        );
        assert_eq!(
            sentence("@"),
            "found character that cannot start any token at line 0"
        );
        assert_eq!(
            sentence("- **/*\n"),
            "did not find expected alphabetic or numeric character at line 0"
        );
    }

    #[test]
    fn keeps_the_context() {
        let refusal = judge(b"a: 1\nb\nc: 2\n").unwrap_err();
        assert_eq!(refusal.problem, "could not find expected ':'");
        assert_eq!(
            refusal.context,
            Some((
                "while scanning a simple key".to_owned(),
                Mark { line: 1, column: 0 }
            ))
        );
    }

    #[test]
    fn takes_bytes() {
        let refusal = judge(b"a: \xff\n").unwrap_err();
        assert_eq!(refusal.problem, "invalid leading UTF-8 octet");
        assert_eq!(refusal.byte, Some(3));
        let refusal = judge(b"a: \0b\n").unwrap_err();
        assert_eq!(refusal.problem, "control characters are not allowed");
        assert_eq!(refusal.byte, Some(3));
        assert_eq!(judge(b"\xef\xbb\xbfa: b\r\nc: d\r\n"), Ok(()));
        assert_eq!(judge(b""), Ok(()));
    }

    #[test]
    fn is_bounded() {
        assert!(judge("[".repeat(100_000).as_bytes()).is_err());
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(judge(deep.as_bytes()), Ok(()));
        assert_eq!(judge(crate::yaml::tests::bomb().as_bytes()), Ok(()));
    }
}
