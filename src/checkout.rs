//! A clean copy of a Git work tree: a revision of it, or only what Git tracks.
//!
//! Made by `git` on the host into the build's folder; the repository itself is only read.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::error::{Error, Result};

/// Which files of the source the build sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// The work tree as it is.
    #[default]
    All,
    /// Tracked files, as they are in the work tree.
    Tracked,
    /// A revision, as a fresh checkout has it.
    Revision(String),
    /// None: the build has no source.
    Nothing,
}

/// Git tells its own server nothing of `-c`.
const SERVER: &str = "git -c safe.directory='*' upload-pack";

/// Makes the copy below `into`, and returns what stands for the source.
pub async fn make(source: &Path, which: &Which, into: &Path) -> Result<PathBuf> {
    let revision = match which {
        Which::All => return Ok(source.to_path_buf()),
        Which::Nothing => {
            fs::create_dir_all(into).map_err(|error| {
                Error::environment(format!("{} can't be made: {error}", into.display()))
            })?;
            return Ok(into.to_path_buf());
        }
        Which::Tracked => "HEAD",
        Which::Revision(revision) => revision.as_str(),
    };
    let top = git(source, &["rev-parse", "--show-toplevel"]).await;
    let top = PathBuf::from(top.map_err(|_| {
        Error::usage(format!(
            "{} is not in a Git work tree: --tracked and --at need one",
            source.display()
        ))
    })?);
    let prefix = git(source, &["rev-parse", "--show-prefix"]).await?;
    let commit = commit(&top, revision).await?;
    clone(&top, into, &commit, *which == Which::Tracked).await?;
    if *which == Which::Tracked {
        copy_tracked(&top, into).await?;
    }
    let made = into.join(&prefix);
    if !made.is_dir() {
        return Err(Error::usage(format!("{revision} has no folder {prefix}")));
    }
    Ok(made)
}

/// The commit that a revision means.
pub async fn commit(source: &Path, revision: &str) -> Result<String> {
    let wanted = format!("{revision}^{{commit}}");
    let commit = git(
        source,
        &["rev-parse", "--verify", "--end-of-options", &wanted],
    )
    .await;
    commit.map_err(|_| Error::usage(format!("Git knows no commit {revision}")))
}

/// One file of the source as the build would see it, without making the copy; an error says why it would not.
pub async fn file(source: &Path, which: &Which, path: &Path) -> Result<Vec<u8>, String> {
    let name = path.to_string_lossy();
    match which {
        Which::Tracked if !super::env::git::tracks(&source.join(path)).await => {
            Err("Git does not track it".to_owned())
        }
        Which::Nothing => Err("the build has no source".to_owned()),
        Which::All | Which::Tracked => {
            std::fs::read(source.join(path)).map_err(|error| error.to_string())
        }
        Which::Revision(revision) => {
            let object = format!("{revision}:./{name}");
            let text = raw(
                source,
                &["show", "--no-textconv", "--end-of-options", &object],
            )
            .await;
            text.map_err(|error| error.message)
        }
    }
}

/// A clone with the same branch and `origin`; the work tree is that of `commit`, or left empty.
async fn clone(top: &Path, into: &Path, commit: &str, empty: bool) -> Result<()> {
    let (from, to) = (path(top)?, path(into)?);
    git(
        top,
        &[
            "clone",
            "--quiet",
            "--no-checkout",
            "--upload-pack",
            SERVER,
            from,
            to,
        ],
    )
    .await?;
    // Like a build in the cloud: origin is where the source came from, not this machine.
    let url = git(top, &["config", "--get", "remote.origin.url"]).await;
    match url {
        Ok(url) => git(into, &["remote", "set-url", "origin", &url]).await?,
        Err(_) => git(into, &["remote", "remove", "origin"]).await?,
    };
    if empty {
        git(into, &["read-tree", commit]).await
    } else {
        git(into, &["checkout", "--quiet", "--detach", commit]).await
    }
    .map(|_| ())
}

async fn copy_tracked(top: &Path, into: &Path) -> Result<()> {
    // Those of submodules too, as far as these are checked out: they are in the work tree.
    let list = ["ls-files", "-z", "--cached", "--recurse-submodules"];
    let names = raw(top, &list).await?;
    for name in names
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
    {
        let name = Path::new(std::ffi::OsStr::from_bytes(name));
        let (from, to) = (top.join(name), into.join(name));
        copy(&from, &to).map_err(|error| {
            Error::environment(format!("{} can't be copied: {error}", from.display()))
        })?;
    }
    Ok(())
}

/// A file that is tracked and gone, and a submodule's folder that was never filled, are not copied.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let Ok(about) = fs::symlink_metadata(from) else {
        return Ok(());
    };
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if about.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(from)?, to)
    } else if about.is_file() {
        fs::copy(from, to).map(|_| ())
    } else {
        Ok(())
    }
}

fn path(path: &Path) -> Result<&str> {
    path.to_str()
        .ok_or_else(|| Error::environment(format!("{} is not UTF-8", path.display())))
}

pub(crate) async fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = raw(folder, arguments).await?;
    Ok(String::from_utf8_lossy(&output)
        .trim_end_matches('\n')
        .to_owned())
}

async fn raw(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new("git")
        // The tree may belong to someone else, as it does when root runs a user's build. Its hooks do not run.
        .args([
            "-c",
            "safe.directory=*",
            "-c",
            "core.hooksPath=/dev/null",
            "-C",
        ])
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| Error::environment("git can't be run").because(error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::environment(format!(
        "git {} failed: {}",
        arguments.first().unwrap_or(&""),
        said.trim()
    )))
}
