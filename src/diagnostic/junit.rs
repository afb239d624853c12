//! Findings as a `JUnit` report: a suite a file, a failed case a finding that counts, a passed one where nothing was found.

use super::{Checked, Finding, Severity};
use crate::source::Source;

/// Renders what was found; findings below `least` are in the report, but fail nothing. `None` fails nothing at all.
pub fn render(files: &[Checked], least: Option<Severity>) -> String {
    let mut suites = String::new();
    let (mut cases, mut failures) = (0, 0);
    for Checked {
        source, findings, ..
    } in files
    {
        let fails = |finding: &&Finding| least.is_some_and(|least| finding.severity >= least);
        let failed = findings.iter().filter(fails).count();
        let count = findings.len().max(1);
        cases += count;
        failures += failed;
        let name = text(source.name());
        suites.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">\n"
        ));
        for finding in findings {
            suites.push_str(&case(source, finding, fails(&finding)));
        }
        if findings.is_empty() {
            suites.push_str(&format!(
                "    <testcase name=\"valid\" classname=\"{name}\" file=\"{name}\"/>\n"
            ));
        }
        suites.push_str("  </testsuite>\n");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"buildspec validate\" tests=\"{cases}\" failures=\"{failures}\" errors=\"0\">\n{suites}</testsuites>\n"
    )
}

fn case(source: &Source, finding: &Finding, failed: bool) -> String {
    let (line, column) = source.position(finding.primary.span.start);
    let name = text(source.name());
    let mut details = format!("{}:{line}:{column}: {}\n", source.name(), finding.message);
    if let Some(sentence) = &finding.codebuild {
        details.push_str(&format!("CodeBuild: YAML_FILE_ERROR: {sentence}\n"));
    }
    for help in &finding.help {
        details.push_str(&format!("help: {help}\n"));
    }
    let details = text(&details);
    let content = if failed {
        format!(
            "<failure type=\"{}\" message=\"{}\">{details}</failure>",
            finding.severity.name(),
            text(&finding.message)
        )
    } else {
        format!("<system-out>{details}</system-out>")
    };
    format!(
        "    <testcase name=\"{}:{line}:{column}\" classname=\"{name}\" file=\"{name}\" line=\"{line}\">\n      {content}\n    </testcase>\n",
        text(finding.rule)
    )
}

/// Text for XML 1.0, which has no way to write most control characters.
fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for letter in raw.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    #[test]
    fn fails_what_counts() {
        let files = [
            Checked {
                source: Source::new("a&b.yml", "x: 1\n"),
                findings: vec![
                    Finding::error("e", "s <x>", "\u{1b}wrong \"so\"", Span::new(0, 1)),
                    Finding::warning("w", "odd", Span::new(3, 4)),
                ],
                buildspecs: 1,
            },
            Checked {
                source: Source::new("good.yml", ""),
                findings: Vec::new(),
                buildspecs: 1,
            },
        ];
        assert_eq!(
            render(&files, Some(Severity::Error)),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="buildspec validate" tests="3" failures="1" errors="0">
  <testsuite name="a&amp;b.yml" tests="2" failures="1" errors="0" skipped="0">
    <testcase name="e:1:1" classname="a&amp;b.yml" file="a&amp;b.yml" line="1">
      <failure type="error" message="�wrong &quot;so&quot;">a&amp;b.yml:1:1: �wrong &quot;so&quot;
CodeBuild: YAML_FILE_ERROR: s &lt;x&gt;
</failure>
    </testcase>
    <testcase name="w:1:4" classname="a&amp;b.yml" file="a&amp;b.yml" line="1">
      <system-out>a&amp;b.yml:1:4: odd
</system-out>
    </testcase>
  </testsuite>
  <testsuite name="good.yml" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="valid" classname="good.yml" file="good.yml"/>
  </testsuite>
</testsuites>
"#
        );
        assert!(render(&files, None).contains("failures=\"0\" errors=\"0\">\n"));
    }
}
