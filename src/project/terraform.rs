//! Projects in Terraform's language: `resource "aws_codebuild_project"`.
//!
//! Variables' defaults, `terraform.tfvars` and locals of the whole folder are followed, and `file(...)` is read. What a
//! plan would have to tell is unknown, unless `--parameter` tells it, by the name under which it stands in the file.

mod evaluate;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, BlockLabel, Body};

use super::file::{Definition, Given};
use super::value::{Kind, Value};
use crate::error::{Error, Result};
use crate::source::{Source, Span, Spanned};
use evaluate::{Module, Scope};

/// The resource's type.
pub(super) const LABEL: &str = "aws_codebuild_project";

/// Blocks that stand once; a plan has them as lists all the same.
pub(super) const SINGLE: [&str; 17] = [
    "artifacts",
    "auth",
    "build_batch_config",
    "build_status_config",
    "cache",
    "cloudwatch_logs",
    "docker_server",
    "environment",
    "fleet",
    "git_submodules_config",
    "logs_config",
    "registry_credential",
    "restrictions",
    "s3_logs",
    "source",
    "vpc_config",
    "auto_retry_config",
];

/// What every resource may have, and what only a plan or state has.
const META: [&str; 12] = [
    "badge_url",
    "connection",
    "count",
    "depends_on",
    "for_each",
    "id",
    "lifecycle",
    "provider",
    "provisioner",
    "region",
    "tags_all",
    "timeouts",
];

/// The API's name of an attribute or block; `None` for what is Terraform's own.
pub(super) fn api_name(name: &str) -> Option<String> {
    if META.contains(&name) {
        return None;
    }
    Some(match name {
        "build_timeout" => "timeoutInMinutes".to_owned(),
        "queued_timeout" => "queuedTimeoutInMinutes".to_owned(),
        "environment_variable" => "environmentVariables".to_owned(),
        "secondary_source_version" => "secondarySourceVersions".to_owned(),
        "cloudwatch_logs" => "cloudWatchLogs".to_owned(),
        "vcpu" => "vCpu".to_owned(),
        _ => {
            let mut words = name.split('_');
            let first = words.next().unwrap_or_default().to_owned();
            words.fold(first, |name, word| {
                let mut letters = word.chars();
                let capital = letters.next().map(|first| first.to_ascii_uppercase());
                name + &capital.map_or_else(String::new, String::from) + letters.as_str()
            })
        }
    })
}

/// The projects of a file.
///
/// # Errors
///
/// The file is not in Terraform's language.
pub(super) fn definitions(source: &Source, given: &Given) -> Result<Vec<Definition>> {
    let body = source.text().parse::<Body>().map_err(|error| {
        let place = error.location();
        let name = source.name();
        let (line, column) = (place.line(), place.column());
        Error::usage(format!(
            "{name}:{line}:{column} can't be read: {}",
            error.message()
        ))
    })?;
    let files = siblings(source, given);
    let mut module = Module::new(given);
    for (source, body, values) in &files {
        module.remember(source, body, *values);
    }
    module.remember(source, &body, false);
    let projects = body.blocks().filter(|block| is_project(block));
    Ok(projects
        .map(|block| {
            let name = block.labels.get(1).map(|label| label.as_str().to_owned());
            let name = name.unwrap_or_default();
            let address = format!("{LABEL}.{name}");
            Definition {
                labels: vec![name, address],
                value: resource(&module, source, block),
            }
        })
        .collect())
}

fn is_project(block: &Block) -> bool {
    let kind = block.labels.first().map(BlockLabel::as_str);
    block.ident.as_str() == "resource" && kind == Some(LABEL)
}

/// The other files of the folder; those that can't be read are passed over. `true` says that a file has values only.
fn siblings(source: &Source, given: &Given) -> Vec<(Source, Body, bool)> {
    let Some(folder) = &given.folder else {
        return Vec::new();
    };
    let own = Path::new(source.name()).file_name();
    let mut names: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name() != own)
        .collect();
    names.sort();
    let mut files = Vec::new();
    for path in names {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let values = name == "terraform.tfvars" || name.ends_with(".auto.tfvars");
        if !values && path.extension().is_none_or(|end| end != "tf") {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        if let Ok(body) = text.parse::<Body>() {
            files.push((Source::new(path.display().to_string(), text), body, values));
        }
    }
    files
}

fn resource(module: &Module<'_>, source: &Source, block: &Block) -> Value {
    // What each copy is, only a plan tells.
    blocks(
        module,
        source,
        &block.body,
        &Scope::default(),
        span(block.span()),
    )
}

/// Attributes and blocks as one map; blocks of one name are a list where there may be several.
fn blocks(module: &Module<'_>, source: &Source, body: &Body, scope: &Scope, place: Span) -> Value {
    let mut entries: Vec<(Spanned<String>, Value)> = Vec::new();
    for attribute in body.attributes() {
        if let Some(name) = api_name(attribute.key.as_str()) {
            let key = Spanned::new(name, span(attribute.key.span()));
            entries.push((key, module.value(source, &attribute.value, scope, 0)));
        }
    }
    let mut lists: HashMap<String, usize> = HashMap::new();
    for block in body.blocks() {
        let at = span(block.ident.span());
        let dynamic = block.ident.as_str() == "dynamic";
        let name = if dynamic {
            block.labels.first().map_or("", |label| label.as_str())
        } else {
            block.ident.as_str()
        };
        let Some(key) = api_name(name) else { continue };
        let values = if dynamic {
            repeated(module, source, block, name, scope)
        } else {
            vec![blocks(
                module,
                source,
                &block.body,
                scope,
                span(block.span()),
            )]
        };
        if SINGLE.contains(&name) {
            let value = values.into_iter().next();
            entries.extend(value.map(|value| (Spanned::new(key, at), value)));
            continue;
        }
        let index = *lists.entry(key.clone()).or_insert_with(|| {
            let list = Kind::List(Vec::new());
            entries.push((
                Spanned::new(key, at),
                Value {
                    kind: list,
                    span: at,
                },
            ));
            entries.len() - 1
        });
        if let Kind::List(items) = &mut entries[index].1.kind {
            items.extend(values);
        }
    }
    Value {
        kind: Kind::Map(entries),
        span: place,
    }
}

/// `dynamic "x" { for_each = ..., content { ... } }`.
fn repeated(
    module: &Module<'_>,
    source: &Source,
    block: &Block,
    name: &str,
    scope: &Scope,
) -> Vec<Value> {
    let at = span(block.ident.span());
    let iterator = block.body.get_attribute("iterator").and_then(|attribute| {
        let Expression::Variable(name) = &attribute.value else {
            return None;
        };
        Some(name.as_str().to_owned())
    });
    let iterator = iterator.unwrap_or_else(|| name.to_owned());
    let (Some(each), Some(content)) = (
        block.body.get_attribute("for_each"),
        block
            .body
            .blocks()
            .find(|block| block.ident.as_str() == "content"),
    ) else {
        return Vec::new();
    };
    let each = module.value(source, &each.value, scope, 0);
    let pairs: Vec<(Value, Value)> = match &each.kind {
        Kind::Map(entries) => entries
            .iter()
            .map(|(key, value)| (Value::text(&key.value, key.span), value.clone()))
            .collect(),
        Kind::List(items) => items
            .iter()
            .map(|item| (item.clone(), item.clone()))
            .collect(),
        Kind::Nothing => Vec::new(),
        Kind::Text(_) => return vec![each.at(at)],
    };
    pairs
        .into_iter()
        .map(|(key, value)| {
            let inner = scope.with(&iterator, key, value);
            blocks(module, source, &content.body, &inner, at)
        })
        .collect()
}

fn span(range: Option<std::ops::Range<usize>>) -> Span {
    let range = range.unwrap_or_default();
    Span::new(range.start, range.end)
}
