//! What is known about a kind of finding, apart from any file.

use super::Severity;

/// A kind of finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable identifier, such as `phase-name`.
    pub id: &'static str,
    /// What it is about, for `--select` and `--ignore`: `error`, `warning`, `security`, `inline`, `comment`.
    pub group: &'static str,
    /// What its findings usually weigh.
    pub severity: Severity,
    /// One line, lower case, no full stop.
    pub summary: &'static str,
    /// The text of `buildspec validate --explain`.
    pub explain: String,
}
