//! One artifact's definition, ready to be looked for.

use std::collections::BTreeMap;

use super::{Pattern, PatternError, Root, expand, path, variables_in};
use crate::buildspec::model::{Artifacts, Text};

/// `base-directory` where there is none.
const NO_BASE: &str = ".";

/// As many patterns as the warning about a variable names.
const MOST_NAMED: usize = 10;

/// An `artifacts` section, or one of its secondary artifacts, with variables filled in and patterns read.
#[derive(Clone, Debug)]
pub struct Request {
    pub(super) identifier: Option<String>,
    pub(super) base: Result<Pattern, PatternError>,
    /// One that can't be read must not spoil those beside it.
    pub(super) files: Vec<Result<Pattern, PatternError>>,
    pub(super) excludes: Vec<Pattern>,
    pub(super) discard_paths: bool,
    /// Links that lead to no file are taken too.
    pub(super) keep_links: bool,
    pub(super) warnings: Vec<String>,
}

impl Request {
    /// The variables that the definition uses; secondary artifacts have their own.
    pub fn variables(definition: &Artifacts) -> Vec<String> {
        let mut names: Vec<String> = texts(definition)
            .flat_map(|text| variables_in(&text.value))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Prepares a definition; `identifier` is that of a secondary artifact. `keep_links` says whether its
    /// `enable-symlinks`, if set, has a meaning.
    ///
    /// `lookup` gives the variables of the build's final state.
    pub fn new(
        definition: &Artifacts,
        identifier: Option<&str>,
        keep_links: bool,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let mut warnings: Vec<String> = Self::variables(definition)
            .iter()
            .filter(|name| lookup(name).is_none_or(|value| value.is_empty()))
            .map(|name| {
                format!(
                    "`${name}` is not set at the end of the build; artifacts take it for nothing: {}",
                    became(definition, name, &lookup)
                )
            })
            .collect();
        if definition.enable_symlinks && !keep_links {
            warnings.push(
                "`enable-symlinks` has no meaning without packaging ZIP; links become the files they lead to"
                    .to_owned(),
            );
        }
        let base = definition
            .base_directory
            .as_ref()
            .map(|text| expand(&text.value, &lookup));
        let base = base
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| NO_BASE.to_owned());
        let patterns = |texts: &[Text]| -> Vec<_> {
            let expanded = texts.iter().map(|text| expand(&text.value, &lookup));
            expanded.map(|text| Pattern::new(&text)).collect()
        };
        let (base, files) = (Pattern::new(&base), patterns(&definition.files));
        let unusable = files
            .iter()
            .chain([&base])
            .filter_map(|one| one.as_ref().err());
        warnings.extend(unusable.map(|error| format!("{error}; passed over")));
        let mut excludes = Vec::new();
        for exclude in patterns(&definition.exclude_paths) {
            match exclude {
                Ok(pattern) => excludes.push(pattern),
                Err(error) => warnings.push(format!("{error}; it excludes nothing")),
            }
        }
        Self {
            identifier: identifier.map(str::to_owned),
            base,
            files,
            excludes,
            discard_paths: definition.discard_paths,
            keep_links: definition.enable_symlinks && keep_links,
            warnings,
        }
    }

    /// Whether links are to be kept as such.
    pub fn keeps_links(&self) -> bool {
        self.keep_links
    }

    /// Those of `files` that can be used.
    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.files.iter().filter_map(|one| one.as_ref().ok())
    }

    /// What has to be listed before [`select`](super::select) can decide: no more than the patterns can reach.
    ///
    /// `source` is `CODEBUILD_SRC_DIR`, absolute; where the commands went by `cd` has no meaning.
    pub fn roots(&self, source: &[u8]) -> Vec<Root> {
        let source = path::normalised(source);
        let mut roots = BTreeMap::new();
        for base in self.base.iter().flat_map(Pattern::alternatives) {
            let prefix = base.prefix(&source);
            if base.is_literal() {
                widen(&mut roots, prefix.path.clone(), Some(0));
                for one in self.patterns().flat_map(Pattern::alternatives) {
                    let reach = one.prefix(&prefix.path);
                    // A plain path may turn out to be a directory, which stands for all that is in it.
                    widen(
                        &mut roots,
                        reach.path,
                        if one.is_literal() { None } else { reach.depth },
                    );
                }
            } else {
                widen(&mut roots, prefix.path.clone(), None);
                for one in self
                    .patterns()
                    .flat_map(Pattern::alternatives)
                    .filter(|one| one.leaves())
                {
                    // `../x` is relative to directories that are not known yet, all of them below the prefix.
                    let reach = if one.is_absolute() {
                        one.prefix(b"/").path
                    } else {
                        one.anchor(&prefix.path).to_vec()
                    };
                    widen(&mut roots, reach, None);
                }
            }
        }
        roots
            .into_iter()
            .map(|(path, depth)| Root { path, depth })
            .collect()
    }
}

/// Everything that variables may stand in.
fn texts(definition: &Artifacts) -> impl Iterator<Item = &Text> {
    definition
        .base_directory
        .iter()
        .chain(&definition.files)
        .chain(&definition.exclude_paths)
}

/// What the texts with a variable have become: `$X/*` without an `X` means the whole machine's `/*`.
fn became(definition: &Artifacts, name: &str, lookup: &impl Fn(&str) -> Option<String>) -> String {
    let uses = |text: &&Text| variables_in(&text.value).iter().any(|one| one == name);
    let mut changes: Vec<String> = texts(definition)
        .filter(uses)
        .map(|text| {
            let written = path::shown(text.value.as_bytes());
            match expand(&text.value, lookup) {
                now if !now.is_empty() => {
                    format!("`{written}` is now `{}`", path::shown(now.as_bytes()))
                }
                _ if definition.base_directory.as_ref() == Some(text) => {
                    format!("`{written}` is now `{NO_BASE}`")
                }
                _ => format!("`{written}` is now empty"),
            }
        })
        .collect();
    changes.dedup();
    let more = changes.len().saturating_sub(MOST_NAMED);
    changes.truncate(MOST_NAMED);
    if more > 0 {
        changes.push(format!("and {more} more"));
    }
    changes.join(", ")
}

fn widen(roots: &mut BTreeMap<Vec<u8>, Option<usize>>, path: Vec<u8>, depth: Option<usize>) {
    roots
        .entry(path)
        .and_modify(|known| *known = known.zip(depth).map(|(known, depth)| known.max(depth)))
        .or_insert(depth);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Text {
        crate::source::Spanned::new(value.to_owned(), crate::source::Span::default())
    }

    #[test]
    fn says_what_becomes_of_a_variable_that_is_not_set() {
        let mut definition = Artifacts {
            base_directory: Some(text("$NONE")),
            files: ["$NONE/*", "${NONE}", "$NONE/$SET", "a"].map(text).to_vec(),
            exclude_paths: vec![text("$OTHER\u{1b}b")],
            ..Artifacts::default()
        };
        let lookup = |name: &str| (name == "SET").then(|| "x\n".to_owned());
        let warnings =
            |definition: &Artifacts| Request::new(definition, None, false, lookup).warnings;
        assert_eq!(
            warnings(&definition),
            [
                "`$NONE` is not set at the end of the build; artifacts take it for nothing: `$NONE` is now `.`, \
                 `$NONE/*` is now `/*`, `${NONE}` is now empty, `$NONE/$SET` is now `/x\\n`",
                "`$OTHER` is not set at the end of the build; artifacts take it for nothing: \
                 `$OTHER\\u{1b}b` is now `\\u{1b}b`",
            ]
        );
        definition.files = (0..20)
            .map(|number| text(&format!("$NONE{{}}/{number}")))
            .collect();
        let warnings = warnings(&definition);
        assert!(
            warnings[0].ends_with("`$NONE{}/8` is now `{}/8`, and 11 more"),
            "{warnings:?}"
        );
    }

    fn roots(base: Option<&str>, files: &[&str]) -> Vec<(String, Option<usize>)> {
        let definition = Artifacts {
            base_directory: base.map(text),
            files: files.iter().map(|one| text(one)).collect(),
            ..Artifacts::default()
        };
        let request = Request::new(&definition, None, false, |_| Some("/other".into()));
        let roots = request.roots(b"/src/").into_iter();
        roots
            .map(|root| (String::from_utf8(root.path).unwrap(), root.depth))
            .collect()
    }

    #[test]
    fn lists_no_more_than_it_needs() {
        for (base, files, expected) in [
            (None, &["**/*"][..], &[("/src", None)][..]),
            (
                None,
                &["a.json"],
                &[("/src", Some(0)), ("/src/a.json", None)],
            ),
            (None, &["*.json", "*/b"], &[("/src", Some(2))]),
            (
                None,
                &["*.json", "x/**/*"],
                &[("/src", Some(1)), ("/src/x", None)],
            ),
            (Some("dist"), &["**/*"], &[("/src/dist", None)]),
            (Some("my-*"), &["**/*"], &[("/src", None)]),
            (Some("a/b*"), &["c"], &[("/src/a", None)]),
            (Some("$X"), &["*"], &[("/other", Some(1))]),
            (
                Some("b*"),
                &["/tmp/*.log"],
                &[("/src", None), ("/tmp", None)],
            ),
            (
                None,
                &["/tmp/*.log"],
                &[("/src", Some(0)), ("/tmp", Some(1))],
            ),
            (Some("b/*"), &["../../x"], &[("/", None), ("/src/b", None)]),
            (None, &["../x/*"], &[("/src", Some(0)), ("/x", Some(1))]),
        ] {
            let expected: Vec<_> = expected
                .iter()
                .map(|&(path, depth)| (path.to_owned(), depth))
                .collect();
            assert_eq!(roots(base, files), expected, "{base:?} {files:?}");
        }
    }
}
