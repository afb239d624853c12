//! Why a line of the agent's may stand in one log only although the builds are alike.

use super::LineDifference;

/// The beginning of a line, and what is known of it (`docs/fidelity.md`).
const KNOWN: [(&str, &str); 19] = [
    ("Running on CodeBuild", "CodeBuild prints it since 2025"),
    (
        "Configuring ssm agent",
        "CodeBuild printed it from 2022 to early 2025, later with session debugging only",
    ),
    (
        "Successfully updated ssm agent",
        "CodeBuild printed it from 2022 to early 2025, later with session debugging only",
    ),
    (
        "Setting HTTP client timeout",
        "depends on where the source comes from, and may be repeated",
    ),
    (
        "Not setting HTTP client timeout",
        "depends on where the source comes from",
    ),
    ("Unable to initialize cache download", CACHE_WORDS),
    ("Cache is not defined", CACHE_WORDS),
    ("Skip cache due to", CACHE_WORDS),
    ("Expanded cache path", CACHE),
    ("Downloading S3 cache", CACHE),
    ("Unarchiving cache", CACHE),
    ("MkdirAll: /codebuild/local-cache", CACHE),
    ("Symlinking: ", CACHE),
    ("Set report auto-discover", DISCOVERY),
    ("No matching auto-discover", DISCOVERY),
    ("Report auto-discover", DISCOVERY),
    (
        "Found ",
        "the number of files depends on what the tools of the build left in the source",
    ),
    (
        "No runtime version selected",
        "CodeBuild prints it for images that have a catalogue of runtimes",
    ),
    ("yamlDoc", "AWS's local agent prints it"),
];

const CACHE_WORDS: &str = "the words of a build without cache changed in 2025";
const CACHE: &str = "depends on what an earlier build left in the cache";
const DISCOVERY: &str = "CodeBuild looks for reports since 2024";

/// What is known of a line that differs.
pub(super) fn reason(line: &LineDifference) -> Option<&'static str> {
    let known = |text: &Option<String>| {
        let text = text.as_deref()?;
        let (_, why) = KNOWN.iter().find(|(start, _)| text.starts_with(start))?;
        Some(*why)
    };
    // A line that was replaced is explained only when both sides are.
    match (&line.recorded, &line.here) {
        (Some(_), Some(_)) => known(&line.recorded).and(known(&line.here)),
        (Some(_), None) => known(&line.recorded),
        (None, _) => known(&line.here),
    }
}
