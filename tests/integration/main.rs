//! The binary, from outside.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cli;
mod harness;
mod help;
mod reports;
