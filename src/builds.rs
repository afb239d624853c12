//! The builds that an output directory keeps, as their records tell of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::output;
use crate::reports::model::ReportDocument;

/// One kept build.
#[derive(Clone, Debug)]
pub struct Kept {
    pub number: u64,
    pub folder: PathBuf,
    /// `build.json`; null where it can't be read.
    pub record: Value,
    /// Whether its process lives.
    pub running: bool,
}

impl Kept {
    /// The API's name of its status; `DIED` for one that nobody ended.
    pub fn status(&self) -> &str {
        let complete = self.record["buildComplete"] == true;
        match self.record["buildStatus"].as_str() {
            Some(status) if complete || self.running => status,
            _ => "DIED",
        }
    }

    /// `2026-11-20 22:53:07`, in UTC; empty when unknown.
    pub fn started(&self) -> String {
        time(&self.record["startTime"])
            .map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
            .unwrap_or_default()
    }

    /// From its start to its end; none while it has none.
    pub fn seconds(&self) -> Option<f64> {
        Some(self.record["endTime"].as_f64()? - self.record["startTime"].as_f64()?)
    }

    /// The log, as far as it was written.
    pub fn log(&self) -> PathBuf {
        self.folder.join("build.log")
    }

    /// Its reports, in the order in which they were made.
    pub fn reports(&self) -> Result<Vec<ReportDocument>> {
        let Ok(groups) = fs::read_dir(self.folder.join("reports")) else {
            return Ok(Vec::new());
        };
        let mut documents = Vec::new();
        for group in groups.flatten() {
            let file = group.path().join("report.json");
            // A build that died may have left a group's raw files alone.
            if file.exists() {
                documents.push(report(&file)?);
            }
        }
        let arns = self.record["reportArns"].as_array();
        documents.sort_by_cached_key(|document| {
            let arn = document.report.arn.as_str();
            let made = arns.and_then(|arns| arns.iter().position(|known| known == arn));
            (made.unwrap_or(usize::MAX), document.report.name.clone())
        });
        Ok(documents)
    }

    /// Name, status, seconds and message of each phase.
    pub fn phases(&self) -> Vec<(&str, &str, Option<i64>, &str)> {
        let phases = self.record["phases"].as_array().map(Vec::as_slice);
        phases
            .unwrap_or_default()
            .iter()
            .map(|phase| {
                (
                    phase["phaseType"].as_str().unwrap_or_default(),
                    phase["phaseStatus"].as_str().unwrap_or_default(),
                    phase["durationInSeconds"].as_i64(),
                    phase["contexts"][0]["message"].as_str().unwrap_or_default(),
                )
            })
            .collect()
    }
}

fn report(file: &Path) -> Result<ReportDocument> {
    let read = fs::read(file).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
    read.map_err(|error| {
        Error::environment(format!("{} can't be read", file.display())).because(error)
    })
}

fn time(seconds: &Value) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the year 292 million is far"
    )]
    let milliseconds = (seconds.as_f64()? * 1000.0) as i64;
    Timestamp::from_millisecond(milliseconds).ok()
}

/// All of them, the oldest first.
pub fn all(output: &Path) -> Result<Vec<Kept>> {
    let builds = output.join("builds");
    match output::numbers(&builds) {
        Ok(numbers) => Ok(numbers
            .into_iter()
            .map(|number| read(&builds, number))
            .collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::environment(format!(
            "{} can't be read: {error}",
            builds.display()
        ))),
    }
}

/// One of them: by its number, by its id (`project:uuid` or the beginning of the uuid), or the newest.
pub fn find(output: &Path, name: Option<&str>) -> Result<Kept> {
    let mut all = all(output)?;
    let found = match name {
        None | Some("latest") => all.pop(),
        Some(name) => all.into_iter().find(|kept| {
            let id = kept.record["id"].as_str().unwrap_or_default();
            let uuid = id.split_once(':').map_or("", |(_, uuid)| uuid);
            kept.number.to_string() == name
                || id == name
                || (name.len() >= 4 && uuid.starts_with(name))
        }),
    };
    found.ok_or_else(|| {
        let what = name.map_or_else(|| "no build".to_owned(), |name| format!("no build {name}"));
        Error::usage(format!("{} keeps {what}", output.display()))
            .hint("`buildspec list` shows what is kept; --output names another directory")
    })
}

fn read(builds: &Path, number: u64) -> Kept {
    let folder = builds.join(number.to_string());
    let record = fs::read(folder.join("build.json"))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    Kept {
        number,
        running: output::is_taken(&folder),
        folder,
        record,
    }
}
