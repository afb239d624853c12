//! What a source folder holds that a plain look at its files does not show: mounts below it, a Git that lies elsewhere.

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Mount points strictly below the source: an overlay shows the empty folders beneath them.
    pub submounts: Vec<PathBuf>,
    /// The repository of a worktree, whose `.git` is a file.
    pub repository: Option<Repository>,
    /// `.git` names a repository that can't come along: what it says.
    pub stray: Option<String>,
    /// The folder is a part of this work tree, whose `.git` is above it.
    pub above: Option<PathBuf>,
    /// Other repositories, outside the source, in which Git looks for what this one lacks.
    pub borrows: Vec<PathBuf>,
}

/// A Git repository outside its work tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Absolute; the `.git` of the main work tree, or a bare repository.
    pub common: PathBuf,
    /// The work tree's own part, below `common`.
    pub own: PathBuf,
}

impl Survey {
    /// Looks at a folder; what is hidden from builds is no part of it.
    pub fn of(source: &Path, output: &Path) -> Self {
        let mounts = fs::read("/proc/self/mountinfo").unwrap_or_default();
        let mut submounts = submounts(&mounts, source);
        let hidden = crate::hidden::paths(source, output);
        submounts.retain(|mount| !hidden.iter().any(|path| mount.starts_with(path)));
        let (repository, stray) = match git_file(source) {
            None => (None, None),
            Some(text) => match repository(&text) {
                Some(repository) => (Some(repository), None),
                None => (None, Some(text)),
            },
        };
        let objects = match &repository {
            Some(repository) => repository.common.join("objects"),
            None => source.join(".git/objects"),
        };
        Self {
            submounts,
            above: work_tree_above(source),
            borrows: alternates(&objects, source),
            repository,
            stray,
        }
    }
}

/// The folder whose `.git` counts for a folder that has none. What lies among our own builds belongs to none.
fn work_tree_above(source: &Path) -> Option<PathBuf> {
    let own = Component::Normal(crate::hidden::FOLDER.as_ref());
    if source.components().any(|part| part == own) {
        return None;
    }
    let above = source.ancestors().find(|path| path.join(".git").exists())?;
    (above != source).then(|| above.to_path_buf())
}

/// What `objects/info/alternates` names, as far as it is not in the source.
fn alternates(objects: &Path, source: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| plain(&objects.join(line)))
        .filter(|path| !path.starts_with(source))
        .collect()
}

/// Mount points strictly below a folder, from the fifth field of each line; blanks and backslashes are octal there.
fn submounts(mountinfo: &[u8], below: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = mountinfo
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.split(|&byte| byte == b' ').nth(4))
        .map(|field| PathBuf::from(std::ffi::OsString::from_vec(unescape(field))))
        .filter(|mount| mount != below && mount.starts_with(below))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let octal = after
            .get(..3)
            .filter(|_| first == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(byte) = octal {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    bytes
}

/// Where a `.git` that is a file points to.
fn git_file(source: &Path) -> Option<String> {
    let file = source.join(".git");
    if !fs::symlink_metadata(&file).ok()?.is_file() {
        return None;
    }
    let text = fs::read_to_string(file).ok()?;
    Some(text.strip_prefix("gitdir:")?.trim().to_owned())
}

/// Only an absolute path means the same in the container; a submodule's is relative to its superproject.
fn repository(text: &str) -> Option<Repository> {
    let own = PathBuf::from(text);
    if !own.is_absolute() {
        return None;
    }
    let common = fs::read_to_string(own.join("commondir")).ok()?;
    let common = plain(&own.join(common.trim()));
    let below = own.strip_prefix(&common).ok()?.to_path_buf();
    Some(Repository { common, own: below })
}

/// Without `..`, by names alone: Git's own files name no links there.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_below_a_folder_are_found() {
        let info = b"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / /a\\040b rw - tmpfs x rw\n\
            3 1 0:2 / /a\\040b/c\\134d rw shared:1 - tmpfs x rw\n4 1 0:2 / /a\\040bc rw - tmpfs x rw\n";
        assert_eq!(
            submounts(info, Path::new("/a b")),
            [PathBuf::from(r"/a b/c\d")]
        );
        assert_eq!(
            submounts(b"\n\nx\n", Path::new("/")),
            [""; 0].map(PathBuf::from)
        );
    }

    #[test]
    fn a_worktree_names_its_repository() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("repo/.git/worktrees/w");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("commondir"), "../..\n").unwrap();
        let source = folder.path().join("w");
        fs::create_dir(&source).unwrap();
        fs::write(source.join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
        let survey = Survey::of(&source, &source.join(".buildspec"));
        assert_eq!(
            survey.repository,
            Some(Repository {
                common: folder.path().join("repo/.git"),
                own: "worktrees/w".into()
            })
        );
        fs::write(source.join(".git"), "gitdir: ../.git/modules/w\n").unwrap();
        let survey = Survey::of(&source, &source.join(".buildspec"));
        assert_eq!(survey.stray.as_deref(), Some("../.git/modules/w"));
        assert_eq!(survey.above, None);
    }

    #[test]
    fn a_folder_of_a_work_tree_names_its_top() {
        let folder = tempfile::tempdir().unwrap();
        let above = |path: &str| {
            let source = folder.path().join(path);
            fs::create_dir_all(&source).unwrap();
            Survey::of(&source, &source.join(".buildspec")).above
        };
        assert_eq!(above("top/a/b"), None);
        fs::create_dir(folder.path().join("top/.git")).unwrap();
        assert_eq!(above("top/a/b"), Some(folder.path().join("top")));
        assert_eq!(above("top"), None);
        assert_eq!(above("top/.buildspec/builds/1/checkout"), None);
    }

    #[test]
    fn borrowed_objects_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let info = folder.path().join("clone/.git/objects/info");
        fs::create_dir_all(&info).unwrap();
        let source = folder.path().join("clone");
        let borrows = || Survey::of(&source, &source.join(".buildspec")).borrows;
        assert_eq!(borrows(), [""; 0].map(PathBuf::from));
        fs::write(
            info.join("alternates"),
            "/other/objects\n../../../main/.git/objects\n../../inside\n",
        )
        .unwrap();
        let main = folder.path().join("main/.git/objects");
        assert_eq!(borrows(), [PathBuf::from("/other/objects"), main]);
    }
}
