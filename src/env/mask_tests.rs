use proptest::prelude::*;

use super::*;

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

fn mask(texts: &[&str]) -> Rewriter {
    Rewriter::new(
        texts
            .iter()
            .map(|text| ((*text).to_owned(), MASK.to_owned())),
    )
}

fn stream(rewriter: &mut Rewriter, pieces: &[&[u8]]) -> String {
    let mut out = Vec::new();
    for piece in pieces {
        rewriter.push(piece, &mut out);
    }
    out.extend(rewriter.finish());
    String::from_utf8_lossy(&out).into_owned()
}

fn cut<'a>(text: &'a str, sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = text.as_bytes();
    for size in sizes {
        let (piece, tail) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

#[test]
fn replaces_whole_stretches() {
    let mut rewriter = mask(&["abcd", "cdef", "ab"]);
    assert_eq!(
        stream(&mut rewriter, &[b"x abcdef y ab z"]),
        "x *** y *** z"
    );
    assert_eq!(rewriter.rewrite("-abcd-"), "-***-");
}

#[test]
fn shows_a_prompt_that_starts_no_secret() {
    let mut rewriter = mask(&["secret"]);
    let mut out = Vec::new();
    rewriter.push(b"name? se", &mut out);
    assert_eq!(out, b"name? ");
}

#[test]
fn keeps_the_longer_of_two_that_start_together() {
    let mut rewriter = Rewriter::new([
        ("/tmp/a".to_owned(), "1".to_owned()),
        ("/tmp/a/b".to_owned(), "2".to_owned()),
    ]);
    assert_eq!(stream(&mut rewriter, &[b"/tmp/a/b /tmp/a"]), "2 1");
}

#[test]
fn access_key_ids_are_hidden_without_being_told() {
    let mut rewriter = Rewriter::default();
    assert_eq!(
        stream(&mut rewriter, &[b"id=AKIAIOSF", b"ODNN7EXAMPLE."]),
        "id=***."
    );
    for harmless in ["AKIA", "AKIAIOSFODNN7EXAMPL", "AKIAIOSFodnn7EXAMPLE"] {
        assert_eq!(stream(&mut rewriter, &[harmless.as_bytes()]), harmless);
    }
}

#[test]
fn a_prompt_is_held_back_no_longer_than_it_could_be_a_key() {
    let mut rewriter = Rewriter::default();
    let mut out = Vec::new();
    rewriter.push(b"AKIA? ", &mut out);
    assert_eq!(out, b"AKIA? ");
}

#[test]
fn lines_and_json_forms_are_hidden_and_short_ones_are_not() {
    let secrets = [Secret::new("one\"1\nab\r\nthree"), Secret::new("abc")];
    let all = masks(&secrets);
    assert_eq!(
        all,
        [
            "one\"1",
            "one\"1\nab\r\nthree",
            r#"one\"1"#,
            r#"one\"1\nab\r\nthree"#,
            "three"
        ]
    );
}

#[test]
fn long_secrets_are_found_where_their_start_is() {
    let secret = "0123456789".repeat(6_500);
    let mut rewriter = mask(&[&secret]);
    let text = format!("a {secret} b {} c", &secret[..60_000]);
    let expected = format!("a *** b {} c", &secret[..60_000]);
    assert_eq!(rewriter.rewrite(&text), expected);
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(4_096).collect();
    assert_eq!(stream(&mut rewriter, &pieces), expected);
}

/// Letters that make the start of a key id as likely as that of a secret.
fn secrets() -> impl Strategy<Value = Vec<String>> {
    let short = "[abA]{2,6}";
    let long = "(ab|ba|A){12,24}";
    proptest::collection::vec(prop_oneof![short, long], 1..5)
}

proptest! {
    #[test]
    fn no_secret_survives_any_cuts(
        words in proptest::collection::vec((0..8_usize, "[abA ]{0,12}"), 0..12),
        sizes in proptest::collection::vec(1..40_usize, 0..40),
        secrets in secrets(),
    ) {
        // Secrets whole, cut off at their end, and after one another.
        let text: String = words.iter().map(|(which, filler)| match secrets.get(*which) {
            Some(secret) => format!("{filler}{secret}{}", &secret[..secret.len() - 1]),
            None if *which == 7 => format!("{filler}{KEY}"),
            None => filler.clone(),
        }).collect();
        let texts: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let mut rewriter = mask(&texts);
        let whole = rewriter.rewrite(&text);
        let streamed = stream(&mut rewriter, &cut(&text, &sizes));
        for secret in texts.iter().chain(&[KEY]) {
            prop_assert!(!whole.contains(secret) && !streamed.contains(secret), "{text:?} {streamed:?}");
        }
        prop_assert_eq!(whole, streamed);
    }

    #[test]
    fn nothing_else_changes(
        text in "[abAK -]{0,80}", sizes in proptest::collection::vec(1..9_usize, 0..40),
        secrets in proptest::collection::vec("[cd]{4,30}", 0..4),
    ) {
        let texts: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let mut rewriter = mask(&texts);
        prop_assert_eq!(stream(&mut rewriter, &cut(&text, &sizes)), text);
    }
}
