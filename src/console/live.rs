//! The part of the screen that changes in place: a spinner for what runs, bars for what is waited for.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{
    MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike,
};

use super::Style;
use super::message::harmless;
use super::text::{flat, seconds, size};
use crate::engine::event::{Progress, Wait};

const TICK: Duration = Duration::from_millis(100);
/// More layers than this are only in the total.
const MOST_LAYERS: usize = 8;

/// What stands below the last line; on standard error.
#[derive(Debug)]
pub struct Live {
    style: Style,
    all: MultiProgress,
    spinner: Option<ProgressBar>,
    total: Option<ProgressBar>,
    layers: HashMap<String, Layer>,
    refreshed: Option<Instant>,
}

#[derive(Debug)]
struct Layer {
    bar: Option<ProgressBar>,
    done: u64,
    total: u64,
    ready: bool,
}

impl Live {
    pub(super) fn new(style: Style) -> Self {
        Self {
            style,
            all: MultiProgress::with_draw_target(ProgressDrawTarget::term_like_with_hz(
                Box::new(Screen::default()),
                20,
            )),
            spinner: None,
            total: None,
            layers: HashMap::new(),
            refreshed: None,
        }
    }

    /// The screen has so many columns now.
    pub(super) fn fit(&mut self, columns: usize) {
        self.style.width = columns;
    }

    /// Something begins that may take long.
    pub(super) fn start(&mut self, text: &str) {
        self.stop();
        let spinner = self.all.add(ProgressBar::new_spinner());
        let room = self.style.width.saturating_sub(16);
        spinner.set_style(self.spinning());
        spinner.set_prefix(self.style.fit(&text.replace('\t', " "), room));
        spinner.enable_steady_tick(TICK);
        self.spinner = Some(spinner);
        self.refreshed = None;
    }

    /// Nothing is waited for any more; the screen is as if nothing had been there.
    pub(super) fn stop(&mut self) {
        for layer in std::mem::take(&mut self.layers).into_values() {
            if let Some(bar) = layer.bar {
                bar.finish_and_clear();
            }
        }
        for bar in [self.total.take(), self.spinner.take()]
            .into_iter()
            .flatten()
        {
            bar.finish_and_clear();
        }
    }

    /// Whether the lines below the spinner are older than a person could tell.
    pub(super) fn is_stale(&self) -> bool {
        self.spinner.is_some()
            && self
                .refreshed
                .is_none_or(|refreshed| refreshed.elapsed() >= TICK)
    }

    /// Shows the last lines of what runs.
    pub(super) fn tail(&mut self, lines: &[&[u8]]) {
        let Some(spinner) = &self.spinner else { return };
        let room = self.style.width.saturating_sub(5);
        let mut text = String::new();
        for line in lines {
            text.push_str("\n    ");
            text.push_str(&self.style.fit(&flat(line), room));
        }
        spinner.set_message(text);
        self.refreshed = Some(Instant::now());
    }

    /// Does something to the screen while nothing of ours is there.
    pub(super) fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.spinner.is_some() || self.total.is_some() {
            self.all.suspend(work)
        } else {
            work()
        }
    }

    /// A wait came nearer to its end.
    pub(super) fn progress(&mut self, progress: &Progress) {
        match progress.wait {
            Wait::Pull => self.layer(progress),
            Wait::Source => self.amount("source on its way into the container", progress.done),
            Wait::Artifacts => self.amount("artifacts on their way", progress.done),
        }
    }

    fn amount(&mut self, what: &str, done: u64) {
        if self.spinner.is_none() {
            self.start("");
        }
        if let Some(spinner) = &self.spinner {
            let text = format!("{what}, {}", size(done));
            spinner.set_prefix(self.style.fit(&text, self.style.width.saturating_sub(16)));
        }
    }

    fn layer(&mut self, progress: &Progress) {
        if self.total.is_none() {
            self.stop();
            let total = self.all.add(ProgressBar::no_length());
            total.set_style(self.bar());
            total.set_prefix("image");
            total.enable_steady_tick(TICK);
            self.total = Some(total);
        }
        // The first and the last messages are about the image, not about a layer.
        if progress.item.is_empty() || progress.status.starts_with("Pulling from") {
            return;
        }
        if !self.layers.contains_key(&progress.item) {
            let bar = (self.layers.len() < MOST_LAYERS).then(|| {
                let bar = self.all.add(ProgressBar::no_length());
                bar.set_style(self.bar());
                bar.with_prefix(self.style.fit(&harmless(&progress.item), 12))
            });
            let layer = Layer {
                bar,
                done: 0,
                total: 0,
                ready: false,
            };
            self.layers.insert(progress.item.clone(), layer);
        }
        let style = self.style;
        if let Some(layer) = self.layers.get_mut(&progress.item) {
            layer.take_in(progress, style);
        }
        let ready = self.layers.values().filter(|layer| layer.ready).count();
        if let Some(bar) = &self.total {
            bar.set_length(self.layers.values().map(|layer| layer.total).sum());
            bar.set_position(self.layers.values().map(|layer| layer.done).sum());
            bar.set_message(format!("{ready} of {} layers", self.layers.len()));
        }
    }

    fn spinning(&self) -> ProgressStyle {
        let template = if self.style.color {
            "  {spinner:.cyan} {prefix} {time:.dim}{msg:.dim}"
        } else {
            "  {spinner} {prefix} {time}{msg}"
        };
        let ticks = self.style.symbol(
            "\u{280b}\u{2819}\u{2839}\u{2838}\u{283c}\u{2834}\u{2826}\u{2827}\u{2807}\u{280f} ",
            "-\\|/ ",
        );
        style(template).tick_chars(ticks).with_key(
            "time",
            |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let elapsed = state.elapsed();
                if elapsed >= Duration::from_secs(1) {
                    out.write_str(&seconds(elapsed)).unwrap_or_default();
                }
            },
        )
    }

    fn bar(&self) -> ProgressStyle {
        let template = match (self.style.width, self.style.color) {
            (0..72, true) => "  {prefix:12.bold} {wide_bar:.cyan} {amount:>19}",
            (0..72, false) => "  {prefix:12} {wide_bar} {amount:>19}",
            (_, true) => "  {prefix:12.bold} {msg:20!.dim} {wide_bar:.cyan} {amount:>19}",
            (_, false) => "  {prefix:12} {msg:20!} {wide_bar} {amount:>19}",
        };
        style(template)
            .progress_chars(self.style.symbol("\u{2501}\u{2501}\u{2500}", "=> "))
            .with_key(
                "amount",
                |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    if let Some(total) = state.len().filter(|&total| total > 0) {
                        write!(out, "{} / {}", size(state.pos()), size(total)).unwrap_or_default();
                    }
                },
            )
    }
}

impl Layer {
    /// The engine counts a layer twice, on its way and being unpacked; here only its way counts.
    fn take_in(&mut self, progress: &Progress, style: Style) {
        match progress.status.as_str() {
            "Downloading" => {
                self.total = progress.total;
                self.done = progress.done;
            }
            "Pulling fs layer" | "Waiting" => {}
            _ => self.done = self.total,
        }
        self.ready = matches!(progress.status.as_str(), "Pull complete" | "Already exists");
        let Some(bar) = &self.bar else { return };
        bar.set_message(style.fit(&harmless(&progress.status), 20));
        if self.total > 0 {
            bar.set_length(self.total);
            bar.set_position(self.done);
        }
        if self.ready {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Standard error, where each line ends with a newline and the cursor waits at the beginning of the last one.
///
/// indicatif would fill lines with blanks and trust the terminal to go on in the next: this one has another opinion of how
/// wide a joined emoji is, and goes on there with the `^C` that it shows. What is drawn anew then misses its lines.
#[derive(Debug, Default)]
struct Screen {
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    text: String,
    /// Lines and the blanks behind them alternate; so many of both have come.
    pieces: usize,
}

impl Screen {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn go(&self, count: usize, direction: char) {
        if count > 0 {
            let _ = write!(self.pending().text, "\x1b[{count}{direction}");
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| size.ws_col.max(1))
    }

    fn height(&self) -> u16 {
        rustix::termios::tcgetwinsize(io::stderr()).map_or(24, |size| size.ws_row.max(1))
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.go(count, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.go(count, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.go(count, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.go(count, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        let _ = write!(self.pending().text, "{text}\r\n");
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut pending = self.pending();
        let (line, first) = (pending.pieces.is_multiple_of(2), pending.pieces == 0);
        pending.pieces += 1;
        if line {
            pending.text.push_str(if first { "" } else { "\r\n" });
            pending.text.push_str(text);
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.pending().text.push_str("\r\x1b[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let drawn = std::mem::take(&mut *self.pending()).text;
        io::stderr().write_all(format!("{drawn}\r").as_bytes())
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{Reader, Verbosity};

    /// `cargo test --lib look_at -- --ignored --nocapture`, on a terminal.
    #[test]
    #[ignore = "draws a pull for the eye"]
    fn look_at_a_pull() {
        let mut live = Live::new(Style {
            color: true,
            width: 80,
            measure: None,
            verbosity: Verbosity::Normal,
            unicode: true,
            reader: Reader::Terminal,
        });
        live.start("preparing the build's surroundings");
        for step in 0..=60_u64 {
            for layer in 1..=10_u64 {
                let total = layer * 7_000_000;
                let done = (step * 2_000_000).min(total);
                let status = match step {
                    0..3 => "Pulling fs layer",
                    _ if done < total => "Downloading",
                    _ if done < total + step => "Pull complete",
                    _ => "Extracting",
                };
                live.progress(&Progress {
                    wait: Wait::Pull,
                    item: format!("a1b2c3d4e5f{layer}"),
                    status: status.to_owned(),
                    done,
                    total,
                });
            }
            std::thread::sleep(TICK);
        }
    }
}
