//! Alternatives in braces, as shells write them: `a/{b,c/d}` means `a/b` and `a/c/d`.
//!
//! An extension: nobody knows whether `CodeBuild` has it. Braces without a comma, or never closed, are plain text.

/// More than anyone means; `{a,b}` thirty times over would be a thousand million.
const MOST: usize = 1000;

/// The texts that a pattern stands for, at least one; `None` when there are more than a thousand.
pub(super) fn alternatives(text: &str) -> Option<Vec<String>> {
    let mut done = Vec::new();
    let mut open = vec![text.to_owned()];
    while let Some(text) = open.pop() {
        match first_group(&text) {
            None => done.push(text),
            Some(group) => {
                let (before, after) = (&text[..group.start], &text[group.end..]);
                for option in group.options.iter().rev() {
                    open.push(format!("{before}{option}{after}"));
                }
            }
        }
        if done.len() + open.len() > MOST {
            return None;
        }
    }
    Some(done)
}

struct Group<'a> {
    start: usize,
    end: usize,
    options: Vec<&'a str>,
}

fn first_group(text: &str) -> Option<Group<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => {
                if let Some(group) = group_at(text, at) {
                    return Some(group);
                }
                at += 1;
            }
            _ => at += step(bytes, at),
        }
    }
    None
}

/// The group that opens at `start`, if it closes and has a comma of its own.
fn group_at(text: &str, start: usize) -> Option<Group<'_>> {
    let bytes = text.as_bytes();
    let (mut depth, mut at, mut from) = (0_usize, start + 1, start + 1);
    let mut options = Vec::new();
    while at < bytes.len() {
        match bytes[at] {
            b'{' => depth += 1,
            b',' if depth == 0 => {
                options.push(&text[from..at]);
                from = at + 1;
            }
            b'}' if depth == 0 => {
                if options.is_empty() {
                    return None;
                }
                options.push(&text[from..at]);
                let end = at + 1;
                return Some(Group {
                    start,
                    end,
                    options,
                });
            }
            b'}' => depth -= 1,
            _ => {}
        }
        at += step(bytes, at);
    }
    None
}

/// How many bytes to go on: past an escaped character, or past a whole class such as `[{]`.
fn step(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        b'\\' if at + 1 < bytes.len() => 2,
        // The first byte of a class is never its end: `[]]` is the class of `]`.
        b'[' => {
            let negated = usize::from(matches!(bytes.get(at + 1), Some(b'!' | b'^')));
            let inside = (at + 2 + negated).min(bytes.len());
            memchr::memchr(b']', &bytes[inside..]).map_or(1, |end| inside + end + 1 - at)
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_in_order() {
        for (text, expected) in [
            ("a", &["a"][..]),
            ("{a,b/c}/x", &["a/x", "b/c/x"]),
            ("{a,b}{1,2}", &["a1", "a2", "b1", "b2"]),
            ("{a,{b,c}d}", &["a", "bd", "cd"]),
            ("x{,y}", &["x", "xy"]),
            ("{a}", &["{a}"]),
            ("${var.x}/{a,b}", &["${var.x}/a", "${var.x}/b"]),
            ("{a,b", &["{a,b"]),
            ("a}", &["a}"]),
            ("\\{a,b}", &["\\{a,b}"]),
            ("[{]a,b}", &["[{]a,b}"]),
            ("{a[,]b,c}", &["a[,]b", "c"]),
            ("\u{e9}{\u{e8},b}", &["\u{e9}\u{e8}", "\u{e9}b"]),
        ] {
            assert_eq!(alternatives(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_to_explode() {
        assert_eq!(alternatives(&"{a,b}".repeat(40)), None);
    }
}
