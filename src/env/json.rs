//! One key of a secret that is JSON.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::secret::Secret;

/// A member of a JSON object: a text as it is, anything else as compact JSON.
pub(super) fn member(text: &str, key: &str) -> Result<Secret, String> {
    // The parser's own message would quote the secret.
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text)
        .map_err(|_| format!("is not a JSON object, so it has no key {key:?}"))?;
    let member = members
        .get(key)
        .ok_or_else(|| format!("has no key {key:?}"))?
        .get();
    let text = if member.starts_with('"') {
        serde_json::from_str(member).ok()
    } else if member.starts_with(['{', '[']) {
        Some(compact(member))
    } else {
        // A number stays as it is written, however long.
        Some(member.to_owned())
    };
    text.map(Secret::new)
        .ok_or_else(|| format!("has no readable value for key {key:?}"))
}

/// JSON without the blanks between its parts.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for letter in json.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ' ' | '\t' | '\n' | '\r' if !quoted => continue,
            _ => {}
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_texts_or_compact_json() {
        let json = r#"{"s": "a\n\"b\"", "n": 123456789012345678901234567890, "f": 1.10, "o": {"b": [1, "x y\" "], "a": null}, "e": ""}"#;
        let text = |key| member(json, key).map(|value| value.reveal().to_owned());
        assert_eq!(text("s").unwrap(), "a\n\"b\"");
        assert_eq!(text("n").unwrap(), "123456789012345678901234567890");
        assert_eq!(text("f").unwrap(), "1.10");
        assert_eq!(text("o").unwrap(), r#"{"b":[1,"x y\" "],"a":null}"#);
        assert_eq!(text("e").unwrap(), "");
        assert_eq!(text("x").unwrap_err(), "has no key \"x\"");
        assert!(
            member("plain", "x")
                .unwrap_err()
                .contains("not a JSON object")
        );
    }
}
