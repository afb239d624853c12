//! Paths inside the container: absolute, normalised, plain bytes.

/// `PATH_MAX` and `NAME_MAX` of Linux.
const LONGEST_PATH: usize = 4096;
const LONGEST_NAME: usize = 255;

/// The text for people: characters that could play tricks on a terminal are escaped, as is what is not UTF-8.
pub fn shown(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            // U+202A to U+202E and U+2066 to U+2069 turn the direction of writing round.
            if character.is_control()
                || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        // `\xff`, as Rust writes it.
        text.extend(
            chunk
                .invalid()
                .iter()
                .flat_map(|&byte| std::ascii::escape_default(byte))
                .map(char::from),
        );
    }
    text
}

/// The path without empty components, `.` and `..`; `/` is its own parent.
pub(super) fn normalised(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in components(path) {
        match part {
            b"." => {}
            b".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let mut whole = vec![b'/'];
    whole.extend(parts.join(&b'/'));
    whole
}

/// The path below a directory; both normalised.
pub(super) fn join(directory: &[u8], below: &[u8]) -> Vec<u8> {
    let mut whole = directory.to_vec();
    if !below.is_empty() {
        if whole.last() != Some(&b'/') {
            whole.push(b'/');
        }
        whole.extend_from_slice(below);
    }
    whole
}

/// What remains of a path below a directory: `Some("")` for the directory itself, `None` outside of it.
pub(super) fn below<'a>(directory: &[u8], path: &'a [u8]) -> Option<&'a [u8]> {
    if directory == b"/" {
        return path.strip_prefix(b"/");
    }
    let rest = path.strip_prefix(directory)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix(b"/")
    }
}

/// The directory that holds a path.
pub(super) fn parent(path: &[u8]) -> &[u8] {
    match memchr::memrchr(b'/', path) {
        None | Some(0) => b"/",
        Some(at) => &path[..at],
    }
}

/// The last component.
pub(super) fn file_name(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |at| &path[at + 1..])
}

/// The components that are not empty.
pub(super) fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty())
}

/// Whether a relative path can be created below a directory without leaving it; the error says why not.
pub(super) fn check(path: &[u8]) -> Result<(), &'static str> {
    if path.is_empty() {
        return Err("is empty");
    }
    if path.len() > LONGEST_PATH {
        return Err("is too long");
    }
    if path.contains(&0) {
        return Err("contains a NUL");
    }
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" => return Err("is absolute or has an empty component"),
            b"." | b".." => return Err("contains `.` or `..`"),
            _ if part.len() > LONGEST_NAME => return Err("has a component that is too long"),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises() {
        for (path, expected) in [
            ("", "/"),
            ("/", "/"),
            ("a//b/./c/", "/a/b/c"),
            ("/a/../../b", "/b"),
            ("/a/b/..", "/a"),
        ] {
            assert_eq!(normalised(path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }

    #[test]
    fn knows_what_is_below() {
        assert_eq!(below(b"/a", b"/a/b"), Some(&b"b"[..]));
        assert_eq!(below(b"/a", b"/a"), Some(&b""[..]));
        assert_eq!(below(b"/a", b"/ab"), None);
        assert_eq!(below(b"/", b"/ab"), Some(&b"ab"[..]));
    }

    #[test]
    fn refuses_what_leaves() {
        for bad in ["", "/a", "a//b", "a/", "..", "a/../b", "./a", "a\0b"] {
            assert!(check(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(check(&[b'a'; 256]).is_err());
        assert!(check(&b"a/".repeat(3000)).is_err());
        assert!(check(b"a/..b/c..").is_ok());
    }

    #[test]
    fn shows_no_control_characters() {
        assert_eq!(
            shown(b"a\x1b[2J\n\xff\xc3\xa9"),
            "a\\u{1b}[2J\\n\\xff\u{e9}"
        );
        assert_eq!(shown("\u{202e}x".as_bytes()), "\\u{202e}x");
    }
}
