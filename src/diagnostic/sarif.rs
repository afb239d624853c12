//! Findings as SARIF 2.1.0, for code scanning.

use serde_json::{Value, json};

use super::rule::Rule;
use super::{Checked, Finding, Label, Severity};
use crate::source::{Source, Span};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Renders one run over all files; `rules` are those that could have found something.
pub fn render(files: &[Checked], rules: &[Rule]) -> String {
    let results: Vec<Value> = files
        .iter()
        .flat_map(|file| {
            file.findings
                .iter()
                .map(|finding| result(&file.source, finding, rules))
        })
        .collect();
    let artifacts: Vec<Value> = files
        .iter()
        .map(|file| json!({"location": {"uri": uri(file.source.name())}}))
        .collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "buildspec",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(descriptor).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "artifacts": artifacts,
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn descriptor(rule: &Rule) -> Value {
    let explain = rule.explain();
    let mut value = json!({
        "id": rule.id,
        "shortDescription": {"text": sentence(rule.summary)},
        "help": {"text": explain, "markdown": explain},
        "defaultConfiguration": {"level": rule.severity.name()},
        "properties": {"tags": [rule.group]},
    });
    if rule.group == "security" {
        // GitHub sorts by this number.
        value["properties"]["security-severity"] = json!(match rule.severity {
            Severity::Error => "8.0",
            Severity::Warning => "5.0",
            Severity::Note => "2.0",
        });
    }
    value
}

fn result(source: &Source, finding: &Finding, rules: &[Rule]) -> Value {
    let mut text = sentence(&finding.message);
    if let Some(said) = &finding.codebuild {
        text.push_str(&format!(" CodeBuild: YAML_FILE_ERROR: {said}"));
    }
    for help in &finding.help {
        text.push_str(&format!("\n{}", sentence(help)));
    }
    let mut value = json!({
        "ruleId": finding.rule,
        "level": finding.severity.name(),
        "message": {"text": text},
        "locations": [{"physicalLocation": place(source, finding.primary.span)}],
        "partialFingerprints": {"buildspec/v1": fingerprint(source, finding)},
    });
    if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
        value["ruleIndex"] = json!(index);
    }
    if !finding.related.is_empty() {
        value["relatedLocations"] = finding
            .related
            .iter()
            .enumerate()
            .map(|(index, label)| related(source, index, label))
            .collect();
    }
    if !finding.edits.is_empty() {
        let replacements: Vec<Value> = finding
            .edits
            .iter()
            .map(|(span, text)| {
                json!({
                    "deletedRegion": region(source, *span),
                    "insertedContent": {"text": text},
                })
            })
            .collect();
        value["fixes"] = json!([{
            "artifactChanges": [{
                "artifactLocation": {"uri": uri(source.name())},
                "replacements": replacements,
            }],
        }]);
    }
    value
}

fn related(source: &Source, index: usize, label: &Label) -> Value {
    json!({
        "id": index,
        "physicalLocation": place(source, label.span),
        "message": {"text": label.message},
    })
}

fn place(source: &Source, span: Span) -> Value {
    json!({
        "artifactLocation": {"uri": uri(source.name())},
        "region": region(source, span),
    })
}

fn region(source: &Source, span: Span) -> Value {
    let (line, column) = source.position(span.start);
    let (end_line, end_column) = source.position(span.end.max(span.start));
    json!({
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    })
}

/// What stays the same while lines are added above.
fn fingerprint(source: &Source, finding: &Finding) -> String {
    let (line, _) = source.position(finding.primary.span.start);
    let line = source.line_start(line)..source.line_start(line + 1);
    let line = source.text().get(line).unwrap_or_default().trim();
    let identity = format!("{}\n{}\n{line}", finding.rule, finding.message);
    format!("{:016x}", fnv(identity.as_bytes()))
}

/// 64 bits of FNV-1a: the same on every machine and in every version.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A relative reference with `/`, everything else but a path's usual characters escaped.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// With a capital and a full stop, as SARIF's viewers expect.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let end = if text.ends_with(['.', '!', '?', ':', '`']) || text.contains('\n') {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_rules_places_and_fixes() {
        let files = [Checked {
            source: Source::new("./my folder/b.yml", "version: 1.0\n"),
            findings: vec![
                Finding::error("version", "no 1.0", "no such version", Span::new(9, 12))
                    .related(Span::new(0, 7), "the key")
                    .edit(Span::new(9, 12), "0.2"),
            ],
            buildspecs: 1,
        }];
        let rules = [Rule {
            id: "version",
            group: "security",
            severity: Severity::Error,
            summary: "the version exists",
            why: "# Why",
            example: None,
        }];
        let value: Value = serde_json::from_str(&render(&files, &rules)).unwrap();
        let run = &value["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "version");
        let result = &run["results"][0];
        assert_eq!(result["ruleIndex"], 0);
        assert_eq!(
            result["locations"][0]["physicalLocation"],
            json!({
                "artifactLocation": {"uri": "my%20folder/b.yml"},
                "region": {"startLine": 1, "startColumn": 10, "endLine": 1, "endColumn": 13},
            })
        );
        assert_eq!(
            result["message"]["text"],
            "No such version. CodeBuild: YAML_FILE_ERROR: no 1.0"
        );
        assert!(result["fixes"][0]["artifactChanges"][0]["replacements"][0].is_object());
    }
}
