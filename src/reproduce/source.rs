//! Where the source of a recorded build is found on this machine.

use std::path::{Path, PathBuf};

use super::differences::{Difference, is_git};
use crate::checkout::{self, Which, git};
use crate::env::git::without_password;
use crate::error::{Error, Result};
use crate::project::build::Recorded;
use crate::project::model::SourceType;
use crate::script;

/// What stands for the primary source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub folder: PathBuf,
    pub which: Which,
    /// Where it is not exactly the recorded one.
    pub difference: Option<Difference>,
}

/// Finds the recorded commit in `folder`, which is only read.
///
/// # Errors
///
/// The commit is not there; the error names the command that fetches it.
pub async fn find(recorded: &Recorded, folder: &Path) -> Result<Found> {
    let source = &recorded.project.source;
    let kind = source
        .kind
        .as_ref()
        .map_or(SourceType::NoSource, |kind| kind.value);
    let commit = recorded.resolved_source_version.as_str();
    let as_it_is = |recorded: String| Found {
        folder: folder.to_path_buf(),
        which: Which::All,
        difference: Some(Difference {
            recorded,
            here: format!("{} as it is now", folder.display()),
        }),
    };
    if source.kind.is_none() && !recorded.is_own() && !looks_like_commit(commit) {
        return Ok(as_it_is(
            "a source of which the record says nothing".to_owned(),
        ));
    }
    if source.kind.is_some() && kind == SourceType::NoSource && !recorded.is_own() {
        return Ok(Found {
            folder: folder.to_path_buf(),
            which: Which::Nothing,
            difference: None,
        });
    }
    let location = source
        .location
        .as_ref()
        .map(|location| without_password(&location.value));
    let shown = location
        .as_deref()
        .unwrap_or("a place that the record does not name");
    if is_git(kind) || looks_like_commit(commit) {
        let version = if commit.is_empty() {
            recorded.source_version.as_str()
        } else {
            commit
        };
        if version.starts_with('-') {
            return Err(Error::usage(format!(
                "{version:?}, of which the build was, is no commit's name"
            )));
        }
        if version.is_empty() {
            return Ok(as_it_is(format!(
                "the source at {shown}, of no recorded version"
            )));
        }
        return match top(folder).await {
            Some(top) => in_repository(recorded, folder, top, version, location.as_deref()).await,
            None if is_git(kind) => Err(not_a_clone(folder, version, location.as_deref())),
            None => Ok(as_it_is(format!("the source at {shown}"))),
        };
    }
    let what = match kind {
        SourceType::CodePipeline => "the input of the pipeline".to_owned(),
        SourceType::S3 => format!("the source in S3 at {shown}, which is not fetched"),
        _ if recorded.is_own() => "the source folder of then, without Git".to_owned(),
        _ => format!("the source at {shown}"),
    };
    Ok(as_it_is(what))
}

async fn in_repository(
    recorded: &Recorded,
    folder: &Path,
    top: PathBuf,
    version: &str,
    location: Option<&str>,
) -> Result<Found> {
    let Ok(commit) = checkout::commit(&top, version).await else {
        return Err(not_fetched(recorded, folder, version, location));
    };
    let difference = if recorded.resolved_source_version.is_empty() {
        Some(Difference {
            recorded: format!("the source at {version}, whatever commit that was"),
            here: format!("what {version} is here: {commit}"),
        })
    } else {
        // Of changes that nobody committed no record knows, and a build of ours may have had some.
        recorded.is_own().then(|| Difference {
            recorded: format!("the work tree of then, at commit {commit}"),
            here: "the commit alone: if the tree had changes, they are not in it".to_owned(),
        })
    };
    // In the cloud the source is the whole repository; a run of ours is one of the folder that it was given.
    let folder = if recorded.is_own() {
        folder.to_path_buf()
    } else {
        top
    };
    Ok(Found {
        folder,
        which: Which::Revision(commit),
        difference,
    })
}

async fn top(folder: &Path) -> Option<PathBuf> {
    git(folder, &["rev-parse", "--show-toplevel"])
        .await
        .ok()
        .map(PathBuf::from)
}

fn not_a_clone(folder: &Path, version: &str, location: Option<&str>) -> Error {
    let error = Error::usage(format!(
        "{} is no Git repository, and the build was one of commit {version}",
        folder.display()
    ));
    match location.filter(|location| !location.starts_with('-')) {
        Some(location) => error.hint(format!(
            "git clone {} CLONE, and name that folder behind BUILD",
            word(location)
        )),
        None => error
            .hint("the record names no source location: name the folder of a clone behind BUILD"),
    }
}

fn not_fetched(recorded: &Recorded, folder: &Path, version: &str, location: Option<&str>) -> Error {
    // Where a location would be read as a flag, the clone's own is the better guess.
    let from = location
        .filter(|location| !location.starts_with('-'))
        .unwrap_or("origin");
    let what = match recorded.source_version.strip_prefix("pr/") {
        Some(number) => format!("pull/{number}/head"),
        None => version.to_owned(),
    };
    Error::usage(format!(
        "{} has no commit {version}, of which the build was",
        folder.display()
    ))
    .hint(format!(
        "git -C {} fetch {} {}",
        word(&folder.display().to_string()),
        word(from),
        word(&what)
    ))
}

/// A text as one word of a shell: the hint is there to be pasted.
fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        script::quote(text)
    }
}

fn looks_like_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Says where the recorded buildspec may have gone, when it is not in the source.
///
/// # Errors
///
/// It is not there.
pub async fn check_buildspec(recorded: &Recorded, found: &Found) -> Result<()> {
    let Some(path) = recorded.project.source.buildspec_path() else {
        return Ok(());
    };
    if path.starts_with("arn:") || path.starts_with("s3://") {
        return Ok(());
    }
    let path = path.trim_start_matches("./");
    let missing = |place: &str, others: Vec<String>| {
        let error = Error::usage(format!("there is no {path} in {place}"));
        if others.is_empty() {
            error.hint("name the buildspec that the build ran with: --buildspec FILE")
        } else {
            error.hint(format!(
                "it may have moved: --buildspec {}",
                others.join(", or ")
            ))
        }
    };
    match &found.which {
        Which::Revision(commit) => {
            let name = format!("{commit}:./{path}");
            if git(&found.folder, &["cat-file", "-e", &name]).await.is_ok() {
                return Ok(());
            }
            let tree = git(&found.folder, &["ls-tree", "-r", "--name-only", commit]).await?;
            let like = tree.lines().filter(|other| is_like(path, other));
            let like = like.take(5).map(str::to_owned).collect();
            Err(missing(&format!("commit {commit}"), like))
        }
        Which::All if !found.folder.join(path).exists() && !recorded.is_own() => {
            Err(missing(&found.folder.display().to_string(), Vec::new()))
        }
        _ => Ok(()),
    }
}

fn is_like(path: &str, other: &str) -> bool {
    let name = |path: &str| {
        path.rsplit('/')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let other = name(other);
    let yaml = other
        .rsplit_once('.')
        .is_some_and(|(_, end)| matches!(end, "yml" | "yaml"));
    other == name(path) || (other.starts_with("buildspec") && yaml)
}
