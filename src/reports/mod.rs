//! Test and coverage reports, read as `CodeBuild` reads them.
//!
//! One file per format; [`group`] joins the files of one report group into a report in the API's shape, and
//! [`discover`] tells a file's format by its content, and
//! [`show`] makes texts of reports. Nothing here opens a file, asks the clock or prints.

pub mod discover;
mod fault;
mod format;
pub mod group;
pub mod model;
pub mod show;

mod cases;
mod coverage;
mod duration;
mod input;
mod json;
mod open_case;
mod xml;

mod clover;
mod cobertura;
mod cucumber;
mod jacoco;
mod junit;
mod nunit;
mod nunit3;
mod simplecov;
mod testng;
mod trx;

pub use fault::{ReadError, WRONG_ROOT};
pub use format::{format_name, report_type};

#[cfg(test)]
mod tests;
