//! Where buildspecs live: files, folders, and inside templates, the API's JSON and Terraform.

mod api;
pub(crate) mod cloudformation;
pub mod files;
pub mod mapped;
mod scalar;
pub(crate) mod terraform;
pub(crate) mod tree;

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::diagnostic::{Finding, Severity};
use crate::source::{Source, Span};
use mapped::Mapped;

/// What a file that is looked at is.
#[derive(Debug)]
pub enum Contents {
    /// The file is the buildspec.
    Buildspec,
    /// Buildspecs stand inside of it, or could.
    Around(Gathered),
}

/// A buildspec inside another file.
#[derive(Clone, Debug)]
pub struct Inline {
    pub text: Mapped,
    /// Its lines stand in the file as they are: what is put into one needs no escapes.
    pub block: bool,
}

/// What a file holds besides text of its own.
#[derive(Debug, Default)]
pub struct Gathered {
    pub inlines: Vec<Inline>,
    /// Places that can't be evaluated, and what is wrong with the file itself.
    pub findings: Vec<Finding>,
    /// Projects that were seen.
    pub projects: usize,
    /// Projects' values that name a file or an object.
    pub paths: Vec<String>,
}

impl Gathered {
    /// Takes the text of a project's buildspec, which may be a path; `block` says that its lines stand as they are.
    fn text(&mut self, text: Mapped, place: Span, block: bool) {
        let written = text.text().trim();
        if written.is_empty() {
            return;
        }
        if !written.contains('\n') {
            if written.starts_with('{') || written.starts_with("version:") {
                self.findings.push(
                    Finding::warning(
                        "inline-one-line",
                        "a buildspec in one line is taken for a path",
                        place,
                    )
                    .help("break it into lines: CodeBuild takes a text with line breaks for a buildspec"),
                );
            } else if text.unknown().next().is_some()
                && written.starts_with("${")
                && written.ends_with('}')
            {
                self.not_evaluated(place, "the project's buildspec");
                return;
            } else {
                self.paths.push(written.to_owned());
                return;
            }
        }
        if let Some(line) = text.unknown_line() {
            self.findings.push(
                Finding::new(
                    "not-evaluated",
                    Severity::Note,
                    "this buildspec is not checked: whole lines of it are filled in later",
                    line,
                )
                .label("any number of lines"),
            );
            return;
        }
        self.note_unknown(&text);
        self.inlines.push(Inline { text, block });
    }

    /// Says which parts of a buildspec are not known.
    fn note_unknown(&mut self, text: &Mapped) {
        let mut unknown = text.unknown();
        let Some(first) = unknown.next() else { return };
        let mut finding = Finding::new(
            "not-evaluated",
            Severity::Note,
            "parts of this buildspec are filled in later: what depends on them is not checked",
            first,
        );
        for other in unknown.take(4) {
            finding = finding.again(other, "");
        }
        self.findings.push(finding);
    }

    /// Says that a value is not known before something else runs.
    fn not_evaluated(&mut self, place: Span, what: &str) {
        self.findings.push(Finding::new(
            "not-evaluated",
            Severity::Note,
            format!("{what} is known only when it is deployed, so it is not checked"),
            place,
        ));
    }
}

/// Finds what stands in every file that has buildspecs inside of it.
static HINTS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let hints = [
        "AWS::CodeBuild::Project",
        "AWSTemplateFormatVersion",
        "Resources",
        "\"source\"",
        "source:",
        "buildspecOverride",
    ];
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .kind(Some(AhoCorasickKind::NoncontiguousNFA))
        .build(hints)
        .ok()
});

/// Looks at what a file is. The name decides where it is clear, the text otherwise.
pub fn look(source: &Source) -> Contents {
    let name = source.name().rsplit('/').next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let text = source.text();
    if files::is_buildspec(&name) {
        return Contents::Buildspec;
    }
    if terraform::is_terraform(&name, text) {
        return around(source, |gathered| terraform::gather(source, gathered));
    }
    if HINTS.as_ref().is_some_and(|hints| !hints.is_match(text)) {
        return Contents::Buildspec;
    }
    match tree::read(source) {
        Ok(documents) => {
            let templates: Vec<_> = documents
                .iter()
                .filter(|root| cloudformation::is_template(root))
                .collect();
            let api: Vec<_> = documents.iter().filter(|root| api::is_api(root)).collect();
            if templates.is_empty() && api.is_empty() {
                return Contents::Buildspec;
            }
            around(source, |gathered| {
                for root in templates {
                    cloudformation::gather(source, root, gathered);
                }
                for root in api {
                    api::gather(source, root, gathered);
                }
            })
        }
        Err(unreadable) if is_probably_template(text) => around(source, |gathered| {
            let at = Span::new(unreadable.at, unreadable.at);
            gathered.findings.push(
                Finding::new(
                    "container-syntax",
                    Severity::Error,
                    "this template is not YAML or JSON, so its buildspecs can't be found",
                    at,
                )
                .label(unreadable.why),
            );
        }),
        Err(_) => Contents::Buildspec,
    }
}

fn is_probably_template(text: &str) -> bool {
    text.contains("AWS::CodeBuild::Project") || text.contains("AWSTemplateFormatVersion")
}

fn around(source: &Source, gather: impl FnOnce(&mut Gathered)) -> Contents {
    let mut gathered = Gathered::default();
    gather(&mut gathered);
    if gathered.inlines.is_empty() && gathered.findings.is_empty() {
        let mut finding = Finding::new(
            "no-inline-buildspec",
            Severity::Note,
            "no buildspec stands in this file",
            Span::new(0, 0),
        );
        gathered.paths.dedup();
        if gathered.paths.is_empty() {
            finding.primary.span.end = source.text().lines().next().unwrap_or_default().len();
        } else {
            let paths: Vec<String> = gathered
                .paths
                .iter()
                .take(5)
                .map(|path| format!("`{path}`"))
                .collect();
            finding = finding.help(format!(
                "its projects name {}: check that too",
                paths.join(", ")
            ));
        }
        gathered.findings.push(finding);
    }
    Contents::Around(gathered)
}

#[cfg(test)]
mod tests;
