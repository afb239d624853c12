//! The output directory: one folder per build, numbered.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// Written once into the output directory; a project's `project.json` is meant to be committed.
const IGNORED: &str = "/builds/\n/cache/\n/latest\n/secrets.yml\n/.gitignore\n";

/// The folder of one build.
#[derive(Clone, Debug)]
pub struct BuildFolder {
    /// `<output>/builds/<number>`.
    pub path: PathBuf,
    /// Also the build's number.
    pub number: u64,
    /// The output directory was made for it.
    first: bool,
    /// Held as long as the process lives, however it ends.
    _lock: Arc<File>,
}

/// Takes a folder for as long as this process lives, however it ends.
pub fn hold(folder: &Path) -> io::Result<File> {
    let lock = File::open(folder)?;
    // Where a file system knows no locks, nobody is asked.
    flock(&lock, FlockOperation::NonBlockingLockExclusive).ok();
    Ok(lock)
}

/// Whether a living process has taken this folder.
pub fn is_taken(folder: &Path) -> bool {
    File::open(folder).is_ok_and(|folder| {
        flock(&folder, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
    })
}

impl BuildFolder {
    /// Takes the next free number below `output`, points `latest` at it and lets builds beyond `keep` go.
    pub fn take(output: &Path, keep: usize) -> Result<Self> {
        let builds = output.join("builds");
        let failed = |error| failed(output, &error);
        let first = !output.exists();
        let taken = loop {
            prepare(output)?;
            if builds.is_symlink() {
                return Err(failed(io::Error::other("`builds` in it is a link")));
            }
            fs::create_dir_all(&builds).map_err(failed)?;
            let number = next_number(output);
            let path = builds.join(number.to_string());
            match fs::create_dir(&path) {
                Ok(()) => {
                    let lock = Arc::new(hold(&path).map_err(failed)?);
                    break Self {
                        path,
                        number,
                        first,
                        _lock: lock,
                    };
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // Another process gave up what it had made for its first build.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        };
        point_latest(output, taken.number).map_err(failed)?;
        let_go(&builds, taken.number, keep);
        Ok(taken)
    }

    /// Gives the folder up, for a build that never began, and all that was only made for it.
    pub fn abandon(&self, output: &Path) {
        fs::remove_dir_all(&self.path).ok();
        let builds = output.join("builds");
        let newest = numbers(&builds).unwrap_or_default().pop();
        if let Some(number) = newest {
            point_latest(output, number).ok();
            return;
        }
        fs::remove_file(output.join("latest")).ok();
        fs::remove_dir(&builds).ok();
        if self.first {
            forget(output);
        }
    }

    /// A file of the build.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Makes the directory itself, kept out of Git.
pub fn prepare(output: &Path) -> Result<()> {
    let made = fs::create_dir_all(output).and_then(|()| {
        // A link of this name, which a source may bring, is not followed.
        match File::create_new(output.join(".gitignore")) {
            Ok(mut ignore) => ignore.write_all(IGNORED.as_bytes()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    });
    made.map_err(|error| failed(output, &error))
}

/// Removes the output directory where nothing is in it but our own file for Git.
fn forget(output: &Path) {
    let entries = fs::read_dir(output).map(|entries| entries.flatten().collect::<Vec<_>>());
    if let Ok([only]) = entries.as_deref()
        && only.file_name() == ".gitignore"
        && fs::read(only.path()).is_ok_and(|text| text == IGNORED.as_bytes())
    {
        fs::remove_file(only.path()).ok();
        fs::remove_dir(output).ok();
    }
}

fn failed(output: &Path, error: &io::Error) -> Error {
    Error::environment(format!(
        "the output directory {} can't be written: {error}",
        output.display()
    ))
    .hint("name another one with --output")
}

/// The number that the next build will have, if nobody else takes it.
pub fn next_number(output: &Path) -> u64 {
    let numbers = numbers(&output.join("builds")).unwrap_or_default();
    numbers.last().copied().unwrap_or(0) + 1
}

/// The numbers of the builds that are kept, in order.
pub fn numbers(builds: &Path) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> = fs::read_dir(builds)?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// A rename puts the new link in the old one's place, so that no moment is without one.
fn point_latest(output: &Path, number: u64) -> io::Result<()> {
    let new = output.join(format!(".latest-{number}"));
    fs::remove_file(&new).ok();
    symlink(format!("builds/{number}"), &new)?;
    fs::rename(&new, output.join("latest"))
}

/// Removes the oldest builds, those of living processes apart.
fn let_go(builds: &Path, newest: u64, keep: usize) {
    let Ok(numbers) = numbers(builds) else { return };
    let surplus = numbers.len().saturating_sub(keep.max(1));
    for number in numbers
        .into_iter()
        .filter(|number| *number != newest)
        .take(surplus)
    {
        let folder = builds.join(number.to_string());
        if !is_taken(&folder) {
            fs::remove_dir_all(folder).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_up_and_keeps_the_newest() {
        let output = tempfile::tempdir().unwrap();
        for expected in 1..=4 {
            assert_eq!(
                BuildFolder::take(output.path(), 2).unwrap().number,
                expected
            );
        }
        assert_eq!(numbers(&output.path().join("builds")).unwrap(), [3, 4]);
        assert_eq!(
            fs::read_link(output.path().join("latest")).unwrap(),
            Path::new("builds/4")
        );
        assert!(
            fs::read_to_string(output.path().join(".gitignore"))
                .unwrap()
                .contains("/builds/")
        );
    }

    #[test]
    fn a_build_that_never_began_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        let first = BuildFolder::take(&output, 2).unwrap();
        first.abandon(&output);
        assert!(!output.exists());
        BuildFolder::take(&output, 2).unwrap();
        let second = BuildFolder::take(&output, 2).unwrap();
        second.abandon(&output);
        assert_eq!(numbers(&output.join("builds")).unwrap(), [1]);
        let latest = fs::read_link(output.join("latest")).unwrap();
        assert_eq!(latest, Path::new("builds/1"));

        let mine = folder.path().join("mine");
        fs::create_dir(&mine).unwrap();
        BuildFolder::take(&mine, 2).unwrap().abandon(&mine);
        assert!(mine.exists());
    }

    #[test]
    fn follows_no_link_that_a_source_brings() {
        let folder = tempfile::tempdir().unwrap();
        let (output, other) = (folder.path().join("output"), folder.path().join("other"));
        fs::create_dir_all(&output).unwrap();
        symlink(&other, output.join(".gitignore")).unwrap();
        symlink(folder.path(), output.join("builds")).unwrap();
        let error = BuildFolder::take(&output, 2).unwrap_err();
        assert!(
            error.message.ends_with("`builds` in it is a link"),
            "{error}"
        );
        assert!(!other.exists());
    }

    #[test]
    fn a_file_in_the_way_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out");
        fs::write(&file, "").unwrap();
        let error = BuildFolder::take(&file, 2).unwrap_err();
        assert!(error.message.contains("can't be written"), "{error}");
    }
}
