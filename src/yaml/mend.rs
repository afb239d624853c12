//! The one safe mending of what libyaml refuses: quotes around a list item, or around a glob.

use crate::diagnostic::edit;
use crate::source::{Source, Span};

/// Characters that can't begin a plain text.
const RESERVED: [char; 4] = ['*', '@', '`', '%'];

/// What to put in the place of which bytes, if the line around `byte` is such an item.
pub(super) fn line(source: &Source, byte: usize) -> Option<(Span, String)> {
    let text = source.text();
    let (number, _) = source.position(byte);
    let start = source.line_start(number);
    let end = source.line_start(number + 1);
    let raw = text.get(start..end)?;
    let body = raw.trim_end();
    let column = body.len() - body.trim_start_matches(' ').len();
    let (before, value) = split(body)?;
    if value.starts_with(['|', '>', '&', '!', '#'])
        || value.starts_with("- ")
        || continues(text, end, column)
    {
        return None;
    }
    let is_item = body.trim_start().starts_with("- ");
    let section = section(text, start, column, is_item);
    let is_text = match section {
        Some("commands" | "finally") => is_item,
        // Quotes and brackets at the start may be meant as YAML's.
        Some("variables" | "parameter-store" | "secrets-manager") => {
            !is_item && !value.starts_with(['"', '\'', '[', '{'])
        }
        _ => false,
    };
    if !is_text && !value.starts_with(RESERVED) || is_alias(value) {
        return None;
    }
    let written = unquoted(value)?;
    let quoted = edit::quoted_or_block(written, column, edit::line_end(text, start))?;
    let at = start + before;
    Some((Span::new(at, at + value.len()), quoted))
}

/// `*name`: whoever wrote it may have meant an anchor, and misspelt it.
fn is_alias(value: &str) -> bool {
    let name = value.strip_prefix('*').unwrap_or_default();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    !name.is_empty() && name.chars().all(is_part)
}

/// The text that was meant by a value which YAML refuses, without the quotes that were meant for YAML.
///
/// In `"echo "a" b"` the second quote begins a word, so the first one was YAML's; in `"$PROGRAM" "a"` both are the shell's.
/// Where quotes are left open, or signs may be YAML's escapes, nobody but the author knows.
fn unquoted(value: &str) -> Option<&str> {
    let Some(quote) = value
        .chars()
        .next()
        .filter(|sign| matches!(sign, '"' | '\''))
    else {
        return Some(value);
    };
    let second = value[1..].find(quote)? + 1;
    let begins_word = value[..second].ends_with([' ', '=', '('])
        && value[second + 1..].starts_with(|next: char| !next.is_whitespace());
    let meant = if begins_word {
        let escape = if quote == '"' { "\\" } else { "''" };
        let inner = value[1..].strip_suffix(quote)?;
        (!inner.contains(escape)).then_some(inner)?
    } else {
        value
    };
    (!edit::ends_in_quotes(meant)).then_some(meant)
}

/// Where a line's value begins, and the value: behind `- `, or behind the first `: ` of another line.
fn split(line: &str) -> Option<(usize, &str)> {
    let trimmed = line.trim_start();
    let lead = if trimmed.starts_with("- ") {
        line.len() - trimmed.len() + 2
    } else {
        line.find(": ")? + 2
    };
    let value = line.get(lead..)?.trim_start();
    (!value.is_empty()).then(|| (line.len() - value.len(), value))
}

/// The next line belongs to this one.
fn continues(text: &str, end: usize, column: usize) -> bool {
    let next = text[end..].lines().next().unwrap_or_default();
    let indentation = next.len() - next.trim_start().len();
    !next.trim().is_empty() && !next.trim_start().starts_with('#') && indentation > column
}

/// The key that a line stands below, as an item of its list or as one of its keys.
fn section(text: &str, start: usize, column: usize, is_item: bool) -> Option<&str> {
    for line in text[..start].lines().rev() {
        let trimmed = line.trim_start();
        let indentation = line.len() - trimmed.len();
        if trimmed.is_empty() || trimmed.starts_with('#') || indentation > column {
            continue;
        }
        let item = trimmed.starts_with("- ") || trimmed == "-";
        if indentation == column && item == is_item {
            continue;
        }
        return trimmed.split(':').next().map(str::trim);
    }
    None
}
