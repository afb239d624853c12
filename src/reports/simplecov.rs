//! `SIMPLECOV`: `.resultset.json`, which has a coverage for each command that was run.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::Deserialize;
use serde_json::Value;

use super::coverage::{Coverage, Part};
use super::fault::Fault;
use super::input::Input;
use super::json;

/// Reads one document.
pub(super) fn read(input: &mut Input<'_>, coverage: &mut Coverage) -> Result<(), Fault> {
    let commands = json::read(input, PhantomData::<BTreeMap<String, Command>>)?;
    // Several commands run the same branches.
    let mut branches: BTreeMap<String, BTreeMap<(String, String), bool>> = BTreeMap::new();
    for (path, file) in commands.into_values().flat_map(|command| command.coverage) {
        let id = coverage.open(&path);
        let (lines, forks) = parts(&path, &file)?;
        for (number, count) in (1..).zip(lines) {
            if let Some(count) = count.as_f64() {
                coverage.file(id).line(number, count > 0.0);
            }
        }
        let known = branches.entry(path).or_default();
        for (fork, ways) in forks.into_iter().flatten() {
            for (way, count) in ways.as_object().into_iter().flatten() {
                let hit = count.as_f64().is_some_and(|count| count > 0.0);
                *known.entry((fork.clone(), way.clone())).or_default() |= hit;
            }
        }
    }
    for (path, ways) in branches {
        let id = coverage.open(&path);
        coverage.file(id).total_branches(Part {
            covered: ways.values().filter(|hit| **hit).count() as u64,
            total: ways.len() as u64,
        });
    }
    Ok(())
}

#[derive(Deserialize)]
struct Command {
    #[serde(default)]
    coverage: BTreeMap<String, Value>,
}

type Object = serde_json::Map<String, Value>;

/// A file is an array of lines, or an object that has one.
fn parts<'a>(path: &str, file: &'a Value) -> Result<(&'a [Value], Option<&'a Object>), Fault> {
    let (lines, branches) = match file {
        Value::Object(file) => (file.get("lines"), file.get("branches")),
        lines => (Some(lines), None),
    };
    let lines = lines.and_then(Value::as_array).ok_or_else(|| {
        Fault::Other(format!("the coverage of {path:?} is not an array of lines"))
    })?;
    Ok((lines, branches.and_then(Value::as_object)))
}
