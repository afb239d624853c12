//! A local AWS CodeBuild: reads a `buildspec.yml`, runs it as CodeBuild would, keeps what CodeBuild would keep.
//!
//! Without the feature `run` there is only what `validate` needs: no engine, no network.
//!
//! The library serves the binary of the same package; it makes no promise of stability.

#[cfg(feature = "run")]
pub mod artifacts;
#[cfg(feature = "run")]
pub mod builds;
pub mod buildspec;
#[cfg(feature = "run")]
pub mod checkout;
pub mod cli;
#[cfg(feature = "run")]
pub mod compare;
#[cfg(feature = "run")]
pub mod compute;
pub mod console;
#[cfg(feature = "run")]
pub mod debug;
pub mod diagnostic;
#[cfg(feature = "run")]
pub mod edits;
#[cfg(feature = "run")]
pub mod engine;
#[cfg(feature = "run")]
pub mod env;
pub mod error;
#[cfg(feature = "run")]
pub mod excludes;
#[cfg(feature = "run")]
pub mod hidden;
#[cfg(feature = "run")]
pub mod hint;
#[cfg(feature = "run")]
pub mod image;
#[cfg(feature = "run")]
pub mod inside;
#[cfg(feature = "run")]
pub mod lfs;
pub mod lint;
#[cfg(feature = "run")]
pub mod options;
#[cfg(feature = "run")]
pub mod output;
pub mod places;
#[cfg(feature = "run")]
pub mod plan;
pub mod project;
#[cfg(feature = "run")]
pub mod publish;
#[cfg(feature = "run")]
pub mod record;
#[cfg(feature = "run")]
pub mod registry;
#[cfg(feature = "run")]
pub mod reports;
#[cfg(feature = "run")]
pub mod reproduce;
#[cfg(feature = "run")]
pub mod run;
#[cfg(feature = "run")]
pub mod runtime;
#[cfg(feature = "run")]
pub mod runtimes;
pub mod schema;
#[cfg(feature = "run")]
pub mod script;
pub mod shellcheck;
pub mod source;
#[cfg(feature = "run")]
mod stages;
#[cfg(feature = "run")]
pub mod survey;
#[cfg(feature = "run")]
mod template;
pub mod validate;
pub mod yaml;
