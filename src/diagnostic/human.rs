//! Findings for people, as rustc shows them.
