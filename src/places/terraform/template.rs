//! Terraform's strings and heredocs, with the place of every part.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;

use super::super::mapped::Mapped;
use crate::source::{Source, Span};

/// The text of a string or heredoc; `None` for another expression, and for one with `%{` in it.
pub(crate) fn mapped(source: &Source, expression: &Expression) -> Option<Mapped> {
    let range = expression.span()?;
    let raw = source.text().get(range.clone())?;
    let mut mapped = Mapped::default();
    match expression {
        Expression::String(_) | Expression::StringTemplate(_) => {
            let inner = raw.get(1..raw.len().checked_sub(1)?)?;
            pieces(inner, range.start + 1, true, &mut mapped)?;
        }
        Expression::HeredocTemplate(heredoc) => {
            let body = heredoc.template.span()?;
            let indent = heredoc.indent().unwrap_or(0);
            let mut at = body.start;
            for line in logical_lines(source.text().get(body)?) {
                let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
                let cut = indent.min(blanks);
                pieces(line.get(cut..)?, at + cut, false, &mut mapped)?;
                at += line.len();
            }
        }
        _ => return None,
    }
    Some(mapped)
}

/// Lines, of which those that an interpolation joins are one.
fn logical_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(next) = text[at..].find(['$', '\n']) {
        at += next;
        let rest = &text[at..];
        if rest.starts_with('\n') {
            at += 1;
            lines.push(&text[start..at]);
            start = at;
        } else if rest.starts_with("$${") {
            at += 3;
        } else if rest.starts_with("${") {
            at += interpolation(rest);
        } else {
            at += 1;
        }
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

/// Appends literal text, escapes and interpolations; `None` when there is a directive.
fn pieces(raw: &str, start: usize, quoted: bool, mapped: &mut Mapped) -> Option<()> {
    let mut at = 0;
    while let Some(letter) = raw[at..].chars().next() {
        let rest = &raw[at..];
        let place = |length: usize| Span::new(start + at, start + at + length);
        let length = if rest.starts_with("$${") || rest.starts_with("%%{") {
            mapped.written(&rest[1..3], place(3));
            3
        } else if rest.starts_with("${") {
            let length = interpolation(rest);
            let inner = rest[..length]
                .trim_start_matches("${")
                .trim_end_matches('}')
                .trim();
            let simple = inner
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-[]*".contains(&byte));
            let stand_in = if simple && !inner.is_empty() {
                format!("${{{inner}}}")
            } else {
                "${...}".to_owned()
            };
            mapped.stand_in(&stand_in, place(length));
            length
        } else if rest.starts_with("%{") {
            return None;
        } else if quoted && letter == '\\' {
            let (text, length) = escape(rest);
            mapped.written(&text, place(length));
            length
        } else if letter == '\r' && rest.starts_with("\r\n") {
            mapped.written("\n", place(2));
            2
        } else {
            mapped.copy(&rest[..letter.len_utf8()], start + at);
            letter.len_utf8()
        };
        at += length;
    }
    Some(())
}

/// The length of `${...}`, whose inside may hold braces and strings.
fn interpolation(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quoted => {
                letters.next();
            }
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// What an escape stands for, and its length.
fn escape(text: &str) -> (String, usize) {
    let Some(kind) = text[1..].chars().next() else {
        return (text.to_owned(), text.len());
    };
    let digits = match kind {
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    let number = text.get(2..2 + digits).filter(|_| digits > 0);
    let letter = number
        .and_then(|number| u32::from_str_radix(number, 16).ok())
        .and_then(char::from_u32);
    match (kind, letter) {
        (_, Some(letter)) => (letter.to_string(), 2 + digits),
        ('n', _) => ("\n".to_owned(), 2),
        ('r', _) => ("\r".to_owned(), 2),
        ('t', _) => ("\t".to_owned(), 2),
        (other, _) => (other.to_string(), 1 + other.len_utf8()),
    }
}
