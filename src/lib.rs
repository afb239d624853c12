//! A local AWS CodeBuild: reads a `buildspec.yml`, runs it as CodeBuild would, keeps what CodeBuild would keep.
//!
//! The library serves the binary of the same package; it makes no promise of stability.

pub mod artifacts;
pub mod builds;
pub mod buildspec;
pub mod checkout;
pub mod cli;
pub mod console;
pub mod diagnostic;
pub mod engine;
pub mod env;
pub mod error;
pub mod hint;
pub mod image;
pub mod options;
pub mod output;
pub mod record;
pub mod registry;
pub mod reports;
pub mod run;
pub mod runtime;
pub mod script;
pub mod source;
mod stages;
pub mod survey;
mod template;
pub mod validate;
pub mod yaml;
