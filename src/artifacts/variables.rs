//! `$NAME` and `${NAME}` in patterns.
//!
//! `CodeBuild` documents this for `base-directory` only (`$CODEBUILD_SRC_DIR_source1`); the buildspecs of the world
//! use it in `files` as well. Everything else a shell would do (`${X:-y}`, `$(date)`) stays as it is written.

/// A piece of a text: as it stands, or the name of a variable.
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// The names of the variables in a text, in order, each once.
pub fn variables_in(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for piece in pieces(text) {
        if let Piece::Variable(name) = piece
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// The text with its variables replaced; one that `lookup` does not know becomes nothing, as in a shell.
pub fn expand(text: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => expanded.push_str(text),
            Piece::Variable(name) => expanded.push_str(&lookup(name).unwrap_or_default()),
        }
    }
    expanded
}

fn pieces(mut rest: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        let (name, end) = match after.strip_prefix('{') {
            Some(inner) => {
                let name = name_at(inner);
                let closed = inner[name.len()..].starts_with('}');
                (if closed { name } else { "" }, name.len() + 2)
            }
            None => (name_at(after), name_at(after).len()),
        };
        if name.is_empty() {
            pieces.push(Piece::Text(&rest[..=at]));
            rest = after;
        } else {
            pieces.push(Piece::Text(&rest[..at]));
            pieces.push(Piece::Variable(name));
            rest = &after[end..];
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The variable name that a text starts with; empty when there is none.
fn name_at(text: &str) -> &str {
    let end = text
        .bytes()
        .position(|byte| !(byte == b'_' || byte.is_ascii_alphanumeric()))
        .unwrap_or(text.len());
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        ""
    } else {
        &text[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "A" => Some("one".into()),
            "A_B" => Some("$A".into()),
            _ => None,
        }
    }

    #[test]
    fn replaces_both_forms_once() {
        for (text, expanded) in [
            ("$A/x", "one/x"),
            ("${A}x", "onex"),
            ("$A_B", "$A"),
            ("x$NONE", "x"),
            ("$", "$"),
            ("a$/b", "a$/b"),
            ("$1", "$1"),
            ("${A", "${A"),
            ("${A:-x}", "${A:-x}"),
            ("${}", "${}"),
            ("$$A", "$one"),
            ("$(A)", "$(A)"),
            ("\u{e9}$A\u{e9}", "\u{e9}one\u{e9}"),
        ] {
            assert_eq!(expand(text, lookup), expanded, "{text}");
        }
    }

    #[test]
    fn names_each_variable_once() {
        assert_eq!(variables_in("$B/${A}/$B/$1"), ["B", "A"]);
    }
}
