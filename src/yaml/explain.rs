//! libyaml's refusals in words that lead to the mending.

use super::judge::{Mark, Refusal};
use crate::diagnostic::Finding;
use crate::source::{Source, Span};

/// What a person is told about one refusal.
struct Advice {
    message: &'static str,
    label: &'static str,
    help: &'static str,
    /// The mistake stands where the context begins; the parser only noticed later.
    at_context: bool,
}

const fn advice(message: &'static str, label: &'static str, help: &'static str) -> Advice {
    Advice {
        message,
        label,
        help,
        at_context: false,
    }
}

const fn advice_at_context(
    message: &'static str,
    label: &'static str,
    help: &'static str,
) -> Advice {
    Advice {
        message,
        label,
        help,
        at_context: true,
    }
}

/// Turns a refusal into a finding at the place to mend.
pub(super) fn finding(source: &Source, refusal: &Refusal) -> Finding {
    let noticed = span(source, refusal);
    let line = line_around(source.text(), noticed.start);
    let advice = choose(refusal, line, noticed.start);
    let begun = refusal
        .context
        .as_ref()
        .filter(|(_, mark)| *mark != refusal.mark)
        .map(|(_, mark)| at(source, *mark));
    let mut finding = Finding::error("yaml-syntax", refusal.sentence(), advice.message, noticed);
    match begun {
        Some(begun) if advice.at_context => {
            finding.primary.span = line_rest(source.text(), begun);
            finding = finding.label(advice.label);
            if source.position(begun.start).0 != source.position(noticed.start).0 {
                finding = finding.related(noticed, "the parser gave up here");
            }
        }
        _ => finding = finding.label(advice.label),
    }
    if !advice.help.is_empty() {
        finding = finding.help(advice.help);
    }
    finding
}

/// Which advice fits; `line` is where the parser noticed, `byte` the place in the whole text.
fn choose(refusal: &Refusal, line: (usize, &str), byte: usize) -> Advice {
    let (start, text) = line;
    let before = text.get(..byte.saturating_sub(start)).unwrap_or_default();
    let trimmed = text.trim_start().trim_start_matches("- ").trim_start();
    let found = text
        .get(before.len()..)
        .and_then(|rest| rest.chars().next());
    match refusal.problem.as_str() {
        "mapping values are not allowed in this context" => {
            if before.contains(": ") || before.trim_start().starts_with("- ") {
                advice(
                    "a second `: ` in one line: YAML takes what stands before it for a key",
                    "this `:` is one too many",
                    "put the whole text in quotes ('...'), or write the command as a block: `- |` and the command on the next line, indented",
                )
            } else {
                advice(
                    "this line is indented deeper than the line above allows, or the line above lacks its `:`",
                    "no key can stand here",
                    "start the line in the same column as the keys it belongs with; if it belongs under the line above, end that one with `:`",
                )
            }
        }
        "could not find expected ':'" => advice_at_context(
            "a text stands where a key is expected",
            "neither a `key:` nor part of a list or block",
            "indent the line if it belongs to the command above it, add `- ` if it is a list item, or a `:` if it is a key",
        ),
        "found character that cannot start any token" if found == Some('\t') => advice(
            "a tab: YAML is indented with spaces",
            "tab",
            "replace the tabs at the start of the lines by spaces",
        ),
        "found a tab character that violates indentation" => advice(
            "a tab: YAML is indented with spaces",
            "tab",
            "replace the tabs at the start of the lines by spaces",
        ),
        "found character that cannot start any token" => advice(
            "no YAML text can start with this character unless it is in quotes",
            "reserved by YAML",
            "put the whole text in single quotes: '...'",
        ),
        "did not find expected alphabetic or numeric character" => advice(
            "`*` and `&` at the start of a text are YAML's signs for aliases and anchors",
            "not a name",
            "put the whole text in quotes, for example '**/*'",
        ),
        "unknown anchor" => advice(
            "an alias (`*name`) of something that is not defined above it",
            "no `&` with this name before here",
            "define the anchor (`&name`) above, or put the text in quotes if it is meant to begin with `*`",
        ),
        "did not find expected ',' or ']'" => advice(
            "a list that begins with `[` is not continued with `,` or closed with `]`",
            "expected `,` or `]` here",
            if trimmed.starts_with("[ ") || trimmed.starts_with("[[") {
                "a command that begins with `[` needs quotes, or a block: `- |` and the command on the next line, indented"
            } else {
                "add the missing `,` or `]`; a text that contains `[`, `]`, `{`, `}` or quotes inside goes into quotes as a whole"
            },
        ),
        "did not find expected ',' or '}'" => advice(
            "keys and values that begin with `{` are not continued with `,` or closed with `}`",
            "expected `,` or `}` here",
            "add the missing `,` or `}`; a text or command that begins with `{` goes into quotes as a whole",
        ),
        "did not find expected '-' indicator" | "did not find expected key"
            if trimmed.starts_with(['"', '\'', '[', '{']) =>
        {
            advice(
                "text goes on after a closing quote or bracket",
                "a value that begins with a quote or a bracket ends with it",
                "put the whole text in single quotes, or write the command as a block: `- |` and the command on the next line, indented",
            )
        }
        "did not find expected '-' indicator" => advice(
            "this line does not fit the list above it",
            "neither `- ` in the list's column nor a key further left",
            "begin every item with `- ` in the same column, and keys in the column of the section they belong to",
        ),
        "did not find expected key" => advice(
            "this line does not fit the indentation of what is above it",
            "starts in a column where no key or list item can stand",
            "give the keys of one section the same number of spaces; check quotes that are opened and closed in the lines above",
        ),
        "found unexpected end of stream" => advice_at_context(
            "a quote is opened and never closed",
            "opened here",
            "close the quote, or use the other kind of quote around the text",
        ),
        "found unknown escape character" => advice(
            "YAML knows no such escape in a text in double quotes",
            "unknown escape",
            "double the backslash (`\\\\`), or put the text in single quotes, where a backslash is only a backslash",
        ),
        "did not find expected comment or line break" => advice(
            "nothing can follow `|` or `>` on its line",
            "text after the block's sign",
            "start the block's text on the next line, indented; a text that begins with `|`, `>` or a backtick goes into quotes",
        ),
        "did not find expected hexdecimal number" | "did not find expected hexadecimal number" => {
            advice(
                "`\\x`, `\\u` and `\\U` in double quotes need digits",
                "not a number",
                "double the backslash (`\\\\`), or put the text in single quotes",
            )
        }
        "did not find expected node content" => advice(
            "a value is missing here",
            "expected a value",
            "put a value here, or the whole text in quotes if this sign belongs to it",
        ),
        "did not find expected <document start>" => advice(
            "something stands after the end of the buildspec",
            "the document above is complete",
            "indent this line like the lines it belongs with, or remove it",
        ),
        "found undefined tag handle" | "did not find expected '!'" => advice(
            "`!` at the start of a text is YAML's sign for a tag",
            "not a known tag",
            "put the whole text in quotes",
        ),
        "control characters are not allowed" => advice(
            "a control character that YAML does not allow",
            "invisible character here",
            "remove it; the file may have been damaged or saved in another encoding",
        ),
        problem if problem.contains("octet") || problem.contains("UTF-8") => advice(
            "the file is not UTF-8",
            "these bytes are no character in UTF-8",
            "save the file as UTF-8",
        ),
        _ => advice("this is not YAML", "the parser gave up here", ""),
    }
}

fn span(source: &Source, refusal: &Refusal) -> Span {
    match refusal.byte {
        Some(byte) => character(source.text(), byte),
        None => at(source, refusal.mark),
    }
}

/// The character at a mark.
fn at(source: &Source, mark: Mark) -> Span {
    let start = source.line_start(mark.line + 1);
    let rest = source.text().get(start..).unwrap_or_default();
    let column = rest.char_indices().nth(mark.column);
    character(
        source.text(),
        start + column.map_or(rest.len(), |(at, _)| at),
    )
}

/// The character at a byte; empty at a line's end.
fn character(text: &str, byte: usize) -> Span {
    let start = text.floor_char_boundary(byte);
    let length = text
        .get(start..)
        .and_then(|rest| rest.chars().next())
        .filter(|&found| found != '\n' && found != '\r')
        .map_or(0, char::len_utf8);
    Span::new(start, start + length)
}

/// From a place to the end of its line.
fn line_rest(text: &str, from: Span) -> Span {
    let rest = text.get(from.start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default().trim_end();
    Span::new(from.start, from.start + line.len())
}

/// The line around a byte, and where it starts.
fn line_around(text: &str, byte: usize) -> (usize, &str) {
    let start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    (start, text[start..].lines().next().unwrap_or_default())
}
