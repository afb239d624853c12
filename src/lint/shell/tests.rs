//! The reader of shell text.

use proptest::prelude::*;

use super::*;

/// The simple commands of a text, a line each: `name arg arg`, with `=` assignments and `>` redirections behind it.
fn shown(text: &str) -> String {
    let script = parse(text);
    let mut lines = Vec::new();
    walk(&script.list, &mut |step| {
        let simple = step.simple;
        let mut parts: Vec<String> = simple.words.iter().map(|word| word.text.clone()).collect();
        parts.extend(simple.assignments.iter().map(|word| word.text.clone()));
        parts.extend(
            simple
                .redirects
                .iter()
                .map(|redirect| format!("{}{}", redirect.operator, redirect.target.text)),
        );
        lines.push(parts.join(" "));
    });
    if !script.complete {
        lines.push("?".to_owned());
    }
    lines.join("\n")
}

#[test]
fn commands_and_words() {
    for (text, expected) in [
        ("echo a  'b c' \"d $e\"", "echo a b c d $e"),
        ("a=1 b=$c cmd x=y", "cmd x=y a=1 b=$c"),
        ("a && b || c; d & e", "a\nb\nc\nd\ne"),
        ("a | b |& c", "a\nb\nc"),
        ("a # b\nc#d", "a\nc#d"),
        ("a \\\n b", "a b"),
        ("a > x 2>&1 < y", "a >x >&1 <y"),
        ("echo $(b `c`) x", "echo $(b `c`) x\nb `c`\nc"),
        ("if a; then b; elif c; then d; else e; fi", "a\nc\nb\nd\ne"),
        ("for x in 1 2; do a; done; while b; do c; done", "a\nb\nc"),
        ("case $x in a|b) c;; *) d ;; esac", "c\nd"),
        ("case $x in\n (a) c\n ;;\nesac\ne", "c\ne"),
        ("f() { a; }\nfunction g { b; }; (c; d)", "a\nb\nc\nd"),
        ("cat <<EOF | x\n$(a) ' \"\nEOF\nb", "cat <<EOF\nx\nb"),
        ("cat <<-'E'\n\tx\n\tE\nb", "cat <<-E\nb"),
        ("[[ $a =~ ^(x|y)$ && b ]] || c", "[[ $a =~ ^ x y $ b ]]\nc"),
        ("a=(1 \"$(b)\" 3) c", "c a=\nb"),
        (
            "echo ${a:-$(b)} ${c//x/\"}\"}",
            "echo ${a:-$(b)} ${c//x/\"}\"}\nb",
        ),
        ("cat <(a) >(b)", "cat <(a) >(b)\na\nb"),
        ("((a++)) && b $((1 + (2)))", "b $((1 + (2)))"),
        ("! a; time b", "a\nb"),
        ("{ a; b; } > x", "a\nb"),
        ("echo done; echo }", "echo done\necho }"),
        ("a 'b", "a b\n?"),
        ("fi; a", "a\n?"),
        ("echo $'a\\'b' c", "echo $'a\\'b' c"),
        (
            "docker run --rm -e A=$B img sh -c \"x; y\"",
            "docker run --rm -e A=$B img sh -c x; y",
        ),
        ("", ""),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn variables_know_their_quotes() {
    let script = parse("x $a \"$b ${c%/*}\" ${#d} \\$e '$f' ${!g}");
    let mut found = Vec::new();
    walk_all(&script.list, &mut |visit| {
        if let Visit::Word(word) = visit {
            for expansion in &word.expansions {
                if let ExpansionKind::Variable { name, modifier } = &expansion.kind {
                    found.push(format!(
                        "{name} {} {:?}{}",
                        expansion.quoted, modifier.prefix, modifier.rest
                    ));
                }
            }
        }
    });
    assert_eq!(
        found,
        [
            "a false None",
            "b true None",
            "c true None%/*",
            "d false Some('#')",
            "g false Some('!')"
        ]
    );
}

#[test]
fn deep_texts_end() {
    for piece in [
        "$(",
        "${",
        "\"${",
        "(",
        "a=(",
        "{ ",
        "if ",
        "function f ",
        "f() ",
        "`",
        "<(",
        "case x in a) ",
    ] {
        parse(&piece.repeat(5_000));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_do_no_harm(pieces in prop::collection::vec(prop::sample::select(vec![
        "a", " ", "\n", ";", ";;", "&&", "||", "|", "&", "(", ")", "((", "))", "$(", "${", "}", "{ ", "`", "'", "\"", "\\", "$",
        "$'", "<<E", "\nE\n", "<", ">", "<(", "if ", "then ", "fi", "for ", "in ", "do ", "done", "case ", "esac", "function ", "f()",
        "[[ ", " ]]", "=", "a=(", "#", "!", "\u{e9}", "\u{1f600}", "\r\n", "2>&1",
    ]), 0..40)) {
        let text = pieces.concat();
        let script = parse(&text);
        walk_all(&script.list, &mut |visit| {
            let range = match visit {
                Visit::Simple(step) => step.simple.range.clone(),
                Visit::Compound(compound) => compound.opening.clone(),
                Visit::Function(_, range, _) => range.clone(),
                Visit::Word(word) => word.range.clone(),
            };
            assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}");
        });
    }
}
