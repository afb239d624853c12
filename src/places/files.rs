//! Files and folders, as named on the command line.

use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use crate::error::Error;

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Stdin,
    /// A file; as named, it may be a folder too.
    Path(PathBuf),
}

/// What is to be checked as it is named on the command line: paths, and `-` for the standard input. Nothing is looked at yet.
pub fn named(names: &[PathBuf]) -> Vec<Input> {
    if names.is_empty() {
        return vec![Input::Path(".".into())];
    }
    let input = |name: &PathBuf| match name.to_str() {
        Some("-") => Input::Stdin,
        _ => Input::Path(name.clone()),
    };
    names.iter().map(input).collect()
}

/// The buildspecs in a folder, in order; what can't be looked into is told beside them.
///
/// Only names such as `buildspec.yml`, `buildspec-test.yaml` count, and nothing that `.gitignore` excludes.
pub fn inside(folder: &Path) -> (Vec<Input>, Vec<Error>) {
    let mut troubles = Vec::new();
    let found = walk(folder, &mut troubles);
    if found.is_empty() && troubles.is_empty() {
        let what = format!("no buildspec in folder `{}`", folder.display());
        troubles.push(Error::environment(what).hint(
            "name the file: `buildspec validate FILE`; in a folder, `buildspec*.yml` and `buildspec*.yaml` are looked for",
        ));
    }
    (found, troubles)
}

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
    files.into_iter().map(Input::Path).collect()
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
        let (found, troubles) = inside(folder.path());
        let expected = [at(".codebuild/Buildspec-test.yaml"), at("buildspec.yml")];
        assert_eq!(found, expected.map(Input::Path));
        assert_eq!(troubles.len(), 0);
        let (found, troubles) = inside(&at("ci/buildspec"));
        assert_eq!(found, []);
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
        let (found, _) = inside(folder.path());
        let expected = [at("buildspec.yml"), at("c/buildspec.yml")];
        assert_eq!(found, expected.map(Input::Path));
    }

    #[test]
    fn names_are_taken_as_they_are() {
        let names = ["other.yml".into(), "-".into()];
        assert_eq!(
            named(&names),
            [Input::Path("other.yml".into()), Input::Stdin]
        );
        assert_eq!(named(&[]), [Input::Path(".".into())]);
    }
}
