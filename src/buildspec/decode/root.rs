//! The file as a whole: is it a buildspec, which version, which sections.

use super::Decoder;
use crate::buildspec::model::{Buildspec, Version};
use crate::buildspec::{assumed, keys};
use crate::diagnostic::Finding;
use crate::source::Span;
use crate::yaml::{Duplicate, Entry, Kind, Node, Style, Tree};

/// Observed for an empty file, and for a file that is no buildspec.
const NO_BUILDSPEC: &str = "wrong number of container tags, expected 1";

/// Decodes a tree; the findings before index `.1` decide about a plain build, those after it about a batch only.
pub(in crate::buildspec) fn decode(decoder: &mut Decoder<'_>, tree: &Tree) -> (Buildspec, usize) {
    let mut buildspec = Buildspec::default();
    decoder.twice = tree.duplicates.iter().flat_map(both).collect();
    if let Some(entries) = decoder.container(tree.root.as_ref()) {
        buildspec.version = decoder.version(entries);
        decoder.sections(entries, &mut buildspec);
    }
    for duplicate in &tree.duplicates {
        decoder.duplicate(duplicate);
    }
    let plain = decoder.findings.len();
    if let Some(root) = &tree.root
        && let Some(batch) = root.get("batch")
    {
        if let Some(version) = root.get("version") {
            decoder.version_of_batch(version);
        }
        buildspec.batch = decoder.batch(batch);
    }
    (buildspec, plain)
}

fn both(duplicate: &Duplicate) -> [(String, Span); 2] {
    [duplicate.first, duplicate.second].map(|span| (duplicate.key.clone(), span))
}

impl Decoder<'_> {
    /// The sections, if this is a buildspec at all.
    fn container<'n>(&mut self, root: Option<&'n Node>) -> Option<&'n [Entry]> {
        let whole = Span::new(0, 0);
        let Some(root) = root.filter(|root| !root.is_null()) else {
            let message = if self.source.text().trim().is_empty() {
                "the file is empty"
            } else {
                "the file holds nothing but comments"
            };
            self.no_buildspec(message, whole);
            return None;
        };
        let Some(entries) = root.entries() else {
            let message = format!("the file is {}, not a buildspec", root.describe());
            self.no_buildspec(&message, root.span);
            return None;
        };
        let has = |key: &str| root.get(key).is_some();
        if !["version", "phases", "batch"].into_iter().any(has) && nearly_phases(entries).is_none()
        {
            let (what, help) = if has("AWSTemplateFormatVersion") || has("Resources") {
                (
                    "this is a CloudFormation template, not a buildspec",
                    Some(
                        "give the path of the buildspec; one that stands inside the template must be taken out of it",
                    ),
                )
            } else {
                (
                    "this is no buildspec: it has neither `version` nor `phases`",
                    None,
                )
            };
            let first = entries.first().map_or(whole, |entry| entry.key.span);
            self.no_buildspec(what, first);
            if let (Some(help), Some(finding)) = (help, self.findings.last_mut()) {
                finding.help = vec![help.to_owned()];
            }
            return None;
        }
        Some(entries)
    }

    fn no_buildspec(&mut self, message: &str, span: Span) {
        self.report(
            Finding::error("no-buildspec", NO_BUILDSPEC, message, span).help(
                "the smallest buildspec is:\nversion: 0.2\nphases:\n  build:\n    commands:\n      - echo hello",
            ),
        );
    }

    fn version(&mut self, entries: &[Entry]) -> Version {
        let found = find(entries, "version");
        let Some(entry) = found.filter(|entry| !entry.value.is_null()) else {
            let (message, span) = match found {
                Some(entry) => ("`version` has no value", entry.key.span),
                None => (
                    "the buildspec does not say which `version` it is",
                    Span::new(0, 0),
                ),
            };
            let mut finding = Finding::error("version", assumed::VERSION_MISSING, message, span)
                .help("write `version: 0.2` as the first line");
            if let Some(near) = near(entries, "version") {
                finding.primary.span = near.key.span;
                finding = finding
                    .label("did you mean `version`?")
                    .rename(self.source, "version");
                self.explained.extend(near.key.text().map(str::to_owned));
            } else if found.is_none() && is_clearly_0_2(entries) {
                finding.edits.extend(self.first_line());
            }
            self.report(finding.assumed());
            return Version::default();
        };
        match entry.value.text() {
            Some("0.2") => Version::V0_2,
            Some("0.1") => Version::V0_1,
            other => {
                let written = other.unwrap_or_default();
                let finding = Finding::error(
                    "version",
                    format!("invalid buildspec `version` specified: {written}, see documentation"),
                    "there is no such version of the buildspec's grammar",
                    entry.value.span,
                )
                .label("0.2 and 0.1 exist")
                .help(
                    "write `version: 0.2`; this is the version of the grammar, not of your project",
                );
                self.report(if is_clearly_0_2(entries) && entry.value.text().is_some() {
                    finding.rename(self.source, "0.2")
                } else {
                    finding
                });
                Version::default()
            }
        }
    }

    /// A text as version: a plain build takes it, a batch build was seen to refuse it (aws/aws-cdk#22087).
    fn version_of_batch(&mut self, node: &Node) {
        let Kind::Scalar {
            text,
            style: Style::Quoted,
        } = &node.kind
        else {
            return;
        };
        if text != "0.2" {
            return;
        }
        self.report(
            Finding::warning(
                "version",
                "a batch build takes `version` as a number only",
                node.span,
            )
            .label("a text, because of the quotes")
            .help("write `0.2` without quotes; a plain build takes both")
            .edit(node.span, "0.2"),
        );
    }

    /// `version: 0.2` above all that is there, unless the file is JSON or begins with YAML's own lines.
    fn first_line(&self) -> Option<(Span, String)> {
        let text = self.source.text();
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let line = text[at..].lines().next()?;
        let plain = !line.starts_with(['{', '%', '-', ' ', '\t']);
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        plain.then(|| (Span::new(at, at), format!("version: 0.2{end}")))
    }

    fn sections(&mut self, entries: &[Entry], buildspec: &mut Buildspec) {
        buildspec.phases = self.phases(entries);
        for (index, entry) in entries.iter().enumerate() {
            let node = &entry.value;
            match entry.key.text().unwrap_or_default() {
                "version" | "phases" | "batch" => {}
                "run-as" => buildspec.run_as = self.text(node, "run-as"),
                "env" => buildspec.env = self.env(node),
                keys::TOP_0_1 if buildspec.version == Version::V0_1 => {
                    buildspec.env = self.environment_variables(node);
                }
                "proxy" => buildspec.proxy = self.proxy(node),
                "reports" => buildspec.reports = self.reports(node),
                "artifacts" => buildspec.artifacts = self.artifacts(entry, buildspec.version),
                "cache" => buildspec.cache = self.cache(node),
                key if self.explained.iter().any(|explained| explained == key) => {}
                _ => self.unknown_section(entry),
            }
            self.unindented(&entries[index..]);
        }
    }

    /// A section without content, followed by its own keys in the first column.
    fn unindented(&mut self, entries: &[Entry]) {
        let Some((section, rest)) = entries.split_first() else {
            return;
        };
        let (name, allowed) = match section.key.text() {
            Some("artifacts") => ("artifacts", keys::ARTIFACTS),
            Some("cache") => ("cache", keys::CACHE),
            Some("env") => ("env", keys::ENV),
            _ => return,
        };
        let strays: Vec<&Entry> = rest
            .iter()
            .take_while(|entry| entry.key.text().is_some_and(|key| allowed.contains(&key)))
            .collect();
        if !section.value.is_null() || strays.is_empty() {
            return;
        }
        let mut finding = Finding::warning(
            "indentation",
            format!("nothing is indented below `{name}`, so it is empty"),
            section.key.span,
        )
        .help(format!(
            "indent the lines that belong to `{name}` by two spaces"
        ));
        for stray in strays {
            let key = stray.key.text().unwrap_or_default();
            finding = finding.related(stray.key.span, format!("belongs below `{name}`"));
            self.explained.push(key.to_owned());
        }
        self.report(finding);
    }

    fn unknown_section(&mut self, entry: &Entry) {
        let key = entry.key.text().unwrap_or_default();
        if key == keys::TOP_0_1 {
            self.report(
                Finding::warning(
                    "unknown-key",
                    "`environment_variables` is known in version 0.1 only",
                    entry.key.span,
                )
                .label("CodeBuild ignores this key and all below it")
                .help("write `env:` and below it `variables:` instead of `plaintext:`"),
            );
            return;
        }
        self.unknown_key(None, "the file", entry, keys::TOP);
    }

    fn duplicate(&mut self, duplicate: &Duplicate) {
        let Duplicate {
            key, first, second, ..
        } = duplicate;
        if self.explained.contains(key) {
            return;
        }
        self.report(
            Finding::warning(
                "duplicate-key",
                format!("`{key}` stands twice in the same place"),
                *second,
            )
            .label(assumed::LAST_DUPLICATE_COUNTS)
            .related(*first, "ignored")
            .help(
                "keep one of them; if they are meant for different sections, check the indentation",
            ),
        );
    }
}

/// A buildspec without anything of version 0.1. Amplify's files have a version too, but no phases of their own.
fn is_clearly_0_2(entries: &[Entry]) -> bool {
    find(entries, "phases").is_some() && find(entries, keys::TOP_0_1).is_none()
}

fn find<'n>(entries: &'n [Entry], key: &str) -> Option<&'n Entry> {
    entries.iter().find(|entry| entry.key.text() == Some(key))
}

/// An unknown key that may be a misspelt `wanted`.
pub(super) fn near<'n>(entries: &'n [Entry], wanted: &str) -> Option<&'n Entry> {
    entries.iter().find(|entry| {
        entry.key.text().is_some_and(|key| {
            !keys::TOP.contains(&key) && keys::did_you_mean(key, keys::TOP) == Some(wanted)
        })
    })
}

/// A first sign of phases in a file that does not name them.
fn nearly_phases(entries: &[Entry]) -> Option<&Entry> {
    near(entries, "phases").or_else(|| {
        entries.iter().find(|entry| {
            entry
                .key
                .text()
                .is_some_and(|key| keys::PHASES.contains(&key))
        })
    })
}
