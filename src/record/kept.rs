//! Builds that were kept, read again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::output::numbers;
use crate::reports::model::ReportDocument;

/// The folder of the build that a person names: `latest`, a number, an id or its uuid.
pub fn find(output: &Path, name: &str) -> Result<PathBuf> {
    let builds = output.join("builds");
    let kept = numbers(&builds).unwrap_or_default();
    let found = if name == "latest" {
        fs::canonicalize(output.join("latest")).ok()
    } else if let Ok(number) = name.parse::<u64>() {
        let kept = kept.contains(&number);
        kept.then(|| builds.join(number.to_string()))
    } else {
        let mut folders = kept.iter().map(|number| builds.join(number.to_string()));
        folders.find(|folder| has_id(folder, name))
    };
    found.ok_or_else(|| {
        let place = output.display();
        match (kept.first(), kept.last()) {
            (Some(first), Some(last)) => Error::usage(format!("no build {name} in {place}"))
                .hint(format!("builds {first} to {last} are kept there")),
            _ => Error::usage(format!("no build is kept in {place}"))
                .hint("name the place with --output; `buildspec run` makes a build"),
        }
    })
}

fn has_id(folder: &Path, name: &str) -> bool {
    let id = record(folder).and_then(|record| Some(record.get("id")?.as_str()?.to_owned()));
    id.is_some_and(|id| id == name || id.split_once(':').is_some_and(|(_, uuid)| uuid == name))
}

fn record(folder: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(folder.join("build.json")).ok()?).ok()
}

/// The reports of a kept build, in the order in which they were made.
pub fn reports(folder: &Path) -> Result<Vec<ReportDocument>> {
    let Ok(groups) = fs::read_dir(folder.join("reports")) else {
        return Ok(Vec::new());
    };
    let mut documents = Vec::new();
    for group in groups.flatten() {
        let file = group.path().join("report.json");
        // A build that died may have left a group's raw files alone.
        if !file.exists() {
            continue;
        }
        let unreadable = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::environment(format!("{} can't be read", file.display())).because(error)
        };
        let bytes = fs::read(&file).map_err(|error| unreadable(error.into()))?;
        let document: ReportDocument =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.into()))?;
        documents.push(document);
    }
    let record = record(folder).unwrap_or_default();
    let arns = record.get("reportArns").and_then(Value::as_array);
    documents.sort_by_cached_key(|document| {
        let made = arns.and_then(|arns| arns.iter().position(|arn| *arn == *document.report.arn));
        (made.unwrap_or(usize::MAX), document.report.name.clone())
    });
    Ok(documents)
}
