//! The file of values that a user gives in AWS's stead.
//!
//! ```yaml
//! parameter-store:
//!   /app/password: some text
//! secrets-manager:
//!   prod/api: a secret that is one text
//!   prod/db:
//!     user: a secret that is JSON
//!     password: key by key
//!   prod/db::AWSPREVIOUS: another version of it
//! ```
//!
//! A name without a value is one that the file lacks.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::reference::{Answers, Needs, Wanted};
use super::secret::Secret;
use crate::error::{Error, Result};
use crate::source::Source;
use crate::yaml::{self, Node};

const PARAMETERS: &str = "parameter-store";
const SECRETS: &str = "secrets-manager";

/// What a file tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    parameters: BTreeMap<String, Secret>,
    secrets: BTreeMap<String, Secret>,
}

impl Given {
    /// Reads a file; `None` when there is none.
    pub fn read(file: &Path) -> Result<Option<Self>> {
        match fs::read_to_string(file) {
            Ok(text) => Self::parse(&file.display().to_string(), &text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::usage(format!(
                "{} can't be read: {error}",
                file.display()
            ))),
        }
    }

    /// No message quotes what stands in the file: it could be half of a secret.
    fn parse(name: &str, text: &str) -> Result<Self> {
        let source = Source::new(name.to_owned(), text);
        let wrong = |node: &Node, message: &str| {
            let (line, column) = source.position(node.span.start);
            Error::usage(format!("{name}:{line}:{column}: {message}"))
        };
        let tree = yaml::parse(&source);
        if let Some(finding) = tree.findings.first() {
            let (line, column) = source.position(finding.primary.span.start);
            return Err(
                Error::usage(format!("{name}:{line}:{column}: this is not YAML")).hint(
                    "put quotes round a value that holds `: ` or begins with a sign: \"...\"",
                ),
            );
        }
        if let Some(twice) = tree.duplicates.first() {
            let (line, column) = source.position(twice.second.start);
            return Err(Error::usage(format!(
                "{name}:{line}:{column}: {:?} stands here a second time",
                twice.key
            )));
        }
        let mut given = Self::default();
        let Some(root) = tree.root.filter(|root| !root.is_null()) else {
            return Ok(given);
        };
        let sections = root
            .entries()
            .ok_or_else(|| wrong(&root, "the file has to hold keys and values"))?;
        for section in sections {
            let (target, is_secret) = match section.key.text() {
                Some(PARAMETERS) => (&mut given.parameters, false),
                Some(SECRETS) => (&mut given.secrets, true),
                _ => {
                    return Err(wrong(
                        &section.key,
                        "only `parameter-store` and `secrets-manager` stand here",
                    ));
                }
            };
            if section.value.is_null() {
                continue;
            }
            let entries = section
                .value
                .entries()
                .ok_or_else(|| wrong(&section.value, "here names and values are wanted"))?;
            for entry in entries {
                let name = entry
                    .key
                    .text()
                    .ok_or_else(|| wrong(&entry.key, "this can't be a name"))?;
                let value = value(&entry.value, is_secret)
                    .map_err(|message| wrong(&entry.value, message))?;
                if let Some(value) = value {
                    target.insert(name.to_owned(), value);
                }
            }
        }
        Ok(given)
    }

    /// Every value, and every text within those that are JSON.
    pub fn all(&self) -> Vec<Secret> {
        let values = self.parameters.values().chain(self.secrets.values());
        values
            .flat_map(|value| {
                let members = serde_json::from_str::<serde_json::Map<_, _>>(value.reveal());
                let members = members.unwrap_or_default().into_iter();
                let texts = members.filter_map(|(_, member)| Some(Secret::new(member.as_str()?)));
                texts.chain([value.clone()])
            })
            .collect()
    }

    /// What the file has for these; a value without a version stands for each version.
    pub fn answers(&self, wanted: &[&Wanted]) -> Answers {
        let value = |wanted: &Wanted| match wanted {
            Wanted::Parameter(name) => self.parameters.get(name).or_else(|| {
                let (name, _) = name
                    .rsplit_once(':')
                    .filter(|_| !name.starts_with("arn:"))?;
                self.parameters.get(name)
            }),
            Wanted::Secret { id, .. } => self
                .secrets
                .get(&key(wanted))
                .or_else(|| self.secrets.get(id)),
        };
        wanted
            .iter()
            .filter_map(|wanted| Some(((*wanted).clone(), Ok(value(wanted)?.clone()))))
            .collect()
    }
}

/// A text, or a secret's keys as JSON; `None` where nothing is written.
fn value(node: &Node, may_have_keys: bool) -> Result<Option<Secret>, &'static str> {
    if node.is_null() {
        return Ok(None);
    }
    if let Some(text) = node.text() {
        return Ok(Some(Secret::new(text)));
    }
    let Some(entries) = node.entries().filter(|_| may_have_keys) else {
        return Err("a text is wanted here");
    };
    let mut members = serde_json::Map::new();
    for entry in entries.iter().filter(|entry| !entry.value.is_null()) {
        let (Some(key), Some(text)) = (entry.key.text(), entry.value.text()) else {
            return Err("below a secret stand keys with texts; other JSON is written as one text");
        };
        members.insert(key.to_owned(), text.into());
    }
    Ok((!members.is_empty()).then(|| Secret::new(serde_json::Value::Object(members).to_string())))
}

/// Under which name the file has it.
fn key(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Parameter(name) => name.clone(),
        Wanted::Secret { id, stage, version } => {
            let whole = [
                id.as_str(),
                "",
                stage.as_deref().unwrap_or_default(),
                version.as_deref().unwrap_or_default(),
            ]
            .join(":");
            whole.trim_end_matches(':').to_owned()
        }
    }
}

/// Every reference, to be filled in.
pub fn template(needs: &Needs) -> String {
    let mut sections = [(PARAMETERS, String::new()), (SECRETS, String::new())];
    for wanted in needs.wanted() {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let section = &mut sections[usize::from(matches!(wanted, Wanted::Secret { .. }))].1;
        section.push_str(&format!("  {}:\n", quoted(&key(wanted))));
        for key in needs.keys_of(wanted).into_iter().flatten() {
            section.push_str(&format!("    {}:\n", quoted(key)));
        }
    }
    let mut text =
        "# Values for what the build would fetch from AWS. Keep this file out of Git.\n".to_owned();
    for (name, entries) in sections {
        if !entries.is_empty() {
            text.push_str(&format!("{name}:\n{entries}"));
        }
    }
    text
}

/// Writes a template that nobody else may read.
pub fn write_template(file: &Path, needs: &Needs) -> Result<()> {
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    match created.and_then(|mut created| created.write_all(template(needs).as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Error::usage(format!(
            "{} is there already, and is not overwritten",
            file.display()
        ))
        .hint("name another file: --secrets FILE")),
        Err(error) => Err(Error::environment(format!(
            "{} can't be written: {error}",
            file.display()
        ))),
    }
}

/// Whether others than the owner may read or change a file.
pub fn is_open_to_others(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|facts| facts.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Level, Value, Variables};

    const FILE: &str = "\
parameter-store:
  /a: 0123
  /b: |
    two
    lines
  /c:
  /d: \"\"
secrets-manager:
  text: p:w
  db: {user: me, port: 5432, more: }
  db::AWSPREVIOUS: {user: you}
  none: {user: }
";

    fn parameter(name: &str) -> Wanted {
        Wanted::Parameter(name.to_owned())
    }

    fn secret(id: &str, stage: Option<&str>) -> Wanted {
        Wanted::Secret {
            id: id.to_owned(),
            stage: stage.map(str::to_owned),
            version: None,
        }
    }

    #[test]
    fn values_are_texts_as_they_are_written() {
        let given = Given::parse("f", FILE).unwrap();
        let value = |wanted: Wanted| {
            let answers = given.answers(&[&wanted]);
            let answer = answers.get(&wanted)?.clone().ok()?;
            Some(answer.reveal().to_owned())
        };
        assert_eq!(value(parameter("/a")).as_deref(), Some("0123"));
        assert_eq!(value(parameter("/a:3")).as_deref(), Some("0123"));
        assert_eq!(value(parameter("/b")).as_deref(), Some("two\nlines\n"));
        assert_eq!(value(parameter("/c")), None, "lacking");
        assert_eq!(value(parameter("/d")).as_deref(), Some(""));
        assert_eq!(value(secret("text", None)).as_deref(), Some("p:w"));
        let db = r#"{"port":"5432","user":"me"}"#;
        assert_eq!(value(secret("db", None)).as_deref(), Some(db));
        assert_eq!(value(secret("db", Some("X"))).as_deref(), Some(db));
        let previous = value(secret("db", Some("AWSPREVIOUS")));
        assert_eq!(previous.as_deref(), Some(r#"{"user":"you"}"#));
        assert_eq!(value(secret("none", None)), None);
    }

    #[test]
    fn what_is_wrong_is_said_without_a_value() {
        for (text, message) in [
            ("hunter2", "f:1:1: the file has to hold keys and values"),
            (
                "a: hunter2",
                "f:1:1: only `parameter-store` and `secrets-manager` stand here",
            ),
            (
                "parameter-store: hunter2",
                "f:1:18: here names and values are wanted",
            ),
            (
                "parameter-store: {a: [hunter2]}",
                "f:1:22: a text is wanted here",
            ),
            (
                "parameter-store: {a: {b: hunter2}}",
                "f:1:22: a text is wanted here",
            ),
            (
                "secrets-manager:\n  a: x\n  a: hunter2",
                "f:3:3: \"a\" stands here a second time",
            ),
            ("parameter-store:\n  a: hunter2: x", "this is not YAML"),
        ] {
            let error = Given::parse("f", text).unwrap_err();
            assert!(error.message.contains(message), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        for empty in ["", "# nothing\n", "parameter-store:\n"] {
            assert_eq!(Given::parse("f", empty).unwrap(), Given::default());
        }
    }

    #[test]
    fn the_template_has_every_reference_and_lacks_every_value() {
        let mut variables = Variables::default();
        for (name, value) in [
            ("A", Value::ParameterStore("/a:3".to_owned())),
            ("B", Value::SecretsManager("db:user".to_owned())),
            ("C", Value::SecretsManager("db:pass word".to_owned())),
            ("D", Value::SecretsManager("db:user:AWSPREVIOUS".to_owned())),
            ("E", Value::SecretsManager("db".to_owned())),
            ("F", Value::Plain("x".to_owned())),
        ] {
            variables.set(Level::Buildspec, name, value);
        }
        let needs = Needs::of(&variables);
        let text = template(&needs);
        assert_eq!(
            text,
            "# Values for what the build would fetch from AWS. Keep this file out of Git.\n\
             parameter-store:\n  \"/a:3\":\n\
             secrets-manager:\n  \"db\":\n    \"pass word\":\n    \"user\":\n  \"db::AWSPREVIOUS\":\n    \"user\":\n"
        );
        assert!(
            Given::parse("f", &text)
                .unwrap()
                .answers(&needs.wanted())
                .is_empty()
        );
        let filled = text.replace("\"pass word\":\n", "\"pass word\": x\n");
        assert_eq!(
            Given::parse("f", &filled)
                .unwrap()
                .answers(&needs.wanted())
                .len(),
            2
        );
    }

    #[test]
    fn a_template_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets.yml");
        write_template(&file, &Needs::default()).unwrap();
        assert!(!is_open_to_others(&file));
        assert!(write_template(&file, &Needs::default()).is_err());
    }
}
