//! The one door through which events reach whoever watches: stamped, masked, in order.

use std::io;
use std::time::Instant;

use jiff::Timestamp;

use super::event::{Event, Place};
use super::phase::{Context, PhaseType, Status};
use crate::env::mask::Rewriter;

/// Watches a build.
pub trait Watcher: Send {
    /// Something happened. `Output` arrives masked, in pieces of any size.
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()>;

    /// Nothing more comes for the moment: show what is buffered.
    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Whether a write error of this watcher has to end the build. A closed terminal need not, a full disk must.
    fn is_vital(&self) -> bool {
        true
    }
}

/// Hands events to watchers.
pub struct Journal {
    rewriter: Rewriter,
    watchers: Vec<Box<dyn Watcher>>,
    broken: Option<io::Error>,
    /// The phase that was entered and not left.
    open: Option<(PhaseType, Instant)>,
    /// Whether a command was started and not ended.
    running: bool,
    /// Only for [`Event::Output`], to save an allocation per piece.
    scratch: Vec<u8>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("watchers", &self.watchers.len())
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// A journal that rewrites every text before anybody sees it.
    pub fn new(rewriter: Rewriter, watchers: Vec<Box<dyn Watcher>>) -> Self {
        Self {
            rewriter,
            watchers,
            broken: None,
            open: None,
            running: false,
            scratch: Vec::new(),
        }
    }

    /// From here on, texts are rewritten by another rule.
    pub fn rewrite_by(&mut self, rewriter: Rewriter) {
        self.flush_held();
        self.rewriter = rewriter;
    }

    /// Tells all watchers.
    pub fn emit(&mut self, event: &Event<'_>) {
        match event {
            Event::Output(bytes) => self.output(bytes),
            other => {
                match other {
                    Event::CommandStarted { .. } => self.running = true,
                    Event::CommandEnded { .. } => self.running = false,
                    _ => {}
                }
                self.flush_held();
                let masked = self.masked(other);
                self.hand_over(masked.as_ref().unwrap_or(other));
            }
        }
    }

    /// A phase begins.
    pub fn enter(&mut self, phase: PhaseType) {
        self.open = Some((phase, Instant::now()));
        self.emit(&Event::PhaseEntered(phase));
    }

    /// The phase that was entered last ends; nothing happens when none is open.
    pub fn leave(&mut self, status: Status, context: Context) {
        if std::mem::take(&mut self.running) {
            // Its output may have broken off within a line.
            self.emit(&Event::Output(b"\n"));
        }
        if let Some((phase, entered)) = self.open.take() {
            self.emit(&Event::PhaseLeft {
                phase,
                status,
                context,
                duration: entered.elapsed(),
            });
        }
    }

    /// A line that the agent says.
    pub fn say(&mut self, text: impl Into<String>) {
        self.emit(&Event::Message(text.into()));
    }

    /// Nothing more comes for the moment.
    pub fn idle(&mut self) {
        self.each(|watcher| watcher.idle());
    }

    /// The first error of a vital watcher; from then on that watcher hears nothing more.
    pub fn take_broken(&mut self) -> Option<io::Error> {
        self.broken.take()
    }

    /// Whether a vital watcher failed.
    pub fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    fn output(&mut self, bytes: &[u8]) {
        let mut scratch = std::mem::take(&mut self.scratch);
        self.rewriter.push(bytes, &mut scratch);
        if !scratch.is_empty() {
            self.hand_over(&Event::Output(&scratch));
        }
        scratch.clear();
        self.scratch = scratch;
    }

    fn flush_held(&mut self) {
        let held = self.rewriter.finish();
        if !held.is_empty() {
            self.hand_over(&Event::Output(&held));
        }
    }

    fn masked(&self, event: &Event<'_>) -> Option<Event<'static>> {
        let text = |text: &str| self.rewriter.rewrite(text);
        let place = |place: &Place| Place {
            excerpt: text(&place.excerpt),
            ..place.clone()
        };
        Some(match event {
            Event::Message(message) => Event::Message(text(message)),
            Event::Note(message) => Event::Note(text(message)),
            Event::Warning(message) => Event::Warning(text(message)),
            Event::CommandStarted {
                phase,
                finally,
                number,
                text: command,
                place: at,
            } => Event::CommandStarted {
                phase: *phase,
                finally: *finally,
                number: *number,
                text: text(command),
                place: at.as_ref().map(place),
            },
            Event::Refused {
                place: at,
                message,
                help,
            } => Event::Refused {
                place: place(at),
                message: text(message),
                help: help.iter().map(|help| text(help)).collect(),
            },
            Event::Finding {
                rule,
                severity,
                place: at,
                message,
                help,
            } => Event::Finding {
                rule,
                severity: *severity,
                place: place(at),
                message: text(message),
                help: help.iter().map(|help| text(help)).collect(),
            },
            Event::ReportMade(document) => {
                Event::ReportMade(Box::new((**document).clone().map_texts(text)))
            }
            Event::Exported(variables) => {
                let variables = variables.iter();
                Event::Exported(
                    variables
                        .map(|(name, value)| (name.clone(), text(value)))
                        .collect(),
                )
            }
            Event::Hint { rule, text: hint } => Event::Hint {
                rule,
                text: text(hint),
            },
            Event::CommandEnded {
                text: command,
                exit,
                duration,
            } => Event::CommandEnded {
                text: text(command),
                exit: *exit,
                duration: *duration,
            },
            Event::PhaseLeft {
                phase,
                status,
                context,
                duration,
            } => {
                let mut context = context.clone();
                context.message = text(&context.message);
                Event::PhaseLeft {
                    phase: *phase,
                    status: *status,
                    context,
                    duration: *duration,
                }
            }
            Event::Output(_)
            | Event::BuildStarted { .. }
            | Event::PhaseEntered(_)
            | Event::Progress(_)
            | Event::ArtifactsCollected { .. }
            | Event::Paused { .. }
            | Event::Resumed(_)
            | Event::BuildEnded { .. } => return None,
        })
    }

    fn hand_over(&mut self, event: &Event<'_>) {
        let at = Timestamp::now();
        self.each(|watcher| watcher.event(at, event));
    }

    fn each(&mut self, mut tell: impl FnMut(&mut dyn Watcher) -> io::Result<()>) {
        let broken = &mut self.broken;
        self.watchers
            .retain_mut(|watcher| match tell(watcher.as_mut()) {
                Ok(()) => true,
                Err(error) => {
                    if watcher.is_vital() {
                        broken.get_or_insert(error);
                    }
                    false
                }
            });
    }
}
