//! What nobody outside AWS has seen: sentences and choices of the reader for which no log or document gives `CodeBuild`'s own.
//!
//! Each stands here once, with its evidence. Sentences that were observed stand where they are used.

/// A buildspec without `version`.
///
/// Evidence: the observed sentence for a wrong version echoes the value; an absent one is an empty text in Go.
pub const VERSION_MISSING: &str = "invalid buildspec `version` specified: , see documentation";

/// A buildspec without phases.
///
/// Evidence: the sentence is observed for an empty file, and for a SAM template, which has keys but neither `version` nor `phases`.
/// So it is the answer to a file whose parts are missing, before the version is looked at.
pub const PHASES_MISSING: &str = "wrong number of container tags, expected 1";

/// A key twice in one mapping. Evidence: the sentence of Go's YAML package, version 3; version 2 would take the last one.
pub fn duplicate_key(key: &str, line: usize) -> String {
    format!("mapping key \"{key}\" already defined at line {line}")
}

/// A value of another kind than its key takes.
///
/// Evidence: the form of the observed sentence about commands, without its second half.
pub fn wrong_kind(key: &str, expected: &str, found: &str, line: usize) -> String {
    format!("Expected {key} to be of {expected} type: found {found} instead at line {line}")
}

/// A value that is not among the allowed ones. Evidence: the form of the observed sentence about the version.
pub fn wrong_value(key: &str, value: &str) -> String {
    format!("invalid buildspec `{key}` specified: {value}, see documentation")
}

/// A required key that is not there. Evidence: none; the form of its neighbours.
pub fn missing_key(section: &str, key: &str) -> String {
    format!("missing `{key}` in section {section}, see documentation")
}

/// A `batch` section that can't be planned. Evidence: none; the form of its neighbours.
pub fn batch(problem: &str) -> String {
    format!("invalid buildspec `batch` specified: {problem}")
}
