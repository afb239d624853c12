//! What nobody outside AWS has seen: sentences and choices of the reader for which no log or document gives CodeBuild's own.
//!
//! Each stands here once, with its evidence. Sentences that were observed stand where they are used.

use super::model::Shell;

/// A buildspec without `version`.
///
/// Evidence: the observed sentence for a wrong version echoes the value; an absent one is an empty text in Go.
pub const VERSION_MISSING: &str = "invalid buildspec `version` specified: , see documentation";

/// A buildspec without phases.
///
/// Evidence: the sentence is observed for an empty file, and for a SAM template, which has keys but neither `version` nor `phases`.
/// So it is the answer to a file whose parts are missing, before the version is looked at.
pub const PHASES_MISSING: &str = "wrong number of container tags, expected 1";

/// A key that stands twice in one mapping is no error, and the last one counts.
///
/// Evidence: `cd/manylinux1-tee.yml` of awslabs/aws-crt-python has two `commands` in one phase; its authors changed the first ones and
/// added an `ls` of what they make, as one does with a build that runs and finds nothing. Go's YAML package, version 2, does the same.
pub const LAST_DUPLICATE_COUNTS: &str = "this one counts";

/// Spellings of `env.shell` that are not documented but that live projects use, and what they are taken for.
///
/// Evidence: buildspecs of EWS-Network/s3tosftp (`/bin/bash`), assasingemini/devops-crossplatform (`powershell`).
pub const SHELLS: &[(&str, Shell)] = &[
    ("/bin/bash", Shell::Bash),
    ("/usr/bin/bash", Shell::Bash),
    ("sh", Shell::Sh),
    ("powershell", Shell::PowerShell),
    ("cmd", Shell::Cmd),
];

/// The name of `finally` in the sentence about a command that is no text. Evidence: that of `commands` is `Commands`.
pub const FINALLY: &str = "Finally";

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
