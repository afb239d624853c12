//! From `FILE[#NAME]` to one project.

use std::path::{Path, PathBuf};

use super::value::Value;
use super::{Project, api, decode};
use crate::diagnostic::{Finding, Severity};
use crate::error::{Error, Result};
use crate::places::tree;
use crate::source::Source;

/// A project as some file defines it.
pub(super) struct Definition {
    /// Its name in the file, where that is not the project's own.
    pub(super) label: Option<String>,
    pub(super) value: Value,
}

/// What `FILE[#NAME]` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub file: PathBuf,
    /// One of several projects.
    pub name: Option<String>,
}

impl Named {
    /// A file whose name has a `#` is found as well.
    pub fn parse(text: &str) -> Self {
        match text.rsplit_once('#') {
            Some((file, name)) if !Path::new(text).exists() && !file.is_empty() => Self {
                file: file.into(),
                name: (!name.is_empty()).then(|| name.to_owned()),
            },
            _ => Self {
                file: text.into(),
                name: None,
            },
        }
    }
}

/// Something about a definition that its user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Something is missing that the build may need; else it is only worth a look.
    pub warning: bool,
    /// `FILE:LINE:COLUMN: ...`
    pub text: String,
}

/// A project and what was said about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    pub project: Project,
    pub remarks: Vec<Remark>,
}

/// Reads one project out of a file's text.
///
/// # Errors
///
/// The text can't be read, holds no project, or several and none of them was chosen.
pub fn read(source: &Source, name: Option<&str>) -> Result<Reading> {
    let definitions = definitions(source)?;
    let definition = choose(source.name(), &definitions, name)?;
    let mut findings = Vec::new();
    let mut project = decode::project(&definition.value, &mut findings);
    if project.name.is_none() {
        project.name = definition
            .label
            .clone()
            .map(|label| super::model::Text::new(label, definition.value.span));
    }
    findings.sort_by_key(|finding| finding.primary.span.start);
    Ok(Reading {
        project,
        remarks: findings
            .iter()
            .map(|finding| remark(source, finding))
            .collect(),
    })
}

/// The names by which the projects of a file can be chosen.
pub fn names(source: &Source) -> Vec<String> {
    let definitions = definitions(source).unwrap_or_default();
    definitions.iter().filter_map(Definition::name).collect()
}

impl Definition {
    fn name(&self) -> Option<String> {
        let own = || Some(self.value.get("name")?.known()?.to_owned());
        self.label.clone().or_else(own)
    }

    fn is_named(&self, name: &str) -> bool {
        let own = self.value.get("name").and_then(Value::known);
        self.label.as_deref() == Some(name) || own == Some(name)
    }
}

fn definitions(source: &Source) -> Result<Vec<Definition>> {
    let file = source.name();
    let documents = tree::read(source).map_err(|unreadable| {
        let (line, column) = source.position(unreadable.at);
        Error::usage(format!(
            "{file}:{line}:{column} can't be read: {}",
            unreadable.why
        ))
    })?;
    Ok(documents
        .iter()
        .flat_map(|root| api::definitions(root))
        .collect())
}

fn choose<'d>(
    file: &str,
    definitions: &'d [Definition],
    name: Option<&str>,
) -> Result<&'d Definition> {
    let names = || {
        let names: Vec<_> = definitions.iter().filter_map(Definition::name).collect();
        names.join(", ")
    };
    match (definitions, name) {
        ([], _) => Err(Error::usage(format!("{file} defines no CodeBuild project"))
            .hint("it has to be what `aws codebuild batch-get-projects` prints or `create-project --cli-input-json` takes")),
        ([one], None) => Ok(one),
        (_, None) => Err(Error::usage(format!("{file} defines several projects: {}", names()))
            .hint(format!("choose one: {file}#NAME"))),
        (_, Some(name)) => definitions
            .iter()
            .find(|definition| definition.is_named(name))
            .ok_or_else(|| {
                Error::usage(format!("{file} defines no project {name}"))
                    .hint(format!("it defines {}", names()))
            }),
    }
}

fn remark(source: &Source, finding: &Finding) -> Remark {
    let (line, column) = source.position(finding.primary.span.start);
    let mut text = format!("{}:{line}:{column}: {}", source.name(), finding.message);
    for help in &finding.help {
        text.push_str("; ");
        text.push_str(help);
    }
    Remark {
        warning: finding.severity != Severity::Note,
        text,
    }
}
