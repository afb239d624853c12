//! Which files become the artifact, and what `CodeBuild` writes in its log while it looks for them.
//!
//! The lines and their order come from real logs. Not seen in any: the lines of a `base-directory` that is a
//! pattern (here: one block for each directory, sorted, and one `Found` line for all), and `Skipping` for a missing
//! `base-directory` (here: as for files, for both go through the same lines before).

use std::collections::{BTreeMap, BTreeSet};

use super::pattern::Alternative;
use super::{
    Kind, Leads, LeftOut, Notes, Pattern, PatternError, Reason, Request, Tree, assumed, path, shown,
};

/// A file for the artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Absolute path in the container.
    pub source: Vec<u8>,
    /// Path in the artifact: relative, without `.` and `..`.
    pub artifact: Vec<u8>,
}

/// Why the phase fails, in `CodeBuild`'s words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The phase context's status code.
    pub code: &'static str,
    /// The phase context's message.
    pub message: String,
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// `CodeBuild`'s log lines, in order.
    pub log: Vec<String>,
    /// What to take; sorted by path in the artifact, each of which is there once.
    pub files: Vec<Chosen>,
    /// Those of the sources that are symbolic links to no file: there only to be kept as links.
    pub loose: BTreeMap<Vec<u8>, Leads>,
    /// What this program has to add.
    pub warnings: Notes,
    /// Set when the phase fails; `files` is empty then.
    pub failure: Option<Failure>,
}

impl Selection {
    /// The files to fetch from the container, each once, sorted.
    pub fn sources(&self) -> BTreeSet<&[u8]> {
        self.files.iter().map(|file| &file.source[..]).collect()
    }
}

impl Failure {
    pub(crate) fn client(message: String) -> Self {
        Self {
            code: "CLIENT_ERROR",
            message,
        }
    }
}

/// Decides which files of the tree become the artifact.
///
/// The tree is the listing of [`Request::roots`] for the same `source`.
pub fn select(request: &Request, source: &[u8], tree: &Tree) -> Selection {
    let mut search = Search {
        request,
        tree,
        source: path::normalised(source),
        idle: BTreeSet::new(),
        left_out: LeftOut::default(),
        result: Selection::default(),
    };
    search.run();
    search.result
}

struct Search<'a> {
    request: &'a Request,
    tree: &'a Tree,
    source: Vec<u8>,
    /// Those of `files` that have matched nothing, by their numbers.
    idle: BTreeSet<usize>,
    left_out: LeftOut,
    result: Selection,
}

impl Search<'_> {
    fn run(&mut self) {
        self.request
            .warnings
            .iter()
            .for_each(|line| self.result.warnings.push(line));
        if self.tree.refused() > 0 {
            self.warn(format!(
                "{} paths in the list of files were refused",
                self.tree.refused()
            ));
        }
        if let Some(identifier) = &self.request.identifier {
            self.log(
                "Preparing to copy secondary artifacts ",
                identifier.as_bytes(),
            );
        }
        if self.request.files.is_empty() {
            self.result.failure = Some(Failure::client(match &self.request.identifier {
                None => assumed::NO_PRIMARY.to_owned(),
                Some(identifier) => {
                    format!("{} {}", assumed::NO_SECONDARY, shown(identifier.as_bytes()))
                }
            }));
            return;
        }
        let bases = self.base_directories();
        if bases.is_empty() {
            let text = shown(written(&self.request.base).as_bytes());
            let message = format!("no matching base directory path found for {text}");
            self.result.failure = Some(Failure::client(message));
            return;
        }

        let mut found = BTreeSet::new();
        let mut chosen: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        self.idle = (0..self.request.files.len()).collect();
        for base in bases {
            self.log(
                "Expanding file paths for base directory ",
                &self.name_of(&base),
            );
            for file in self.files_of(&base) {
                found.insert(file.clone());
                let name = self.artifact_path(&base, &file);
                if let Some(earlier) = chosen.insert(name.clone(), file.clone())
                    && earlier != file
                {
                    let [name, earlier, file] = [&name, &earlier, &file].map(|path| shown(path));
                    self.warn(format!(
                        "`{earlier}` and `{file}` both become `{name}`; the last one is kept"
                    ));
                }
            }
        }
        self.name_idle_patterns();
        let left_out = std::mem::take(&mut self.left_out);
        left_out.lines().for_each(|line| self.warn(line));
        if chosen.is_empty() {
            self.result.failure = Some(Failure::client(
                "no matching artifact paths found".to_owned(),
            ));
            return;
        }
        self.result
            .log
            .push(format!("Found {} file(s)", found.len()));
        self.result.loose = (found.iter())
            .filter_map(|file| match self.tree.kind(file) {
                Some(Kind::Link(leads)) => Some((file.clone(), leads)),
                _ => None,
            })
            .collect();
        self.result.files = chosen
            .into_iter()
            .map(|(artifact, source)| Chosen { source, artifact })
            .collect();
    }

    /// The directories that `base-directory` stands for, sorted.
    fn base_directories(&mut self) -> BTreeSet<Vec<u8>> {
        let text = written(&self.request.base).as_bytes();
        self.log("Expanding base directory path: ", text);
        self.log("Assembling file list", b"");
        self.log("Expanding ", text);
        let mut found = BTreeSet::new();
        let Ok(base) = &self.request.base else {
            self.log("Skipping invalid file path ", text);
            return found;
        };
        for one in base.alternatives() {
            let prefix = one.prefix(&self.source).path;
            for (path, kind) in self.tree.below(&prefix) {
                let matches = if one.is_literal() {
                    path == prefix
                } else {
                    one.matches(&self.source, path)
                };
                let problem = match kind {
                    _ if !matches => continue,
                    Kind::Directory | Kind::Unreadable => {
                        found.insert(path.to_vec());
                        continue;
                    }
                    Kind::File | Kind::Virtual => "is a file",
                    Kind::Special => "is a device, a pipe or a socket",
                    Kind::Link(_) => "is a symbolic link",
                    Kind::Hidden => "can't be looked for: a directory above can't be entered",
                };
                if one.is_literal() || matches!(kind, Kind::Link(_)) {
                    let path = shown(path);
                    self.warn(format!("`base-directory`: `{path}` {problem}"));
                }
            }
        }
        if found.is_empty() && base.is_literal() {
            self.log("Skipping invalid file path ", text);
        }
        found
    }

    /// The files below one base directory (or outside of it, when a pattern says so), sorted, after the excludes.
    fn files_of(&mut self, base: &[u8]) -> BTreeSet<Vec<u8>> {
        self.log("Assembling file list", b"");
        let mut files = BTreeSet::new();
        for (number, pattern) in self.request.files.iter().enumerate() {
            let text = written(pattern).as_bytes();
            self.log("Expanding ", text);
            let Ok(pattern) = pattern else {
                self.log("Skipping invalid file path ", text);
                continue;
            };
            let before = files.len();
            let (mut matched, mut named) = (false, false);
            // An empty one would stand for the base directory.
            let alternatives = pattern.alternatives().iter();
            for one in alternatives.filter(|_| !pattern.text().is_empty()) {
                named |= self.name_left_out(base, one);
                matched |= self.add_matches(base, pattern, one, &mut files);
            }
            if matched || named {
                self.idle.remove(&number);
            }
            if !matched && files.len() == before && pattern.is_literal() {
                self.log("Skipping invalid file path ", text);
            }
        }
        files.retain(|file| !self.is_excluded(base, file));
        files
    }

    /// `CodeBuild` says nothing of a wildcard that finds nothing.
    fn name_idle_patterns(&mut self) {
        for number in std::mem::take(&mut self.idle) {
            // Of those that can't be read or are empty there is a warning already.
            if let Ok(pattern) = &self.request.files[number]
                && !pattern.text().is_empty()
            {
                let text = shown(pattern.text().as_bytes());
                self.warn(format!("`{text}` matches no file"));
            }
        }
    }

    /// Takes down what the pattern means and no artifact can hold; whether there was any.
    fn name_left_out(&mut self, base: &[u8], one: &Alternative) -> bool {
        let prefix = one.prefix(base).path;
        let plain = one.is_literal();
        let mut named = false;
        for (path, kind) in self.tree.below(&prefix) {
            let reason = match kind {
                Kind::Unreadable => Reason::Unreadable,
                Kind::Hidden => Reason::Hidden,
                Kind::Special => Reason::Special,
                Kind::Virtual => Reason::Virtual,
                Kind::Link(leads) if !self.request.keep_links => leads.into(),
                Kind::File | Kind::Directory | Kind::Link(_) => continue,
            };
            let is_meant = match kind {
                _ if plain => true,
                Kind::Unreadable | Kind::Hidden => one.reaches(base, path),
                _ => one.matches(base, path),
            };
            // Who excludes `dir/**/*` does not ask for `dir`.
            let inner = path::join(path, b"x");
            let is_excluded = self.is_excluded(base, path)
                || kind == Kind::Unreadable && self.is_excluded(base, &inner);
            if is_meant && !is_excluded {
                self.left_out.add(reason, path);
                named = true;
            }
        }
        named
    }

    /// Whether the pattern named anything.
    fn add_matches(
        &mut self,
        base: &[u8],
        pattern: &Pattern,
        one: &Alternative,
        files: &mut BTreeSet<Vec<u8>>,
    ) -> bool {
        let prefix = one.prefix(base).path;
        let tree = self.tree;
        let plain = one.is_literal();
        let is_file = plain && matches!(tree.kind(&prefix), Some(Kind::File | Kind::Virtual));
        if is_file && one.is_directory() {
            return false;
        }
        let mut matched = false;
        for (path, kind) in tree.below(&prefix) {
            match kind {
                _ if !plain && !one.matches(base, path) => {}
                Kind::File | Kind::Virtual => {
                    files.insert(path.to_vec());
                    matched = true;
                }
                Kind::Link(_) if self.request.keep_links => {
                    files.insert(path.to_vec());
                    matched = true;
                }
                Kind::Directory
                | Kind::Unreadable
                | Kind::Hidden
                | Kind::Special
                | Kind::Link(_) => {}
            }
        }
        if matched && plain && !is_file {
            let text = shown(pattern.text().as_bytes());
            let better = format!("{}/**/*", text.trim_end_matches('/'));
            self.warn(format!(
                "`{text}` is a directory; taken for `{better}`, which CodeBuild documents"
            ));
        }
        if matched && path::below(base, &prefix).is_none() {
            let text = shown(pattern.text().as_bytes());
            self.warn(format!(
                "`{text}` leaves the base directory; what CodeBuild makes of that is not known"
            ));
        }
        matched
    }

    fn is_excluded(&self, base: &[u8], file: &[u8]) -> bool {
        let within = |one: &Alternative| {
            // An empty text (a variable that is not set) would name the base directory and take everything.
            one.is_literal() && path::below(&one.prefix(base).path, file).is_some()
        };
        self.request
            .excludes
            .iter()
            .filter(|pattern| !pattern.text().is_empty())
            .any(|pattern| pattern.matches(base, file) || pattern.alternatives().iter().any(within))
    }

    /// Relative to the base directory, without the `..` of what lies outside of it.
    fn artifact_path(&self, base: &[u8], file: &[u8]) -> Vec<u8> {
        if self.request.discard_paths {
            return path::file_name(file).to_vec();
        }
        let mut directory = base;
        loop {
            match path::below(directory, file) {
                Some(rest) if !rest.is_empty() => return rest.to_vec(),
                // A forged list can say that a base directory lies below a file.
                _ => directory = path::parent(directory),
            }
        }
    }

    /// A base directory as `CodeBuild` would write it: as in the buildspec, or as the pattern found it.
    fn name_of(&self, base: &[u8]) -> Vec<u8> {
        let text = written(&self.request.base);
        if self.request.base.as_ref().is_ok_and(Pattern::is_literal) {
            return text.as_bytes().to_vec();
        }
        match path::below(&self.source, base) {
            Some(b"") => b".".to_vec(),
            Some(rest) if !text.starts_with('/') => rest.to_vec(),
            _ => base.to_vec(),
        }
    }

    /// A line of the log. What stands in it may come from the container: no control characters.
    fn log(&mut self, words: &str, text: &[u8]) {
        self.result.log.push(format!("{words}{}", shown(text)));
    }

    fn warn(&mut self, line: String) {
        self.result.warnings.push(line);
    }
}

impl From<Leads> for Reason {
    fn from(leads: Leads) -> Self {
        match leads {
            Leads::Directory => Self::LinkToDirectory,
            Leads::Special => Self::LinkToSpecial,
            Leads::Nowhere => Self::LinkToNothing,
        }
    }
}

/// A pattern as it stands in the buildspec, variables filled in.
fn written(pattern: &Result<Pattern, PatternError>) -> &str {
    match pattern {
        Ok(pattern) => pattern.text(),
        Err(error) => &error.pattern,
    }
}

#[cfg(test)]
#[path = "select_tests.rs"]
mod tests;
