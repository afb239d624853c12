//! Warnings, as many as a person reads.

use std::fmt;

/// A build with a hundred thousand odd files must not write as many lines.
const MOST: usize = 20;

/// The first twenty warnings, and how many more there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    lines: Vec<String>,
    more: usize,
}

impl Notes {
    /// Adds a warning; its text must hold no control characters (see [`shown`](super::shown)).
    pub fn push(&mut self, line: impl fmt::Display) {
        if self.lines.len() < MOST {
            self.lines.push(line.to_string());
        } else {
            self.more += 1;
        }
    }

    /// Adds another's warnings behind these.
    pub fn append(&mut self, other: Self) {
        other.lines.into_iter().for_each(|line| self.push(line));
        self.more += other.more;
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The warnings, each one line; the last one counts those left out.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let rest = (self.more > 0).then(|| format!("{} more warnings of this kind", self.more));
        self.lines.iter().cloned().chain(rest)
    }
}
