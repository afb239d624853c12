//! What a `CodeBuild` project says: image, compute, variables, sources, artifacts, cache, time-outs, logs.
//!
//! [`file::read`] takes a definition in any of its forms to a [`Project`] and remarks about what was not understood:
//!
//! ```text
//! text ──► tree ──► values in the API's shape ──► Project + findings
//!          (places)  (api, cloudformation,        (decode)
//!                     terraform, plan)
//! ```
//!
//! # For whoever builds on it
//!
//! A build finds its project in [`Options::project`](crate::options::Options); where there is none it is
//! [`Project::default`], in which every member is absent. What a flag overrides is settled in `cli`: `Options::image`,
//! `privileged`, `timeout` and `buildspec` already are what flag and project together came to. Everything else is read
//! from the project where it is needed: `options.project.artifacts.packaging`, `options.project.environment.compute_type`.
//! Members that a definition leaves out are `None`; the default that `CodeBuild` gives them is named in their comment.
//! Each text and number keeps its place in the file.
//!
//! A new member is a field in `model` and one line in `decode`; all forms of definitions then have it.

mod api;
#[cfg(feature = "run")]
pub mod build;
mod cloudformation;
mod decode;
pub mod file;
mod members;
pub mod model;
mod plan;
#[cfg(feature = "run")]
mod recorded_artifacts;
mod terraform;
mod value;

pub use model::Project;

#[cfg(test)]
mod tests;
