//! Findings as annotations of a GitHub Actions run.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions#setting-an-error-message>

use super::human::harmless;
use super::{Checked, Severity};

/// Renders one workflow command a finding.
pub fn render(files: &[Checked]) -> String {
    let mut output = String::new();
    for Checked {
        source, findings, ..
    } in files
    {
        for finding in findings {
            let command = match finding.severity {
                Severity::Note => "notice",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            let span = finding.primary.span;
            let (line, column) = source.position(span.start);
            let (end_line, end_column) = source.position(span.end.max(span.start));
            let mut message = finding.message.clone();
            if let Some(sentence) = &finding.codebuild {
                message.push_str(&format!("\nCodeBuild: YAML_FILE_ERROR: {sentence}"));
            }
            for help in &finding.help {
                message.push_str(&format!("\nhelp: {help}"));
            }
            let columns = if line == end_line {
                format!(",col={column},endColumn={end_column}")
            } else {
                String::new()
            };
            output.push_str(&format!(
                "::{command} file={},line={line},endLine={end_line}{columns},title={}::{}\n",
                property(source.name()),
                property(finding.rule),
                data(&message)
            ));
        }
    }
    output
}

/// A message: one line, in which nothing ends the command.
fn data(text: &str) -> String {
    harmless(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value, which must not end the property either.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Finding;
    use crate::source::{Source, Span};

    #[test]
    fn escapes_what_would_end_a_command() {
        let files = [Checked {
            source: Source::new("a,b:c.yml", "x: 1\ny: 2\n"),
            findings: vec![
                Finding::warning("r", "100%\nmore::x", Span::new(0, 1)).help("\u{1b}mend"),
                Finding::error("e", "sentence", "two lines", Span::new(0, 7)),
            ],
            buildspecs: 1,
        }];
        assert_eq!(
            render(&files),
            "::warning file=a%2Cb%3Ac.yml,line=1,endLine=1,col=1,endColumn=2,title=r::100%25%0Amore::x%0Ahelp: \u{241b}mend\n\
             ::error file=a%2Cb%3Ac.yml,line=1,endLine=2,title=e::two lines%0ACodeBuild: YAML_FILE_ERROR: sentence\n"
        );
    }
}
