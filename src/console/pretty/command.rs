//! A command and its output: while it runs, when it has ended well, when it has failed.

use std::io::Write;

use super::failure::Failure;
use super::sequences::Sequences;
use super::{Pretty, Running, summary};
use crate::console::message::harmless;
use crate::console::text::{self, DIM, NAME, flat};
use crate::console::{Verbosity, watch};
use crate::engine::event::Place;
use crate::engine::phase::Exit;

/// Output of a successful command with more lines than this is folded.
const UNFOLDED: usize = 12;
/// So many of its last lines stay.
const STAYING: usize = 4;
/// A failed command shows so many of its last lines.
const LAST_WORDS: usize = 40;
/// More bytes of one line would fill the screen; the log has them.
const LONGEST_LINE: usize = 2000;
/// Lines of a command's own text.
const COMMAND_LINES: usize = 6;

impl<W: Write + Send> Pretty<W> {
    pub(super) fn command_started(
        &mut self,
        command: &str,
        place: Option<&Place>,
        number: (bool, usize),
    ) {
        self.tail.clear();
        self.sequences = Sequences::default();
        self.command = Some(Running {
            text: command.to_owned(),
            place: place.cloned(),
            number,
        });
        let phase = self.phase.map_or("", |(phase, _)| phase.name());
        // A command that is tried again has not failed for good.
        self.failures
            .retain(|failure| (failure.phase, failure.number) != (phase, number));
        if !self.folds() {
            self.heading();
            self.command_lines("$", command);
        }
        let section = if number.0 { " finally" } else { "" };
        if let Some(live) = &mut self.live {
            let first = command.trim().lines().next().unwrap_or_default();
            live.start(&format!("{phase}{section} $ {}", harmless(first)));
        }
    }

    /// A command's text behind a mark.
    pub(super) fn command_lines(&mut self, mark: &str, command: &str) {
        let command = harmless(command.trim_end());
        let lines: Vec<_> = command.lines().collect();
        let most = match self.style.verbosity {
            Verbosity::Verbose => usize::MAX,
            _ if lines.len() > COMMAND_LINES + 1 => COMMAND_LINES,
            _ => COMMAND_LINES + 1,
        };
        for (index, line) in lines.iter().take(most).enumerate() {
            let line = self.style.paint(NAME, line);
            let mark = if index == 0 { mark } else { " " };
            self.line(format!("  {mark} {line}"));
        }
        if lines.len() > most {
            let more = text::count((lines.len() - most) as u64, "more line");
            let more = format!("{} {more}", self.style.ellipsis());
            let more = self.style.paint(DIM, &more);
            self.line(format!("    {more}"));
        }
    }

    /// One line for a command that is over: mark, text, and the time at the edge.
    pub(super) fn command_line(&mut self, mark: &str, command: &str, time: &str) {
        let command = harmless(command.trim());
        let first = command.lines().next().unwrap_or_default().to_owned();
        let more = match command.lines().count() {
            0 | 1 => String::new(),
            lines => format!(" +{}", text::count(lines as u64 - 1, "line")),
        };
        let room = self
            .style
            .edge()
            .saturating_sub(6 + text::width(time) + text::width(&more));
        let first = self.style.fit(&first, room);
        let gap = room.saturating_sub(text::width(&first));
        let line = format!(
            "  {mark} {}{}{:gap$}  {}",
            self.style.paint(NAME, &first),
            self.style.paint(DIM, &more),
            "",
            self.style.paint(DIM, time)
        );
        self.line(line);
    }

    /// The screen belongs to the debugger now: what was printed until here stays on it.
    pub(super) fn paused(&mut self, waits: Option<&str>) {
        if let Some(live) = &mut self.live {
            live.stop();
        }
        if self.folds()
            && let Some(running) = &self.command
        {
            let text = running.text.clone();
            self.heading();
            self.command_lines("$", &text);
            self.last_words();
        }
        if let Some(attach) = waits {
            self.says(text::WARN.bold(), "waiting", &watch::waiting(attach));
        }
    }

    pub(super) fn command_ended(&mut self, exit: Exit, time: &str) {
        let Some(running) = self.command.take() else {
            return;
        };
        if let Some(live) = &mut self.live {
            live.stop();
        }
        if exit.success() {
            if self.quiet() {
                return;
            }
            let mark = self.style.mark(true);
            if self.folds() {
                self.heading();
                self.command_line(&mark, &running.text, time);
                self.folded_output();
            } else {
                let time = self.style.paint(DIM, time);
                self.line(format!("  {mark} {time}"));
            }
            return;
        }
        self.failed(running, exit.to_string(), time);
    }

    /// A command that has failed, or was not let end.
    pub(super) fn failed(&mut self, running: Running, reason: String, time: &str) {
        let mark = self.style.mark(false);
        let failure = Failure {
            phase: self.phase.map_or("", |(phase, _)| phase.name()),
            number: running.number,
            command: running.text,
            place: running.place,
            reason,
            hints: Vec::new(),
            lines_after: 0,
            last_words: self
                .tail
                .last(summary::REPEATED)
                .into_iter()
                .map(flat)
                .collect(),
        };
        self.heading();
        if self.folds() {
            self.command_lines(&mark, &failure.command);
            self.last_words();
        }
        let block = failure.block(&self.style, &mark, time);
        self.text.extend_from_slice(block.as_bytes());
        self.failures.push(failure);
    }

    /// What a command printed that did not fail: all of it when it is short.
    pub(super) fn folded_output(&mut self) {
        let count = self.tail.count();
        if count > UNFOLDED {
            let folded = text::count((count - STAYING) as u64, "line");
            let folded = format!("{} {folded} folded, -v shows them", self.style.ellipsis());
            let folded = self.style.paint(DIM, &folded);
            self.line(format!("    {folded}"));
            self.output_lines(STAYING);
        } else {
            self.output_lines(UNFOLDED);
        }
    }

    /// What a failed command printed last.
    pub(super) fn last_words(&mut self) {
        let count = self.tail.count();
        if count > LAST_WORDS {
            let folded = text::count((count - LAST_WORDS) as u64, "line");
            let folded = format!("{} {folded} before these", self.style.ellipsis());
            let folded = self.style.paint(DIM, &folded);
            self.line(format!("    {folded}"));
        }
        self.output_lines(LAST_WORDS);
    }

    fn output_lines(&mut self, most: usize) {
        for line in self.tail.last(most) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            // A line that overwrote itself shows what it came to.
            let line = line.rsplit(|&byte| byte == b'\r').next().unwrap_or(line);
            let short = &line[..line.len().min(LONGEST_LINE)];
            self.text.extend_from_slice(b"    ");
            self.text.extend_from_slice(short);
            if short.len() < line.len() {
                self.text
                    .extend_from_slice(self.style.ellipsis().as_bytes());
            }
            if self.style.color && line.contains(&0x1b) {
                self.text.extend_from_slice(b"\x1b[0m");
            }
            self.text.push(b'\n');
        }
    }
}
