//! The JSON Schema of buildspec.yml, for editors: from the same tables as the reader.
//!
//! It accepts what `CodeBuild` takes, so unknown keys are allowed wherever `CodeBuild` only ignores them.

use serde_json::{Map, Value, json};

use crate::buildspec::{assumed, keys};

/// The schema as text.
pub fn render() -> String {
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    text
}

fn schema() -> Value {
    let mut root = object("", keys::TOP);
    root["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    root["title"] = json!("AWS CodeBuild buildspec");
    root["type"] = json!("object");
    root["required"] = json!(["version"]);
    root["anyOf"] = json!([{"required": ["phases"]}, {"required": ["batch"]}]);
    root["definitions"] = definitions();
    root
}

fn definitions() -> Value {
    let mut phases = object("phases", keys::PHASES);
    // A phase of another name is an error to CodeBuild, and so is none.
    phases["additionalProperties"] = json!(false);
    phases["minProperties"] = json!(1);
    phases["type"] = json!("object");
    let mut parameters = object("env", keys::ENV);
    parameters["properties"]["shell"]["enum"] = keys::SHELLS
        .iter()
        .chain(assumed::SHELLS)
        .map(|(name, _)| *name)
        .collect();
    json!({
        "text": {"type": ["string", "number", "boolean", "null"]},
        "texts": {"anyOf": [
            {"$ref": "#/definitions/text"},
            {"type": "array", "items": {"$ref": "#/definitions/text"}},
        ]},
        "names": {
            "type": ["object", "null"],
            "additionalProperties": {"$ref": "#/definitions/text"},
        },
        "flag": {"anyOf": [{"type": ["boolean", "null"]}, {"type": "string"}]},
        "phases": phases,
        "phase": object("phase", keys::PHASE),
        "install": object("phase", keys::INSTALL),
        "env": parameters,
        "proxy": object("proxy", keys::PROXY),
        "artifacts": object("artifacts", keys::ARTIFACTS),
        "secondary": {
            "type": ["object", "null"],
            "additionalProperties": {"$ref": "#/definitions/artifacts"},
        },
        "reports": {
            "type": ["object", "null"],
            "additionalProperties": object("report", keys::REPORT),
        },
        "cache": object("cache", keys::CACHE),
        "batch": object("batch", keys::BATCH),
        "tasks": {"type": ["array", "null"], "items": object("task", keys::BATCH_TASK)},
        "task-env": object("task-env", keys::BATCH_ENV),
    })
}

/// A mapping with these keys, or nothing at all.
fn object(section: &str, keys: &[&str]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let (kind, description) = describe(section, key).unwrap_or(("text", ""));
            let mut value = kind_of(kind);
            if !description.is_empty() {
                // A reference's neighbours count for nothing in draft 7.
                if value.get("$ref").is_some() {
                    value = json!({"allOf": [value]});
                }
                value["description"] = json!(description);
            }
            ((*key).to_owned(), value)
        })
        .collect();
    json!({"type": ["object", "null"], "properties": properties})
}

fn kind_of(kind: &str) -> Value {
    match kind {
        "version" => json!({"enum": [0.2, "0.2", 0.1, "0.1"], "default": 0.2}),
        "shell" => json!({"type": "string"}),
        "on-failure" => json!({
            "type": "string",
            "pattern": "^(ABORT|CONTINUE|[Rr][Ee][Tt][Rr][Yy](-[\\s\\S]+)?)$",
        }),
        "action" => json!({"enum": ["restore", "save", null]}),
        "format" => json!({"type": ["string", "null"], "pattern": formats()}),
        "steps" => json!({"type": ["array", "null"]}),
        "any" => json!({"type": ["object", "null"]}),
        "number" => json!({"type": ["integer", "string"]}),
        other => json!({"$ref": format!("#/definitions/{other}")}),
    }
}

/// The names of the report formats, in any case.
fn formats() -> String {
    let names = keys::REPORT_FORMATS.iter().map(|(name, _)| {
        let letters = name.chars().map(|letter| {
            if letter.is_ascii_alphabetic() {
                format!("[{letter}{}]", letter.to_ascii_lowercase())
            } else {
                letter.to_string()
            }
        });
        letters.collect::<String>()
    });
    format!("^({})$", names.collect::<Vec<_>>().join("|"))
}

/// What a key's value is, and what an editor shows about it.
fn describe(section: &str, key: &str) -> Option<(&'static str, &'static str)> {
    Some(match (section, key) {
        ("", "version") => (
            "version",
            "The version of the buildspec's grammar, not of your project. In 0.1 every command has a shell of its own.",
        ),
        (_, "run-as") => ("text", "The Linux user that the commands run as."),
        ("", "env") => ("env", "Variables, and where their values come from."),
        ("", "proxy") => ("proxy", "For builds behind an explicit proxy server."),
        ("", "batch") => (
            "batch",
            "What a batch build starts; a plain build ignores it.",
        ),
        ("", "phases") => (
            "phases",
            "The commands, in four phases that run in this order: install, pre_build, build, post_build.",
        ),
        ("", "reports") => ("reports", "Test reports: for each group, its files."),
        ("", "artifacts") => ("artifacts", "The files that the build leaves."),
        ("", "cache") => ("cache", "Folders that the next build gets back."),
        ("phases", "install") => ("install", "Packages and runtimes that the build needs."),
        ("phases", "pre_build") => (
            "phase",
            "What has to be done before the build, such as signing in.",
        ),
        ("phases", "build") => ("phase", "The build itself."),
        ("phases", "post_build") => (
            "phase",
            "Runs after a failed build too: see CODEBUILD_BUILD_SUCCEEDING.",
        ),
        ("phase", "on-failure") => (
            "on-failure",
            "ABORT, CONTINUE, RETRY, RETRY-<count>, RETRY-<regex> or RETRY-<count>-<regex>.",
        ),
        ("phase", "runtime-versions") => (
            "names",
            "Runtimes of the image and their versions, such as `nodejs: 22`.",
        ),
        ("phase", "commands") => (
            "texts",
            "Each item is a command. The first that fails ends the phase.",
        ),
        ("phase", "finally") => (
            "texts",
            "Commands that run after the phase's commands, even when one of them failed.",
        ),
        ("phase", "steps") => ("steps", "GitHub Actions."),
        ("env", "shell") => (
            "shell",
            "The shell of the commands: /bin/sh unless it says bash.",
        ),
        ("env", "variables") => (
            "names",
            "Names and values. A value is taken as it stands: no $NAME in it is expanded.",
        ),
        ("env", "parameter-store") => (
            "names",
            "Names, and the parameters of Systems Manager that have the values.",
        ),
        ("env", "secrets-manager") => (
            "names",
            "Names, and secret-id:json-key:version-stage:version-id.",
        ),
        ("env", "exported-variables") => ("texts", "Names whose last values CodePipeline gets."),
        ("env", "git-credential-helper") => ("flag", "Git asks CodeBuild for credentials."),
        ("artifacts" | "report", "files") => (
            "texts",
            "Patterns, below base-directory: `**/*` is everything. Quote what begins with `*`.",
        ),
        ("artifacts", "name") => (
            "text",
            "The artifact's name; it may contain shell commands.",
        ),
        ("artifacts" | "report", "discard-paths") => {
            ("flag", "Leave the folders out of the files' names.")
        }
        ("artifacts" | "report", "base-directory") => (
            "text",
            "Where the patterns begin; not a part of the files' names.",
        ),
        ("artifacts", "exclude-paths") => ("texts", "Patterns of files to leave out."),
        ("artifacts", "enable-symlinks") => ("flag", "Keep symbolic links as links."),
        ("artifacts", "s3-prefix") => (
            "text",
            "Goes in front of the artifact's path in the bucket.",
        ),
        ("artifacts", "secondary-artifacts") => {
            ("secondary", "More artifacts, by their identifiers.")
        }
        ("report", "file-format") => ("format", "JUNITXML when it is not given."),
        ("cache", "paths") => ("texts", "Patterns of what is kept."),
        ("cache", "key") => ("text", "What the cache is kept under."),
        ("cache", "fallback-keys") => (
            "texts",
            "At most five keys that are tried when there is nothing under `key`.",
        ),
        ("cache", "action") => ("action", "restore or save; both when it is not given."),
        ("batch", "fast-fail") => ("flag", "End the batch with its first failure."),
        ("batch", "build-graph") => ("tasks", "Tasks that wait for each other."),
        ("batch", "build-list") => ("tasks", "Tasks that run side by side."),
        ("batch", "build-matrix" | "build-fanout") => ("any", ""),
        ("task", "identifier") => ("text", "Unique in this file."),
        ("task", "buildspec") => ("text", "The path of the task's buildspec."),
        ("task", "depend-on") => ("texts", "Identifiers of tasks that must have succeeded."),
        ("proxy", "upload-artifacts" | "logs")
        | ("task", "debug-session" | "ignore-failure")
        | ("task-env", "privileged-mode") => ("flag", ""),
        ("task", "env") => ("task-env", ""),
        ("task-env", "variables") => ("names", ""),
        ("task-env", "compute-type" | "fleet" | "image" | "type") => ("text", ""),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_every_key() {
        for (section, keys) in [
            ("", keys::TOP),
            ("phases", keys::PHASES),
            ("phase", keys::PHASE),
            ("phase", keys::INSTALL),
            ("env", keys::ENV),
            ("proxy", keys::PROXY),
            ("artifacts", keys::ARTIFACTS),
            ("report", keys::REPORT),
            ("cache", keys::CACHE),
            ("batch", keys::BATCH),
            ("task", keys::BATCH_TASK),
            ("task-env", keys::BATCH_ENV),
        ] {
            for key in keys {
                assert!(describe(section, key).is_some(), "{section}.{key}");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let schema = schema();
        let text = schema.to_string();
        for reference in text.split("#/definitions/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schema["definitions"].get(name).is_some(), "{name}");
        }
    }
}
