//! A build for people: phases as they go, commands with their times, failures where they happen, a summary.
//!
//! On a terminal a command's output runs below a spinner and is folded when the command has ended well. Elsewhere
//! nothing changes in place, and output appears as it comes.

mod command;
mod failure;
mod sequences;
mod summary;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use jiff::Timestamp;

use super::live::Live;
use super::message::harmless;
use super::tail::Tail;
use super::text::{self, BOLD, DIM, WARN, seconds};
use super::{Style, Verbosity, github};
use crate::diagnostic::Severity;
use crate::engine::event::{Event, Place, Progress, Wait};
use crate::engine::journal::Watcher;
use crate::engine::phase::{Context, PhaseType, Status};
use crate::reports::model::{ReportDocument, ReportStatus};
use crate::reports::show;
use failure::Failure;
use sequences::Sequences;
use summary::Summary;

/// So many findings about the buildspec are shown; the build is what people came for.
const MOST_FINDINGS: usize = 10;

/// Lines of output below the spinner.
const LIVE_LINES: usize = 5;

/// Shows a build.
#[derive(Debug)]
pub struct Pretty<W: Write> {
    out: W,
    style: Style,
    live: Option<Live>,
    /// What this event adds to the screen.
    text: Vec<u8>,
    /// The phase that is open, and whether anything was said about it.
    phase: Option<(PhaseType, bool)>,
    command: Option<Running>,
    tail: Tail,
    /// Of the build, which has no business with the terminal.
    sequences: Sequences,
    /// The last line of streamed output has not ended yet.
    line_open: bool,
    /// The build's own escape codes may still be in force.
    colored: bool,
    /// Something stands between the first line and the summary.
    spoke: bool,
    /// Of the buildspec, shown or not, until something else comes.
    findings: usize,
    failures: Vec<Failure>,
    summary: Summary,
}

/// The command that runs.
#[derive(Debug)]
struct Running {
    text: String,
    place: Option<Place>,
    /// Whether it stands in `finally`, and its number there.
    number: (bool, usize),
}

impl<W: Write + Send> Pretty<W> {
    /// Shows a build on `out`, and what changes in place on standard error.
    pub fn new(out: W, style: Style) -> Self {
        Self {
            out,
            style,
            live: style.is_live().then(|| Live::new(style)),
            text: Vec::new(),
            phase: None,
            command: None,
            tail: Tail::default(),
            sequences: Sequences::default(),
            line_open: false,
            colored: false,
            spoke: false,
            findings: 0,
            failures: Vec::new(),
            summary: Summary::default(),
        }
    }

    fn quiet(&self) -> bool {
        self.style.verbosity == Verbosity::Quiet
    }

    /// Output waits for the end of its command.
    fn folds(&self) -> bool {
        self.quiet() || self.style.is_live() && self.style.verbosity == Verbosity::Normal
    }

    /// A window may have become wider or narrower.
    fn measure(&mut self) {
        let Some(width) = self.style.measure.and_then(|measure| measure()) else {
            return;
        };
        self.style.width = width;
        if let Some(live) = &mut self.live {
            live.fit(width);
        }
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.text.extend_from_slice(line.as_ref().as_bytes());
        self.text.push(b'\n');
    }

    /// The phase's name, before the first thing that is said in it.
    fn heading(&mut self) {
        let Some((phase, said @ false)) = &mut self.phase else {
            return;
        };
        *said = true;
        self.spoke = true;
        let name = phase.name();
        if self.style.is_github() {
            self.text.extend_from_slice(github::group(name).as_bytes());
        } else {
            let name = self.style.paint(BOLD, name);
            self.line(name);
        }
    }

    fn started(&mut self, number: u64, image: &str, runtime: &str, source: &str) {
        let what = match runtime {
            "docker" => harmless(image),
            _ => "this host, no container".to_owned(),
        };
        let title = self.style.paint(BOLD, &format!("build {number}"));
        let dash = self.style.symbol("\u{b7}", "-");
        self.line(format!("{title} {dash} {what} {dash} {}", harmless(source)));
        self.text.push(b'\n');
    }

    fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        let bytes = if self.style.is_terminal() {
            &self.sequences.strip(bytes, self.style.color)
        } else {
            bytes
        };
        self.tail.push(bytes);
        if self.quiet() {
            return Ok(());
        }
        if self.folds() && self.command.is_some() {
            return self.refresh();
        }
        if let Some(live) = &mut self.live {
            live.stop();
        }
        self.heading();
        self.colored |= memchr::memchr(0x1b, bytes).is_some();
        let mut start = 0;
        while start < bytes.len() {
            let newline = memchr::memchr(b'\n', &bytes[start..]);
            let end = newline.map_or(bytes.len(), |at| start + at + 1);
            if !self.line_open && bytes[start] != b'\n' {
                self.text.extend_from_slice(b"    ");
            }
            self.text.extend_from_slice(&bytes[start..end]);
            self.line_open = newline.is_none();
            start = end;
        }
        self.out.write_all(&self.text)?;
        self.text.clear();
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "stands for a write in `output`")]
    fn refresh(&mut self) -> io::Result<()> {
        if let Some(live) = self.live.as_mut().filter(|live| live.is_stale()) {
            live.tail(&self.tail.last(LIVE_LINES));
        }
        Ok(())
    }

    fn end_output(&mut self) {
        if std::mem::take(&mut self.colored) && self.style.color {
            self.text.extend_from_slice(b"\x1b[0m");
        }
        if std::mem::take(&mut self.line_open) {
            self.text.push(b'\n');
        }
    }

    fn says(&mut self, paint: anstyle::Style, word: &str, what: &str) {
        self.heading();
        let text = self.style.wrap(&harmless(what), word.len() + 4);
        let word = self.style.paint(paint, word);
        self.line(format!("  {word}: {text}"));
    }

    /// One line for each of the first few.
    fn finding(&mut self, rule: &str, severity: Severity, place: &Place, message: &str) {
        let wanted = match severity {
            Severity::Error => true,
            Severity::Warning => !self.quiet(),
            Severity::Note => self.style.verbosity == Verbosity::Verbose,
        };
        if !wanted {
            return;
        }
        self.findings += 1;
        if self.findings > MOST_FINDINGS {
            return;
        }
        let Place {
            file, line, column, ..
        } = place;
        let paint = match severity {
            Severity::Error => text::BAD.bold(),
            Severity::Warning => WARN.bold(),
            Severity::Note => DIM,
        };
        let what = format!("{file}:{line}:{column}: {message} [{rule}]");
        self.says(paint, severity.name(), &what);
    }

    /// How many findings were left out, once all have come.
    fn end_findings(&mut self) {
        let all = std::mem::take(&mut self.findings);
        if let Some(more @ 1..) = all.checked_sub(MOST_FINDINGS) {
            let text = format!("... and {more} more: `buildspec validate` shows them");
            self.heading();
            self.line(format!("  {text}"));
        }
    }

    fn hint(&mut self, hint: &str) {
        self.says(text::GOOD.bold(), "hint", hint);
        if let Some(failure) = self.failures.last_mut() {
            failure.hints.push(hint.to_owned());
        }
    }

    fn report(&mut self, document: &ReportDocument) {
        if self.quiet() && document.report.status == ReportStatus::Succeeded {
            return;
        }
        self.heading();
        let mut look = self.style.look();
        look.width = self.style.edge().saturating_sub(2);
        for line in show::human(document, look).lines() {
            self.line(format!("  {line}"));
        }
    }

    fn phase_entered(&mut self, phase: PhaseType) {
        self.phase = Some((phase, false));
        let waiting = match phase {
            PhaseType::Provisioning => "preparing the build's surroundings",
            PhaseType::DownloadSource => "reading the buildspec",
            PhaseType::UploadArtifacts => "collecting artifacts",
            PhaseType::Finalizing => "cleaning up",
            _ => return,
        };
        if let Some(live) = &mut self.live {
            live.start(waiting);
        }
    }

    fn phase_left(&mut self, phase: PhaseType, status: Status, context: &Context) {
        if let Some(live) = &mut self.live {
            live.stop();
        }
        if status == Status::TimedOut {
            let reason = text::late(self.summary.limit);
            if let Some(running) = self.command.take() {
                self.failed(running, reason, "");
            } else {
                self.heading();
                let block = failure::refusal(&self.style, &reason, None);
                self.text.extend_from_slice(block.as_bytes());
                self.summary.reason = Some(format!("{reason} in {}", phase.name()));
            }
        }
        // The command that ran is one that never ended.
        if let Some(running) = self.command.take() {
            self.heading();
            let mark = self.style.mark(false);
            if self.folds() && context.message.is_empty() {
                self.command_line(&mark, &running.text, "interrupted");
                self.folded_output();
            } else if self.folds() {
                self.command_lines(&mark, &running.text);
                self.last_words();
            }
        }
        // A failed command has told already; an error of this tool is told at the very end.
        let news = !context.code.is_empty() && context.code != "COMMAND_EXECUTION_ERROR";
        if news {
            self.heading();
            let message = format!("{}: {}", context.code, context.message);
            let block = failure::refusal(&self.style, &message, self.summary.refused.as_ref());
            self.text.extend_from_slice(block.as_bytes());
            self.summary.reason = Some(format!("{} in {}", context.code, phase.name()));
        }
        if self.style.is_github() && self.phase.is_some_and(|(_, said)| said) {
            self.text.extend_from_slice(github::END_GROUP.as_bytes());
        }
        self.phase = None;
    }

    fn progress(&mut self, progress: &Progress) {
        if let Some(live) = &mut self.live {
            live.progress(progress);
        } else if progress.wait == Wait::Pull && !self.summary.pulled {
            self.heading();
            self.line("  pulling the image");
        }
        self.summary.pulled |= progress.wait == Wait::Pull;
    }

    fn show(&mut self, event: &Event<'_>) {
        let verbose = self.style.verbosity == Verbosity::Verbose;
        match event {
            Event::BuildStarted {
                number,
                runtime,
                image,
                source,
                ..
            } => {
                if !self.quiet() {
                    self.started(*number, image, runtime, source);
                }
            }
            Event::Message(text) if verbose => {
                self.heading();
                let text = self.style.paint(DIM, &harmless(text).replace('\n', "\n  "));
                self.line(format!("  {text}"));
            }
            Event::Note(text) if verbose => self.says(DIM, "note", text),
            Event::Warning(text) => {
                if !self.quiet() {
                    self.says(WARN.bold(), "warning", text);
                }
            }
            Event::PhaseEntered(phase) => self.phase_entered(*phase),
            Event::CommandStarted {
                text,
                place,
                finally,
                number,
                ..
            } => self.command_started(text, place.as_ref(), (*finally, *number)),
            Event::CommandEnded { exit, duration, .. } => {
                self.command_ended(*exit, &seconds(*duration));
            }
            Event::PhaseLeft {
                phase,
                status,
                context,
                ..
            } => self.phase_left(*phase, *status, context),
            Event::Progress(progress) => self.progress(progress),
            Event::Finding {
                rule,
                severity,
                place,
                message,
                ..
            } => self.finding(rule, *severity, place, message),
            Event::Paused { waits, .. } => self.paused(waits.as_deref()),
            Event::Hint { text, .. } => self.hint(text),
            Event::ReportMade(document) => self.report(document),
            Event::Output(_)
            | Event::Message(_)
            | Event::Note(_)
            | Event::Refused { .. }
            | Event::ArtifactsCollected { .. }
            | Event::Resumed(_)
            | Event::Exported(_) => {}
            Event::BuildEnded { .. } => {
                self.live = None;
                let shown = self.summary.show(&self.style, &self.failures);
                let shown = if self.spoke {
                    &shown
                } else {
                    shown.trim_start_matches('\n')
                };
                self.text.extend_from_slice(shown.as_bytes());
            }
        }
    }
}

/// Whether what is shown of an event is about the last failure itself.
fn tells_failures(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::CommandEnded { .. }
            | Event::Hint { .. }
            | Event::PhaseLeft {
                status: Status::TimedOut,
                ..
            }
    )
}

impl<W: Write + Send> Watcher for Pretty<W> {
    fn event(&mut self, _at: Timestamp, event: &Event<'_>) -> io::Result<()> {
        if let Event::Output(bytes) = event {
            return self.output(bytes);
        }
        if !matches!(event, Event::Progress(_)) {
            self.measure();
        }
        self.end_output();
        if !matches!(event, Event::Finding { .. }) {
            self.end_findings();
        }
        self.summary.take_in(event);
        self.show(event);
        if self.text.is_empty() {
            return Ok(());
        }
        if self.style.is_github() {
            self.text = github::quoted(&self.text, self.style.symbol("\u{2502} ", "| "));
        }
        let lines = memchr::memchr_iter(b'\n', &self.text).count();
        if let Some(failure) = self.failures.last_mut().filter(|_| !tells_failures(event)) {
            failure.lines_after += lines;
        }
        let (out, text) = (&mut self.out, &self.text);
        let mut write = || out.write_all(text).and_then(|()| out.flush());
        let written = match &self.live {
            Some(live) => live.suspend(write),
            None => write(),
        };
        self.text.clear();
        written
    }

    fn idle(&mut self) -> io::Result<()> {
        self.refresh()?;
        self.out.flush()
    }

    /// Whoever read it may have seen enough; the build goes on for its files.
    fn is_vital(&self) -> bool {
        false
    }
}
