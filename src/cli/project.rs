//! Flags of `run` that name a project, and what flag and project come to together.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::options::BuildspecFrom;
use crate::project::Project;
use crate::project::file::{self, Given, Named, Reading, Remark};
use crate::source::Source;

#[derive(Debug, clap::Args)]
pub(super) struct ProjectArguments {
    /// A CodeBuild project, whose settings count as in the cloud [default: project.json or project.yml in the output directory]
    #[arg(
        long,
        value_name = "FILE[#NAME]",
        env = "BUILDSPEC_PROJECT",
        help_heading = "Project"
    )]
    project: Option<String>,

    /// Read no project, even where there is one in the output directory.
    #[arg(long, conflicts_with = "project", help_heading = "Project")]
    no_project: bool,

    /// What a template leaves open, by the name it has there. Repeatable.
    #[arg(
        long = "parameter",
        value_name = "NAME=VALUE",
        value_parser = parameter,
        help_heading = "Project"
    )]
    parameters: Vec<(String, String)>,
}

impl ProjectArguments {
    /// Whether the user named one.
    pub(super) fn is_given(&self) -> bool {
        self.project.is_some()
    }

    /// Reads the project; `output` is the output directory.
    pub(super) fn read(&self, output: &Path, region: &str) -> Result<Reading> {
        let parameters = self.parameters.iter().cloned().collect();
        let mut given = Given::new(parameters, region.to_owned());
        if self.no_project {
            return Ok(Reading::default());
        }
        match &self.project {
            Some(named) if named == "-" => {
                let mut bytes = Vec::new();
                let read = std::io::stdin().read_to_end(&mut bytes);
                read.map_err(|error| {
                    Error::environment("standard input can't be read").because(error)
                })?;
                file::read(&source_of("<stdin>", bytes)?, None, &given)
            }
            Some(named) => {
                let named = Named::parse(named);
                read_file(&named.file, named.name.as_deref(), &mut given)
            }
            None => match usual(output) {
                Some(file) => read_file(&file, None, &mut given),
                None => Ok(self.of_nothing()),
            },
        }
    }

    /// No project: parameters have nothing to go to.
    fn of_nothing(&self) -> Reading {
        let remarks = self.parameters.iter().map(|(name, _)| Remark {
            warning: true,
            text: format!("--parameter {name}: there is no project that could take it: --project"),
        });
        Reading {
            remarks: remarks.collect(),
            ..Reading::default()
        }
    }
}

/// The names by which the projects of a file can be chosen; none where it can't be read.
pub(super) fn names(path: &Path) -> Vec<String> {
    let shown = path.display().to_string();
    let mut given = Given::new(std::collections::BTreeMap::new(), "us-east-1".to_owned());
    given.folder = folder(path);
    let source = std::fs::read(path).ok();
    let source = source.and_then(|bytes| source_of(&shown, bytes).ok());
    source.map_or_else(Vec::new, |source| file::names(&source, &given))
}

/// The file that counts where none is named.
fn usual(output: &Path) -> Option<PathBuf> {
    ["project.json", "project.yml", "project.yaml"]
        .into_iter()
        .map(|name| output.join(name))
        .find(|file| file.exists())
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("not of the form NAME=VALUE".to_owned()),
    }
}

fn read_file(path: &Path, name: Option<&str>, given: &mut Given) -> Result<Reading> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Error::usage(format!("--project {shown} can't be read: {error}")))?;
    given.folder = folder(path);
    file::read(&source_of(&shown.to_string(), bytes)?, name, given)
}

/// Where a file lies.
fn folder(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    Some(match folder.as_os_str() {
        here if here.is_empty() => PathBuf::from("."),
        _ => folder.to_path_buf(),
    })
}

fn source_of(name: &str, bytes: Vec<u8>) -> Result<Source> {
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::usage(format!("{name} is not UTF-8, so it is no project")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(Source::new(name, text))
}

/// The buildspec that a project names, where no flag does.
pub(super) fn buildspec(project: &Project) -> Result<BuildspecFrom> {
    if let Some(text) = project.source.inline_buildspec() {
        return Ok(BuildspecFrom::Inline(text.as_bytes().to_vec()));
    }
    let path = project.source.buildspec_path().unwrap_or("buildspec.yml");
    if path.starts_with("arn:") || path.starts_with("s3://") {
        return Err(Error::usage(format!(
            "the project's buildspec is in S3, which is not read: {path}"
        ))
        .hint("fetch it, and name the file with --buildspec"));
    }
    let path = Path::new(path);
    Ok(BuildspecFrom::Source(
        path.strip_prefix(".").unwrap_or(path).to_path_buf(),
    ))
}
