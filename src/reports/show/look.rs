//! What the reader's screen can show, and texts that fit it.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::Style;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// What the reader's screen can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// Whether letters beyond ASCII are of use.
    pub unicode: bool,
}

impl Look {
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        if self.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    pub(super) fn symbol(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    /// The beginning of a text that has no line breaks, at most so many columns wide.
    pub(super) fn fit(self, text: &str, columns: usize) -> String {
        if text.width() <= columns {
            return text.to_owned();
        }
        let end = self.symbol("\u{2026}", "...");
        let room = columns.saturating_sub(end.width());
        let mut used = 0;
        let mut fitting: String = text
            .chars()
            .take_while(|letter| {
                used += letter.width().unwrap_or(0);
                used <= room
            })
            .collect();
        fitting.push_str(end);
        fitting
    }

    /// The columns that are left of a line behind so many.
    pub(super) fn behind(self, columns: usize) -> usize {
        self.width.saturating_sub(columns).max(20)
    }
}

/// A text from a file as one line that can neither steer a terminal nor turn its letters around.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\t' => out.push(' '),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                out.extend(letter.escape_unicode());
            }
            letter if letter.is_control() => out.extend(letter.escape_default()),
            letter => out.push(letter),
        }
    }
    out
}

/// Nanoseconds, short enough for a column.
pub(super) fn duration(nanos: u64) -> String {
    let duration = Duration::from_nanos(nanos);
    match duration.as_secs() {
        0..60 => format!("{:.3} s", duration.as_secs_f64()),
        seconds @ 60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// `1,000,000`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Columns under their names, all set to the right.
pub(super) fn table(columns: &[(&str, String)]) -> String {
    let (mut heads, mut values) = (String::new(), String::new());
    for (head, value) in columns {
        let width = head.width().max(value.width()) + 2;
        write!(heads, "{head:>width$}").ok();
        write!(values, "{value:>width$}").ok();
    }
    format!("{heads}\n{values}\n")
}
