//! What Git knows of a source.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// Facts of a work tree; empty where there is no Git, no repository, or no commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The commit that is checked out.
    pub commit: String,
    /// The branch, or empty when none is checked out.
    pub branch: String,
    /// Where `origin` is.
    pub url: String,
}

impl Facts {
    /// The branch, or the commit where none is checked out.
    pub fn version(&self) -> &str {
        if self.branch.is_empty() {
            &self.commit
        } else {
            &self.branch
        }
    }
}

/// Asks the host's `git`.
pub async fn facts(source: &Path) -> Facts {
    let (commit, branch, url) = tokio::join!(
        ask(source, &["rev-parse", "--verify", "-q", "HEAD"]),
        ask(source, &["symbolic-ref", "-q", "--short", "HEAD"]),
        ask(source, &["config", "--get", "remote.origin.url"]),
    );
    if commit.is_empty() {
        return Facts::default();
    }
    Facts {
        commit,
        branch,
        url: without_password(&url),
    }
}

/// The branch that `origin` would merge into, or empty.
pub async fn default_branch(source: &Path) -> String {
    let head = "refs/remotes/origin/HEAD";
    let name = ask(source, &["symbolic-ref", "-q", "--short", head]).await;
    name.trim_start_matches("origin/").to_owned()
}

/// Where `origin` has a branch, or else the commit before this one; empty where neither is known.
pub async fn before_push(source: &Path, branch: &str) -> String {
    let remote = format!("refs/remotes/origin/{branch}");
    let commit = async |name: &str| ask(source, &["rev-parse", "--verify", "-q", name]).await;
    let (remote, parent, head) = tokio::join!(commit(&remote), commit("HEAD~1"), commit("HEAD"));
    if remote.is_empty() || remote == head {
        parent
    } else {
        remote
    }
}

/// Whether Git has a file in its index; without Git, or outside a repository, it has not.
pub async fn tracks(file: &Path) -> bool {
    let (Some(folder), Some(name)) = (
        file.parent(),
        file.file_name().and_then(|name| name.to_str()),
    ) else {
        return false;
    };
    !ask(folder, &["ls-files", "--error-unmatch", "--", name])
        .await
        .is_empty()
}

/// Whether a file is there and Git ignores it; asked after a failure, when nothing else waits.
pub fn ignores(source: &Path, path: &str) -> bool {
    source.join(path).exists()
        && std::process::Command::new("git")
            .args(["-c", "safe.directory=*", "-C"])
            .arg(source)
            .args(["check-ignore", "-q", "--", path])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
}

async fn ask(source: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        // The tree may belong to someone else, as it does when root runs a user's build; only facts are read.
        .args(["-c", "safe.directory=*", "-C"])
        .arg(source)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .await;
    match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => String::new(),
    }
}

/// Tokens in a URL must not reach a log.
pub(crate) fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme && !url[scheme + 3..at].contains('/') => {
            format!("{}{}", &url[..scheme + 3], &url[at + 1..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_their_passwords() {
        assert_eq!(
            without_password("https://me:token@host/a/b.git"),
            "https://host/a/b.git"
        );
        assert_eq!(without_password("git@host:a/b.git"), "git@host:a/b.git");
        assert_eq!(without_password("https://host/a@b"), "https://host/a@b");
    }
}
