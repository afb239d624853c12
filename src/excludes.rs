//! What is left out where a source has to be copied: patterns in the syntax of `.dockerignore`.
//!
//! That file itself is not read: it is about an image's context, and leaves out what a build needs, such as tests.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

use crate::error::{Error, Result};

/// The file in a source that lists patterns.
pub const FILE: &str = ".buildspecignore";

/// Patterns in their order; the last that matches decides.
#[derive(Clone, Debug, Default)]
pub struct Excludes {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    pattern: GlobMatcher,
    /// `!pattern`: taken after all.
    taken: bool,
}

impl Excludes {
    /// Those of the source's own file, then `given`.
    pub fn read(source: &Path, given: &[String]) -> Result<Self> {
        let file = std::fs::read_to_string(source.join(FILE)).unwrap_or_default();
        let lines = file.lines().filter(|line| !line.starts_with('#'));
        let mut excludes = Self::default();
        for line in lines.chain(given.iter().map(String::as_str)) {
            excludes.push(line.trim())?;
        }
        Ok(excludes)
    }

    fn push(&mut self, line: &str) -> Result<()> {
        let (line, taken) = match line.strip_prefix('!') {
            Some(rest) => (rest.trim(), true),
            None => (line, false),
        };
        let line = line.trim_start_matches('/').trim_end_matches('/');
        let line = line.strip_prefix("./").unwrap_or(line);
        if line.is_empty() || line == "." {
            return Ok(());
        }
        let pattern = GlobBuilder::new(line)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| Error::usage(format!("exclude {line}: {}", error.kind())))?;
        self.rules.push(Rule {
            pattern: pattern.compile_matcher(),
            taken,
        });
        Ok(())
    }

    /// Whether a path, relative to the source, is left out: by itself or with a folder above it.
    pub fn exclude(&self, path: &Path) -> bool {
        let matches = |rule: &&Rule| {
            path.ancestors()
                .filter(|part| !part.as_os_str().is_empty())
                .any(|part| rule.pattern.is_match(part))
        };
        let last = self.rules.iter().rev().find(matches);
        last.is_some_and(|rule| !rule.taken)
    }

    /// Whether nothing below an excluded folder can be wanted after all.
    pub fn are_final(&self) -> bool {
        !self.rules.iter().any(|rule| rule.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &str) -> Excludes {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), lines).unwrap();
        Excludes::read(folder.path(), &[]).unwrap()
    }

    /// The examples of Docker's documentation of the file.
    #[test]
    fn patterns_are_those_of_dockerignore() {
        let excludes = of("# comment\n*/temp*\n*/*/temp*\ntemp?\n/build/\n**/*.log\n");
        for out in [
            "a/temp",
            "a/temporary.txt",
            "a/b/temp",
            "tempa",
            "build",
            "build/x/y",
            "x.log",
            "a/b/c.log",
        ] {
            assert!(excludes.exclude(Path::new(out)), "{out}");
        }
        for taken in ["temp", "a/b/c/temp", "a/build", "comment", "a/x.logs"] {
            assert!(!excludes.exclude(Path::new(taken)), "{taken}");
        }
        assert!(excludes.are_final());
    }

    #[test]
    fn the_last_pattern_decides() {
        let excludes =
            of("*.md\n!README*.md\nREADME-secret.md\nnode_modules\n!node_modules/keep\n");
        for (path, out) in [
            ("a.md", true),
            ("README.md", false),
            ("README-secret.md", true),
            ("node_modules/x", true),
            ("node_modules/keep/x", false),
        ] {
            assert_eq!(excludes.exclude(Path::new(path)), out, "{path}");
        }
        assert!(!excludes.are_final());
        assert!(of("").rules.is_empty());
        assert!(Excludes::read(Path::new("/nowhere"), &["a[".to_owned()]).is_err());
    }
}
