//! Files out of a tar stream that a container wrote, into a directory on the host.
//!
//! The container is hostile. Where a file goes is decided before its archive is read, so a name in the archive is
//! only looked up, never used as a path. What is not a plain file that was asked for is not created.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use super::archive::{Archive, Member, MemberKind};
use super::folder::{self, Folder};
use super::{Chosen, Notes, path, shown};

const BUFFER: usize = 128 * 1024;

/// What came of it. It is never all or nothing: what was written stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Paths in the artifact, in the order in which they were written.
    pub written: Vec<Vec<u8>>,
    /// Bytes in them.
    pub bytes: u64,
    /// Paths in the artifact that were asked for and are not there, sorted.
    pub missing: Vec<Vec<u8>>,
    /// Those of them that were there and are not created, for the reasons that the warnings give.
    pub refused: Vec<Vec<u8>>,
    /// Files that are symbolic links in the archive and were not created: what they lead to has to be fetched.
    pub links: Vec<Chosen>,
    /// What was found in the archive and not created, and why.
    pub warnings: Notes,
    /// Why it stopped before the end: the archive broke off, the disk is full. One line, without control characters.
    pub failure: Option<String>,
}

/// What an archive may hold, and what becomes of it.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Symbolic links that lead from one place of the directory to another are created as such.
    pub keep_links: bool,
    /// Names in the archive are relative to this directory, and others than the chosen are passed over; without it
    /// they are whole paths, and each has to be a chosen one.
    pub below: Option<Vec<u8>>,
}

impl Unpacked {
    /// Adds what came of a later archive for the same directory; `missing` and `links` become that one's.
    pub fn append(&mut self, later: Self) {
        self.written.extend(later.written);
        self.bytes += later.bytes;
        self.missing = later.missing;
        self.refused.extend(later.refused);
        self.links = later.links;
        self.warnings.append(later.warnings);
        self.failure = self.failure.take().or(later.failure);
    }
}

/// Writes the chosen files into a directory, which is created and should hold none of them.
///
/// `stream` is what `tar -c` writes for the files' source paths; a leading `/` or `./` in its names has no
/// meaning. Modes become 0644 or 0755. A file that exists is never overwritten.
pub fn unpack(stream: impl Read, files: &[Chosen], directory: &Path, rules: &Rules) -> Unpacked {
    let mut targets: HashMap<&[u8], Vec<&[u8]>> = HashMap::new();
    for file in files {
        let name = match &rules.below {
            Some(directory) => path::below(directory, &file.source),
            None => Some(&file.source[..]),
        };
        if let Some(name) = name {
            targets.entry(key(name)).or_default().push(&file.artifact);
        }
    }
    let mut work = Work {
        rules,
        links: Vec::new(),
        targets,
        archive: Archive::new(stream),
        sources: HashMap::new(),
        buffer: vec![0; BUFFER],
        result: Unpacked::default(),
    };
    if let Err(reason) = work.run(directory) {
        work.result.failure = Some(shown(reason.as_bytes()));
    }
    let refused: BTreeSet<&[u8]> = work.links.iter().map(|&(artifact, _)| artifact).collect();
    let mut result = work.result;
    let is_refused = |file: &&Chosen| refused.contains(&file.artifact[..]);
    result.links = files.iter().filter(is_refused).cloned().collect();
    let wanted: BTreeSet<&[u8]> = files.iter().map(|file| &file.artifact[..]).collect();
    let written: BTreeSet<&[u8]> = result.written.iter().map(|file| &file[..]).collect();
    result.missing = wanted
        .difference(&written)
        .map(|file| file.to_vec())
        .collect();
    result
}

struct Work<'a, R> {
    rules: &'a Rules,
    /// Artifact paths of symbolic links that are not created, or not yet, and where those lead.
    links: Vec<(&'a [u8], Vec<u8>)>,
    targets: HashMap<&'a [u8], Vec<&'a [u8]>>,
    archive: Archive<R>,
    /// Source path to the first file that was written for it, and whether that can be executed.
    sources: HashMap<&'a [u8], (&'a [u8], bool)>,
    buffer: Vec<u8>,
    result: Unpacked,
}

impl<R: Read> Work<'_, R> {
    fn run(&mut self, directory: &Path) -> Result<(), String> {
        let mut folder =
            Folder::open(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        loop {
            match self.archive.next() {
                Ok(None) => {
                    self.archive.drain();
                    self.keep_links(&mut folder);
                    return Ok(());
                }
                Ok(Some(member)) => self.member(&mut folder, &member)?,
                Err(error) => {
                    return Err(format!(
                        "the archive from the container can't be read: {error}"
                    ));
                }
            }
        }
    }

    fn member(&mut self, folder: &mut Folder, member: &Member) -> Result<(), String> {
        let Some((&source, targets)) = self.targets.get_key_value(key(&member.name)) else {
            // Directories come along where `tar` was given one.
            if member.kind != MemberKind::Directory && self.rules.below.is_none() {
                self.warn(&member.name, "was not asked for");
            }
            return Ok(());
        };
        if self.sources.contains_key(source) {
            self.warn(&member.name, "is in the archive a second time");
            return Ok(());
        }
        let targets = targets.clone();
        let (mut first, executable) = match member.kind {
            MemberKind::File => (None, member.mode & 0o111 != 0),
            MemberKind::HardLink => {
                let Some(&(first, executable)) = self.sources.get(key(&member.link)) else {
                    self.refuse(&targets);
                    self.warn(&member.name, "is a hard link to a file that is not there");
                    return Ok(());
                };
                (Some(first), executable)
            }
            MemberKind::Symlink => {
                let links = targets.iter().map(|&target| (target, member.link.clone()));
                self.links.extend(links);
                return Ok(());
            }
            kind => {
                self.refuse(&targets);
                self.warn(&member.name, refusal(kind));
                return Ok(());
            }
        };
        for target in targets {
            let mut file = match folder.create(target) {
                Ok(file) => file,
                Err(error) if stops_all(&error) => {
                    return Err(format!("{}: {error}", shown(target)));
                }
                Err(error) => {
                    self.refuse(&[target]);
                    self.warn(target, &format!("can't be created: {error}"));
                    continue;
                }
            };
            let copied = match first {
                // The archive's data comes once; every further file is copied from the one that got it.
                None => copy(&mut self.archive, &mut file, &mut self.buffer),
                Some(first) => folder
                    .read(first)
                    .and_then(|mut from| copy(&mut from, &mut file, &mut self.buffer)),
            };
            match copied.and_then(|bytes| {
                folder::finish(&file, executable, member.modified).map(|()| bytes)
            }) {
                Ok(bytes) => self.result.bytes += bytes,
                Err(error) => {
                    let removed = folder
                        .remove(target)
                        .map_or("can't be removed", |()| "removed");
                    return Err(format!(
                        "{}: {error}; what there was of it is {removed}",
                        shown(target)
                    ));
                }
            }
            self.result.written.push(target.to_vec());
            first = first.or(Some(target));
        }
        if let Some(first) = first {
            self.sources.insert(source, (first, executable));
        }
        Ok(())
    }

    /// Creates the links that stay inside and lead to something. They come last, so that no file's path leads
    /// through one.
    fn keep_links(&mut self, folder: &mut Folder) {
        if !self.rules.keep_links {
            return;
        }
        let (inner, mut refused): (Vec<_>, Vec<_>) = std::mem::take(&mut self.links)
            .into_iter()
            .partition(|(file, target)| {
                folder::leads_inside(file, target) && folder.link(file, target).is_ok()
            });
        for (file, target) in inner {
            if folder.leads_somewhere(file) {
                self.result.written.push(file.to_vec());
            } else {
                if let Err(error) = folder.remove(file) {
                    self.warn(file, &format!("can't be removed: {error}"));
                }
                refused.push((file, target));
            }
        }
        self.links = refused;
    }

    fn refuse(&mut self, targets: &[&[u8]]) {
        let refused = targets.iter().map(|target| target.to_vec());
        self.result.refused.extend(refused);
    }

    fn warn(&mut self, path: &[u8], what: &str) {
        self.result
            .warnings
            .push(format!("`{}` {what}", shown(path)));
    }
}

/// A source path, as given or as an archive has it.
fn key(mut path: &[u8]) -> &[u8] {
    while let Some(rest) = path.strip_prefix(b"./").or_else(|| path.strip_prefix(b"/")) {
        path = rest;
    }
    path
}

fn refusal(kind: MemberKind) -> &'static str {
    match kind {
        MemberKind::Directory => "is a directory in the archive",
        MemberKind::Sparse => "has holes, in a format that is not read",
        MemberKind::File | MemberKind::HardLink | MemberKind::Symlink | MemberKind::Other => {
            "is no regular file; not created"
        }
    }
}

/// Whether every further file would fail as well.
fn stops_all(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::ReadOnlyFilesystem
    )
}

fn copy(from: &mut impl Read, to: &mut File, buffer: &mut [u8]) -> io::Result<u64> {
    let mut total = 0;
    loop {
        match from.read(buffer) {
            Ok(0) => return Ok(total),
            Ok(read) => {
                to.write_all(&buffer[..read])?;
                total += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
#[path = "unpack_tests.rs"]
mod tests;
