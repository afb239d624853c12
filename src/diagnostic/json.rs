//! Findings for programs: one JSON document, described in `docs/validate.md`.

use serde::Serialize;

use super::{Checked, Counts, Finding, Label};
use crate::source::{Source, Span};

/// Changes when a field changes its meaning or goes away; a new field does not change it.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    summary: Summary,
    files: Vec<File<'a>>,
    findings: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    /// One, or as many as stand inside of it.
    buildspecs: usize,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
}

#[derive(Serialize)]
struct Item<'a> {
    rule: &'a str,
    severity: &'static str,
    message: &'a str,
    /// `CodeBuild`'s sentence.
    codebuild: Option<Sentence<'a>>,
    file: &'a str,
    start: Position,
    end: Position,
    label: &'a str,
    related: Vec<Related<'a>>,
    help: &'a [String],
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Sentence<'a> {
    status: &'static str,
    message: &'a str,
    assumed: bool,
}

#[derive(Serialize)]
struct Position {
    line: usize,
    column: usize,
    byte: usize,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Edit<'a> {
    start: Position,
    end: Position,
    text: &'a str,
}

/// Renders what was found in all files.
pub fn render(files: &[Checked]) -> String {
    let counts = Counts::of(files.iter().flat_map(|file| &file.findings));
    let findings = files
        .iter()
        .flat_map(|file| file.findings.iter().map(|found| item(&file.source, found)));
    let document = Document {
        version: VERSION,
        tool: Tool {
            name: "buildspec",
            version: env!("CARGO_PKG_VERSION"),
        },
        summary: Summary {
            files: files.len(),
            errors: counts.errors,
            warnings: counts.warnings,
            notes: counts.notes,
        },
        files: files
            .iter()
            .map(|file| File {
                path: file.source.name(),
                buildspecs: file.buildspecs,
            })
            .collect(),
        findings: findings.collect(),
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn item<'a>(source: &'a Source, finding: &'a Finding) -> Item<'a> {
    let (start, end) = places(source, finding.primary.span);
    Item {
        rule: finding.rule,
        severity: finding.severity.name(),
        message: &finding.message,
        codebuild: finding.codebuild.as_deref().map(|message| Sentence {
            status: "YAML_FILE_ERROR",
            message,
            assumed: finding.assumed,
        }),
        file: source.name(),
        start,
        end,
        label: &finding.primary.message,
        related: finding
            .related
            .iter()
            .map(|label| related(source, label))
            .collect(),
        help: &finding.help,
        edits: finding
            .edits
            .iter()
            .map(|(span, text)| {
                let (start, end) = places(source, *span);
                Edit { start, end, text }
            })
            .collect(),
    }
}

fn related<'a>(source: &Source, label: &'a Label) -> Related<'a> {
    let (start, end) = places(source, label.span);
    Related {
        message: &label.message,
        start,
        end,
    }
}

fn places(source: &Source, span: Span) -> (Position, Position) {
    let position = |byte: usize| {
        let (line, column) = source.position(byte);
        Position { line, column, byte }
    };
    (position(span.start), position(span.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_everything_about_a_finding() {
        let finding = Finding::error("version", "no 1.0", "no such version", Span::new(9, 12))
            .label("here")
            .related(Span::new(0, 7), "the key")
            .help("write `0.2`")
            .edit(Span::new(9, 12), "0.2");
        let files = [Checked {
            source: Source::new("b.yml", "version: 1.0\n"),
            findings: vec![finding],
            buildspecs: 1,
        }];
        let value: serde_json::Value = serde_json::from_str(&render(&files)).unwrap();
        assert_eq!(value["version"], 1);
        assert_eq!(
            value["summary"],
            serde_json::json!({"files": 1, "errors": 1, "warnings": 0, "notes": 0})
        );
        assert_eq!(
            value["findings"][0],
            serde_json::json!({
                "rule": "version",
                "severity": "error",
                "message": "no such version",
                "codebuild": {"status": "YAML_FILE_ERROR", "message": "no 1.0", "assumed": false},
                "file": "b.yml",
                "start": {"line": 1, "column": 10, "byte": 9},
                "end": {"line": 1, "column": 13, "byte": 12},
                "label": "here",
                "related": [{
                    "message": "the key",
                    "start": {"line": 1, "column": 1, "byte": 0},
                    "end": {"line": 1, "column": 8, "byte": 7},
                }],
                "help": ["write `0.2`"],
                "edits": [{
                    "start": {"line": 1, "column": 10, "byte": 9},
                    "end": {"line": 1, "column": 13, "byte": 12},
                    "text": "0.2",
                }],
            })
        );
    }
}
