//! What nobody outside AWS has seen: sentences about YAML for which no log gives CodeBuild's own.
//!
//! The buildspec's are in `buildspec::assumed`.

/// Aliases that expand without bounds. Evidence: the sentence of Go's YAML package.
pub(super) const EXCESSIVE_ALIASING: &str = "document contains excessive aliasing";

/// A merge key with a scalar. Evidence: the sentence of Go's YAML package.
pub(super) const MERGE_NEEDS_MAPPING: &str =
    "map merge requires map or sequence of maps as the value";

/// A file in UTF-16. Evidence: what libyaml says of its byte order mark when it is told that the file is UTF-8; untold, it would read it.
pub(super) const UTF_16: &str = "invalid leading UTF-8 octet at line 0";

/// An alias inside the value it stands for. Evidence: the sentence of Go's YAML package.
pub(super) fn anchor_contains_itself(name: &str) -> String {
    format!("anchor '{name}' value contains itself")
}
