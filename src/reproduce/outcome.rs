//! What became of a build that was run again: where both ended, what was missing here, and how the logs differ.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::differences::{self, Difference};
use super::{Masks, recorded_log};
use crate::compare::{Comparison, compare, human};
use crate::error::{Error, Result};
use crate::hint;
use crate::options::Options;
use crate::project::build::{self, Failure, Recorded};
use crate::source::Source;

/// The file in the build's folder that holds an outcome.
pub const FILE: &str = "comparison.json";

/// Both builds, side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The recorded build's id.
    pub recorded: String,
    /// The id of the build here.
    pub here: String,
    /// Whether both ended in the same phase, by the same command, for the same reason.
    pub same_end: bool,
    pub recorded_end: End,
    pub end_here: End,
    pub missing: Missing,
    pub differences: Vec<Difference>,
    /// Phase by phase, as the records have it.
    pub phases: Vec<PhasePair>,
    /// The logs, where the recorded one was there.
    pub comparison: Option<Comparison>,
}

/// How a build ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct End {
    /// `SUCCEEDED`, `FAILED` and their like.
    pub status: String,
    /// The phase that did not succeed, where one did not.
    pub phase: Option<String>,
    /// Why, in `CodeBuild`'s words.
    pub message: String,
}

/// What the build looked for here in vain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Missing {
    pub variables: Vec<String>,
    pub tools: Vec<String>,
}

/// One phase in both records; empty where it did not begin.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhasePair {
    pub phase: String,
    pub recorded: String,
    pub here: String,
    pub recorded_seconds: Option<f64>,
    pub seconds_here: Option<f64>,
}

/// Phases in which nothing of the build happens.
const SILENT: [&str; 5] = [
    "SUBMITTED",
    "QUEUED",
    "PROVISIONING",
    "FINALIZING",
    "COMPLETED",
];

impl Outcome {
    /// Reads what the build left in its folder, and sets it against the record.
    ///
    /// # Errors
    ///
    /// The build's own files can't be read.
    pub fn of(
        recorded: &Recorded,
        log: Option<String>,
        differences: Vec<Difference>,
        folder: &Path,
        options: &Options,
        masks: &Masks,
    ) -> Result<Self> {
        let file = folder.join("build.json");
        let text = fs::read_to_string(&file).map_err(|error| {
            Error::environment(format!("{} can't be read: {error}", file.display()))
        })?;
        let here = build::read(&Source::new(file.display().to_string(), text), None)?;
        let own = folder.join("build.log");
        let is_long = recorded_log::length(&own)? > recorded_log::LONG
            || log
                .as_ref()
                .is_some_and(|log| log.len() as u64 > recorded_log::LONG);
        // Both are hidden in alike, or they would differ where only one hides.
        let own = masks.hide(&recorded_log::read(&own, is_long)?);
        let log = match log.map(|log| masks.hide(&log)) {
            Some(log) if is_long => {
                Some(recorded_log::cut_down(&mut log.as_bytes()).unwrap_or(log))
            }
            log => log,
        };
        let (mut recorded, mut here) = (recorded.clone(), here);
        for build in [&mut recorded, &mut here] {
            hide_messages(build, masks);
        }
        let recorded = &recorded;
        let (recorded_end, end_here) = (End::of(recorded), End::of(&here));
        Ok(Self {
            recorded: recorded.id.clone(),
            here: here.id.clone(),
            same_end: same_end(recorded, &here),
            recorded_end,
            end_here,
            missing: Missing::of(recorded, log.as_deref(), &own, options),
            differences: differences
                .into_iter()
                .map(|one| one.rewritten(|text| masks.hide(text)))
                .collect(),
            phases: pairs(recorded, &here),
            comparison: log.map(|log| compare(&log, &own)),
        })
    }

    /// Writes it beside the build's other files.
    ///
    /// # Errors
    ///
    /// The file can't be written.
    pub fn keep(&self, folder: &Path) -> Result<()> {
        let file = folder.join(FILE);
        fs::write(&file, self.json()).map_err(|error| {
            Error::environment(format!("{} can't be written: {error}", file.display()))
        })
    }

    /// As JSON, with a line break behind it.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// For people: what was missing, the logs, the verdict.
    pub fn human(&self) -> String {
        let mut text = String::new();
        for name in &self.missing.variables {
            text.push_str(&format!("missing here: the variable {name}\n"));
        }
        for name in &self.missing.tools {
            text.push_str(&format!("missing here: the program {name}\n"));
        }
        if let Some(comparison) = &self.comparison {
            return text + &human::render(comparison) + &self.verdict();
        }
        for pair in &self.phases {
            let (phase, recorded, here) = (&pair.phase, &pair.recorded, &pair.here);
            let here = if recorded == here {
                "the same here".to_owned()
            } else {
                format!("{} here", or_none(here))
            };
            text.push_str(&format!(
                "{phase:<17} {} recorded, {here}\n",
                or_none(recorded)
            ));
        }
        text.push_str("No log of the recorded build was there to compare with: --log FILE.\n");
        text + &self.verdict()
    }

    /// One sentence, or three lines.
    fn verdict(&self) -> String {
        let (recorded, here) = (&self.recorded_end, &self.end_here);
        match (self.same_end, recorded.phase.is_some()) {
            (true, true) => format!("Failed as recorded, in {recorded}\n"),
            (true, false) => "Ended as recorded: SUCCEEDED\n".to_owned(),
            (false, _) => {
                format!("Ended in another way.\n  recorded: {recorded}\n  here:     {here}\n")
            }
        }
    }
}

/// What the contexts of phases say may quote what a command printed.
fn hide_messages(build: &mut Recorded, masks: &Masks) {
    let phases = build.phases.iter_mut();
    for (_, message) in phases.flat_map(|phase| &mut phase.contexts) {
        *message = masks.hide(message);
    }
}

fn or_none(status: &str) -> &str {
    if status.is_empty() {
        "not begun"
    } else {
        status
    }
}

impl End {
    fn of(build: &Recorded) -> Self {
        let failure = build.failure();
        Self {
            status: build.status.clone(),
            phase: failure.as_ref().map(|failure| failure.phase.to_owned()),
            message: failure.map_or_else(String::new, |failure| failure.message.to_owned()),
        }
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.phase {
            Some(phase) if self.message.is_empty() => write!(f, "{phase}"),
            Some(phase) => write!(f, "{phase}: {}", self.message.trim()),
            None => f.write_str(&self.status),
        }
    }
}

fn same_end(recorded: &Recorded, here: &Recorded) -> bool {
    match (recorded.failure(), here.failure()) {
        (Some(a), Some(b)) => a.phase == b.phase && a.status == b.status && alike(&a, &b),
        (None, None) => recorded.status == here.status,
        _ => false,
    }
}

/// The same command and reason, or the same message but for paths and ids.
fn alike(recorded: &Failure<'_>, here: &Failure<'_>) -> bool {
    let comparison = compare(&as_log(recorded), &as_log(here));
    comparison.same
}

/// A log of which this is all there is, so that it is compared as logs are.
fn as_log(failure: &Failure<'_>) -> String {
    format!(
        "[Container] 2026/01/01 00:00:00.000000 Phase complete: {} State: FAILED\n\
         [Container] 2026/01/01 00:00:00.000000 Phase context status code:  Message: {}\n",
        failure.phase, failure.message
    )
}

impl Missing {
    /// Variables without a value, and programs that were found in the recorded build and not here.
    fn of(recorded: &Recorded, log: Option<&str>, own: &str, options: &Options) -> Self {
        let said = |text: &str, what: fn(&str) -> Option<&str>| -> BTreeSet<String> {
            text.lines().filter_map(what).map(str::to_owned).collect()
        };
        let only_here = |what: fn(&str) -> Option<&str>| {
            let before = log.map(|log| said(log, what)).unwrap_or_default();
            let mut names = said(own, what);
            names.retain(|name| !before.contains(name));
            names
        };
        let mut variables = only_here(hint::unset_variable);
        let hidden = differences::hidden_variables(recorded, options);
        variables.extend(hidden.map(str::to_owned));
        Self {
            variables: variables.into_iter().collect(),
            tools: only_here(hint::missing_program).into_iter().collect(),
        }
    }
}

fn pairs(recorded: &Recorded, here: &Recorded) -> Vec<PhasePair> {
    let mut names: Vec<&str> = Vec::new();
    for phase in recorded.phases.iter().chain(&here.phases) {
        let name = phase.kind.as_str();
        if !names.contains(&name) && !SILENT.contains(&name) {
            names.push(name);
        }
    }
    let of = |build: &Recorded, name: &str| {
        let found = build.phases.iter().find(|phase| phase.kind == name);
        found.map_or_else(Default::default, |phase| {
            (phase.status.clone(), phase.seconds)
        })
    };
    names
        .into_iter()
        .map(|name| {
            let (recorded, recorded_seconds) = of(recorded, name);
            let (here, seconds_here) = of(here, name);
            PhasePair {
                phase: name.to_owned(),
                recorded,
                here,
                recorded_seconds,
                seconds_here,
            }
        })
        .collect()
}
