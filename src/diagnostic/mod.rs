//! A finding is data; how it is shown is a renderer's business: one file each.

pub mod edit;
pub mod github;
pub mod human;
pub mod json;
pub mod junit;
pub mod rule;
pub mod sarif;
mod simple;

use std::iter::Sum;

use crate::source::{Source, Span};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something to know.
    Note,
    /// CodeBuild takes it, and it bites.
    Warning,
    /// CodeBuild refuses it.
    Error,
}

/// A place in the file with a word about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    /// May be empty: the place speaks for itself.
    pub message: String,
}

/// One thing that was found in a buildspec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable identifier, such as `phase-name`.
    pub rule: &'static str,
    pub severity: Severity,
    /// What is wrong, in our words; lower case, no full stop.
    pub message: String,
    /// CodeBuild's own sentence for it, without the `YAML_FILE_ERROR: ` in front; errors of the reader have one.
    pub codebuild: Option<String>,
    /// The sentence is a likely one: nobody outside AWS has seen CodeBuild's own.
    pub assumed: bool,
    /// Where exactly.
    pub primary: Label,
    /// Other places that explain it.
    pub related: Vec<Label>,
    /// The other places are more of the same, and each can be hidden by itself.
    pub repeated: bool,
    /// How to mend it, each one sentence.
    pub help: Vec<String>,
    /// The one safe mending, when there is one: what to put in the place of which bytes. They don't overlap.
    pub edits: Vec<(Span, String)>,
}

/// A file and what was found in it.
#[derive(Clone, Debug)]
pub struct Checked {
    pub source: Source,
    /// In the order of the file, with places in it.
    pub findings: Vec<Finding>,
    /// How many buildspecs it holds: one, when it is one.
    pub buildspecs: usize,
}

/// How many findings there are of each severity, and how many that can be mended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
    pub mendable: usize,
}

impl Counts {
    /// Counts findings.
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            counts.mendable += usize::from(!finding.edits.is_empty());
            match finding.severity {
                Severity::Error => counts.errors += 1,
                Severity::Warning => counts.warnings += 1,
                Severity::Note => counts.notes += 1,
            }
        }
        counts
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |one, other| Self {
            errors: one.errors + other.errors,
            warnings: one.warnings + other.warnings,
            notes: one.notes + other.notes,
            mendable: one.mendable + other.mendable,
        })
    }
}

impl Severity {
    /// Its name in every format that does not have one of its own.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Finding {
    /// A finding needs a rule, a severity, a sentence and a place.
    pub fn new(
        rule: &'static str,
        severity: Severity,
        message: impl Into<String>,
        span: Span,
    ) -> Self {
        Self {
            rule,
            severity,
            message: message.into(),
            codebuild: None,
            assumed: false,
            primary: Label {
                span,
                message: String::new(),
            },
            related: Vec::new(),
            repeated: false,
            help: Vec::new(),
            edits: Vec::new(),
        }
    }

    /// An error: CodeBuild refuses the file with this sentence.
    pub fn error(
        rule: &'static str,
        codebuild: impl Into<String>,
        message: impl Into<String>,
        span: Span,
    ) -> Self {
        let mut finding = Self::new(rule, Severity::Error, message, span);
        finding.codebuild = Some(codebuild.into());
        finding
    }

    /// A warning.
    pub fn warning(rule: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self::new(rule, Severity::Warning, message, span)
    }

    /// CodeBuild's sentence is not known: the one given is likely.
    #[must_use]
    pub fn assumed(mut self) -> Self {
        self.assumed = true;
        self
    }

    /// The word at the primary place.
    #[must_use]
    pub fn label(mut self, message: impl Into<String>) -> Self {
        self.primary.message = message.into();
        self
    }

    /// Another place.
    #[must_use]
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    /// How to mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// The same once more, at another place.
    #[must_use]
    pub fn again(mut self, span: Span, message: impl Into<String>) -> Self {
        self.repeated = true;
        self.related(span, message)
    }

    /// What mends it: this text instead of these bytes.
    #[must_use]
    pub fn edit(mut self, span: Span, text: impl Into<String>) -> Self {
        self.edits.push((span, text.into()));
        self
    }

    /// What mends it: another name at its place.
    #[must_use]
    pub fn rename(mut self, source: &Source, name: &str) -> Self {
        self.edits
            .push(edit::rename(source.text(), self.primary.span, name));
        self
    }
}
