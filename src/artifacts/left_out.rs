//! What patterns match and no artifact can hold, or not as it is: named, but not a thousand times.

use std::collections::{BTreeMap, BTreeSet};

use super::shown;

/// As many paths as one warning names.
const MOST: usize = 10;

/// Why a path is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A device, a pipe or a socket.
    Special,
    /// A directory that the build's user may not list or enter.
    Unreadable,
    /// A directory above it may not be entered.
    Hidden,
    /// A symbolic link to a directory, where links are followed.
    LinkToDirectory,
    /// A symbolic link to a device, a pipe or a socket.
    LinkToSpecial,
    /// A symbolic link that can't be followed to its end.
    LinkToNothing,
    /// Not left out: a file that the kernel makes up as it is read.
    Virtual,
    /// A symbolic link to a directory, where links are kept, that would lead to nothing in the artifact.
    LinkOut,
}

/// Paths that are left out, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    paths: BTreeMap<Reason, BTreeSet<Vec<u8>>>,
}

impl LeftOut {
    /// Adds a path.
    pub fn add(&mut self, reason: Reason, path: &[u8]) {
        let paths = self.paths.entry(reason).or_default();
        if !paths.contains(path) {
            paths.insert(path.to_vec());
        }
    }

    /// One warning for each reason.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.paths
            .iter()
            .map(|(&reason, paths)| line(reason, paths))
    }
}

fn line(reason: Reason, paths: &BTreeSet<Vec<u8>>) -> String {
    let (one, several) = reason.words();
    let first: Vec<String> = paths
        .iter()
        .take(MOST)
        .map(|path| format!("`{}`", shown(path)))
        .collect();
    let names = first.join(", ");
    match paths.len() {
        1 => format!("{names} {one}"),
        count if count > MOST => format!("{names} and {} more {several}", count - MOST),
        _ => format!("{names} {several}"),
    }
}

impl Reason {
    /// For one path, and for several.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Special => (
                "is a device, a pipe or a socket; left out",
                "are devices, pipes or sockets; left out",
            ),
            Self::Unreadable => (
                "is a directory that can't be read; what is in it is left out",
                "are directories that can't be read; what is in them is left out",
            ),
            Self::Hidden => (
                "can't be looked for: a directory above can't be entered",
                "can't be looked for: directories above can't be entered",
            ),
            Self::LinkToDirectory => (
                "is a symbolic link to a directory; left out",
                "are symbolic links to directories; left out",
            ),
            Self::LinkToSpecial => (
                "is a symbolic link to a device, a pipe or a socket; left out",
                "are symbolic links to devices, pipes or sockets; left out",
            ),
            Self::LinkToNothing => (
                "is a symbolic link to nothing that the build can reach; left out",
                "are symbolic links to nothing that the build can reach; left out",
            ),
            Self::Virtual => (
                "is made up by the kernel as it is read; its copy may be empty, or end in zeros",
                "are made up by the kernel as they are read; their copies may be empty, or end in zeros",
            ),
            Self::LinkOut => (
                "is a symbolic link that leads out of the artifact, or to a directory of which nothing is in it; left out",
                "are symbolic links that lead out of the artifact, or to directories of which nothing is in it; left out",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ten_and_counts_the_rest() {
        let mut left_out = LeftOut::default();
        left_out.add(Reason::LinkToNothing, b"/l\n");
        for number in 0..12 {
            let path = format!("/p{number:02}");
            left_out.add(Reason::Special, path.as_bytes());
            left_out.add(Reason::Special, path.as_bytes());
        }
        let names: Vec<_> = (0..10).map(|number| format!("`/p{number:02}`")).collect();
        let expected = [
            format!(
                "{} and 2 more are devices, pipes or sockets; left out",
                names.join(", ")
            ),
            "`/l\\n` is a symbolic link to nothing that the build can reach; left out".to_owned(),
        ];
        assert_eq!(left_out.lines().collect::<Vec<_>>(), expected);
    }
}
