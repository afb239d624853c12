//! What is known about a kind of finding, apart from any file.

use super::Severity;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable identifier, such as `phase-name`.
    pub id: &'static str,
    /// What it is about, for `--select` and `--ignore`: `yaml`, `buildspec`, `security` and so on.
    pub group: &'static str,
    /// What its findings usually weigh.
    pub severity: Severity,
    /// One sentence, lower case, no full stop.
    pub summary: &'static str,
    /// Why, with a before and an after; Markdown.
    pub explain: &'static str,
}
