//! What is known about a kind of finding, apart from any file.

use super::Severity;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable identifier, such as `phase-name`.
    pub id: &'static str,
    /// What it is about, for `--select` and `--ignore`: `error`, `warning`, `security`, `inline`, `comment`.
    pub group: &'static str,
    /// What its findings usually weigh.
    pub severity: Severity,
    /// One line, lower case, no full stop.
    pub summary: &'static str,
    /// Why it matters: whole sentences.
    pub why: &'static str,
    /// A piece of a buildspec that has it, and the same, mended.
    pub example: Option<(&'static str, &'static str)>,
}

impl Rule {
    /// The text of `buildspec validate --explain`.
    pub fn explain(&self) -> String {
        let mut text = format!("{}: {}\n\n{}\n", self.id, self.summary, self.why);
        if let Some((before, after)) = self.example {
            text += &format!(
                "\nBefore:\n\n{}\n\nAfter:\n\n{}\n",
                block(before),
                block(after)
            );
        }
        text
    }
}

fn block(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("    {line}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}
