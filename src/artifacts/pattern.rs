//! `CodeBuild`'s path patterns.
//!
//! Documented: a file's path, `*` within one component, `**` across directories; dot files match. `?` and `[...]`
//! are taken for granted, braces are an extension. Case matters, there is no negation, order has no meaning.
//!
//! A pattern is kept as components and matched component by component, `globset` judging each one: only so can
//! `[^a]` never match a `/`. `?` and classes see bytes, thus not one whole character beyond ASCII.

use std::fmt;

use globset::{Candidate, GlobBuilder, GlobMatcher};
use thiserror::Error;

use super::{braces, path};

/// A pattern that can't be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid path pattern `{pattern}`: {reason}")]
pub struct PatternError {
    /// As written, variables filled in.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A pattern, ready to match.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    alternatives: Vec<Alternative>,
}

/// A pattern without braces.
#[derive(Clone, Debug)]
pub(super) struct Alternative {
    absolute: bool,
    /// How many directories it climbs before it descends (`../x`).
    up: usize,
    components: Vec<Component>,
    /// It ended in a slash, so it can only mean a directory.
    directory: bool,
}

#[derive(Clone, Debug)]
enum Component {
    Literal(Vec<u8>),
    Any,
    Deep,
    Glob(GlobMatcher),
}

/// Where an alternative starts to vary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    /// The directory below which everything is that can match; the path itself when nothing varies.
    pub(super) path: Vec<u8>,
    /// How many components follow: `None` for any number.
    pub(super) depth: Option<usize>,
}

impl Pattern {
    /// Reads a pattern whose variables are filled in.
    ///
    /// # Errors
    ///
    /// An unclosed `[`, a range that runs backwards, `..` after a wildcard that crosses directories, more than a
    /// thousand alternatives in braces, a NUL.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let error = |reason: String| PatternError {
            pattern: path::shown(text.as_bytes()),
            reason,
        };
        if text.contains('\0') {
            return Err(error("it contains a NUL".into()));
        }
        let alternatives = braces::alternatives(text)
            .ok_or_else(|| error("its braces stand for more than a thousand paths".into()))?
            .iter()
            .map(|text| Alternative::new(text))
            .collect::<Result<_, _>>()
            .map_err(error)?;
        Ok(Self {
            text: text.to_owned(),
            alternatives,
        })
    }

    /// As written, variables filled in.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it names one path, without any wildcard.
    pub fn is_literal(&self) -> bool {
        matches!(&self.alternatives[..], [only] if only.is_literal())
    }

    /// Whether it matches a file, both given as absolute paths without `.` and `..`.
    pub fn matches(&self, base: &[u8], file: &[u8]) -> bool {
        self.alternatives.iter().any(|one| one.matches(base, file))
    }

    pub(super) fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}

impl Alternative {
    fn new(text: &str) -> Result<Self, String> {
        let mut up = 0;
        let mut components: Vec<Component> = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => match components.pop() {
                    Some(Component::Deep) => return Err("`..` can't follow `**`".into()),
                    Some(_) => {}
                    None => up += 1,
                },
                _ => components.push(Component::new(part)?),
            }
        }
        // `dir/**` means what is below `dir`, not `dir`.
        if matches!(components.last(), Some(Component::Deep)) {
            components.push(Component::Any);
        }
        let directory = text.ends_with('/');
        if directory && components.iter().any(|part| !part.is_literal()) {
            components.extend([Component::Deep, Component::Any]);
        }
        let absolute = text.starts_with('/');
        Ok(Self {
            absolute,
            up: if absolute { 0 } else { up },
            components,
            directory,
        })
    }

    /// Whether it names one path.
    pub(super) fn is_literal(&self) -> bool {
        self.components.iter().all(Component::is_literal)
    }

    /// Whether it was written so that it can only be a directory.
    pub(super) fn is_directory(&self) -> bool {
        self.directory || self.components.is_empty()
    }

    /// The part that does not vary, below the given directory.
    pub(super) fn prefix(&self, base: &[u8]) -> Prefix {
        let mut whole = self.anchor(base).to_vec();
        let mut rest = &self.components[..];
        while let [Component::Literal(name), tail @ ..] = rest {
            whole = path::join(&whole, name);
            rest = tail;
        }
        let deep = rest.iter().any(|part| matches!(part, Component::Deep));
        Prefix {
            path: whole,
            depth: (!deep).then_some(rest.len()),
        }
    }

    /// Whether it matches a path.
    pub(super) fn matches(&self, base: &[u8], file: &[u8]) -> bool {
        let Some(rest) = path::below(self.anchor(base), file) else {
            return false;
        };
        let parts: Vec<&[u8]> = path::components(rest).collect();
        matches_all(&self.components, &parts)
    }

    /// Whether something below a directory could match.
    pub(super) fn reaches(&self, base: &[u8], directory: &[u8]) -> bool {
        let Some(rest) = path::below(self.anchor(base), directory) else {
            return false;
        };
        let parts: Vec<&[u8]> = path::components(rest).collect();
        let is_deep = |part: &Component| matches!(part, Component::Deep);
        let deep = self.components.iter().position(is_deep);
        let fixed = &self.components[..deep.unwrap_or(self.components.len())];
        (deep.is_some() || parts.len() < fixed.len())
            && fixed
                .iter()
                .zip(&parts)
                .all(|(part, name)| part.matches(name))
    }

    /// Whether it starts at the root.
    pub(super) fn is_absolute(&self) -> bool {
        self.absolute
    }

    /// Whether it can match outside of the directory it is relative to.
    pub(super) fn leaves(&self) -> bool {
        self.absolute || self.up > 0
    }

    /// The directory that the components are relative to.
    pub(super) fn anchor<'a>(&self, base: &'a [u8]) -> &'a [u8] {
        if self.absolute {
            return b"/";
        }
        (0..self.up).fold(base, |directory, _| path::parent(directory))
    }
}

impl Component {
    fn new(text: &str) -> Result<Self, String> {
        Ok(match text {
            "*" => Self::Any,
            "**" => Self::Deep,
            _ if !text.contains(['*', '?', '[', '\\']) => Self::Literal(text.as_bytes().to_vec()),
            _ => Self::Glob(
                GlobBuilder::new(&without_braces(text))
                    .literal_separator(true)
                    .backslash_escape(true)
                    .build()
                    .map_err(|error| error.kind().to_string())?
                    .compile_matcher(),
            ),
        })
    }

    fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    fn matches(&self, name: &[u8]) -> bool {
        match self {
            Self::Literal(text) => text == name,
            Self::Any | Self::Deep => true,
            Self::Glob(glob) => glob.is_match_candidate(&Candidate::from_bytes(name)),
        }
    }
}

/// Braces that are left are plain text, which `globset` has to be told.
fn without_braces(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let (mut characters, mut in_class) = (text.chars(), false);
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                escaped.push('\\');
                escaped.extend(characters.next());
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '{' | '}' if !in_class => escaped.push('\\'),
            _ => {}
        }
        escaped.push(character);
    }
    escaped
}

/// `**` takes as little as it can; when a later component fails, only the last `**` has to take one more.
fn matches_all(pattern: &[Component], names: &[&[u8]]) -> bool {
    let (mut at, mut name) = (0, 0);
    let mut retry = None;
    while name < names.len() {
        match pattern.get(at) {
            Some(Component::Deep) => {
                retry = Some((at, name));
                at += 1;
            }
            Some(component) if component.matches(names[name]) => {
                at += 1;
                name += 1;
            }
            _ => {
                let Some((deep, taken)) = retry else {
                    return false;
                };
                retry = Some((deep, taken + 1));
                at = deep + 1;
                name = taken + 1;
            }
        }
    }
    pattern[at..]
        .iter()
        .all(|part| matches!(part, Component::Deep))
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
