//! What has changed between two states of a build: directory and variables. Pure.

use std::collections::BTreeMap;
use std::fmt;

/// Set by every shell for itself, or told as the directory.
const OWN: [&str; 5] = ["_", "OLDPWD", "PWD", "SHLVL", "CODEBUILD_LAST_EXIT"];

/// Directory and variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) directory: String,
    pub(super) variables: BTreeMap<String, String>,
}

impl Snapshot {
    /// From what `texts::variables` prints.
    pub(super) fn parse(printed: &[u8]) -> Self {
        let mut parts = printed
            .split(|&byte| byte == 0)
            .map(|part| String::from_utf8_lossy(part).into_owned());
        let directory = parts.next().unwrap_or_default();
        let variables = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            (!OWN.contains(&name)).then(|| (name.to_owned(), value.to_owned()))
        });
        Self {
            directory,
            variables: variables.collect(),
        }
    }

    /// What is different in a later one.
    pub(super) fn changes(&self, later: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.directory != later.directory {
            changes.push(Change::Directory(later.directory.clone()));
        }
        for (name, value) in &later.variables {
            match self.variables.get(name) {
                None => changes.push(Change::Set(name.clone(), value.clone())),
                Some(old) if old != value => {
                    changes.push(Change::Other(name.clone(), old.clone(), value.clone()));
                }
                Some(_) => {}
            }
        }
        let gone = self.variables.keys();
        let gone = gone.filter(|name| !later.variables.contains_key(*name));
        changes.extend(gone.cloned().map(Change::Unset));
        changes
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Directory(String),
    Set(String, String),
    /// Name, old value, new value.
    Other(String, String, String),
    Unset(String),
}

impl Change {
    /// What changed, without its value.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::Directory(_) => "the directory",
            Self::Set(name, _) | Self::Other(name, ..) | Self::Unset(name) => name,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "  directory {path}"),
            Self::Set(name, value) => write!(f, "+ {name}={value}"),
            Self::Other(name, old, new) => write!(f, "~ {name}={new} (was {old})"),
            Self::Unset(name) => write!(f, "- {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_and_a_shells_own_business_is_not() {
        let before = Snapshot::parse(b"/a\0A=1\0B=x=y\0GONE=\0SHLVL=1\0PWD=/a\0_=cat\0");
        let after = Snapshot::parse(b"/b\0A=2\0B=x=y\0NEW=line\nline\0SHLVL=2\0PWD=/b\0");
        let told: Vec<_> = before
            .changes(&after)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "  directory /b",
                "~ A=2 (was 1)",
                "+ NEW=line\nline",
                "- GONE"
            ]
        );
        let subjects: Vec<_> = before
            .changes(&after)
            .iter()
            .map(|change| change.subject().to_owned())
            .collect();
        assert_eq!(subjects, ["the directory", "A", "NEW", "GONE"]);
        assert_eq!(before.changes(&before), []);
        assert_eq!(Snapshot::parse(b""), Snapshot::default());
    }
}
