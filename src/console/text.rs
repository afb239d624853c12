//! Our own words on a screen: colours, symbols, numbers, and lines that fit.

#![cfg_attr(
    not(feature = "run"),
    expect(dead_code, reason = "most of it shows builds")
)]

use std::time::Duration;

use anstyle::{AnsiColor, Style as Paint};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Style;
#[cfg(feature = "run")]
use crate::engine::phase::Status;

pub(super) const BOLD: Paint = Paint::new().bold();
pub(super) const DIM: Paint = Paint::new().dimmed();
pub(super) const GOOD: Paint = AnsiColor::Green.on_default();
pub(super) const BAD: Paint = AnsiColor::Red.on_default();
pub(super) const WARN: Paint = AnsiColor::Yellow.on_default();
pub(super) const NAME: Paint = AnsiColor::Cyan.on_default();

/// Even on a wide screen, a time at the far edge is read with its command no more.
const WIDEST: usize = 110;

impl Style {
    /// A text in a colour, where there are colours.
    pub(super) fn paint(&self, paint: Paint, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{paint}{text}{paint:#}")
        } else {
            text.to_owned()
        }
    }

    /// One of two spellings.
    pub(super) fn symbol(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    pub(super) fn ellipsis(&self) -> &'static str {
        self.symbol("\u{2026}", "...")
    }

    /// The sign of success or failure, in its colour.
    pub(super) fn mark(&self, good: bool) -> String {
        if good {
            self.paint(GOOD, self.symbol("\u{2713}", "+"))
        } else {
            self.paint(BAD.bold(), self.symbol("\u{2717}", "x"))
        }
    }

    /// Where our own lines end.
    pub(super) fn edge(&self) -> usize {
        match self.width {
            usize::MAX => usize::MAX,
            width => width.min(WIDEST),
        }
    }

    /// At most so many columns of a line without escape codes.
    pub(super) fn fit(&self, text: &str, columns: usize) -> String {
        if text.chars().map(most).sum::<usize>() <= columns {
            return text.to_owned();
        }
        let room = columns.saturating_sub(self.ellipsis().width());
        let mut used = 0;
        let mut fitting: String = text
            .chars()
            .take_while(|letter| {
                used += most(*letter);
                used <= room
            })
            .collect();
        fitting.push_str(self.ellipsis());
        fitting
    }

    /// Words in lines that fit behind an indentation; the first line is thought to be indented already.
    pub(super) fn wrap(&self, text: &str, indent: usize) -> String {
        wrap(text, self.edge(), indent)
    }
}

/// Words in lines of at most so many columns, all but the first behind an indent.
pub(crate) fn wrap(text: &str, columns: usize, indent: usize) -> String {
    let room = columns.saturating_sub(indent).max(20);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.width() + 1 + word.width() > room {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join(&format!("\n{:indent$}", ""))
}

/// The columns of a letter, whoever counts: terminals, and indicatif, don't agree about what is joined of several.
fn most(letter: char) -> usize {
    match letter {
        // Makes an emoji, which is wide, of the letter before it.
        '\u{fe0f}' => 1,
        _ => letter.width().unwrap_or(1),
    }
}

/// The columns of a text without escape codes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

#[cfg(feature = "run")]
pub(super) fn status_paint(status: Status) -> Paint {
    match status {
        Status::Succeeded => GOOD,
        Status::InProgress | Status::Stopped => WARN,
        Status::Failed | Status::Fault | Status::TimedOut => BAD,
    }
}

/// Why a build was ended that has this limit.
#[cfg(feature = "run")]
pub(super) fn late(limit: Option<Duration>) -> String {
    match limit {
        Some(limit) => format!("time limit of {} reached", seconds(limit)),
        None => "time limit reached".to_owned(),
    }
}

/// `40 ms`, `4.2 s`, `1m05s`, `2h03m`.
pub(super) fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        total @ 60..3600 => format!("{}m{:02}s", total / 60, total % 60),
        total => format!("{}h{:02}m", total / 3600, total / 60 % 60),
    }
}

/// `999 B`, `1.2 kB`, `3.4 MB`.
#[expect(
    clippy::cast_precision_loss,
    reason = "one digit behind the point is shown"
)]
pub(super) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if unit == "B" {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {unit}")
    }
}

/// `1,234 lines`, `1 line`.
pub(super) fn count(number: u64, what: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let plural = if number == 1 { "" } else { "s" };
    format!("{grouped} {what}{plural}")
}

/// A line of output as it stands on a screen in the end: what overwrote itself, and without anything that could move
/// the cursor or change colours.
pub(crate) fn flat(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.rsplit(|&byte| byte == b'\r').next().unwrap_or(line);
    let line = &line[..line.len().min(4096)];
    let text = String::from_utf8_lossy(line);
    let text = anstream::adapter::strip_str(&text).to_string();
    text.replace('\t', "    ")
        .chars()
        .filter(|letter| !letter.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Verbosity;

    fn style(unicode: bool) -> Style {
        Style {
            color: false,
            width: 40,
            measure: None,
            verbosity: Verbosity::Normal,
            unicode,
            reader: crate::console::Reader::File,
        }
    }

    #[test]
    fn lines_fit() {
        assert_eq!(style(true).fit("abcdef", 6), "abcdef");
        assert_eq!(style(true).fit("abcdefg", 6), "abcde\u{2026}");
        assert_eq!(style(false).fit("abcdefg", 6), "abc...");
        assert_eq!(
            style(true).fit("\u{4f60}\u{597d}\u{5417}", 5),
            "\u{4f60}\u{597d}\u{2026}"
        );
        // A family is one picture of 2 columns, or its members and 6.
        let family = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(style(true).fit(family, 6), family);
        assert_eq!(
            style(true).fit(&family.repeat(2), 10),
            format!("{family}\u{1f469}\u{200d}\u{2026}")
        );
        assert_eq!(style(true).fit("\u{2764}\u{fe0f}!", 2), "\u{2764}\u{2026}");
        assert_eq!(
            style(true).wrap("the quick brown fox jumps over the lazy dog\nagain", 4),
            "the quick brown fox jumps over the\n    lazy dog\n    again"
        );
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [0, 999, 1000, 3_449_999, 999_999].map(size),
            ["0 B", "999 B", "1.0 kB", "3.4 MB", "1.0 MB"]
        );
        assert_eq!(
            [1, 12, 1234, 1_234_567].map(|number| count(number, "line")),
            ["1 line", "12 lines", "1,234 lines", "1,234,567 lines"]
        );
        assert_eq!(
            [0.04, 59.9, 65.0, 7380.0].map(|time| seconds(Duration::from_secs_f64(time))),
            ["40 ms", "59.9 s", "1m05s", "2h03m"]
        );
    }

    #[test]
    fn what_moves_the_cursor_is_flattened() {
        assert_eq!(
            flat(b"10%\r50%\r\x1b[32m100%\x1b[0m\tdone\x07\r"),
            "100%    done"
        );
        assert_eq!(flat(b"caf\xe9"), "caf\u{fffd}");
    }
}
