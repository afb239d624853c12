//! The buildspec: its plain types, and how YAML becomes them.

pub mod assumed;
mod decode;
pub mod keys;
pub mod model;
pub mod secret;

use std::borrow::Cow;

use crate::diagnostic::{Finding, Severity};
use crate::source::{Source, Span};
use crate::yaml;
use decode::Decoder;
use model::Buildspec;

/// What one file says, and what was found in it.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// As much as could be understood; whole when there is no [verdict](Self::verdict).
    pub buildspec: Buildspec,
    /// In the order of the file.
    pub findings: Vec<Finding>,
    /// Sections, as CodeBuild's log names them, with their unknown keys: `Found possible syntax errors in buildspec: `.
    pub unknown_keys: Vec<(String, Vec<String>)>,
    verdict: Option<usize>,
    batch_verdict: Option<usize>,
}

impl Reading {
    /// The finding with which CodeBuild refuses a plain build; what is wrong in `batch` does not count.
    ///
    /// It is an error, or a warning with CodeBuild's sentence: a file without `phases` that is meant for batch builds.
    pub fn verdict(&self) -> Option<&Finding> {
        self.findings.get(self.verdict?)
    }

    /// The error with which CodeBuild refuses a batch build.
    pub fn batch_verdict(&self) -> Option<&Finding> {
        self.findings.get(self.batch_verdict?)
    }

    /// Nothing of the file was read.
    fn refused(finding: Finding) -> Self {
        Self::new(Buildspec::default(), Vec::new(), vec![finding], Vec::new())
    }

    fn new(
        buildspec: Buildspec,
        unknown_keys: Vec<(String, Vec<String>)>,
        plain: Vec<Finding>,
        batch: Vec<Finding>,
    ) -> Self {
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        let verdict = plain
            .iter()
            .position(|finding| is_error(finding) || finding.codebuild.is_some());
        let batch_verdict = plain.iter().chain(&batch).position(is_error);
        let mut order: Vec<(usize, Finding)> = plain.into_iter().chain(batch).enumerate().collect();
        order.sort_by_key(|(_, finding)| finding.primary.span.start);
        let place = |before: Option<usize>| {
            before.and_then(|before| order.iter().position(|(index, _)| *index == before))
        };
        Self {
            buildspec,
            verdict: place(verdict),
            batch_verdict: place(batch_verdict),
            unknown_keys,
            findings: order.into_iter().map(|(_, finding)| finding).collect(),
        }
    }
}

/// Larger files are not read, in bytes: the longest of the known buildspecs has 138,000.
const LARGEST: usize = 512 << 10;

/// Reads a buildspec. Never stops at the first thing that is wrong.
pub fn read(source: &Source) -> Reading {
    if source.text().len() > LARGEST {
        return Reading::refused(too_large());
    }
    let mut tree = yaml::parse(source);
    let mut decoder = Decoder::new(source);
    decoder.findings.append(&mut tree.findings);
    let unread = tree.root.is_none()
        && decoder
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Error);
    if unread {
        return Reading::new(
            Buildspec::default(),
            Vec::new(),
            decoder.findings,
            Vec::new(),
        );
    }
    let (buildspec, plain) = decode::decode(&mut decoder, &tree);
    let batch = decoder.findings.split_off(plain);
    Reading::new(buildspec, decoder.unknown_keys, decoder.findings, batch)
}

/// Reads a buildspec from a file's bytes; bytes that are not UTF-8 are a finding.
pub fn read_bytes(name: &str, bytes: &[u8]) -> (Source, Reading) {
    let text = yaml::utf_16(bytes).map_or_else(|| String::from_utf8_lossy(bytes), Cow::Owned);
    let source = Source::new(name, text);
    let broken = (bytes.len() <= LARGEST).then(|| yaml::not_utf8(&source, bytes));
    let reading = match broken.flatten() {
        Some(finding) => Reading::refused(finding),
        None => read(&source),
    };
    (source, reading)
}

fn too_large() -> Finding {
    Finding::new(
        "yaml-unplaceable",
        Severity::Error,
        "the file is larger than 512 KiB, and this tool reads no larger buildspec",
        Span::default(),
    )
    .help("name the buildspec; what is long in it can go into a script that a command runs")
}

#[cfg(test)]
mod tests;
