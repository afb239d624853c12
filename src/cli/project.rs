//! Flags of `run` that name a project, and what flag and project come to together.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::options::BuildspecFrom;
use crate::project::Project;
use crate::project::file::{self, Named, Reading};
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
}

impl ProjectArguments {
    /// Reads the project; `output` is the output directory.
    pub(super) fn read(&self, output: &Path) -> Result<Reading> {
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
                file::read(&source("<stdin>", bytes)?, None)
            }
            Some(named) => {
                let named = Named::parse(named);
                read_file(&named.file, named.name.as_deref())
            }
            None => match usual(output) {
                Some(file) => read_file(&file, None),
                None => Ok(Reading::default()),
            },
        }
    }
}

/// The file that counts where none is named.
fn usual(output: &Path) -> Option<PathBuf> {
    ["project.json", "project.yml", "project.yaml"]
        .into_iter()
        .map(|name| output.join(name))
        .find(|file| file.exists())
}

fn read_file(path: &Path, name: Option<&str>) -> Result<Reading> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Error::usage(format!("--project {shown} can't be read: {error}")))?;
    file::read(&source(&shown.to_string(), bytes)?, name)
}

fn source(name: &str, bytes: Vec<u8>) -> Result<Source> {
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
