//! What failed, as annotations on the page of a GitHub Actions run.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::text::late;
use super::{github, message};
use crate::engine::event::{Event, Place};
use crate::engine::journal::Watcher;
use crate::engine::phase::{PhaseType, Status};
use crate::reports::show;

/// Says annotations on standard error, which GitHub reads too, so that standard output stays what it is.
pub struct Annotating {
    inner: Box<dyn Watcher>,
    source: PathBuf,
    /// The command that runs: its phase, its text and its place.
    command: Option<(PhaseType, String, Option<Place>)>,
    /// What `CodeBuild` refuses.
    refused: Option<Place>,
    limit: Option<Duration>,
}

impl std::fmt::Debug for Annotating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Annotating").finish_non_exhaustive()
    }
}

impl Annotating {
    /// Annotates files below `source`, beside what `inner` shows.
    pub fn new(inner: Box<dyn Watcher>, source: &Path) -> Self {
        Self {
            inner,
            source: source.to_owned(),
            command: None,
            refused: None,
            limit: None,
        }
    }

    /// The annotations that an event is worth, if any.
    fn annotations(&mut self, event: &Event<'_>) -> String {
        match event {
            Event::ReportMade(document) => return show::github(document, &self.source),
            Event::BuildStarted { limit, .. } => self.limit = *limit,
            Event::CommandStarted {
                phase, text, place, ..
            } => self.command = Some((*phase, text.clone(), place.clone())),
            Event::CommandEnded { exit, .. } => {
                if let Some((phase, text, place)) = self.command.take()
                    && !exit.success()
                {
                    let message = format!("{exit}: {}", text.trim_end());
                    return self.error(phase, place.as_ref(), &message);
                }
            }
            Event::Refused { place, .. } => self.refused = Some(place.clone()),
            Event::PhaseLeft {
                phase,
                status,
                context,
                ..
            } => {
                let running = self.command.take();
                if *status == Status::TimedOut {
                    let (text, place) = running
                        .map_or_else(Default::default, |(_, text, place)| {
                            (format!(": {}", text.trim_end()), place)
                        });
                    let message = late(self.limit) + &text;
                    return self.error(*phase, place.as_ref(), &message);
                }
                let running = running.and_then(|(_, _, place)| place);
                let place = self.refused.take().or(running);
                // A failed command has told already.
                if !context.code.is_empty() && context.code != "COMMAND_EXECUTION_ERROR" {
                    return self.error(*phase, place.as_ref(), &context.message);
                }
            }
            _ => {}
        }
        String::new()
    }

    fn error(&self, phase: PhaseType, place: Option<&Place>, message: &str) -> String {
        let title = format!("{} failed", phase.name());
        github::error(&self.source, place, &title, message)
    }
}

impl Watcher for Annotating {
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
        message::print(&self.annotations(event));
        self.inner.event(at, event)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.inner.idle()
    }

    fn is_vital(&self) -> bool {
        self.inner.is_vital()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::phase::{Context, Exit};

    struct Nobody;

    impl Watcher for Nobody {
        fn event(&mut self, _: Timestamp, _: &Event<'_>) -> io::Result<()> {
            Ok(())
        }
    }

    fn place(line: usize) -> Place {
        Place {
            file: "buildspec.yml".to_owned(),
            line,
            column: 9,
            excerpt: String::new(),
        }
    }

    fn said(events: &[Event<'_>]) -> String {
        let mut annotating = Annotating::new(Box::new(Nobody), Path::new("/app"));
        let mut said = String::new();
        for event in events {
            said += &annotating.annotations(event);
        }
        said
    }

    fn started() -> Event<'static> {
        Event::CommandStarted {
            phase: PhaseType::Build,
            finally: false,
            number: 1,
            text: "npm test\n".to_owned(),
            place: Some(place(9)),
        }
    }

    fn ended(code: u8) -> Event<'static> {
        Event::CommandEnded {
            text: "npm test\n".to_owned(),
            exit: Exit::Status(code),
            duration: Duration::ZERO,
        }
    }

    fn left(code: &str, message: &str) -> Event<'static> {
        Event::PhaseLeft {
            phase: PhaseType::Build,
            status: Status::Failed,
            context: Context::new(code, message),
            duration: Duration::ZERO,
        }
    }

    #[test]
    fn a_failed_command_is_told_once() {
        let failed = left("COMMAND_EXECUTION_ERROR", "Error while ...");
        assert_eq!(
            said(&[started(), ended(0), started(), ended(1), failed]),
            "::error file=/app/buildspec.yml,line=9,col=9,title=BUILD failed::exit status 1: npm test\n"
        );
    }

    #[test]
    fn what_fails_without_a_command_is_told_by_its_phase() {
        let refused = Event::Refused {
            place: place(3),
            message: "no such phase".to_owned(),
            help: Vec::new(),
        };
        assert_eq!(
            said(&[refused, left("YAML_FILE_ERROR", "unknown")]),
            "::error file=/app/buildspec.yml,line=3,col=9,title=BUILD failed::unknown\n"
        );
        let begun = Event::BuildStarted {
            number: 1,
            runtime: "host",
            image: String::new(),
            source: String::new(),
            folder: String::new(),
            limit: Some(Duration::from_secs(2)),
        };
        let late = |phase| Event::PhaseLeft {
            phase,
            status: Status::TimedOut,
            context: Context::default(),
            duration: Duration::ZERO,
        };
        assert_eq!(
            said(&[begun, started(), late(PhaseType::Build)]),
            "::error file=/app/buildspec.yml,line=9,col=9,title=BUILD failed::time limit of 2.0 s reached: npm test\n"
        );
        assert_eq!(
            said(&[late(PhaseType::Provisioning)]),
            "::error title=PROVISIONING failed::time limit reached\n"
        );
        assert_eq!(said(&[left("", "")]), "");
    }
}
