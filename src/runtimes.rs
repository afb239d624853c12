//! `runtime-versions`: which entries of an image's catalogue a buildspec asks for (spec 12).
//!
//! Pure: a catalogue's text and wishes in, commands or `CodeBuild`'s refusal out.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::source::Source;
use crate::yaml::{self, Node};

/// Where an image has its catalogue, below `/codebuild`.
pub const CATALOGUE: &str = "image/config/runtimes.yml";

/// The version whose commands install one that is not listed.
const CUSTOM: &str = "default";

/// An image's runtimes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    runtimes: BTreeMap<String, BTreeMap<String, Recipe>>,
}

/// How to install one version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Recipe {
    commands: Vec<String>,
    /// A runtime and the versions of it that will do, the first one first.
    requires: Vec<(String, Vec<String>)>,
}

/// A runtime and the version that a buildspec wants of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub runtime: String,
    /// As written, variables replaced.
    pub version: String,
}

/// What `DOWNLOAD_SOURCE` says and does about runtimes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Lines of the log, before anything is installed.
    pub lines: Vec<String>,
    /// In the order in which they are installed.
    pub installs: Vec<Install>,
    /// `CodeBuild` refuses the buildspec in these words.
    pub refusal: Option<String>,
}

/// One runtime to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    pub commands: Vec<String>,
    /// `$VERSION`, for a version that the catalogue does not list.
    pub version: Option<String>,
}

impl Catalogue {
    /// Reads a `runtimes.yml`; an error says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let source = Source::new("runtimes.yml", text);
        let tree = yaml::parse(&source);
        if let Some(finding) = tree.findings.first() {
            return Err(finding.message.clone());
        }
        let root = tree.root.ok_or("it is empty")?;
        let runtimes = root.get("runtimes").and_then(Node::entries);
        let runtimes = runtimes.ok_or("it has no `runtimes`")?;
        let mut catalogue = Self::default();
        for runtime in runtimes {
            let versions = runtime.value.get("versions").and_then(Node::entries);
            let versions = versions.into_iter().flatten().filter_map(|version| {
                Some((version.key.text()?.to_owned(), recipe(&version.value)))
            });
            if let Some(name) = runtime.key.text() {
                catalogue
                    .runtimes
                    .insert(name.to_owned(), versions.collect());
            }
        }
        Ok(catalogue)
    }

    /// What a buildspec that wishes these gets.
    pub fn select(&self, wishes: &[Wish]) -> Selection {
        if wishes.is_empty() {
            return self.nothing_selected();
        }
        let mut selection = Selection::default();
        let wanted: Vec<Wish> = wishes
            .iter()
            .map(|wish| Wish {
                version: self.alias(wish).unwrap_or_else(|| wish.version.clone()),
                runtime: wish.runtime.clone(),
            })
            .collect();
        selection.lines.extend(
            wanted
                .iter()
                .map(|wish| selecting(wish, "manual selections")),
        );
        let chosen = match self.with_requirements(&wanted, &mut selection.lines) {
            Ok(chosen) => chosen,
            Err(refusal) => {
                selection.refusal = Some(refusal);
                return selection;
            }
        };
        for wish in &chosen {
            match self.install(wish) {
                Ok(install) => selection.installs.push(install),
                Err(refusal) => {
                    selection.refusal.get_or_insert(refusal);
                }
            }
        }
        selection
    }

    /// Older images have no version that is there by itself.
    fn nothing_selected(&self) -> Selection {
        let mut versions = self.runtimes.values();
        let must_choose = !self.runtimes.is_empty()
            && versions
                .clone()
                .all(|versions| !versions.contains_key(CUSTOM))
            && versions.any(|versions| versions.len() > 1);
        if must_choose {
            return Selection {
                refusal: Some(
                    "This build image requires selecting at least one runtime version.".to_owned(),
                ),
                ..Selection::default()
            };
        }
        Selection {
            lines: vec!["No runtime version selected in buildspec.".to_owned()],
            ..Selection::default()
        }
    }

    /// What `latest` and `3.x` stand for; nothing for a plain version.
    fn alias(&self, wish: &Wish) -> Option<String> {
        let listed = self.runtimes.get(&wish.runtime)?;
        if listed.contains_key(&wish.version) {
            return None;
        }
        let prefix = match wish.version.as_str() {
            "latest" => "",
            version => version.strip_suffix(".x")?,
        };
        let inside = |version: &&String| {
            let rest = version.strip_prefix(prefix);
            *version != CUSTOM
                && rest.is_some_and(|rest| {
                    prefix.is_empty() || rest.is_empty() || rest.starts_with('.')
                })
        };
        let newest = listed.keys().filter(inside);
        newest.max_by(|a, b| by_number(a, b)).cloned()
    }

    /// The wishes, each after what it requires.
    fn with_requirements(
        &self,
        wishes: &[Wish],
        lines: &mut Vec<String>,
    ) -> Result<Vec<Wish>, String> {
        let mut chosen: Vec<Wish> = Vec::new();
        for wish in wishes {
            let recipe = self
                .runtimes
                .get(&wish.runtime)
                .and_then(|versions| versions.get(&wish.version));
            for (runtime, versions) in recipe.iter().flat_map(|recipe| &recipe.requires) {
                let known = wishes.iter().chain(&chosen);
                match known.clone().find(|known| known.runtime == *runtime) {
                    Some(other) if versions.contains(&other.version) => {}
                    Some(other) => {
                        return Err(format!(
                            "Runtime version '{}' of {runtime} does not meet the requirement of {} '{}': {}",
                            other.version,
                            wish.runtime,
                            wish.version,
                            versions.join(", ")
                        ));
                    }
                    None => {
                        let Some(version) = versions.first() else {
                            continue;
                        };
                        let required = Wish {
                            runtime: runtime.clone(),
                            version: version.clone(),
                        };
                        lines.push(selecting(&required, "required dependencies"));
                        chosen.push(required);
                    }
                }
            }
            chosen.push(wish.clone());
        }
        Ok(chosen)
    }

    fn install(&self, wish: &Wish) -> Result<Install, String> {
        let Some(versions) = self.runtimes.get(&wish.runtime) else {
            return Err(format!(
                "Unknown runtime named '{}'. This build image has the following runtimes: {}",
                wish.runtime,
                joined(self.runtimes.keys())
            ));
        };
        let listed = versions
            .get(&wish.version)
            .filter(|_| wish.version != CUSTOM);
        match (listed, versions.get(CUSTOM)) {
            (Some(recipe), _) => Ok(Install {
                commands: recipe.commands.clone(),
                version: None,
            }),
            (None, Some(recipe)) if !is_alias(&wish.version) => Ok(Install {
                commands: recipe.commands.clone(),
                // Java's versions are named after the distribution, its tools know the number.
                version: Some(
                    wish.version
                        .strip_prefix("corretto")
                        .unwrap_or(&wish.version)
                        .to_owned(),
                ),
            }),
            _ => Err(format!(
                "Unknown runtime version named '{}' of {}. This build image has the following versions: {}",
                wish.version,
                wish.runtime,
                joined(versions.keys().filter(|version| *version != CUSTOM))
            )),
        }
    }
}

fn recipe(node: &Node) -> Recipe {
    let items = |node: Option<&Node>| -> Vec<String> {
        let Some(node) = node else { return Vec::new() };
        match &node.kind {
            yaml::Kind::Sequence(items) => items
                .iter()
                .filter_map(|item| item.text().map(str::to_owned))
                .collect(),
            _ => node.text().map(str::to_owned).into_iter().collect(),
        }
    };
    let requires = node.get("requires").and_then(Node::entries);
    Recipe {
        commands: items(node.get("commands")),
        requires: requires
            .into_iter()
            .flatten()
            .filter_map(|entry| Some((entry.key.text()?.to_owned(), items(Some(&entry.value)))))
            .collect(),
    }
}

fn selecting(wish: &Wish, why: &str) -> String {
    format!(
        "Selecting '{}' runtime version '{}' based on {why}...",
        wish.runtime, wish.version
    )
}

fn is_alias(version: &str) -> bool {
    version == "latest" || version.strip_suffix(".x").is_some()
}

fn joined<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// `3.9` before `3.10`, `corretto8` before `corretto11`.
fn by_number(a: &str, b: &str) -> Ordering {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|letter: char| !letter.is_ascii_digit())
            .filter_map(|digits| digits.parse().ok())
            .collect()
    };
    numbers(a).cmp(&numbers(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the manner of the catalogues in `aws/aws-codebuild-docker-images`.
    const NEW: &str = "version: 0.1\nruntimes:\n  python:\n    versions:\n      3.9:\n        commands:\n          - pyenv global $PYTHON_39_VERSION\n      3.10:\n        commands: [pyenv global $PYTHON_310_VERSION]\n      default:\n        commands:\n          - pyenv install $VERSION\n  java:\n    versions:\n      corretto8:\n        commands: [eight]\n      corretto17:\n        commands: [seventeen]\n      default:\n        commands: [\"jdk $VERSION\"]\n  docker:\n    versions:\n      20:\n        commands: [echo docker]\n";
    const OLD: &str = "version: 0.1\nruntimes:\n  android:\n    versions:\n      29:\n        requires:\n          java: [\"corretto8\"]\n        commands: [sdk]\n  java:\n    versions:\n      corretto8:\n        commands: [eight]\n      corretto11:\n        commands: [eleven]\n  nodejs:\n    versions:\n      10: {commands: [n 10]}\n      12: {commands: [n 12]}\n";

    fn select(catalogue: &str, wishes: &[(&str, &str)]) -> Selection {
        let wishes: Vec<Wish> = wishes
            .iter()
            .map(|(runtime, version)| Wish {
                runtime: (*runtime).to_owned(),
                version: (*version).to_owned(),
            })
            .collect();
        Catalogue::read(catalogue).unwrap().select(&wishes)
    }

    #[test]
    fn the_text_of_a_version_counts() {
        for (runtime, version, line, commands, custom) in [
            (
                "python",
                "3.10",
                "3.10",
                "pyenv global $PYTHON_310_VERSION",
                None,
            ),
            (
                "python",
                "3.9",
                "3.9",
                "pyenv global $PYTHON_39_VERSION",
                None,
            ),
            (
                "python",
                "3.x",
                "3.10",
                "pyenv global $PYTHON_310_VERSION",
                None,
            ),
            (
                "python",
                "latest",
                "3.10",
                "pyenv global $PYTHON_310_VERSION",
                None,
            ),
            ("java", "latest", "corretto17", "seventeen", None),
            ("java", "corretto17.x", "corretto17", "seventeen", None),
            (
                "java",
                "corretto21",
                "corretto21",
                "jdk $VERSION",
                Some("21"),
            ),
            (
                "python",
                "3.1",
                "3.1",
                "pyenv install $VERSION",
                Some("3.1"),
            ),
        ] {
            let selection = select(NEW, &[(runtime, version)]);
            assert_eq!(
                selection.lines,
                [format!(
                    "Selecting '{runtime}' runtime version '{line}' based on manual selections..."
                )]
            );
            assert_eq!(selection.refusal, None, "{runtime} {version}");
            assert_eq!(selection.installs[0].commands, [commands]);
            assert_eq!(selection.installs[0].version.as_deref(), custom);
        }
    }

    #[test]
    fn refusals_are_codebuilds_and_come_after_every_selection() {
        for (catalogue, wishes, refusal) in [
            (
                OLD,
                vec![("nodejs", "18"), ("java", "corretto11")],
                "Unknown runtime version named '18' of nodejs. This build image has the following versions: 10, 12",
            ),
            (
                NEW,
                vec![("rust", "1.93"), ("python", "3.9")],
                "Unknown runtime named 'rust'. This build image has the following runtimes: docker, java, python",
            ),
            (
                NEW,
                vec![("docker", "23")],
                "Unknown runtime version named '23' of docker. This build image has the following versions: 20",
            ),
            (
                NEW,
                vec![("python", "2.x")],
                "Unknown runtime version named '2.x' of python. This build image has the following versions: 3.10, 3.9",
            ),
            (
                OLD,
                vec![],
                "This build image requires selecting at least one runtime version.",
            ),
        ] {
            let selection = select(catalogue, &wishes);
            assert_eq!(selection.refusal.as_deref(), Some(refusal));
            assert_eq!(selection.lines.len(), wishes.len());
        }
    }

    #[test]
    fn what_is_required_is_chosen_and_comes_first() {
        let selection = select(OLD, &[("android", "29"), ("nodejs", "10")]);
        let commands: Vec<_> = selection
            .installs
            .iter()
            .map(|one| &one.commands[0][..])
            .collect();
        assert_eq!(commands, ["eight", "sdk", "n 10"]);
        let selection = select(OLD, &[("android", "29"), ("java", "corretto8")]);
        assert_eq!(selection.installs.len(), 2);
        let selection = select(OLD, &[("android", "29"), ("java", "corretto11")]);
        assert!(selection.refusal.unwrap().contains("corretto8"));
    }

    #[test]
    fn nothing_selected_is_said_by_newer_images() {
        assert_eq!(
            select(NEW, &[]).lines,
            ["No runtime version selected in buildspec."]
        );
    }

    #[test]
    fn a_catalogue_that_is_none_is_said() {
        for (text, said) in [("", "empty"), ("a: b", "no `runtimes`"), ("a: [", "")] {
            let error = Catalogue::read(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
