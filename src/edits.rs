//! Whether somebody edited the source while a build ran: an overlay shows such edits in part.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// More names help nobody.
const MOST: usize = 10;

/// A look at a source of hundreds of thousands of files may be given up: it is only for a remark.
const PATIENCE: Duration = Duration::from_secs(5);

/// Files and folders below `source` that have changed since `since`; what this tool writes to and Git's own folder count
/// for nothing, and neither do the folders in which those are made.
pub fn since(since: SystemTime, source: &Path, ours: &[PathBuf]) -> Vec<PathBuf> {
    let Ok(since) = since.duration_since(UNIX_EPOCH) else {
        return Vec::new();
    };
    let began = Instant::now();
    let changed = |entry: &walkdir::DirEntry| {
        let about = entry.metadata().ok()?;
        let seconds = u64::try_from(about.ctime()).ok()?;
        let nanoseconds = u32::try_from(about.ctime_nsec()).ok()?;
        Some(Duration::new(seconds, nanoseconds) > since)
    };
    walkdir::WalkDir::new(source)
        .min_depth(1)
        .into_iter()
        .filter_entry(|entry| {
            entry.file_name() != ".git" && ours.iter().all(|path| path != entry.path())
        })
        .take_while(|_| began.elapsed() < PATIENCE)
        .filter_map(Result::ok)
        .filter(|entry| !ours.iter().any(|path| path.starts_with(entry.path())))
        .filter(|entry| changed(entry) == Some(true))
        .take(MOST + 1)
        .map(walkdir::DirEntry::into_path)
        .collect()
}

/// The names in a source's top folder, whose own time says nothing: the output directory is made in it.
#[derive(Clone, Debug, Default)]
pub struct Top(Vec<OsString>);

impl Top {
    /// Looks at them.
    pub fn of(source: &Path) -> Self {
        let entries = std::fs::read_dir(source).into_iter().flatten().flatten();
        Self(entries.map(|entry| entry.file_name()).collect())
    }

    /// What is there no more.
    pub fn gone(&self, source: &Path) -> Vec<PathBuf> {
        let paths = self.0.iter().map(|name| source.join(name));
        let mut gone: Vec<_> = paths
            .filter(|path| path.symlink_metadata().is_err())
            .collect();
        gone.sort();
        gone
    }
}

/// The remark about them; none where nothing was edited.
pub fn remark(edited: &[PathBuf], source: &Path) -> Option<String> {
    if edited.is_empty() {
        return None;
    }
    let names: Vec<String> = edited
        .iter()
        .take(MOST)
        .map(|path| {
            path.strip_prefix(source)
                .unwrap_or(path)
                .display()
                .to_string()
        })
        .collect();
    let more = if edited.len() > MOST { " and more" } else { "" };
    Some(format!(
        "the source was edited while the build ran, which may have seen it before or after: {}{more}",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_since_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path();
        for name in ["old", "gone/file", ".git/index", ".buildspec/x", "a/old"] {
            let path = source.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::thread::sleep(Duration::from_millis(30));
        let began = SystemTime::now();
        std::thread::sleep(Duration::from_millis(30));
        let ours = [".buildspec", "a/b/artifacts"].map(|path| source.join(path));
        assert_eq!(since(began, source, &ours), [""; 0].map(PathBuf::from));
        std::fs::write(source.join(".git/index"), "x").unwrap();
        std::fs::write(ours[0].join("x"), "x").unwrap();
        std::fs::create_dir_all(&ours[1]).unwrap();
        std::fs::write(ours[1].join("x"), "x").unwrap();
        assert_eq!(remark(&since(began, source, &ours), source), None);
        std::fs::write(source.join("a/b/other"), "x").unwrap();
        assert_eq!(since(began, source, &ours), [source.join("a/b/other")]);
        std::fs::remove_file(source.join("gone/file")).unwrap();
        let top = Top::of(source);
        assert_eq!(top.gone(source), [""; 0].map(PathBuf::from));
        std::fs::remove_file(source.join("old")).unwrap();
        assert_eq!(top.gone(source), [source.join("old")]);
        std::fs::rename(source.join("gone"), source.join("other")).unwrap();
        assert_eq!(top.gone(source), [source.join("gone"), source.join("old")]);
        std::fs::rename(source.join("other"), source.join("gone")).unwrap();
        std::fs::write(source.join("new"), "").unwrap();
        let said = remark(&since(began, source, &ours), source).unwrap();
        assert!(
            said.contains("gone") && said.contains("new") && !said.contains("old"),
            "{said}"
        );
    }
}
