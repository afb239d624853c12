//! What differs from one run of the same build to the next, taken out of a text.

use std::sync::LazyLock;

use regex::Regex;

/// What stands in the place of a time that the agent put before its line.
pub(super) const STAMP: &str = "<TS>";

struct Rule {
    find: Regex,
    instead: &'static str,
}

fn rules<const N: usize>(rules: [(&str, &'static str); N]) -> [Rule; N] {
    rules.map(|(find, instead)| Rule {
        #[expect(clippy::expect_used, reason = "the patterns are constants, and tested")]
        find: Regex::new(find).expect("a pattern of ours"),
        instead,
    })
}

/// In every text.
static EVERYWHERE: LazyLock<[Rule; 5]> = LazyLock::new(|| {
    rules([
        // Lambda has its files below /tmp.
        (r"/tmp/codebuild/", "/codebuild/"),
        (r"/codebuild/output/src\d+\b", "/codebuild/output/src<N>"),
        (
            r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
            "<UUID>",
        ),
        (r"\btook \d+\.\d{6} seconds", "took <S> seconds"),
        (r"/tmp/tmp\.\w{6,}", "/tmp/tmp.<X>"),
    ])
});

/// In what commands print: a program tells times in many ways, and the agent's own numbers mean something.
static OUTPUT: LazyLock<[Rule; 4]> = LazyLock::new(|| {
    rules([
        (
            r"\b\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?(Z| ?[+-]\d\d:?\d\d)?",
            "<TIME>",
        ),
        (r"\b\d\d:\d\d:\d\d([.,]\d+)?\b", "<TIME>"),
        (
            r"\b\d+(\.\d+)? ?(ns|µs|us|ms|s|secs?|seconds?|m|mins?|minutes?)\b",
            "<DURATION>",
        ),
        // Milliseconds since the epoch.
        (r"\b1[5-9]\d{11}\b", "<TIME>"),
    ])
});

/// The text without times, ids and what is random in paths. `agent`: a line of `CodeBuild`'s agent, not of a command.
pub(super) fn normal(text: &str, agent: bool, folders: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    let applied = EVERYWHERE.iter().chain(OUTPUT.iter().filter(|_| !agent));
    for rule in applied {
        if let std::borrow::Cow::Owned(changed) = rule.find.replace_all(&text, rule.instead) {
            text = changed;
        }
    }
    for (folder, name) in folders {
        if text.contains(folder.as_str()) {
            text = text.replace(folder.as_str(), name);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_ids_are_alike_and_numbers_are_not() {
        let output = |text: &str| normal(text, false, &[]);
        for (a, b) in [
            ("added 23 packages in 11s", "added 23 packages in 2.5s"),
            ("up to date in 442ms", "up to date in 7 ms"),
            (
                "expires at 2025-06-29 01:11:08+00:00",
                "expires at 2026-01-02T03:04:05Z",
            ),
            ("[12:00:01] Starting 'build'", "[23:59:59] Starting 'build'"),
            ("started 1647519846773", "started 1700000000000"),
            ("/tmp/tmp.Ab12Cd34Ef/x", "/tmp/tmp.0000000000/x"),
            (
                "build/p:7809ef2a-8888-4934-b09e-d095d865e4f7",
                "build/p:00000000-0000-0000-0000-000000000000",
            ),
            (
                "/tmp/codebuild/output/src12/src",
                "/codebuild/output/src0987/src",
            ),
        ] {
            assert_eq!(output(a), output(b));
        }
        for (a, b) in [
            ("23 tests", "24 tests"),
            ("v1.2.3", "v1.2.4"),
            ("port 8080", "port 8081"),
        ] {
            assert_ne!(output(a), output(b));
        }
        let agent = |text: &str| normal(text, true, &[]);
        assert_ne!(
            agent("Set report auto-discover timeout to 5 seconds"),
            agent("Set report auto-discover timeout to 6 seconds")
        );
        assert_eq!(
            agent("Report auto-discover file discovery took 0.009898 seconds"),
            "Report auto-discover file discovery took <S> seconds"
        );
    }
}
