//! A local AWS `CodeBuild`: reads a `buildspec.yml`, runs it as `CodeBuild` would, keeps what `CodeBuild` would keep.
//!
//! The library serves the binary of the same package; it makes no promise of stability.

pub mod buildspec;
pub mod diagnostic;
pub mod error;
pub mod reports;
pub mod source;
pub mod yaml;
