//! What the tool itself has to say, on standard error.

use std::io::{self, ErrorKind, Stdout, Write};
use std::sync::OnceLock;

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

/// Prints a text on standard output.
pub fn answer(text: &str) {
    answer_bytes(text.as_bytes());
}

/// Prints bytes on standard output as they are; false when nobody reads them any more.
pub fn answer_bytes(bytes: &[u8]) -> bool {
    let mut out = Answer::default();
    out.write_all(bytes).and_then(|()| out.flush()).is_ok()
}

/// Writes what standard output still holds back, as the last line of a text that ends without a break.
pub fn finish() {
    Answer::default().flush().ok();
}

/// Why standard output did not take everything.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Why a part of the answer is lost, on a full disk for example. A reader that has seen enough is nobody's error.
pub fn lost() -> Option<&'static io::Error> {
    LOST.get()
}

/// Standard output, which remembers what it did not take.
#[derive(Debug)]
pub struct Answer(Stdout);

impl Default for Answer {
    fn default() -> Self {
        Self(io::stdout())
    }
}

impl Answer {
    fn noted<T>(result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::Interrupted)
        {
            LOST.set(error.kind().into()).ok();
        }
        result
    }
}

impl Write for Answer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::noted(self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Self::noted(self.0.flush())
    }
}

/// A name or message that may come from anywhere, without control characters and what turns letters around.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            out.extend(letter.escape_unicode());
        } else if letter == '\n' || letter == '\t' || !letter.is_control() {
            out.push(letter);
        } else {
            out.extend(letter.escape_default());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal_or_turns_letters_around() {
        assert_eq!(
            harmless("a\tb\nc\u{1b}[2J \u{202e}d\u{2066}e \u{5d0}"),
            "a\tb\nc\\u{1b}[2J \\u{202e}d\\u{2066}e \u{5d0}"
        );
    }
}
