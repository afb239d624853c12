//! The binary, from outside.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod artifacts;
mod aws;
mod cli;
mod completions;
mod debugger;
mod engine;
mod harness;
mod help;
mod inside;
mod moto;
mod parts;
mod project;
mod reports;
mod reproduce;
mod rules;
mod secrets;
mod shells;
mod sockets;
mod validate;
