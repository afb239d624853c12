//! What a build's variables refer to, each thing asked for once.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::secret::Secret;
use super::{Value, Variables, json};
use crate::buildspec::secret::SecretReference;

/// One thing that somebody has to tell, however many variables want it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// A parameter, as it is referred to: a name, a path or an ARN, with a version or label or without.
    Parameter(String),
    /// A version of a secret.
    Secret {
        /// A name or an ARN.
        id: String,
        stage: Option<String>,
        version: Option<String>,
    },
}

impl Wanted {
    /// As a person would name it.
    pub fn name(&self) -> &str {
        match self {
            Self::Parameter(name) => name,
            Self::Secret { id, .. } => id,
        }
    }
}

/// Why a reference has no value; `CodeBuild` ends the build for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: Kind,
    pub message: String,
}

/// The status code under which `CodeBuild` reports a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    DecryptedVariables,
    SecretsManager,
}

impl Kind {
    /// In `CodeBuild`'s words.
    pub fn code(self) -> &'static str {
        match self {
            Self::DecryptedVariables => "Decrypted Variables Error",
            Self::SecretsManager => "Secrets Manager Error",
        }
    }
}

impl Refusal {
    /// About a parameter.
    pub fn parameter(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::DecryptedVariables,
            message: message.into(),
        }
    }

    /// The parameter does not exist.
    pub fn no_parameter(name: &str) -> Self {
        Self::parameter(format!("{NO_PARAMETER}{name}"))
    }

    /// About a secret.
    pub fn secret(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::SecretsManager,
            message: message.into(),
        }
    }
}

const NO_PARAMETER: &str = "parameter does not exist: ";

/// All refusals as one status code and one message.
///
/// The code is that of the first in `CodeBuild`'s order, parameters before secrets.
pub fn in_one(refusals: &[Refusal]) -> Option<(&'static str, String)> {
    let first = refusals.iter().map(|refusal| refusal.kind).min()?;
    let mut sentences: Vec<String> = Vec::new();
    let absent: Vec<&str> = refusals
        .iter()
        .filter_map(|refusal| refusal.message.strip_prefix(NO_PARAMETER))
        .collect();
    if !absent.is_empty() {
        sentences.push(format!("{NO_PARAMETER}{}", absent.join(", ")));
    }
    let others = refusals
        .iter()
        .filter(|refusal| !refusal.message.starts_with(NO_PARAMETER));
    for Refusal { kind, message } in others {
        sentences.push(if *kind == first {
            message.clone()
        } else {
            format!("{}: {message}", kind.code())
        });
    }
    sentences.dedup();
    Some((first.code(), sentences.join("; ")))
}

/// What somebody told.
pub type Answers = BTreeMap<Wanted, Result<Secret, Refusal>>;

/// What AWS told, and as whom it was asked.
#[derive(Debug, Default)]
pub struct Told {
    pub answers: Answers,
    /// The caller's credentials, under the names by which every AWS tool finds them.
    pub credentials: Vec<(&'static str, Secret)>,
    /// When they end, where they do.
    pub expires: Option<SystemTime>,
}

/// A variable and what it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Need {
    variable: String,
    /// As it is written.
    text: String,
    wanted: Wanted,
    json_key: Option<String>,
}

/// All references of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    needs: Vec<Need>,
    /// References that nobody can follow.
    refusals: Vec<Refusal>,
}

impl Needs {
    /// What these variables want of others.
    pub fn of(variables: &Variables) -> Self {
        let mut all = Self::default();
        for (variable, value) in variables.references() {
            match value {
                Value::ParameterStore(text) => all.parameter(variable, text),
                Value::SecretsManager(text) => all.secret(variable, text),
                Value::Plain(_) | Value::Secret(_) => {}
            }
        }
        all
    }

    fn parameter(&mut self, variable: &str, text: &str) {
        if text.is_empty() {
            self.refusals.push(Refusal::no_parameter(&format!(
                "{variable} refers to nothing"
            )));
            return;
        }
        self.needs.push(Need {
            variable: variable.to_owned(),
            text: text.to_owned(),
            wanted: Wanted::Parameter(text.to_owned()),
            json_key: None,
        });
    }

    fn secret(&mut self, variable: &str, text: &str) {
        match SecretReference::parse(text) {
            Ok(reference) => self.needs.push(Need {
                variable: variable.to_owned(),
                text: text.to_owned(),
                wanted: Wanted::Secret {
                    id: reference.id,
                    stage: reference.version_stage,
                    version: reference.version_id,
                },
                json_key: reference.json_key,
            }),
            Err(problem) => self.refusals.push(Refusal::secret(format!(
                "the reference of {variable} {problem}: {text:?}"
            ))),
        }
    }

    /// Whether no variable refers to anything.
    pub fn is_empty(&self) -> bool {
        self.needs.is_empty() && self.refusals.is_empty()
    }

    /// Whether a variable refers to Parameter Store.
    pub fn any_parameter(&self) -> bool {
        let refused = self.refusals.iter().map(|refusal| refusal.kind);
        self.needs
            .iter()
            .any(|need| matches!(need.wanted, Wanted::Parameter(_)))
            || refused
                .into_iter()
                .any(|kind| kind == Kind::DecryptedVariables)
    }

    /// What has to be asked for, each once, in order.
    pub fn wanted(&self) -> Vec<&Wanted> {
        let mut all: Vec<_> = self.needs.iter().map(|need| &need.wanted).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// JSON keys that variables take out of a secret, in order.
    pub fn keys_of(&self, wanted: &Wanted) -> Vec<Option<&str>> {
        let mut keys: Vec<_> = self
            .needs
            .iter()
            .filter(|need| need.wanted == *wanted)
            .map(|need| need.json_key.as_deref())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Those that are left when somebody has answered: a secret may lack a key.
    #[must_use]
    pub fn lacking(&self, answers: &Answers) -> Self {
        let mut needs = self.needs.clone();
        needs.retain(|need| need.value(answers).is_err());
        Self {
            needs,
            refusals: Vec::new(),
        }
    }

    /// The value of each variable; what is given goes before what was fetched.
    ///
    /// # Errors
    /// Everything that is refused or not answered.
    pub fn values(
        &self,
        given: &Answers,
        fetched: &Answers,
    ) -> Result<Vec<(String, Secret)>, Vec<Refusal>> {
        let mut refusals = self.refusals.clone();
        let mut values = Vec::new();
        for need in &self.needs {
            let value = match need.value(given) {
                Err(_) if fetched.contains_key(&need.wanted) => need.value(fetched),
                value => value,
            };
            match value {
                Ok(value) => values.push((need.variable.clone(), value)),
                Err(refusal) if refusals.contains(&refusal) => {}
                Err(refusal) => refusals.push(refusal),
            }
        }
        if refusals.is_empty() {
            Ok(values)
        } else {
            Err(refusals)
        }
    }
}

impl Need {
    fn value(&self, answers: &Answers) -> Result<Secret, Refusal> {
        let text = match (answers.get(&self.wanted), &self.wanted) {
            (Some(answer), _) => answer.clone()?,
            (None, Wanted::Parameter(name)) => return Err(Refusal::no_parameter(name)),
            (None, Wanted::Secret { id, .. }) => {
                return Err(Refusal::secret(format!("no value was given for {id}")));
            }
        };
        let Some(key) = &self.json_key else {
            return Ok(text);
        };
        json::member(text.reveal(), key)
            .map_err(|problem| Refusal::secret(format!("{}: secret {problem}", self.text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Level;

    fn needs(references: &[(&str, Value)]) -> Needs {
        let mut variables = Variables::default();
        for (name, value) in references {
            variables.set(Level::Buildspec, *name, value.clone());
        }
        Needs::of(&variables)
    }

    fn parameter(text: &str) -> Value {
        Value::ParameterStore(text.to_owned())
    }

    fn secret(text: &str) -> Value {
        Value::SecretsManager(text.to_owned())
    }

    fn of(id: &str) -> Wanted {
        Wanted::Secret {
            id: id.to_owned(),
            stage: None,
            version: None,
        }
    }

    #[test]
    fn each_thing_is_asked_for_once() {
        let needs = needs(&[
            ("A", parameter("/a")),
            ("B", parameter("/a")),
            ("C", secret("db:user")),
            ("D", secret("db:password")),
            ("E", secret("db::AWSPREVIOUS")),
        ]);
        assert_eq!(needs.wanted().len(), 3);
        assert_eq!(needs.keys_of(&of("db")), [Some("password"), Some("user")]);
    }

    #[test]
    fn all_that_is_missing_is_one_message() {
        let needs = needs(&[
            ("A", parameter("/a")),
            ("B", parameter("/b")),
            ("C", parameter("/b")),
            ("D", secret("db:user")),
            ("E", secret("arn:aws:x")),
        ]);
        let answers = Answers::from([(of("db"), Ok(Secret::new("no json")))]);
        let refusals = needs.values(&answers, &Answers::new()).unwrap_err();
        let (code, message) = in_one(&refusals).unwrap();
        assert_eq!(code, "Decrypted Variables Error");
        assert_eq!(
            message,
            "parameter does not exist: /a, /b; Secrets Manager Error: the reference of E is an ARN without all of its \
             seven parts: \"arn:aws:x\"; Secrets Manager Error: db:user: secret is not a JSON object, so it has no key \"user\""
        );
    }

    #[test]
    fn values_are_taken_out() {
        let needs = needs(&[("U", secret("db:user")), ("W", secret("db"))]);
        let answers = Answers::from([(of("db"), Ok(Secret::new(r#"{"user":"me"}"#)))]);
        let values = needs.values(&answers, &Answers::new()).unwrap();
        assert_eq!(values[0], ("U".to_owned(), Secret::new("me")));
        assert_eq!(values[1].1.reveal(), r#"{"user":"me"}"#);
    }

    #[test]
    fn a_key_that_the_file_lacks_is_fetched_and_the_others_stay() {
        let needs = needs(&[("U", secret("db:user")), ("P", secret("db:password"))]);
        let given = Answers::from([(of("db"), Ok(Secret::new(r#"{"user":"mine"}"#)))]);
        assert_eq!(needs.lacking(&given).wanted(), [&of("db")]);
        let fetched =
            Answers::from([(of("db"), Ok(Secret::new(r#"{"user":"x","password":"y"}"#)))]);
        let values = needs.values(&given, &fetched).unwrap();
        assert_eq!(values[0], ("P".to_owned(), Secret::new("y")));
        assert_eq!(values[1], ("U".to_owned(), Secret::new("mine")));
    }
}
