//! From `FILE[#NAME]` to one project.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::value::Value;
use super::{Project, api, cloudformation, decode, members, plan, terraform};
use crate::diagnostic::{Finding, Severity};
use crate::error::{Error, Result};
use crate::places::{self, tree};
use crate::source::Source;

/// A project as some file defines it.
pub(super) struct Definition {
    /// Names that the file gives it besides the project's own; the first is shown.
    pub(super) labels: Vec<String>,
    pub(super) value: Value,
}

/// What a template needs to know and does not say.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `--parameter`, by name.
    pub parameters: BTreeMap<String, String>,
    /// Where the stack would be.
    pub region: String,
    /// The folder that the file lies in, whose other files a template may mean.
    pub folder: Option<PathBuf>,
    /// What the file makes of the parameters.
    pub(super) heard: RefCell<Heard>,
}

/// What a file has to say of parameters, while it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// Names that it has.
    names: BTreeSet<String>,
    findings: Vec<Finding>,
}

impl Given {
    pub fn new(parameters: BTreeMap<String, String>, region: String) -> Self {
        Self {
            parameters,
            region,
            ..Self::default()
        }
    }

    /// What `--parameter` says for a name that the file has.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.has(name);
        self.parameters.get(name).map(String::as_str)
    }

    /// The file has this name, used or not.
    pub(super) fn has(&self, name: &str) {
        if !self.parameters.is_empty() {
            self.heard.borrow_mut().names.insert(name.to_owned());
        }
    }

    pub(super) fn say(&self, finding: Finding) {
        self.heard.borrow_mut().findings.push(finding);
    }

    /// Names on the command line that the file does not have are slips.
    fn remarks(&self, source: &Source) -> Vec<Remark> {
        const MOST: usize = 12;
        let heard = self.heard.borrow();
        let told = heard.findings.iter().map(|finding| remark(source, finding));
        let file = source.name();
        let strange = self.parameters.keys();
        let strange = strange.filter(|name| !heard.names.contains(*name));
        let strange = strange.map(|name| {
            // A variable of Terraform is given without its `var.`.
            let all = heard.names.iter();
            let all = all.filter(|name| !name.contains('\n') && !name.starts_with("var."));
            let all: Vec<_> = all.map(String::as_str).collect();
            let names = &all[..all.len().min(MOST)];
            let left_out = all.len() - names.len();
            let list = match (names.is_empty(), left_out) {
                (true, _) => "it leaves nothing open".to_owned(),
                (_, 0) => format!("it has {}", names.join(", ")),
                _ => format!("it has {} and {left_out} more", names.join(", ")),
            };
            Remark {
                warning: true,
                text: format!("--parameter {name}: nothing in {file} has that name; {list}"),
            }
        });
        told.chain(strange).collect()
    }
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
pub fn read(source: &Source, name: Option<&str>, given: &Given) -> Result<Reading> {
    let definitions = definitions(source, given)?;
    let of_parameters = given.remarks(source);
    let definition = choose(source.name(), &definitions, name)?;
    let mut findings = Vec::new();
    let mut project = decode::project(&definition.value, &mut findings);
    if project.name.is_none() {
        let label = definition.labels.first();
        let label = label.map(|label| label.rsplit('.').next().unwrap_or(label));
        project.name = label
            .filter(|label| members::is_name(label))
            .map(|label| super::model::Text::new(label.to_owned(), definition.value.span));
    }
    findings.sort_by_key(|finding| finding.primary.span.start);
    Ok(Reading {
        project,
        remarks: findings
            .iter()
            .map(|finding| remark(source, finding))
            .chain(of_parameters)
            .collect(),
    })
}

/// The names by which the projects of a file can be chosen.
pub fn names(source: &Source, given: &Given) -> Vec<String> {
    let definitions = definitions(source, given).unwrap_or_default();
    definitions.iter().filter_map(Definition::name).collect()
}

impl Definition {
    fn name(&self) -> Option<String> {
        let own = || Some(self.value.get("name")?.known()?.to_owned());
        self.labels.first().cloned().or_else(own)
    }

    fn is_named(&self, name: &str) -> bool {
        let own = self.value.get("name").and_then(Value::known);
        self.labels.iter().any(|label| label == name) || own == Some(name)
    }
}

fn definitions(source: &Source, given: &Given) -> Result<Vec<Definition>> {
    let file = source.name();
    let name = file
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if places::terraform::is_terraform(&name, source.text()) {
        return terraform::definitions(source, given);
    }
    let documents = tree::read(source).map_err(|unreadable| {
        let (line, column) = source.position(unreadable.at);
        Error::usage(format!(
            "{file}:{line}:{column} can't be read: {}",
            unreadable.why
        ))
    })?;
    Ok(documents
        .iter()
        .flat_map(|root| {
            if places::cloudformation::is_template(root) {
                return cloudformation::definitions(root, given);
            }
            plan::definitions(&api::value(root), given).unwrap_or_else(|| api::definitions(root))
        })
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
            .hint("it has to be what `aws codebuild batch-get-projects` prints, a template of CloudFormation, a file of Terraform, or a plan as JSON")),
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

pub(super) fn remark(source: &Source, finding: &Finding) -> Remark {
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
