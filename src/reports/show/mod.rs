//! Reports as texts: for people, for programs, for a build server's page. Nothing here prints.

mod coverage;
mod github;
mod human;
mod json;
mod junit;
mod look;
mod place;

#[cfg(test)]
mod tests;

use std::path::Path;

use super::model::ReportDocument;
pub use github::github;
pub use human::human;
pub use look::Look;

/// `--format` of `buildspec report`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Human,
    Json,
    JUnit,
    GitHub,
}

/// All reports of a build. `source` is where the paths of test files begin.
pub fn show(documents: &[ReportDocument], form: Form, look: Look, source: &Path) -> String {
    match form {
        Form::Human => {
            let texts = documents
                .iter()
                .map(|document| human(document, look) + &human::warnings(document, look));
            texts.collect::<Vec<_>>().join("\n")
        }
        Form::Json => json::json(documents),
        Form::JUnit => junit::junit(documents),
        Form::GitHub => documents
            .iter()
            .map(|document| github(document, source))
            .collect(),
    }
}
