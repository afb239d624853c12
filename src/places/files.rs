//! Files and folders, as named on the command line.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use crate::error::Error;

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Stdin,
    File(File),
}

/// A file that is named, or found in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: PathBuf,
    /// In bytes, where it was looked at already and is a regular file.
    pub size: Option<u64>,
}

impl File {
    fn found(path: PathBuf) -> Input {
        Input::File(Self { path, size: None })
    }
}

/// Settles what is to be checked: files as named, folders by the buildspecs in them, `-` for the standard input.
///
/// What can't be is told beside it. In a folder, only names such as `buildspec.yml`, `buildspec-test.yaml` count, and nothing that `.gitignore` excludes.
pub fn collect(named: &[PathBuf]) -> (Vec<Input>, Vec<Error>) {
    let here = [PathBuf::from(".")];
    let named = if named.is_empty() { &here[..] } else { named };
    let mut inputs = Vec::new();
    let mut troubles = Vec::new();
    for path in named {
        if path == Path::new("-") {
            inputs.push(Input::Stdin);
            continue;
        }
        let metadata = path.metadata().ok();
        if metadata.as_ref().is_some_and(Metadata::is_dir) {
            let before = troubles.len();
            let found = walk(path, &mut troubles);
            if found.is_empty() && troubles.len() == before {
                troubles.push(Error::environment(format!(
                    "no buildspec in folder `{}`",
                    path.display()
                ))
                .hint("name the file: `buildspec validate FILE`; in a folder, `buildspec*.yml` and `buildspec*.yaml` are looked for"));
            }
            inputs.extend(found);
        } else {
            let path = path.clone();
            let regular = metadata.filter(Metadata::is_file);
            let size = regular.map(|metadata| metadata.len());
            inputs.push(Input::File(File { path, size }));
        }
    }
    (inputs, troubles)
}

/// The buildspecs in a folder; what can't be looked into is told, and the rest is looked at.
fn walk(folder: &Path, troubles: &mut Vec<Error>) -> Vec<Input> {
    let mut files = Vec::new();
    let walker = WalkBuilder::new(folder)
        .hidden(false)
        .require_git(false)
        .filter_entry(|entry| {
            entry.depth() == 0 || !matches!(entry.file_name().to_str(), Some(".git" | ".buildspec"))
        })
        .build();
    for entry in walker {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let what = format!("could not look into all of `{}`", folder.display());
                troubles.push(Error::environment(what).because(error));
                continue;
            }
        };
        if entry.file_name().to_str().is_some_and(is_buildspec) && is_file(&entry) {
            let path = entry.into_path();
            files.push(path.strip_prefix("./").map(Path::to_owned).unwrap_or(path));
        }
    }
    files.sort();
    files.into_iter().map(File::found).collect()
}

/// A pipe that is found by chance may have nobody who writes. A link to nothing is told when it is read.
fn is_file(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Some(kind) if kind.is_symlink() => entry
            .path()
            .metadata()
            .map_or(true, |target| target.is_file()),
        kind => kind.is_some_and(|kind| kind.is_file()),
    }
}

/// `buildspec*.y*ml`, in any case.
pub(super) fn is_buildspec(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    stem.starts_with("buildspec") && extension.starts_with('y') && extension.ends_with("ml")
}

/// What to do where a folder lacks the buildspec that a build begins with: the files that could be meant, if any.
#[cfg(feature = "run")]
pub(crate) fn instead(folder: &Path, missing: &str) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut others: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_buildspec(name) && name != missing)
        .collect();
    others.sort();
    others.truncate(3);
    let folder = folder.display();
    if others.is_empty() {
        return format!(
            "there is no {missing} in {folder}: name another file with --buildspec, or another folder"
        );
    }
    let others = others.join(", ");
    format!("there is no {missing} in {folder}, but there is {others}: name it with --buildspec")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn folders_are_searched_for_buildspecs() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in [
            "buildspec.yml",
            ".codebuild/Buildspec-test.yaml",
            "other.yml",
            "node_modules/x/buildspec.yml",
            ".git/buildspec.yml",
            "ci/buildspec/x.yml",
        ] {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), "").unwrap();
        }
        fs::write(at(".gitignore"), "node_modules/\n").unwrap();
        let (found, troubles) = collect(&[
            folder.path().to_owned(),
            at("other.yml"),
            "-".into(),
            at("ci/buildspec"),
        ]);
        assert_eq!(
            found,
            [
                File::found(at(".codebuild/Buildspec-test.yaml")),
                File::found(at("buildspec.yml")),
                Input::File(File {
                    path: at("other.yml"),
                    size: Some(0)
                }),
                Input::Stdin,
            ]
        );
        assert_eq!(troubles.len(), 1);
    }

    #[test]
    fn only_files_are_taken_from_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["a", "b/buildspec.yml", "c", "d"] {
            fs::create_dir_all(at(path)).unwrap();
        }
        fs::write(at("file"), "").unwrap();
        let link = std::os::unix::fs::symlink;
        link(at("file"), at("buildspec.yml")).unwrap();
        link(at("a"), at("d/buildspec.yml")).unwrap();
        link(at("nowhere"), at("c/buildspec.yml")).unwrap();
        let pipe = at("a/buildspec.yml");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let (found, _) = collect(&[folder.path().to_owned(), pipe.clone()]);
        let expected = [at("buildspec.yml"), at("c/buildspec.yml"), pipe];
        assert_eq!(found, expected.map(File::found));
    }
}
