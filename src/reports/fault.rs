//! Why a file can't be read as a report.
//!
//! The words follow `encoding/xml` and `encoding/json` of Go where their shape is known from `CodeBuild`'s own
//! messages (`expected element type <testsuite> but have <coverage>`).

use std::{fmt, io};

/// A file that is no report of the expected format. Fails the `UPLOAD_ARTIFACTS` phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The file as it was named.
    pub file: String,
    /// The parser's words.
    pub message: String,
    /// The same for people, where the words alone say too little.
    pub explanation: Option<&'static str>,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.message)
    }
}

impl std::error::Error for ReadError {}

/// A reader's error before the file's name and line are known.
#[derive(Debug)]
pub(super) enum Fault {
    /// Not well-formed XML; the line is added later.
    Syntax(String),
    /// A complete message.
    Other(String),
    /// The file holds nothing.
    Empty,
    Io(io::Error),
}

impl Fault {
    /// The root element shows another format.
    pub(super) fn wrong_root(expected: &str, found: &str) -> Self {
        Self::Other(format!("{WRONG_ROOT}<{expected}> but have <{found}>"))
    }

    /// Adds what only the caller knows.
    pub(super) fn into_error(self, file: &str, line: u64) -> ReadError {
        let (message, explanation) = match self {
            Self::Syntax(text) => {
                let explanation = (text == UNEXPECTED_EOF)
                    .then_some("the file ends too early: it is truncated or still being written");
                (
                    format!("XML syntax error on line {line}: {text}"),
                    explanation,
                )
            }
            Self::Other(text) => {
                let explanation = (text == UNEXPECTED_JSON_END)
                    .then_some("the file ends too early: it is truncated or still being written");
                (text, explanation)
            }
            Self::Empty => (
                "EOF".to_owned(),
                Some("the file is empty, or holds nothing of its format"),
            ),
            Self::Io(error) => (error.to_string(), None),
        };
        ReadError {
            file: file.to_owned(),
            message,
            explanation,
        }
    }
}

/// How Go begins to say that the root element is another one.
pub const WRONG_ROOT: &str = "expected element type ";
/// Go's words for XML that ends inside an element.
pub(super) const UNEXPECTED_EOF: &str = "unexpected EOF";
/// Go's words for JSON that ends inside a value.
pub(super) const UNEXPECTED_JSON_END: &str = "unexpected end of JSON input";

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
