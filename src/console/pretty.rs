//! A build for people: phases, commands with their times, output indented, a summary.

use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;

use super::message::harmless;
use super::{Style, Verbosity};
use crate::engine::event::{Event, Place};
use crate::engine::journal::Watcher;
use crate::engine::phase::{PhaseType, Status};

/// A line of output longer than this is shown in pieces.
const LONGEST_LINE: usize = 64 * 1024;

/// Writes plain lines.
#[derive(Debug)]
pub struct Pretty<W: Write> {
    out: W,
    style: Style,
    /// A line of output that has not ended yet.
    line: Vec<u8>,
    phases: Vec<(PhaseType, Status, Duration)>,
    command: Option<(String, Option<Place>)>,
}

impl<W: Write + Send> Pretty<W> {
    /// Shows a build on `out`.
    pub fn new(out: W, style: Style) -> Self {
        Self {
            out,
            style,
            line: Vec::new(),
            phases: Vec::new(),
            command: None,
        }
    }

    fn paint(&self, style: anstyle::Style, text: &str) -> String {
        if self.style.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.style.verbosity == Verbosity::Quiet {
            return Ok(());
        }
        let mut shown = Vec::with_capacity(bytes.len() + 64);
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.line.len() > LONGEST_LINE {
                shown.extend_from_slice(b"    ");
                shown.append(&mut self.line);
                if !shown.ends_with(b"\n") {
                    shown.push(b'\n');
                }
            }
        }
        self.out.write_all(&shown)
    }

    fn end_line(&mut self) -> io::Result<()> {
        if self.line.is_empty() {
            Ok(())
        } else {
            self.output(b"\n")
        }
    }

    fn summary(&mut self, status: Status, duration: Duration) -> io::Result<()> {
        writeln!(self.out)?;
        for (phase, status, duration) in std::mem::take(&mut self.phases) {
            let word = self.paint(color(status), status.name());
            writeln!(
                self.out,
                "  {:<16} {:>8}  {word}",
                phase.name(),
                seconds(duration)
            )?;
        }
        let word = self.paint(color(status).bold(), status.name());
        writeln!(
            self.out,
            "  {:<16} {:>8}  {word}",
            "build",
            seconds(duration)
        )
    }
}

impl<W: Write + Send> Watcher for Pretty<W> {
    fn event(&mut self, _at: Timestamp, event: &Event<'_>) -> io::Result<()> {
        use anstyle::AnsiColor::{Cyan, Red, Yellow};
        if !matches!(event, Event::Output(_)) {
            self.end_line()?;
        }
        match event {
            Event::Output(bytes) => self.output(bytes)?,
            Event::Message(text) if self.style.verbosity == Verbosity::Verbose => {
                let text = self.paint(anstyle::Style::new().dimmed(), &harmless(text));
                writeln!(self.out, "  {text}")?;
            }
            Event::Note(text) if self.style.verbosity == Verbosity::Verbose => {
                writeln!(self.out, "  note: {}", harmless(text))?;
            }
            Event::Warning(text) => {
                let word = self.paint(Yellow.on_default().bold(), "warning");
                writeln!(self.out, "  {word}: {}", harmless(text))?;
            }
            Event::PhaseEntered(phase) if is_shown(*phase) => {
                let name = self.paint(anstyle::Style::new().bold(), phase.name());
                writeln!(self.out, "{name}")?;
            }
            Event::CommandStarted { text, place, .. } => {
                self.command = Some((text.clone(), place.clone()));
                let text = harmless(text.trim_end()).replace('\n', "\n    ");
                let text = self.paint(Cyan.on_default(), &format!("$ {text}"));
                writeln!(self.out, "  {text}")?;
            }
            Event::CommandEnded { exit, duration, .. } => {
                let word = if exit.success() {
                    String::new()
                } else {
                    self.paint(Red.on_default().bold(), &format!("failed: {exit}, "))
                };
                if !exit.success() || *duration > Duration::from_secs(1) {
                    let place = self
                        .command
                        .take()
                        .and_then(|(_, place)| place)
                        .filter(|_| !exit.success());
                    let place = place.map(|place| {
                        format!(
                            ", {}:{}:{}",
                            harmless(&place.file),
                            place.line,
                            place.column
                        )
                    });
                    writeln!(
                        self.out,
                        "  {word}{}{}",
                        seconds(*duration),
                        place.unwrap_or_default()
                    )?;
                }
            }
            Event::PhaseLeft {
                phase,
                status,
                context,
                duration,
            } => {
                if is_shown(*phase) || *status != Status::Succeeded {
                    self.phases.push((*phase, *status, *duration));
                }
                if !context.message.is_empty() && context.code != "COMMAND_EXECUTION_ERROR" {
                    let text = format!("{}: {}", context.code, harmless(&context.message));
                    let text = self.paint(Red.on_default(), &text);
                    writeln!(self.out, "  {text}")?;
                }
            }
            Event::BuildEnded { status, duration } => self.summary(*status, *duration)?,
            Event::Message(_) | Event::Note(_) | Event::PhaseEntered(_) => return Ok(()),
        }
        if matches!(event, Event::Output(_)) {
            Ok(())
        } else {
            self.out.flush()
        }
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn is_vital(&self) -> bool {
        false
    }
}

/// The other phases last moments and say nothing.
fn is_shown(phase: PhaseType) -> bool {
    phase.has_commands()
        || matches!(
            phase,
            PhaseType::DownloadSource | PhaseType::UploadArtifacts | PhaseType::Provisioning
        )
}

fn color(status: Status) -> anstyle::Style {
    use anstyle::AnsiColor::{Green, Red, Yellow};
    match status {
        Status::Succeeded => Green.on_default(),
        Status::InProgress | Status::Stopped => Yellow.on_default(),
        Status::Failed | Status::Fault | Status::TimedOut => Red.on_default(),
    }
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        total => format!("{}m{:02}s", total / 60, total % 60),
    }
}
