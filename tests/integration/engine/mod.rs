//! What makes a run trustworthy: every source, every ending, real containers.

mod attacks;
mod disks;
mod endings;
mod engines;
mod kept;
mod network;
mod podman;
mod privileged;
mod registry;
mod sources;
pub(crate) mod tls;
mod users;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::{Source, engine};
use crate::harness::{self, leftovers, say_loudly};

/// Whether this machine lets us mount, chown and unshare; says so when not.
pub(crate) fn root(test: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        say_loudly(&format!("NOT TESTED: {test}: only root can set it up"));
    }
    is_root
}

/// Runs a program and returns what it prints.
#[track_caller]
pub(crate) fn sh(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A small file system of its own, unmounted at the end.
pub(crate) struct Tmpfs(pub(crate) PathBuf);

impl Tmpfs {
    pub(crate) fn at(path: &Path, size: &str) -> Self {
        fs::create_dir_all(path).unwrap();
        let options = format!("size={size}");
        sh(
            "mount",
            &["-t", "tmpfs", "-o", &options, "none", text(path)],
        );
        Self(path.to_owned())
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// An image made for one test, removed at the end.
struct Image(String);

impl Image {
    /// From files: name and content, executable.
    fn of(name: &str, files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (file, content) in files {
            let path = folder.path().join(file);
            fs::write(&path, content).unwrap();
            sh("chmod", &["755", text(&path)]);
        }
        let archive = folder.path().with_extension("tar");
        sh(
            "tar",
            &["-cf", text(&archive), "-C", text(folder.path()), "."],
        );
        sh("docker", &["import", text(&archive), name]);
        fs::remove_file(archive).unwrap();
        Self(name.to_owned())
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", "-f", &self.0]).output();
    }
}

/// Everything about a folder's files that a build could change, the output directory and the top's own time apart.
#[derive(Debug, PartialEq)]
struct Tree(BTreeMap<PathBuf, Entry>);

/// Mode, owner, group, time of the last change in two parts, content.
type Entry = (u32, u32, u32, i64, i64, Vec<u8>);

impl Tree {
    fn of(root: &Path) -> Self {
        let mut entries = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path == root.join(".buildspec") {
                    continue;
                }
                let meta = fs::symlink_metadata(&path).unwrap();
                let content = if meta.is_dir() {
                    folders.push(path.clone());
                    Vec::new()
                } else if meta.is_symlink() {
                    let target = fs::read_link(&path).unwrap();
                    target.into_os_string().into_encoded_bytes()
                } else {
                    fs::read(&path).unwrap()
                };
                let (mode, uid, gid) = (meta.mode(), meta.uid(), meta.gid());
                let entry = (mode, uid, gid, meta.mtime(), meta.mtime_nsec(), content);
                entries.insert(path.strip_prefix(root).unwrap().to_owned(), entry);
            }
        }
        Self(entries)
    }
}

/// What the engine still holds of a source's last build.
#[track_caller]
fn left(source: &Source) -> Vec<String> {
    let record = source.record();
    let (_, build) = record["id"].as_str().unwrap().split_once(':').unwrap();
    leftovers(build)
}

/// The id of the container of a source's last build, once there is one.
fn container(source: &Source) -> String {
    let record = source.record();
    let (_, build) = record["id"].as_str().unwrap().split_once(':').unwrap();
    let label = format!("label=buildspec.build={build}");
    sh("docker", &["ps", "-q", "--filter", &label])
        .trim()
        .to_owned()
}

/// The build's events with this name.
fn events(source: &Source, name: &str) -> Vec<String> {
    let text = fs::read_to_string(source.kept().join("events.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|event| event["event"] == name)
        .filter_map(|event| Some(event["text"].as_str()?.to_owned()))
        .collect()
}

/// Whether programs of the image answer.
fn image_has(program: &str) -> bool {
    Command::new("docker")
        .args(["run", "--rm", "--entrypoint", program, &harness::image()])
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

fn git(folder: &Path, arguments: &[&str]) {
    let folder = text(folder);
    let identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"];
    let mut all = vec!["-C", folder, "-c", "safe.directory=*"];
    all.extend(identity);
    all.extend(arguments);
    sh("git", &all);
}
