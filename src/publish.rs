//! What a build collected, on its way to where the user wants it.
//!
//! A source may bring links, and a build with `--source-mode mount` may make some where the user's folder is. None is
//! ever followed: each folder is opened as what it is, and the next is looked up in it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, mkdirat, openat, renameat, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// A folder that is only gone through; to read what is in it may be forbidden.
#[cfg(target_os = "linux")]
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);
#[cfg(not(target_os = "linux"))]
const FOLDER: OFlags = OFlags::DIRECTORY;

/// The name of a file until all of it is there.
const PARTIAL: &str = ".buildspec-partial";

/// Moves what is in `from` to `to`, an absolute path without links. Files of the same name are replaced, others stay.
///
/// Returns the links that stood where a folder belongs, and gave way to one.
///
/// # Errors
///
/// Something can't be written: what did not get there is still in `from`.
pub fn publish(from: &Path, to: &Path) -> Result<Vec<PathBuf>> {
    let failed = |path: &Path, error: io::Error| {
        Error::environment(format!("{} can't be written: {error}", path.display()))
            .hint(format!("what is not there is in {}", from.display()))
    };
    let mut work = Work { links: Vec::new() };
    let folder = reach(to).map_err(|(path, error)| failed(&path, error))?;
    work.fill(&folder, from, to)
        .map_err(|(path, error)| failed(&path, error))?;
    fs::remove_dir_all(from).map_err(|error| failed(from, error))?;
    Ok(work.links)
}

type Failed = (PathBuf, io::Error);

/// Opens a folder, and makes what is missing on the way. A link on the way is none of the user's: those are resolved.
fn reach(path: &Path) -> Result<OwnedFd, Failed> {
    let mut reached = PathBuf::from("/");
    let root = openat(CWD, "/", FOLDER | OFlags::CLOEXEC, Mode::empty());
    let mut folder = root.map_err(|error| (reached.clone(), error.into()))?;
    for part in path.components() {
        if let Component::Normal(name) = part {
            reached.push(name);
            folder = enter(&folder, name).map_err(|error| (reached.clone(), error.into()))?;
        }
    }
    Ok(folder)
}

/// Opens a folder within another; makes it where there is none.
fn enter(parent: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    match mkdirat(parent, name, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error),
    }
    let flags = FOLDER | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(parent, name, flags, Mode::empty())
}

struct Work {
    links: Vec<PathBuf>,
}

impl Work {
    fn fill(&mut self, folder: &OwnedFd, from: &Path, to: &Path) -> Result<(), Failed> {
        let unread = |error| (from.to_owned(), error);
        for entry in fs::read_dir(from).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            let (name, target) = (entry.file_name(), to.join(entry.file_name()));
            let failed = |error: io::Error| (target.clone(), error);
            if entry.file_type().map_err(unread)?.is_dir() {
                let inner = self.enter(folder, &name, &target).map_err(failed)?;
                self.fill(&inner, &entry.path(), &target)?;
                continue;
            }
            match renameat(CWD, entry.path(), folder, &name) {
                Ok(()) => {}
                Err(Errno::XDEV) => copy(&entry.path(), folder, &name).map_err(failed)?,
                Err(error) => return Err(failed(error.into())),
            }
        }
        Ok(())
    }

    /// Opens a folder of the artifact in the user's folder.
    fn enter(&mut self, folder: &OwnedFd, name: &OsStr, target: &Path) -> io::Result<OwnedFd> {
        match enter(folder, name) {
            Err(Errno::NOTDIR | Errno::LOOP) if is_link(folder, name) => {
                unlinkat(folder, name, AtFlags::empty())?;
                self.links.push(target.to_owned());
                Ok(enter(folder, name)?)
            }
            entered => Ok(entered?),
        }
    }
}

fn is_link(folder: &OwnedFd, name: &OsStr) -> bool {
    statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

/// From another file system. The file appears under its name only when it is whole; until then, one that is there stays.
fn copy(from: &Path, folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
    let partial = format!("{PARTIAL}-{}", std::process::id());
    unlinkat(folder, &partial, AtFlags::empty()).ok();
    let written = write(from, folder, &partial);
    let renamed = written.and_then(|()| Ok(renameat(folder, &partial, folder, name)?));
    renamed.inspect_err(|_| {
        unlinkat(folder, &partial, AtFlags::empty()).ok();
    })
}

fn write(from: &Path, folder: &OwnedFd, name: &str) -> io::Result<()> {
    if from.is_symlink() {
        return Ok(symlinkat(fs::read_link(from)?, folder, name)?);
    }
    let mut old = File::open(from)?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut new = File::from(openat(folder, name, flags, Mode::from_raw_mode(0o600))?);
    io::copy(&mut old, &mut new)?;
    new.set_permissions(old.metadata()?.permissions())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folders() -> (tempfile::TempDir, PathBuf, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let [from, to, victim] = ["from", "to", "victim"].map(|name| root.join(name));
        fs::create_dir_all(from.join("d")).unwrap();
        fs::create_dir(&victim).unwrap();
        fs::write(from.join("d/a"), "new").unwrap();
        fs::write(victim.join("a"), "old").unwrap();
        (folder, from, to, victim)
    }

    #[test]
    fn replaces_files_and_leaves_others() {
        let (_folder, from, to, _) = folders();
        fs::create_dir_all(to.join("d")).unwrap();
        fs::write(to.join("d/a"), "old").unwrap();
        fs::write(to.join("mine"), "kept").unwrap();
        assert_eq!(publish(&from, &to).unwrap(), [""; 0].map(PathBuf::from));
        assert_eq!(fs::read_to_string(to.join("d/a")).unwrap(), "new");
        assert_eq!(fs::read_to_string(to.join("mine")).unwrap(), "kept");
        assert!(!from.exists());
    }

    #[test]
    fn a_link_for_a_folder_gives_way() {
        let (_folder, from, to, victim) = folders();
        fs::create_dir(&to).unwrap();
        symlink(&victim, to.join("d")).unwrap();
        assert_eq!(publish(&from, &to).unwrap(), [to.join("d")]);
        assert_eq!(fs::read_to_string(to.join("d/a")).unwrap(), "new");
        assert_eq!(fs::read_to_string(victim.join("a")).unwrap(), "old");
    }

    #[test]
    fn a_folder_that_has_become_a_link_is_not_entered() {
        let (_folder, from, to, victim) = folders();
        symlink(&victim, &to).unwrap();
        let error = publish(&from, &to.join("deep")).unwrap_err();
        assert!(error.message.contains("to can't be written"), "{error}");
        assert!(from.join("d/a").exists());
        assert!(!victim.join("deep").exists());
    }

    #[test]
    fn what_can_not_be_replaced_is_named() {
        let (_folder, from, to, _) = folders();
        fs::create_dir_all(to.join("d/a/mine")).unwrap();
        let error = publish(&from, &to).unwrap_err();
        assert!(error.message.contains("to/d/a can't be written"), "{error}");
        assert!(from.join("d/a").exists());
    }

    #[test]
    fn copies_are_whole_and_links_stay_links() {
        let (folder, from, to, _) = folders();
        fs::create_dir(&to).unwrap();
        let target = reach(&to).unwrap();
        symlink("d/a", from.join("link")).unwrap();
        for (file, name) in [("d/a", "a"), ("link", "link"), ("d/a", "a")] {
            copy(&from.join(file), &target, OsStr::new(name)).unwrap();
        }
        assert_eq!(fs::read_to_string(to.join("a")).unwrap(), "new");
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("d/a"));
        assert!(copy(&from.join("none"), &target, OsStr::new("a")).is_err());
        assert_eq!(fs::read_dir(&to).unwrap().count(), 2);
        drop(folder);
    }
}
