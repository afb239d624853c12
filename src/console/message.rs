//! What the tool itself has to say, on standard error.

use std::io::Write as _;

use super::Style;
use super::text::{BAD, BOLD, GOOD};
use crate::error::Error;

/// Prints an error with its cause and what can be done about it.
pub fn error(error: &Error, style: Style) {
    let line = |indent: &str, paint: anstyle::Style, word: &str, text: &str| {
        let text = style.wrap(&harmless(text), indent.len() + word.len() + 2);
        format!("{indent}{}: {text}\n", style.paint(paint, word))
    };
    let mut text = line("", BAD.bold(), "error", &error.message);
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&line("  ", BOLD, "cause", &inner.to_string()));
        cause = inner.source();
    }
    for hint in &error.hints {
        text.push_str(&line("  ", GOOD.bold(), "hint", hint));
    }
    print(&text);
}

/// Prints a text on standard error as it is. A closed stderr is nobody's error.
pub fn print(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).ok();
}

/// Prints a text on standard output. A closed stdout is nobody's error.
pub fn answer(text: &str) {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .ok();
}

/// Prints bytes on standard output as they are; false when nobody reads them any more.
pub fn answer_bytes(bytes: &[u8]) -> bool {
    let mut out = std::io::stdout();
    out.write_all(bytes).and_then(|()| out.flush()).is_ok()
}

/// A name or message that may come from anywhere, without control characters.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == '\n' || letter == '\t' || !letter.is_control() {
            out.push(letter);
        } else {
            out.extend(letter.escape_default());
        }
    }
    out
}
