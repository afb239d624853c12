//! `cache.paths` that are files: a local cache keeps folders.

use super::context::Context;
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "cache-file",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "a file among the paths of the cache",
    why: "A local cache (`LOCAL_CUSTOM_CACHE`) links whole folders and ignores files: its log says `Not a valid directory cache path`. A cache \
          in S3 takes both, so this matters only for projects with a local cache.",
    before: "cache:\n  paths:\n    - build/deps.tar.gz",
    after: "cache:\n  paths:\n    - build/deps/**/*",
    check: Some(check),
};

/// Endings that folders do not have.
const FILES: &[&str] = &[
    "bz2", "cfg", "csv", "db", "gz", "jar", "js", "json", "lock", "log", "md", "py", "rpm", "sh",
    "sqlite", "tar", "tgz", "toml", "ts", "txt", "war", "whl", "xml", "xz", "yaml", "yml", "zip",
    "zst",
];

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(cache) = &context.buildspec.cache else {
        return Vec::new();
    };
    // A cache with a key is one in S3.
    if cache.key.is_some() {
        return Vec::new();
    }
    cache
        .paths
        .iter()
        .filter(|path| is_file(&path.value))
        .map(|path| {
            Finding::warning(
                RULE.id,
                format!(
                    "`{}` is a file, and a local cache keeps folders",
                    path.value
                ),
                path.span,
            )
            .label("ignored by a local cache; a cache in S3 takes it")
            .help("name the folder that it is in")
        })
        .collect()
}

fn is_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
    ending.is_some_and(|(_, ending)| FILES.contains(&ending))
}
