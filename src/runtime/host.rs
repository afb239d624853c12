//! The host's own shell, in a copy of the source: no engine needed, and no isolation.

mod door;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

pub use door::Door;

use super::{Chunk, Pieces, Wire};
use crate::error::{Error, Result};
use crate::script::{self, Layout};

/// How session folders are named, and nothing else.
const PREFIX: &str = "buildspec-session-";

/// A folder younger than this may be about to be taken.
const SETTLING: std::time::Duration = std::time::Duration::from_secs(3);

/// A session's folder, taken as long as this process lives.
#[derive(Debug)]
pub struct Root {
    folder: tempfile::TempDir,
    _lock: std::fs::File,
}

/// The build's processes and its folder on the host.
#[derive(Debug)]
pub struct Host {
    root: Root,
    child: Child,
    door: Door,
}

impl Host {
    /// Makes the session's folder (0700). The source has to be put into `layout.source()` before `start`.
    pub fn prepare(like: &Layout) -> Result<(Root, Layout)> {
        let failed = |error: io::Error| {
            Error::environment("the session's folder can't be made")
                .because(error)
                .hint("set TMPDIR to a folder with room")
        };
        let root = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir()
            .map_err(failed)?;
        let lock = crate::output::hold(root.path()).map_err(failed)?;
        remove_dead(root.path());
        let path = root
            .path()
            .to_str()
            .ok_or_else(|| Error::environment("TMPDIR is not UTF-8"))?;
        let layout = like.at(path);
        let secondary: Vec<String> = layout.secondary().map(|(_, folder)| folder).collect();
        for folder in [
            layout.tmp(),
            layout.readonly(),
            layout.bin(),
            layout.source(),
            format!("{path}/root"),
        ]
        .into_iter()
        .chain(secondary)
        {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        crate::inside::write(Path::new(&layout.bin())).map_err(failed)?;
        let root = Root {
            folder: root,
            _lock: lock,
        };
        Ok((root, layout))
    }

    /// Starts the supervisor with an environment of `path` and little more.
    pub fn start(root: Root, layout: &Layout, path: Option<OsString>) -> Result<(Self, Wire)> {
        adopt()?;
        let door = Door::new(layout, path);
        let (child, wire) = door.open()?;
        let host = Self { root, child, door };
        Ok((host, wire))
    }

    /// Runs a script of ours beside the build's commands.
    pub fn pipe(&self, script: &str) -> Result<Wire> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| {
            Error::environment("the host's /bin/sh can't be started").because(error)
        })?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::environment("the shell's pipes are missing"));
        };
        Ok(Wire {
            input: Box::pin(input),
            output: Box::pin(pieces(output).map(|bytes| bytes.map(Chunk::Output))),
        })
    }

    /// A path as a tar stream.
    pub fn archive(&self, path: &str) -> Result<Pieces> {
        let at = path.rfind('/').unwrap_or(0);
        let (above, name) = (&path[..at.max(1)], &path[at + 1..]);
        let text = format!(
            "exec tar -c -C {} -f - -- {} 2>/dev/null",
            script::quote(above),
            script::quote(name)
        );
        let Wire { input, output } = self.pipe(&text)?;
        drop(input);
        let bytes = |chunk: Chunk| match chunk {
            Chunk::Output(bytes) | Chunk::Supervisor(bytes) => bytes,
        };
        Ok(Box::pin(output.map(move |chunk| chunk.map(bytes))))
    }

    /// Ends every process of the build and removes its folder.
    pub async fn end(mut self) -> io::Result<()> {
        kill_descendants();
        self.child.wait().await?;
        kill_descendants();
        remove(self.root.path())
    }

    /// The way to more processes beside it.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// The session's folder.
    pub fn root(&self) -> PathBuf {
        self.root.path().to_path_buf()
    }
}

impl Root {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders that dead sessions left beside this one.
fn remove_dead(ours: &Path) {
    let Some(beside) = ours.parent() else { return };
    for entry in std::fs::read_dir(beside).into_iter().flatten().flatten() {
        let is_session = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX));
        let is_settled = entry.metadata().is_ok_and(|about| {
            about.is_dir()
                && about
                    .modified()
                    .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > SETTLING))
        });
        if is_session && is_settled && !crate::output::is_taken(&entry.path()) {
            remove(&entry.path()).ok();
        }
    }
}

/// Copies a source, less what is hidden from builds; links stay links, sockets and devices are left out.
///
/// The kernel shares the files' blocks where its file system can.
pub fn copy_source(
    from: &Path,
    to: &Path,
    output: &Path,
    stopped: &dyn Fn() -> bool,
) -> io::Result<()> {
    let hidden = crate::hidden::paths(from, output);
    let walk = walkdir::WalkDir::new(from)
        .min_depth(1)
        .into_iter()
        .filter_entry(|entry| hidden.iter().all(|path| path != entry.path()));
    let mut folders = Vec::new();
    for entry in walk {
        if stopped() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from).map_err(io::Error::other)?);
        let kind = entry.file_type();
        if kind.is_dir() {
            std::fs::create_dir(&target)?;
            folders.push((target, entry.metadata()?.permissions()));
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", entry.path().display()))
            })?;
        }
    }
    // Last, so that a folder without write permission can be filled.
    for (folder, permissions) in folders.into_iter().rev() {
        std::fs::set_permissions(folder, permissions)?;
    }
    Ok(())
}

/// Removes a folder whose own folders may be write-protected, as Go's module cache makes them.
pub fn remove(root: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if std::fs::remove_dir_all(root).is_ok() {
        return Ok(());
    }
    for entry in walkdir::WalkDir::new(root)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_dir())
    {
        std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o700)).ok();
    }
    std::fs::remove_dir_all(root)
}

/// Kills all that descends from this process, until nothing is left.
fn kill_descendants() {
    for _ in 0..100 {
        let all = descendants(rustix::process::getpid().as_raw_nonzero().get());
        if all.is_empty() {
            return;
        }
        for pid in all {
            if let Some(pid) = rustix::process::Pid::from_raw(pid) {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Living processes below `root`, from `/proc`.
fn descendants(root: i32) -> Vec<i32> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<i32>().ok())
        else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // The name in parentheses may hold anything; the fields after the last one are state and parent.
        let mut fields = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace();
        let (Some(state), Some(parent)) = (fields.next(), fields.next()) else {
            continue;
        };
        if state != "Z"
            && let Ok(parent) = parent.parse::<i32>()
        {
            parents.push((pid, parent));
        }
    }
    let mut found = vec![root];
    let mut at = 0;
    while at < found.len() {
        let parent = found[at];
        found.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(pid, _)| *pid),
        );
        at += 1;
    }
    found.split_off(1)
}

fn pieces(
    reader: impl AsyncRead + Send + Unpin + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(reader, |mut reader| async move {
        let mut buffer = BytesMut::with_capacity(64 * 1024);
        let read = reader.read_buf(&mut buffer).await?;
        Ok((read > 0).then(|| (buffer.freeze(), reader)))
    })
}

fn until_complaints_end(
    output: impl Stream<Item = io::Result<Chunk>> + Send + 'static,
    complaints: impl Stream<Item = io::Result<Chunk>> + Send + 'static,
) -> impl Stream<Item = io::Result<Chunk>> + Send {
    let complaints = complaints.map(Some).chain(stream::once(async { None }));
    let output = output.map(Some).chain(stream::pending());
    stream::select(output, complaints)
        .take_while(|chunk| std::future::ready(chunk.is_some()))
        .filter_map(std::future::ready)
}
/// Children that outlive their parents become ours, and so can be found when the build ends.
#[cfg(target_os = "linux")]
fn adopt() -> Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| Error::environment("this process can't adopt the build's").because(error))
}

#[cfg(not(target_os = "linux"))]
fn adopt() -> Result<()> {
    Err(Error::environment(
        "--runtime host needs Linux, where a process can adopt all that a build leaves behind",
    ))
}
