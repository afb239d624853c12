//! What ends this program early, and with which exit code.

use std::fmt;

/// Who has to act; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Wrong usage of the command line.
    Usage,
    /// The buildspec is invalid.
    Buildspec,
    /// This tool could not do its work: engine, network, credentials, disk.
    Environment,
}

/// This program could not do its work. A failing build is not an `Error`.
#[derive(Debug)]
pub struct Error {
    pub kind: Kind,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// What a user can do about it, each one sentence.
    pub hints: Vec<String>,
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of work that can end the program.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Something outside this program is missing or broken.
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Kind::Environment, message)
    }

    /// The buildspec is invalid.
    pub fn buildspec(message: impl Into<String>) -> Self {
        Self::new(Kind::Buildspec, message)
    }

    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hints: Vec::new(),
            source: None,
        }
    }

    /// Adds a remedy.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }

    /// The same with every text rewritten, those of its causes included.
    #[must_use]
    pub fn rewritten(self, rewrite: impl Fn(&str) -> String) -> Self {
        let mut causes = Vec::new();
        let mut next = std::error::Error::source(&self);
        while let Some(cause) = next {
            causes.push(rewrite(&cause.to_string()));
            next = cause.source();
        }
        Self {
            kind: self.kind,
            message: rewrite(&self.message),
            hints: self.hints.iter().map(|hint| rewrite(hint)).collect(),
            source: (!causes.is_empty()).then(|| causes.join(": ").into()),
        }
    }

    /// Keeps the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
