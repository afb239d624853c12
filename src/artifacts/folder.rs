//! A directory on the host into which files are written and out of which nothing leads.
//!
//! Every step opens one component relative to the directory before it, and never through a symbolic link.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;

use super::path;

/// The directory, held open.
#[derive(Debug)]
pub(super) struct Folder {
    root: OwnedFd,
    /// Files of one directory mostly come together.
    last: Option<(Vec<u8>, OwnedFd)>,
}

impl Folder {
    /// Opens the directory, creating it and those above it.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, directory, flags, Mode::empty())?;
        Ok(Self { root, last: None })
    }

    /// Creates a file that must not exist yet, and the directories above it; nobody else may read it so far.
    pub(super) fn create(&mut self, file: &[u8]) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        self.open_at(file, flags, Mode::RUSR | Mode::WUSR)
    }

    /// Opens a file that was created here.
    pub(super) fn read(&mut self, file: &[u8]) -> io::Result<File> {
        self.open_at(file, OFlags::RDONLY, Mode::empty())
    }

    /// Removes a file that was created here.
    pub(super) fn remove(&mut self, file: &[u8]) -> io::Result<()> {
        let parent = self.parent(file)?;
        Ok(rustix::fs::unlinkat(
            parent,
            path::file_name(file),
            AtFlags::empty(),
        )?)
    }

    /// Makes a symbolic link; what it leads to has to be judged before ([`leads_inside`]).
    pub(super) fn link(&mut self, file: &[u8], target: &[u8]) -> io::Result<()> {
        let parent = self.parent(file)?;
        Ok(rustix::fs::symlinkat(
            target,
            parent,
            path::file_name(file),
        )?)
    }

    /// Where a symbolic link that was made here leads; `None` for anything else.
    pub(super) fn target(&mut self, file: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let parent = self.parent(file)?;
        match rustix::fs::readlinkat(parent, path::file_name(file), Vec::new()) {
            Ok(target) => Ok(Some(target.into_bytes())),
            Err(Errno::INVAL) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is something at the end of a link that was made here.
    pub(super) fn leads_somewhere(&mut self, file: &[u8]) -> bool {
        self.parent(file).is_ok_and(|parent| {
            rustix::fs::statat(parent, path::file_name(file), AtFlags::empty()).is_ok()
        })
    }

    fn open_at(&mut self, file: &[u8], flags: OFlags, mode: Mode) -> io::Result<File> {
        let parent = self.parent(file)?;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(parent, path::file_name(file), flags, mode)?.into())
    }

    /// The directory that holds a file, created where it is missing.
    fn parent(&mut self, file: &[u8]) -> io::Result<&OwnedFd> {
        path::check(file).map_err(|reason| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("its path {reason}"))
        })?;
        let Some(end) = memchr::memrchr(b'/', file) else {
            return Ok(&self.root);
        };
        let directory = &file[..end];
        if self
            .last
            .as_ref()
            .is_none_or(|(known, _)| known != directory)
        {
            let mut at: Option<OwnedFd> = None;
            for name in path::components(directory) {
                at = Some(enter(at.as_ref().unwrap_or(&self.root), name)?);
            }
            self.last = at.map(|at| (directory.to_vec(), at));
        }
        Ok(self.last.as_ref().map_or(&self.root, |(_, opened)| opened))
    }
}

/// Whether a link at this path of the folder stays in it, whatever other such links it leads through.
///
/// `..` may stand at its beginning only. There it climbs real directories, and no more of them than lie between the
/// link and the folder; behind another link's name it could climb anywhere.
pub(super) fn leads_inside(file: &[u8], target: &[u8]) -> bool {
    let depth = path::components(file).count().saturating_sub(1);
    let (mut up, mut down) = (0, false);
    for part in path::components(target) {
        match part {
            b"." => {}
            b".." if down => return false,
            b".." => up += 1,
            _ => down = true,
        }
    }
    !target.is_empty() && !target.starts_with(b"/") && up <= depth
}

fn enter(directory: &OwnedFd, name: &[u8]) -> io::Result<OwnedFd> {
    match rustix::fs::mkdirat(directory, name, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(directory, name, flags, Mode::empty())?)
}

/// Sets a finished file's mode and, if it makes sense, when it was last changed.
pub(super) fn finish(file: &File, executable: bool, modified: Option<u64>) -> io::Result<()> {
    let mode = if executable { 0o755 } else { 0o644 };
    rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?;
    if let Some(seconds) = modified
        .filter(|&seconds| is_sane(seconds))
        .and_then(|seconds| i64::try_from(seconds).ok())
    {
        let time = |tv_sec, tv_nsec| Timespec { tv_sec, tv_nsec };
        let times = Timestamps {
            last_access: time(0, UTIME_OMIT),
            last_modification: time(seconds, 0),
        };
        rustix::fs::futimens(file, &times)?;
    }
    Ok(())
}

/// After 1970 and at most a day ahead: tools that compare times go astray on anything else.
fn is_sane(seconds: u64) -> bool {
    let day = Duration::from_hours(24);
    let latest = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        + day;
    seconds > 0 && seconds < latest.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_where_links_lead() {
        for (file, target, inside) in [
            ("a", "b", true),
            ("a", "d/e/", true),
            ("a", ".", true),
            ("d/a", "../b", true),
            ("d/a", "./.././b", true),
            ("d/e/a", "../..", true),
            ("a", "", false),
            ("a", "/etc/passwd", false),
            ("a", "..", false),
            ("a", "../b", false),
            ("d/a", "../../b", false),
            ("d/a", "b/../c", false),
            ("d/a", "../link/../../x", false),
        ] {
            assert_eq!(
                leads_inside(file.as_bytes(), target.as_bytes()),
                inside,
                "{file} -> {target}"
            );
        }
    }
}
