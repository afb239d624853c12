//! Texts that are secrets by their form.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// No token is longer, in bytes; a file may be made of what looks like the beginning of one.
const LONGEST: usize = 300;

/// A kind of token: what it begins with, and how it goes on.
struct Token {
    start: &'static str,
    /// At least this many letters and digits follow, ...
    least: usize,
    /// ... and these signs may be among them.
    signs: &'static [u8],
    upper: bool,
    what: &'static str,
}

impl Token {
    /// How long what `text` begins with is, and whether it is a secret or stands for one.
    fn length(&self, text: &str) -> Option<(usize, bool)> {
        let body = &text[self.start.len()..];
        let fits = |byte: &u8| {
            let letter = if self.upper {
                byte.is_ascii_uppercase() || byte.is_ascii_digit()
            } else {
                byte.is_ascii_alphanumeric()
            };
            letter || self.signs.contains(byte)
        };
        let length = body
            .bytes()
            .take(LONGEST)
            .take_while(|byte| fits(byte))
            .count();
        let whole = !self.upper
            || length == self.least
                && !body[length..].starts_with(|letter: char| letter.is_ascii_alphanumeric());
        let secret = !is_placeholder(&body[..length]);
        (length >= self.least && whole).then_some((self.start.len() + length, secret))
    }
}

const fn token(
    start: &'static str,
    least: usize,
    signs: &'static [u8],
    what: &'static str,
) -> Token {
    Token {
        start,
        least,
        signs,
        upper: false,
        what,
    }
}

const AWS: &str = "an AWS access key";
const GITHUB: &str = "a GitHub token";
const SLACK: &str = "a Slack token";

const TOKENS: &[Token] = &[
    Token {
        upper: true,
        ..token("AKIA", 16, b"", AWS)
    },
    Token {
        upper: true,
        ..token("ASIA", 16, b"", AWS)
    },
    token("ghp_", 36, b"", GITHUB),
    token("gho_", 36, b"", GITHUB),
    token("ghu_", 36, b"", GITHUB),
    token("ghs_", 36, b"", GITHUB),
    token("ghr_", 36, b"", GITHUB),
    token("github_pat_", 22, b"_", GITHUB),
    token("glpat-", 20, b"-_", "a GitLab token"),
    token("xoxb-", 20, b"-", SLACK),
    token("xoxp-", 20, b"-", SLACK),
    token("xoxa-", 20, b"-", SLACK),
    token("xoxr-", 20, b"-", SLACK),
    token("xoxs-", 20, b"-", SLACK),
    token(
        "https://hooks.slack.com/services/T",
        30,
        b"/",
        "the address of a Slack webhook",
    ),
    token("sk_live_", 20, b"", "a Stripe key"),
    token("rk_live_", 20, b"", "a Stripe key"),
    token("AIza", 35, b"-_", "a Google API key"),
    token("npm_", 36, b"", "an npm token"),
    token("pypi-AgE", 40, b"-_", "a PyPI token"),
    token("dckr_pat_", 24, b"-_", "a Docker Hub token"),
    token("SG.", 50, b"-_.", "a SendGrid key"),
    token("sk-ant-", 40, b"-_", "an Anthropic key"),
    token("dop_v1_", 60, b"", "a DigitalOcean token"),
    token("hvs.", 24, b"-_", "a Vault token"),
];

/// A token stands at the beginning of a word.
fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Looks for all beginnings at once.
static BEGINNINGS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let starts = TOKENS.iter().map(|token| token.start);
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        // Quickly made; what looks for the beginnings is the prefilter.
        .kind(Some(AhoCorasickKind::NoncontiguousNFA))
        .build(starts)
        .ok()
});

/// All secrets of a text that are known by their form, and what they are.
pub(super) fn find(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let mut found = Vec::new();
    let mut end = 0;
    let beginnings = BEGINNINGS.iter().flat_map(|all| all.find_iter(text));
    for beginning in beginnings {
        let at = beginning.start();
        if at < end || is_word(text.as_bytes()[..at].last()) {
            continue;
        }
        let token = &TOKENS[beginning.pattern()];
        if let Some((length, secret)) = token.length(&text[at..]) {
            end = at + length;
            found.extend(secret.then_some((at..end, token.what)));
        }
    }
    private_keys(text, &mut found);
    passwords(text, &mut found);
    found.sort_by_key(|(range, _)| range.start);
    found
}

fn private_keys(text: &str, found: &mut Vec<(Range<usize>, &'static str)>) {
    const END: &str = "PRIVATE KEY-----";
    const LONGEST_HEADER: usize = 80;
    for at in memchr::memmem::find_iter(text.as_bytes(), "-----BEGIN ") {
        let header = &text[at..text.floor_char_boundary(at + LONGEST_HEADER)];
        let line = header.lines().next().unwrap_or_default();
        let Some(end) = line.find(END).map(|end| end + END.len()) else {
            continue;
        };
        // A check for the header, as in `grep`, has no key behind it.
        let key = text[at + end..]
            .trim_start_matches(['\\', 'n', '\r', '\n', ' ', '\t', '"', '\'', '-', '|']);
        let length = key
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
            .count();
        if length >= 40 {
            found.push((at..at + end, "a private key"));
        }
    }
}

/// `https://user:password@host`
fn passwords(text: &str, found: &mut Vec<(Range<usize>, &'static str)>) {
    for at in memchr::memmem::find_iter(text.as_bytes(), "://") {
        let start = at + 3;
        let rest = &text[start..];
        let end = rest
            .find(|letter: char| letter.is_whitespace() || "/\"'`<>()\\,|;".contains(letter))
            .unwrap_or(rest.len());
        let Some((user, host)) = rest[..end].rsplit_once('@') else {
            continue;
        };
        let Some((name, password)) = user.split_once(':') else {
            continue;
        };
        let host = host.split(':').next().unwrap_or_default();
        let local = !host.contains('.')
            || host == "127.0.0.1"
            || host == "0.0.0.0"
            || host.contains("example");
        let written =
            !password.contains(['$', '{', '}', '%', '*', '[', '#']) && !password.is_empty();
        if written && !local && !is_placeholder(password) && name != password {
            let place = start + name.len() + 1;
            found.push((place..place + password.len(), "a password"));
        }
    }
}

/// Stands for a secret, and is none.
pub(super) fn is_placeholder(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "example",
        "changeme",
        "change-me",
        "change_me",
        "placeholder",
        "dummy",
        "fake",
        "sample",
        "your",
        "replace",
        "insert",
        "todo",
        "redacted",
        "xxxx",
        "****",
        "....",
        "password",
        "passwd",
        "secret",
        "token",
        "mock",
        "test",
        "foobar",
        "none",
        "null",
        "undefined",
        "notreal",
        "not-real",
        "abcdef",
        "123456",
    ];
    let lower = text.to_ascii_lowercase();
    let mut letters: Vec<char> = lower.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() <= 4 || WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<&'static str> {
        find(text).into_iter().map(|(_, what)| what).collect()
    }

    #[test]
    fn secrets_by_their_form() {
        // Put together here, so that no scanner takes this file for a leak.
        let aws = ["AKIA", "J7Q2MZ5XW9RT4LKB"].concat();
        let github = ["ghp_", "R7kQ2mZ5xW9rT4lKbN8vC3jH6gF1dS0pYtUe"].concat();
        assert_eq!(kinds(&format!("aws configure set {aws} x")), [AWS]);
        assert_eq!(kinds(&format!("a={github}")), [GITHUB]);
        assert_eq!(kinds(&format!("x{aws} {aws}Q")), [""; 0]);
        assert_eq!(kinds("AKIAIOSFODNN7EXAMPLE"), [""; 0]);
        let url = ["https://bob:", "h7Gq2!z", "@git.corp.io/x"].concat();
        assert_eq!(kinds(&url), ["a password"]);
        let range = find(&url)[0].0.clone();
        assert_eq!(&url[range], "h7Gq2!z");
        for harmless in [
            "https://bob:$TOKEN@git.corp.io/x",
            "postgres://app:h7Gq2z@localhost:5432/x",
            "postgres://app:h7Gq2z@db/x",
            "https://git.corp.io/a:b@c",
            "git@github.com:a/b",
            "https://user:password@git.corp.io/",
            "grep -q -- '-----BEGIN RSA PRIVATE KEY-----' f",
        ] {
            assert_eq!(kinds(harmless), [""; 0], "{harmless}");
        }
        let key = [
            "-----BEGIN RSA PRIVATE KEY-----\n  MIIEow",
            &"IBAAKCAQEA7".repeat(4),
        ]
        .concat();
        assert_eq!(kinds(&key), ["a private key"]);
    }
}
