//! `buildspec validate`: checks buildspecs without running anything.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::buildspec;
use crate::diagnostic::{Finding, Severity, human};
use crate::error::{Error, Result};

/// The file that a folder stands for.
const DEFAULT_FILE: &str = "buildspec.yml";

/// How findings are shown.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// With colours.
    pub styled: bool,
    /// The terminal's width.
    pub width: usize,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No finding at error level.
    Clean,
    /// CodeBuild would refuse a file.
    Errors,
}

impl Status {
    /// The exit code that says so.
    pub const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Errors => 3,
        }
    }
}

/// Checks every file and writes the findings, then one line that counts them.
///
/// A folder stands for the `buildspec.yml` in it, and `-` for `stdin`. Without files, the current folder is checked.
pub fn validate(
    files: &[PathBuf],
    stdin: &mut dyn Read,
    options: Options,
    output: &mut dyn Write,
) -> Result<Status> {
    let default = [PathBuf::from(DEFAULT_FILE)];
    let files = if files.is_empty() {
        &default[..]
    } else {
        files
    };
    let (mut errors, mut warnings) = (0, 0);
    for file in files {
        let (name, bytes) = load(file, stdin)?;
        let (source, reading) = buildspec::read_bytes(&name, &bytes);
        errors += count(&reading.findings, Severity::Error);
        warnings += count(&reading.findings, Severity::Warning);
        let shown = human::render(&source, &reading.findings, options.styled, options.width);
        write(output, &shown)?;
    }
    let checked = plural(files.len(), "file");
    let summary = match (errors, warnings) {
        (0, 0) => format!("checked {checked}: nothing found\n"),
        _ => format!(
            "checked {checked}: {}, {}\n",
            plural(errors, "error"),
            plural(warnings, "warning")
        ),
    };
    write(output, &summary)?;
    Ok(if errors == 0 {
        Status::Clean
    } else {
        Status::Errors
    })
}

fn load(file: &Path, stdin: &mut dyn Read) -> Result<(String, Vec<u8>)> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        stdin.read_to_end(&mut bytes).map_err(|error| {
            Error::environment("could not read the standard input").because(error)
        })?;
        return Ok(("<stdin>".to_owned(), bytes));
    }
    let path = if file.is_dir() {
        file.join(DEFAULT_FILE)
    } else {
        file.to_owned()
    };
    let name = path.display().to_string();
    let bytes = std::fs::read(&path).map_err(|error| {
        Error::environment(format!("could not read `{name}`"))
            .hint("name the buildspec: `buildspec validate FILE`")
            .because(error)
    })?;
    Ok((name, bytes))
}

fn write(output: &mut dyn Write, text: &str) -> Result<()> {
    output
        .write_all(text.as_bytes())
        .map_err(|error| Error::environment("could not write the findings").because(error))
}

fn count(findings: &[Finding], severity: Severity) -> usize {
    findings
        .iter()
        .filter(|finding| finding.severity == severity)
        .count()
}

fn plural(number: usize, word: &str) -> String {
    match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options {
        styled: false,
        width: 80,
    };

    fn checked(text: &str) -> (Status, String) {
        let mut output = Vec::new();
        let files = [PathBuf::from("-")];
        let status = validate(&files, &mut text.as_bytes(), OPTIONS, &mut output).unwrap();
        (status, String::from_utf8(output).unwrap())
    }

    #[test]
    fn says_when_nothing_is_found() {
        let (status, output) = checked("version: 0.2\nphases: {build: {commands: make}}\n");
        assert_eq!(status, Status::Clean);
        assert_eq!(output, "checked 1 file: nothing found\n");
    }

    #[test]
    fn counts_and_shows() {
        let (status, output) = checked("version: 2\nx: y\nphases: {build: {commands: make}}\n");
        assert_eq!(status, Status::Errors);
        assert_eq!(status.code(), 3);
        assert!(output.contains("--> <stdin>:1:10"), "{output}");
        assert!(
            output.ends_with("checked 1 file: 1 error, 1 warning\n"),
            "{output}"
        );
    }

    #[test]
    fn a_folder_stands_for_its_buildspec() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("buildspec.yml"), "").unwrap();
        let files = [folder.path().to_owned()];
        let mut output = Vec::new();
        let status = validate(&files, &mut std::io::empty(), OPTIONS, &mut output).unwrap();
        assert_eq!(status, Status::Errors);
    }

    #[test]
    fn a_missing_file_is_named() {
        let files = [PathBuf::from("/nowhere/buildspec.yml")];
        let error = validate(&files, &mut std::io::empty(), OPTIONS, &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "could not read `/nowhere/buildspec.yml`");
    }
}
