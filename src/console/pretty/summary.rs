//! What a build came to.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::failure::{Failure, Refused, position};
use crate::console::message::harmless;
use crate::console::text::{BAD, BOLD, DIM, NAME, count, seconds, size, status_paint};
use crate::console::{Style, Verbosity};
use crate::engine::event::Event;
use crate::engine::phase::{PhaseType, Status};

/// A failure further up than this is told again at the end, with so many of its last lines.
const OUT_OF_SIGHT: usize = 20;
pub(super) const REPEATED: usize = 10;
/// More exported variables than this are only counted.
const MOST_VARIABLES: usize = 10;

/// Gathers what the last lines tell.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) source: String,
    folder: String,
    phases: Vec<(PhaseType, Status, Duration)>,
    /// The last phase in which a command ran.
    busy: Option<PhaseType>,
    artifacts: Vec<Artifact>,
    exported: Vec<(String, String)>,
    status: Option<(Status, Duration)>,
    /// Why the build failed, where no command says so.
    pub(super) reason: Option<String>,
    pub(super) refused: Option<Refused>,
    pub(super) pulled: bool,
    pub(super) limit: Option<Duration>,
}

#[derive(Debug)]
struct Artifact {
    location: String,
    files: u64,
    bytes: u64,
}

impl Summary {
    pub(super) fn take_in(&mut self, event: &Event<'_>) {
        match event {
            Event::BuildStarted {
                source,
                folder,
                limit,
                ..
            } => {
                self.limit = *limit;
                self.source.clone_from(source);
                self.folder.clone_from(folder);
            }
            Event::CommandStarted { phase, .. } => self.busy = Some(*phase),
            Event::PhaseLeft {
                phase,
                status,
                duration,
                ..
            } if self.busy == Some(*phase)
                || takes_time(*phase)
                || *status != Status::Succeeded =>
            {
                self.phases.push((*phase, *status, *duration));
            }
            Event::ArtifactsCollected {
                location,
                files,
                bytes,
                ..
            } => self.artifacts.push(Artifact {
                location: location.clone(),
                files: *files,
                bytes: *bytes,
            }),
            Event::Refused {
                place,
                message,
                help,
            } => {
                self.refused = Some(Refused {
                    place: place.clone(),
                    message: message.clone(),
                    help: help.clone(),
                });
            }
            Event::Exported(variables) => self.exported.clone_from(variables),
            Event::BuildEnded { status, duration } => self.status = Some((*status, *duration)),
            _ => {}
        }
    }

    pub(super) fn show(&self, style: &Style, failures: &[Failure]) -> String {
        let mut text = "\n".to_owned();
        for failure in failures {
            let seen = failure.lines_after <= OUT_OF_SIGHT && !style.is_github();
            if !seen {
                text.push_str(&repeated(style, failure));
            }
        }
        for (phase, status, duration) in &self.phases {
            let good = *status == Status::Succeeded;
            let word = if good { "" } else { status.name() };
            let line = format!(
                "  {} {:<16} {:>8}  {}",
                style.mark(good),
                phase.name(),
                seconds(*duration),
                style.paint(status_paint(*status), word)
            );
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push('\n');
        self.places(style, &mut text);
        text.push_str(&self.verdict(style, failures));
        text
    }

    fn places(&self, style: &Style, text: &mut String) {
        let mut row = |name: &str, value: &str| {
            let name = style.paint(DIM, &format!("{name:<9}"));
            let _ = writeln!(text, "  {name}  {value}");
        };
        row("output", &harmless(&self.folder));
        if style.verbosity != Verbosity::Quiet || !self.succeeded() {
            row("log", &self.within(&format!("{}/build.log", self.folder)));
        }
        for (index, artifact) in self.artifacts.iter().enumerate() {
            let name = if index == 0 { "artifacts" } else { "" };
            let amount = format!(
                "{}, {}",
                count(artifact.files, "file"),
                size(artifact.bytes)
            );
            row(
                name,
                &format!("{amount} in {}", self.within(&artifact.location)),
            );
        }
        for (index, (name, value)) in self.exported.iter().take(MOST_VARIABLES).enumerate() {
            let title = if index == 0 { "exported" } else { "" };
            let line = format!(
                "{}={}",
                harmless(name),
                harmless(value).replace('\n', "\\n")
            );
            row(title, &style.fit(&line, style.edge().saturating_sub(13)));
        }
        if self.exported.len() > MOST_VARIABLES {
            let more = count(
                (self.exported.len() - MOST_VARIABLES) as u64,
                "more variable",
            );
            row("", &style.paint(DIM, &more));
        }
    }

    /// Paths inside the build's folder are short: the folder is named once.
    fn within(&self, path: &str) -> String {
        let inside = Path::new(path).strip_prefix(&self.folder);
        harmless(&inside.unwrap_or(Path::new(path)).display().to_string())
    }

    fn succeeded(&self) -> bool {
        matches!(self.status, Some((Status::Succeeded, _)))
    }

    fn verdict(&self, style: &Style, failures: &[Failure]) -> String {
        let Some((status, duration)) = self.status else {
            return String::new();
        };
        let mut text = format!("{} after {}", status.name(), seconds(duration));
        let reason = match failures.first() {
            Some(failure) => {
                let place = failure.place.as_ref().map(position).unwrap_or_default();
                Some(format!(
                    "{} in {} at {place}",
                    failure.reason, failure.phase
                ))
            }
            None => self.reason.as_deref().map(harmless),
        };
        if let Some(reason) = reason.filter(|_| status != Status::Succeeded) {
            let _ = write!(text, ": {reason}");
        } else if !failures.is_empty() {
            let _ = write!(
                text,
                ", {} let pass",
                count(failures.len() as u64, "failed command")
            );
        }
        let text = style.wrap(&text, 0);
        let rest = text.strip_prefix(status.name()).unwrap_or_default();
        let word = style.paint(status_paint(status).bold(), status.name());
        format!("\n{word}{rest}\n")
    }
}

/// A failure that has left the screen.
fn repeated(style: &Style, failure: &Failure) -> String {
    let command = harmless(failure.command.trim());
    let first = command.lines().next().unwrap_or_default();
    let first = style.fit(first, style.edge().saturating_sub(4));
    let mut text = format!("  {} {}\n", style.mark(false), style.paint(NAME, &first));
    for line in &failure.last_words {
        let line = format!("    {}", style.fit(line, style.width.saturating_sub(5)));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let place = failure.place.as_ref().map(position).unwrap_or_default();
    let reason = style.paint(BAD, &failure.reason);
    let _ = writeln!(text, "    {reason} {} {place}", style.paint(DIM, "-->"));
    for hint in &failure.hints {
        let word = style.paint(BOLD, "hint");
        let _ = writeln!(text, "    {word}: {}", style.wrap(&harmless(hint), 10));
    }
    text.push('\n');
    text
}

/// Phases without commands that are more than a moment.
fn takes_time(phase: PhaseType) -> bool {
    matches!(
        phase,
        PhaseType::DownloadSource | PhaseType::UploadArtifacts | PhaseType::Provisioning
    )
}
