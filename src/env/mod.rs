//! A build's variables.
//!
//! Of two values for one name the higher level wins (spec 5.7):
//!
//! 1. `-e` and `--env-file`: what a `StartBuild` override would be
//! 2. the project
//! 3. the buildspec's `env`
//! 4. what `CodeBuild` itself sets (`CODEBUILD_*`, `AWS_REGION`, ...)
//! 5. the image's ENV, which is the container's own environment and not listed here
//!
//! Values are literal: nothing in them is expanded.

#[cfg(feature = "aws")]
pub mod aws;
pub mod builtin;
pub mod event;
pub mod git;
mod json;
pub mod mask;
pub mod proxy;
pub mod reference;
pub mod secret;
pub mod secrets;

use std::collections::BTreeMap;

use crate::buildspec::model::{Env, Variable};
use crate::options::Override;
use crate::project::Project;
use crate::project::model::VariableType;
use crate::script;
use secret::Secret;

/// Where a value comes from; the greater one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    #[serde(rename = "codebuild")]
    BuiltIn,
    Buildspec,
    Project,
    Override,
}

impl Level {
    /// As a person would name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "CodeBuild",
            Self::Buildspec => "buildspec",
            Self::Project => "project",
            Self::Override => "override",
        }
    }
}

/// What a variable is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// This text.
    Plain(String),
    /// The parameter of this name.
    ParameterStore(String),
    /// The secret of this reference.
    SecretsManager(String),
    /// What a reference came to.
    Secret(Secret),
}

impl Value {
    /// What a command will see, once it is known.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Secret(secret) => Some(secret.reveal()),
            Self::ParameterStore(_) | Self::SecretsManager(_) => None,
        }
    }
}

/// Linux gives no program a variable of this length or more: name, `=`, value and a NUL.
const LONGEST: usize = 128 * 1024;

/// One value per name, each with the level that won.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, (Level, Value)>);

impl Variables {
    /// Sets a value unless a higher level has one; within a level the later one wins.
    pub fn set(&mut self, level: Level, name: impl Into<String>, value: Value) {
        let entry = self
            .0
            .entry(name.into())
            .or_insert_with(|| (level, value.clone()));
        if entry.0 <= level {
            *entry = (level, value);
        }
    }

    /// Takes in a buildspec's section `env`.
    ///
    /// Within one buildspec secrets win over parameters, and those over plain values (unconfirmed, spec 5.7).
    pub fn set_buildspec(&mut self, env: &Env) {
        let mut add = |variables: &[Variable], value: fn(String) -> Value| {
            for variable in variables {
                self.set(
                    Level::Buildspec,
                    &variable.name.value,
                    value(variable.value.value.clone()),
                );
            }
        };
        add(&env.variables, Value::Plain);
        add(&env.parameter_store, Value::ParameterStore);
        add(&env.secrets_manager, Value::SecretsManager);
    }

    /// Takes in a project's variables.
    pub fn set_project(&mut self, project: &Project) {
        for variable in &project.environment.variables {
            let value = variable.value.value.clone();
            let value = match variable.kind {
                VariableType::Plaintext => Value::Plain(value),
                VariableType::ParameterStore => Value::ParameterStore(value),
                VariableType::SecretsManager => Value::SecretsManager(value),
            };
            self.set(Level::Project, &variable.name.value, value);
        }
    }

    /// Takes in what users give: buildspec, project, and the overrides above both.
    pub fn set_given(&mut self, env: &Env, project: &Project, overrides: &[Override]) {
        self.set_buildspec(env);
        self.set_project(project);
        for given in overrides {
            let value = Value::Plain(given.value.clone());
            self.set(Level::Override, &given.name, value);
        }
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(|(_, value)| value)
    }

    /// Names that still need somebody else to tell their value.
    pub fn references(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0
            .iter()
            .filter(|(_, (_, value))| value.text().is_none())
            .map(|(name, (_, value))| (name.as_str(), value))
    }

    /// Puts what references came to in their place.
    pub fn resolve(&mut self, values: Vec<(String, Secret)>) {
        for (name, value) in values {
            if let Some((_, reference)) = self.0.get_mut(&name) {
                *reference = Value::Secret(value);
            }
        }
    }

    /// What references came to.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().filter_map(|(name, (_, value))| match value {
            Value::Secret(secret) => Some((name.as_str(), secret)),
            _ => None,
        })
    }

    /// Names whose values no program can be given, and why.
    pub fn unbearable(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.0.iter().filter_map(|(name, (_, value))| {
            let text = value.text()?;
            let problem = if text.contains('\0') {
                "holds a NUL character"
            } else if name.len() + text.len() + 2 > LONGEST {
                "is longer than the 128 KiB that Linux can hand to a program"
            } else {
                return None;
            };
            Some((name.as_str(), problem))
        })
    }

    /// All names in order, with level and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Level, &Value)> {
        self.0
            .iter()
            .map(|(name, (level, value))| (name.as_str(), *level, value))
    }

    /// Names that no shell can hold; they never reach a command.
    pub fn unspeakable(&self) -> impl Iterator<Item = &str> {
        self.0
            .keys()
            .map(String::as_str)
            .filter(|name| !script::is_name(name))
    }

    /// The text of the first `env.sh`. `gopath` and `bin` are appended to what the image has in `GOPATH` and `PATH`.
    pub fn env_file(&self, gopath: &str, bin: &str) -> String {
        let mut text = format!(
            "export PATH=\"$PATH\":{}\nexport GOPATH=\"${{GOPATH:+$GOPATH:}}\"{}\n",
            script::quote(bin),
            script::quote(gopath)
        );
        for (name, _, value) in self.iter() {
            if let (Some(value), true) = (value.text(), script::is_name(name)) {
                text.push_str(&script::export(name, value));
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str) -> Value {
        Value::Plain(text.to_owned())
    }

    #[test]
    fn the_higher_level_wins_whatever_its_kind() {
        let mut variables = Variables::default();
        variables.set(Level::Override, "A", plain("mine"));
        variables.set(
            Level::Buildspec,
            "A",
            Value::ParameterStore("/a".to_owned()),
        );
        assert_eq!(variables.get("A"), Some(&plain("mine")));
        assert_eq!(
            variables.references().count(),
            0,
            "an overridden reference is not asked for"
        );
    }

    #[test]
    fn values_are_literal_in_the_first_state() {
        let mut variables = Variables::default();
        variables.set(Level::Buildspec, "P", plain("$PATH:'x'"));
        variables.set(Level::Buildspec, "a.b", plain("x"));
        let text = variables.env_file("/g", "/b");
        assert!(text.ends_with("export P='$PATH:'\\''x'\\'''\n"), "{text}");
        assert_eq!(variables.unspeakable().collect::<Vec<_>>(), ["a.b"]);
    }

    #[test]
    fn what_references_came_to_reaches_the_build_and_nothing_else() {
        let mut variables = Variables::default();
        variables.set(Level::Project, "A", Value::SecretsManager("db".to_owned()));
        variables.set(Level::Buildspec, "A", plain("lower"));
        variables.resolve(vec![("A".to_owned(), Secret::new("hunter2\n"))]);
        assert_eq!(variables.references().count(), 0);
        assert!(
            variables
                .env_file("/g", "/b")
                .ends_with("export A='hunter2\n'\n")
        );
        assert!(!format!("{variables:?}").contains("hunter2"));
    }

    #[test]
    fn values_that_no_program_can_be_given_are_named() {
        let mut variables = Variables::default();
        let longest = "x".repeat(128 * 1024 - 4);
        variables.set(Level::Override, "OK", plain(&longest));
        variables.set(Level::Override, "LONG", plain(&longest));
        variables.set(Level::Override, "NUL", plain("a\0b"));
        let names: Vec<_> = variables.unbearable().map(|(name, _)| name).collect();
        assert_eq!(names, ["LONG", "NUL"]);
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            "[xy]".prop_map(Value::Plain),
            "[xy]".prop_map(Value::ParameterStore),
            "[xy]".prop_map(Value::SecretsManager),
        ]
    }

    proptest! {
        #[test]
        fn layers_merge_in_any_order(
            values in proptest::collection::vec((0..4_usize, "[AB]", value()), 0..12),
            order in Just([0, 1, 2, 3]).prop_shuffle(),
        ) {
            let levels = [Level::BuiltIn, Level::Buildspec, Level::Project, Level::Override];
            let merge = |order: [usize; 4]| {
                let mut variables = Variables::default();
                for level in order {
                    for (of, name, value) in values.iter().filter(|(of, ..)| *of == level) {
                        variables.set(levels[*of], name, value.clone());
                    }
                }
                variables
            };
            let merged = merge(order);
            prop_assert_eq!(&merged, &merge([0, 1, 2, 3]));
            for (name, level, value) in merged.iter() {
                let named = || values.iter().filter(|(_, named, _)| named == name);
                let highest = named().map(|(of, ..)| *of).max().unwrap();
                let winner = named().rfind(|(of, ..)| *of == highest).unwrap();
                prop_assert_eq!((level, value), (levels[highest], &winner.2));
            }
        }
    }
}
