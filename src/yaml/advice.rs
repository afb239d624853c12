//! What a person is told about each of libyaml's refusals.

use super::explain::Scene;
use super::judge::Refusal;

/// Where the finding points.
#[derive(Clone, Copy)]
pub(super) enum At {
    /// Where the parser noticed.
    Noticed,
    /// Where the parser began what it could not finish: the mistake is there.
    Context,
    /// At the line above, which is the mistake.
    LineAbove,
    /// Where the parser noticed, and at the line above to compare.
    BelowLineAbove,
    /// Where the parser noticed, and at the first key or item of the collection it was in.
    InCollection,
    /// At the line that is meant, and at the nearest list item above.
    BelowItem,
}

pub(super) struct Advice {
    pub(super) message: &'static str,
    pub(super) label: &'static str,
    /// The word at the second place.
    pub(super) other: &'static str,
    pub(super) help: &'static str,
    pub(super) at: At,
    /// The help shows the item in quotes, where quotes mend it.
    pub(super) in_quotes: bool,
}

const NOTICED: Advice = Advice {
    message: "this is not YAML",
    label: "the parser gave up here",
    other: "",
    help: "",
    at: At::Noticed,
    in_quotes: false,
};

const BRACKET: Advice = Advice {
    message: "a command that begins with `[` is a list to YAML",
    label: "the list has ended, and the text goes on",
    help: "write the command as a block: `- |`, and the command on the next line, indented",
    ..NOTICED
};

const AFTER_QUOTE: Advice = Advice {
    message: "text goes on after the end of a quoted text, or in the middle of a line that is complete",
    label: "nothing can stand here",
    help: "quotes inside a text end it: write a command with such quotes as a block (`- |`, and the command on the next line, indented), or put the whole text in single quotes",
    ..NOTICED
};

pub(super) const OPEN_QUOTE: Advice = Advice {
    message: "a quote is opened, and closed in a line where nobody meant to",
    label: "opened here",
    other: "closed in front of this",
    help: "close the quote in its own line, or use the other kind of quote around the text",
    ..NOTICED
};

const CONFLICT: Advice = Advice {
    message: "a conflict of a merge is left in the file",
    label: "Git's mark",
    help: "keep one of the two parts, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`",
    at: At::BelowItem,
    ..NOTICED
};

const QUOTED_WORD: Advice = Advice {
    message: "a text that begins with a quote ends with the next one to YAML",
    label: "the text has ended, and the line goes on",
    help: "write the command as a block: `- |`, and the command on the next line, indented",
    in_quotes: true,
    ..NOTICED
};

const BRACE: Advice = Advice {
    message: "a text that begins with `{` is keys and values to YAML",
    label: "they have ended, and the line goes on",
    help: "write the command as a block: `- |`, and the command on the next line, indented",
    in_quotes: true,
    ..NOTICED
};

const SECOND_KEY: Advice = Advice {
    message: "two keys in one line",
    label: "begins a value, and the line has one",
    help: "write each key in a line of its own; in a template, `>` joins the lines below it: write `BuildSpec: |`",
    ..NOTICED
};

const CONTINUED: Advice = Advice {
    message: "this line goes on with the command above, and YAML takes it for a key",
    label: "part of the command",
    other: "the command begins here",
    help: "write the command as a block: `- |`, and all of its lines below, indented deeper than the `-`",
    at: At::BelowItem,
    ..NOTICED
};

const LACKS_SPACE: Advice = Advice {
    message: "a `-` without a space behind it begins no list item",
    label: "a text to YAML",
    help: "put a space behind the `-`",
    at: At::BelowItem,
    ..NOTICED
};

const UNEVEN_ITEM: Advice = Advice {
    message: "this list item begins in another column than those above",
    label: "not in the column of the list",
    other: "an item of the list begins here",
    help: "begin every item of a list with `- ` in the same column",
    at: At::BelowItem,
    ..NOTICED
};

const TAB: Advice = Advice {
    message: "a tab: YAML is indented with spaces",
    label: "tab",
    help: "replace the tabs at the start of the lines by spaces",
    ..NOTICED
};

/// Which advice fits.
pub(super) fn choose(refusal: &Refusal, scene: &Scene<'_>) -> Advice {
    let no_key = matches!(
        refusal.problem.as_str(),
        "mapping values are not allowed in this context"
            | "could not find expected ':'"
            | "did not find expected key"
            | "did not find expected '-' indicator"
    );
    match refusal.problem.as_str() {
        _ if scene.is_left_by_git() => CONFLICT,
        _ if no_key && scene.lacks_space() => LACKS_SPACE,
        _ if no_key && scene.continues => CONTINUED,
        "mapping values are not allowed in this context" => mapping_value(scene),
        "found character that cannot start any token" if scene.after.starts_with('\t') => {
            tab(scene)
        }
        "found a tab character that violates indentation"
        | "found a tab character where an indentation space is expected" => tab(scene),
        "block sequence entries are not allowed in this context" => item_in_line(scene),
        _ if scene.is_test() => BRACKET,
        "found unexpected end of stream" if scene.began_with_test() => Advice {
            label: "the quotes around words in it are then never closed",
            at: At::Context,
            ..BRACKET
        },
        "did not find expected alphabetic or numeric character"
        | "found character that cannot start any token"
        | "did not find expected comment or line break"
        | "found undefined tag handle"
        | "did not find expected '!'"
            if scene.after_quote() =>
        {
            QUOTED_WORD
        }
        "did not find expected key" | "did not find expected '-' indicator"
            if !scene.at_line_start() =>
        {
            in_line(scene)
        }
        "did not find expected <document start>" if !scene.at_line_start() => in_line(scene),
        "did not find expected key" if scene.below_item && scene.after.starts_with("- ") => {
            UNEVEN_ITEM
        }
        problem if problem.contains("octet") || problem.contains("UTF-8") => Advice {
            message: "the file is not UTF-8",
            label: "these bytes are no character in UTF-8",
            help: "save the file as UTF-8",
            ..NOTICED
        },
        problem => other(problem, scene),
    }
}

/// Something behind the end of a value in the same line.
fn in_line(scene: &Scene<'_>) -> Advice {
    if scene.after_quote() {
        QUOTED_WORD
    } else if scene.value().starts_with('{') {
        BRACE
    } else if scene.value().starts_with('[') {
        BRACKET
    } else {
        AFTER_QUOTE
    }
}

/// A `- ` that does not begin its line.
fn item_in_line(scene: &Scene<'_>) -> Advice {
    if scene.before.trim_end().ends_with(':') {
        Advice {
            message: "a list can't begin in the line of its key",
            label: "no item can stand here",
            help: "put the list on the next lines, each item with its own `- `",
            ..NOTICED
        }
    } else {
        in_line(scene)
    }
}

fn tab(scene: &Scene<'_>) -> Advice {
    if scene.before.trim_end().ends_with('-') {
        Advice {
            message: "a tab behind the `-`: YAML wants a space there",
            help: "replace the tab by a space",
            ..TAB
        }
    } else if scene.at_line_start() {
        TAB
    } else {
        Advice {
            message: "a tab where YAML wants a space",
            help: "replace the tab by a space",
            ..TAB
        }
    }
}

/// A `:` where no key can stand.
fn mapping_value(scene: &Scene<'_>) -> Advice {
    let above = scene.above.unwrap_or_default();
    let key_above = above.contains(": ") || above.ends_with(':');
    if scene.has_two_keys() {
        SECOND_KEY
    } else if scene.before.contains(": ") || scene.is_item() {
        Advice {
            message: "a second `: ` in one line: YAML takes what stands before it for a key",
            label: "this `:` is one too many",
            help: "put the whole text in single quotes, or write a command as a block: `- |`, and the command on the next line, indented",
            ..NOTICED
        }
    } else if above.starts_with("- ") && !key_above {
        Advice {
            message: "this line goes on with the list item above, and cannot be a key",
            label: "this `:` makes it one",
            other: "the item begins here",
            help: "if it is part of the command above, write that as a block: `- |`, and the command on the next lines, indented; if it is a key, start it in the column of the keys it belongs with",
            at: At::BelowLineAbove,
            ..NOTICED
        }
    } else if key_above || scene.above.is_none() {
        Advice {
            message: "this line is indented deeper than the line above allows",
            label: "no key can stand here",
            other: "has a value already, so nothing can be indented below it",
            help: "start both lines in the same column; or, if the lower belongs to the upper, leave nothing behind the upper one's `:`",
            at: At::BelowLineAbove,
            ..NOTICED
        }
    } else {
        Advice {
            message: "this line is no `key: value`",
            label: "lacks a `:` with a space behind it",
            help: "write it as `key: value`, or remove it",
            at: At::LineAbove,
            ..NOTICED
        }
    }
}

fn other(problem: &str, scene: &Scene<'_>) -> Advice {
    let (message, label, help) = match problem {
        "could not find expected ':'" => {
            return Advice {
                message: "a text stands where a key is expected",
                label: "neither a `key:` nor part of a list or block",
                help: "indent the line if it belongs to the command above it, add `- ` if it is a list item, or a `:` if it is a key",
                at: At::Context,
                ..NOTICED
            };
        }
        "found unexpected end of stream" => {
            return Advice {
                message: "a quote is opened and never closed",
                label: "opened here",
                help: "close the quote, or use the other kind of quote around the text",
                at: At::Context,
                ..NOTICED
            };
        }
        "did not find expected '-' indicator" => {
            return Advice {
                message: "this line does not fit the list above it",
                label: "neither a `- ` in the list's column, nor a key further left",
                other: "the list's items begin in this column",
                help: "begin every item with `- ` in one column, and a key in the column of the keys it belongs with",
                at: At::InCollection,
                ..NOTICED
            };
        }
        "did not find expected key" => {
            return Advice {
                message: "this line's indentation fits none of the sections it could belong to",
                label: "not in the column of any keys above",
                other: "keys around it begin in this column",
                help: "give all keys of one section the same number of spaces",
                at: At::InCollection,
                ..NOTICED
            };
        }
        "found character that cannot start any token" => (
            "no text can start with this character unless it is in quotes",
            "reserved by YAML",
            "put the whole text in single quotes: '...'",
        ),
        "did not find expected alphabetic or numeric character" => (
            "`*` and `&` at the start of a text are YAML's signs for aliases and anchors",
            "not a name",
            "put the whole text in quotes, for example '**/*'",
        ),
        "unknown anchor" => (
            "an alias (`*name`) of something that is not defined above it",
            "no `&` with this name before here",
            "define the anchor (`&name`) above, or put the text in quotes if it is meant to begin with `*`",
        ),
        "did not find expected ',' or ']'" => (
            "a list that begins with `[` is not continued with `,` or closed with `]`",
            "expected `,` or `]` here",
            "add the missing `,` or `]`; a text with quotes or brackets inside goes into quotes as a whole, and in double quotes each inner one is written `\\\"`",
        ),
        "did not find expected ',' or '}'" => (
            "keys and values that begin with `{` are not continued with `,` or closed with `}`",
            "expected `,` or `}` here",
            "add the missing `,` or `}`; a text or command that begins with `{` goes into quotes as a whole",
        ),
        "found unknown escape character" => (
            "YAML knows no such escape in a text in double quotes",
            "unknown escape",
            "double the backslash (`\\\\`), or put the text in single quotes, where a backslash is only a backslash",
        ),
        "did not find expected hexdecimal number" => (
            "`\\x`, `\\u` and `\\U` in double quotes need digits",
            "not a number",
            "double the backslash (`\\\\`), or put the text in single quotes",
        ),
        "did not find expected comment or line break" => (
            "nothing can follow `|` or `>` on its line",
            "text behind the block's sign",
            "start the block's text on the next line, indented; a text that is meant to begin with `|` or `>` goes into quotes",
        ),
        "did not find expected node content" if scene.after.starts_with("...") => (
            "`...` ends a document, and nothing stands before it",
            "ends the document",
            "write the buildspec instead of the dots",
        ),
        "did not find expected node content" => (
            "a value is missing here",
            "expected a value",
            "put a value here; if this sign belongs to a text, put the whole text in quotes",
        ),
        "did not find expected <document start>" => (
            "something stands after the end of the buildspec",
            "what is above is complete",
            "indent this line like the lines it belongs with, or remove it",
        ),
        "found undefined tag handle" | "did not find expected '!'" => (
            "`!` at the start of a text is YAML's sign for a tag",
            "not a known tag",
            "put the whole text in quotes",
        ),
        "control characters are not allowed" => (
            "a control character that YAML does not allow",
            "invisible character here",
            "remove it; the file may have been damaged or saved in another encoding",
        ),
        _ => return NOTICED,
    };
    Advice {
        message,
        label,
        help,
        ..NOTICED
    }
}
