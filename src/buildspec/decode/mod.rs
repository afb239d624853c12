//! Nodes to the model: reports what is wrong and goes on. One function per section.
//!
//! Errors are found in the order in which CodeBuild is taken to look: YAML, the file as a whole, `version`, `phases`,
//! then the other sections. The first of them is the verdict of a build; `batch` comes last, since a plain build ignores it.

mod artifacts;
mod batch;
mod cache;
mod env;
mod phases;
mod reports;
mod root;
mod value;

use crate::buildspec::keys;
use crate::diagnostic::Finding;
use crate::source::{Source, Span};
use crate::yaml::{Entry, Node, odd_space};

pub(super) use root::decode;

/// Behind so many findings nobody reads what an unknown key may have been meant for.
const MOST_GUESSES: usize = 1000;

/// What one file's decoding gathers.
pub(super) struct Decoder<'a> {
    source: &'a Source,
    pub(super) findings: Vec<Finding>,
    /// Sections, as CodeBuild names them, with the keys it does not know.
    pub(super) unknown_keys: Vec<(String, Vec<String>)>,
    /// Keys whose wrong place a finding has explained already, with every occurrence of them.
    explained: Vec<String>,
    /// Every key that stands more than once in the same place, each time.
    twice: Vec<(String, Span)>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self {
            source,
            findings: Vec::new(),
            unknown_keys: Vec::new(),
            explained: Vec::new(),
            twice: Vec::new(),
        }
    }

    fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The line of a place, counted from 1.
    fn line(&self, span: Span) -> usize {
        self.source.position(span.start).0
    }

    /// Warns of a key that is unknown at its place.
    ///
    /// `section` is CodeBuild's name for the place in its log; `None` where it is not known to say anything.
    fn unknown_key(&mut self, section: Option<&str>, place: &str, entry: &Entry, allowed: &[&str]) {
        let allowed = if self.findings.len() < MOST_GUESSES {
            allowed
        } else {
            &[]
        };
        let finding = unknown_key(self.source, place, &entry.key, allowed);
        self.report(finding);
        let Some(section) = section else { return };
        let key = entry.key.text().unwrap_or_default().to_owned();
        match self
            .unknown_keys
            .iter_mut()
            .find(|(name, _)| name == section)
        {
            Some((_, keys)) => keys.push(key),
            None => self.unknown_keys.push((section.to_owned(), vec![key])),
        }
    }
}

fn unknown_key(source: &Source, place: &str, key: &Node, allowed: &[&str]) -> Finding {
    let text = key.text().unwrap_or_default();
    let finding = Finding::warning(
        "unknown-key",
        format!("unknown key `{text}` in {place}"),
        key.span,
    )
    .label("CodeBuild ignores this key and all below it");
    if let Some((_, help)) = odd_space(text) {
        return finding.help(help);
    }
    match (keys::did_you_mean(text, allowed), keys::belongs(text)) {
        (Some(guess), _) => finding
            .help(format!("did you mean `{guess}`?"))
            .rename(source, guess),
        (None, Some(place)) => finding.help(place),
        (None, None) => finding.help(format!("known here: {}", list(allowed))),
    }
}

/// `a`, `b` and `c`, each in backticks.
fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
