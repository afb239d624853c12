//! A failed command: what, where, why.

use std::fmt::Write as _;

use crate::console::Style;
use crate::console::message::harmless;
use crate::console::text::{BAD, DIM, GOOD};
use crate::engine::event::Place;

/// Lines of a buildspec that are quoted.
const QUOTED: usize = 8;

/// What is remembered of a failed command until the end.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) phase: &'static str,
    /// Whether it stands in `finally`, and its number there.
    pub(super) number: (bool, usize),
    pub(super) command: String,
    pub(super) place: Option<Place>,
    /// `exit status 1`.
    pub(super) reason: String,
    pub(super) hints: Vec<String>,
    /// Lines on the screen since then.
    pub(super) lines_after: usize,
    /// The last lines that it printed.
    pub(super) last_words: Vec<String>,
}

impl Failure {
    /// Reason, time and the buildspec's lines.
    pub(super) fn block(&self, style: &Style, mark: &str, time: &str) -> String {
        let reason = style.paint(BAD.bold(), &self.reason);
        let time = match time {
            "" => String::new(),
            time => format!(" {}", style.paint(DIM, &format!("after {time}"))),
        };
        let mut block = format!("  {mark} {reason}{time}\n");
        if let Some(place) = &self.place {
            let arrow = style.paint(DIM, "-->");
            let _ = writeln!(block, "    {arrow} {}", position(place));
            block.push_str(&excerpt(style, place));
        }
        block
    }
}

/// Where `CodeBuild` refuses a buildspec, in our words.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) help: Vec<String>,
}

/// What ended a phase that is no command's fault.
pub(super) fn refusal(style: &Style, message: &str, refused: Option<&Refused>) -> String {
    let message = style.wrap(&harmless(message), 4);
    let message = style.paint(BAD, &message);
    let mut text = format!("  {} {message}\n", style.mark(false));
    if let Some(refused) = refused {
        let arrow = style.paint(DIM, "-->");
        let _ = writeln!(text, "    {arrow} {}", position(&refused.place));
        text.push_str(&excerpt(style, &refused.place));
        let message = style.wrap(&harmless(&refused.message), 4);
        let _ = writeln!(text, "    {message}");
        for help in &refused.help {
            let word = style.paint(GOOD.bold(), "help");
            let help = style.wrap(&harmless(help), 8);
            let _ = writeln!(text, "  {word}: {help}");
        }
    }
    text
}

/// `buildspec.yml:7:9`.
pub(super) fn position(place: &Place) -> String {
    format!("{}:{}:{}", harmless(&place.file), place.line, place.column)
}

/// The quoted lines with their numbers, and carets below a single one.
pub(super) fn excerpt(style: &Style, place: &Place) -> String {
    let lines: Vec<_> = place.excerpt.lines().collect();
    let digits = (place.line + lines.len().clamp(1, QUOTED) - 1)
        .to_string()
        .len();
    let bar = style.paint(DIM, style.symbol("\u{2502}", "|"));
    let mut text = String::new();
    for (index, line) in lines.iter().take(QUOTED).enumerate() {
        let number = style.paint(DIM, &format!("{:>digits$}", place.line + index));
        let line = harmless(line).replace('\t', "    ");
        let line = style.fit(&line, style.width.saturating_sub(digits + 8));
        let _ = writeln!(text, "    {number} {bar} {line}");
    }
    if lines.len() > QUOTED {
        let _ = writeln!(text, "    {:digits$} {bar} {}", "", style.ellipsis());
    }
    text
}
