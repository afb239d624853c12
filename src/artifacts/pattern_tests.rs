use proptest::prelude::*;

use super::*;

fn matches(pattern: &str, file: &str) -> bool {
    Pattern::new(pattern)
        .unwrap()
        .matches(b"/src", &path::join(b"/src", file.as_bytes()))
}

#[test]
fn follows_the_documented_forms() {
    for (pattern, yes, no) in [
        (
            "my-file.jar",
            &["my-file.jar"][..],
            &["a/my-file.jar", "my-file-jar"][..],
        ),
        (
            "a/b/x.jar",
            &["a/b/x.jar"],
            &["x.jar", "b/x.jar", "a/b/c/x.jar"],
        ),
        ("**/*", &["a", "a/b/c", ".git/config", ".env"], &[]),
        ("**", &["a", "a/b"], &[]),
        ("dir/*", &["dir/a", "dir/.a"], &["dir/a/b", "dir", "a"]),
        ("dir/**/*", &["dir/a", "dir/a/b"], &["dir", "other/dir/a"]),
        ("dir/**", &["dir/a", "dir/a/b"], &["dir"]),
        ("**/x", &["x", "a/x", "a/b/x"], &["a/xx", "x/a"]),
        ("**/.*", &[".a", "b/.a"], &["a", ".a/b"]),
        ("**/.*/**/*", &[".a/b", "x/.a/b/c"], &[".a", "a/b"]),
        ("**/name/**/*", &["name/a", "x/name/b/c"], &["name"]),
        ("*/x.txt", &["a/x.txt"], &["x.txt", "a/b/x.txt"]),
        ("**.*", &["a.b", ".x"], &["a/a.b", "ab"]),
        ("./a/./*.js", &["a/x.js"], &["b/x.js", "a/b/x.js"]),
        ("a/../b/*", &["b/x"], &["a/x"]),
        ("d*/", &["d/a", "dx/a/b"], &["d", "e/d"]),
        ("?.txt", &["a.txt"], &["ab.txt", "/.txt", ".txt"]),
        ("[ab]", &["a", "b"], &["c", "[ab]"]),
        ("x[^a]y", &["xby"], &["x/y", "xay"]),
        ("{a,b/c}/*.js", &["a/x.js", "b/c/x.js"], &["b/x.js"]),
        ("{a}*", &["{a}", "{a}b"], &["a"]),
        ("[{]*", &["{a"], &["a"]),
        ("a\\*b", &["a*b"], &["axb"]),
        ("A*", &["A1"], &["a1"]),
        ("*.js", &["a\nb.js"], &["a.JS"]),
        ("**/a/**/b", &["a/b", "x/a/y/a/z/b"], &["b", "a", "a/c"]),
    ] {
        for file in yes {
            assert!(matches(pattern, file), "{pattern} should match {file:?}");
        }
        for file in no {
            assert!(
                !matches(pattern, file),
                "{pattern} should not match {file:?}"
            );
        }
    }
}

#[test]
fn reaches_outside_when_told_to() {
    let pattern = |text: &str| Pattern::new(text).unwrap();
    assert!(pattern("/tmp/*.log").matches(b"/src", b"/tmp/a.log"));
    assert!(!pattern("/tmp/*.log").matches(b"/src", b"/src/tmp/a.log"));
    assert!(pattern("../other/*").matches(b"/w/src", b"/w/other/a"));
    assert!(pattern("/w/src/../other/*").matches(b"/w/src", b"/w/other/a"));
    assert!(pattern("../../../../etc/passwd").matches(b"/w/src", b"/etc/passwd"));
}

#[test]
fn matches_names_that_are_not_text() {
    assert!(
        Pattern::new("**/*.bin")
            .unwrap()
            .matches(b"/s", b"/s/\xff\xfe/\x80.bin")
    );
    assert!(
        Pattern::new("a*[x]")
            .unwrap()
            .matches(b"/s", b"/s/a\xff\n\x80x")
    );
}

#[test]
fn knows_where_it_starts_to_vary() {
    for (pattern, path, depth) in [
        ("**/*", "/src", None),
        ("a/b/*.js", "/src/a/b", Some(1)),
        ("a/*/b", "/src/a", Some(2)),
        ("a/b", "/src/a/b", Some(0)),
        (".", "/src", Some(0)),
        ("/tmp/**/x", "/tmp", None),
        ("../x*", "/", Some(1)),
    ] {
        let prefix = Pattern::new(pattern).unwrap().alternatives()[0].prefix(b"/src");
        assert_eq!(
            (prefix.path, prefix.depth),
            (path.into(), depth),
            "{pattern}"
        );
    }
}

#[test]
fn says_what_is_wrong() {
    for (pattern, reason) in [
        ("a[b", "unclosed character class; missing ']'"),
        ("[z-a]", "invalid range; 'z' > 'a'"),
        ("**/../x", "`..` can't follow `**`"),
        ("a*\\", "dangling '\\'"),
        ("a\0b", "it contains a NUL"),
    ] {
        assert_eq!(
            Pattern::new(pattern).unwrap_err().reason,
            reason,
            "{pattern:?}"
        );
    }
}

/// The obvious way, for `*`, `?` and `**` alone.
fn naive(pattern: &[&str], names: &[&str]) -> bool {
    match (pattern, names) {
        ([], []) => true,
        (["**"], names) => !names.is_empty(),
        (["**", rest @ ..], _) => (0..=names.len()).any(|skip| naive(rest, &names[skip..])),
        ([first, rest @ ..], [name, names @ ..]) => {
            naive_name(first.as_bytes(), name.as_bytes()) && naive(rest, names)
        }
        _ => false,
    }
}

fn naive_name(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=name.len()).any(|skip| naive_name(rest, &name[skip..])),
        ([b'?', rest @ ..], [_, name @ ..]) => naive_name(rest, name),
        ([first, rest @ ..], [byte, name @ ..]) => first == byte && naive_name(rest, name),
        _ => false,
    }
}

fn is_name(text: &String) -> bool {
    text != "." && text != ".."
}

proptest! {
    #[test]
    fn agrees_with_the_obvious_way(
        pattern in prop::collection::vec(prop_oneof![Just("**".to_owned()), "[ab.*?]{1,3}".prop_filter("no name", is_name)], 1..5),
        names in prop::collection::vec("[ab.]{1,3}".prop_filter("no name", is_name), 1..5),
    ) {
        let expected = naive(
            &pattern.iter().map(String::as_str).collect::<Vec<_>>(),
            &names.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        prop_assert_eq!(matches(&pattern.join("/"), &names.join("/")), expected);
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error(text in "[ab*?.\\[\\]{},/!^\\\\-]{0,14}", file in "[ab{},/]{1,8}") {
        if let Ok(pattern) = Pattern::new(&text) {
            pattern.matches(b"/src", &path::normalised(file.as_bytes()));
            pattern.alternatives().iter().for_each(|one| drop(one.prefix(b"/src")));
        }
    }
}
