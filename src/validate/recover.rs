//! What stands behind a text that is not YAML: the rest of the file, read as if the text stood in quotes.

use crate::diagnostic::{Finding, Label, Severity, edit};
use crate::source::{Source, Span};

/// Each costs a reading of the whole file.
const MOST_PATCHES: usize = 30;
/// Larger files end at the first mistake, in bytes.
const LARGEST: usize = 256 << 10;

/// All that is found in a buildspec. The reader stops where YAML ends; where quotes are the one safe mending, this goes on behind it.
pub(super) fn check(source: &Source, read: impl Fn(&Source) -> Vec<Finding>) -> Vec<Finding> {
    let mut findings = read(source);
    let Some(mut patch) = Patch::of(source, &findings) else {
        return findings;
    };
    if source.text().len() > LARGEST {
        say_more(&mut findings);
        return findings;
    }
    let mut patches = Vec::new();
    let mut known = Vec::new();
    loop {
        let next = patch.apply(source, &patches);
        patches.push(patch);
        let Some(next) = next else { break };
        let found = read(&next);
        if broken_line(&next, &found) <= broken_line(source, &findings) {
            // The quotes mend nothing: `--fix` would take them back.
            offer_nothing(&mut findings);
            if known.is_empty() {
                return findings;
            }
            break;
        }
        known.append(&mut findings);
        findings = found
            .into_iter()
            .filter_map(|finding| outer(finding, source, &patches))
            .collect();
        match Patch::of(source, &findings) {
            Some(_) if patches.len() == MOST_PATCHES => {
                say_more(&mut findings);
                break;
            }
            Some(later) if later.is_behind(&patches) => patch = later,
            _ => {
                offer_nothing(&mut findings);
                break;
            }
        }
    }
    // What comes of a mistake that can't be mended behind one that was is less certain than nothing.
    if !findings.iter().any(is_unread) || Patch::of(source, &findings).is_some() {
        known.append(&mut findings);
    } else {
        known.extend(findings.into_iter().filter(is_unread));
    }
    known.sort_by_key(|finding| finding.primary.span.start);
    known
}

fn is_unread(finding: &Finding) -> bool {
    finding.severity == Severity::Error && finding.rule.starts_with("yaml-")
}

fn is_syntax(finding: &Finding) -> bool {
    finding.rule == "yaml-syntax"
}

/// The last mistake that is looked for need not be the last.
fn say_more(findings: &mut [Finding]) {
    if let Some(last) = findings.iter_mut().find(|finding| is_syntax(finding)) {
        let help =
            "nothing was looked at behind it: mend what is found first, or let `--fix` do it";
        last.help.push(help.to_owned());
    }
}

/// For a text that is not YAML.
fn offer_nothing(findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|finding| is_syntax(finding)) {
        finding.edits.clear();
    }
}

/// Where a file stops being YAML; behind all lines where it never does.
fn broken_line(source: &Source, findings: &[Finding]) -> usize {
    let broken = findings.iter().find(|finding| is_syntax(finding));
    broken.map_or(usize::MAX, |finding| {
        source.position(finding.primary.span.start).0
    })
}

/// A text of the file that is read in single quotes, in one line, so that lines keep their numbers.
struct Patch {
    span: Span,
    text: String,
}

impl Patch {
    /// For the first text that is not YAML, if quotes mend it.
    fn of(source: &Source, findings: &[Finding]) -> Option<Self> {
        let broken = findings.iter().find(|finding| is_syntax(finding));
        let [(span, _)] = broken?.edits.as_slice() else {
            return None;
        };
        let written = source.text().get(span.range())?;
        let text = format!("'{}'", written.replace('\'', "''"));
        Some(Self { span: *span, text })
    }

    fn is_behind(&self, patches: &[Self]) -> bool {
        patches
            .iter()
            .all(|patch| patch.span.end <= self.span.start)
    }

    /// The file with this patch and those before it.
    fn apply(&self, source: &Source, patches: &[Self]) -> Option<Source> {
        let all = patches.iter().chain([self]);
        let edits: Vec<_> = all.map(|patch| (patch.span, patch.text.clone())).collect();
        let text = edit::apply(source.text(), &edits)?;
        Some(Source::new(source.name(), text))
    }
}

/// The finding with its places in the file as it is.
fn outer(finding: Finding, source: &Source, patches: &[Patch]) -> Option<Finding> {
    let label = |label: &Label| Label {
        span: span(label.span, source, patches).0,
        message: label.message.clone(),
    };
    let edits = finding.edits.iter().map(|(place, text)| {
        let (place, exact) = span(*place, source, patches);
        exact.then(|| (place, text.clone()))
    });
    let edits: Option<Vec<_>> = edits.collect();
    // A later mistake in a text that was mended once is the patch's own.
    if finding.rule == "yaml-syntax" && edits.is_none() {
        return None;
    }
    Some(Finding {
        primary: label(&finding.primary),
        related: finding.related.iter().map(label).collect(),
        edits: edits.unwrap_or_default(),
        ..finding
    })
}

/// A place in the patched file as a place in the file, and whether no patch is part of it.
fn span(place: Span, source: &Source, patches: &[Patch]) -> (Span, bool) {
    let (start, start_exact) = byte(place.start, patches);
    let (end, end_exact) = byte(place.end, patches);
    let touched = patches
        .iter()
        .any(|patch| start < patch.span.end && patch.span.start < end);
    let text = source.text();
    let start = text.floor_char_boundary(start);
    let end = text.ceil_char_boundary(end.max(start));
    (Span::new(start, end), start_exact && end_exact && !touched)
}

/// `patches` stand in the order of the file.
fn byte(place: usize, patches: &[Patch]) -> (usize, bool) {
    let mut grown = 0;
    for Patch { span, text } in patches {
        let start = span.start + grown;
        if place <= start {
            break;
        }
        let length = span.end - span.start;
        if place < start + text.len() {
            return (span.start + (place - start - 1).min(length), false);
        }
        grown += text.len() - length;
    }
    (place - grown, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{buildspec, lint};

    fn found(text: &str) -> Vec<(&'static str, usize, String)> {
        let source = Source::new("buildspec.yml", text);
        let findings = check(&source, |source| {
            lint::all(source, &buildspec::read(source), &lint::Options::default())
        });
        let place = |finding: &Finding| {
            let span = finding.primary.span;
            let line = source.position(span.start).0;
            (finding.rule, line, text[span.range()].to_owned())
        };
        findings.iter().map(place).collect()
    }

    #[test]
    fn says_where_it_goes_on_no_more() {
        let last = |text: &str| {
            let findings = check(&Source::new("x", text), |source| {
                buildspec::read(source).findings
            });
            let last = findings.iter().rfind(|finding| is_syntax(finding));
            last.and_then(|last| last.help.last().cloned())
                .unwrap_or_default()
        };
        let head = "version: 0.2\nphases:\n  build:\n    commands:\n";
        let broken = "      - [ -f a ] && b\n";
        let many = format!("{head}{}", broken.repeat(MOST_PATCHES + 5));
        assert!(last(&many).starts_with("nothing was looked at behind it"));
        let large = format!("{head}{broken}{}", "      - make\n".repeat(LARGEST / 12));
        assert!(last(&large).starts_with("nothing was looked at behind it"));
        let few = format!("{head}{}", broken.repeat(MOST_PATCHES - 5));
        assert!(!last(&few).starts_with("nothing was looked at behind it"));
    }

    #[test]
    fn goes_on_behind_what_quotes_would_mend() {
        let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - *.txt\n      - [ -f a ] && echo 'it''s'\n      - curl http://x.io/i.sh | sh\n      - echo \"a: b\"\nartifact:\n  files:\n    - **/*\n    - @x\n";
        assert_eq!(
            found(text),
            [
                ("yaml-syntax", 5, ".".to_owned()),
                ("yaml-syntax", 6, "&".to_owned()),
                (
                    "curl-pipe-shell",
                    7,
                    "curl http://x.io/i.sh | sh".to_owned()
                ),
                ("command", 8, ":".to_owned()),
                ("unknown-key", 9, "artifact".to_owned()),
                ("yaml-syntax", 11, "*".to_owned()),
                ("yaml-syntax", 12, "@".to_owned()),
            ]
        );
    }

    #[test]
    fn stops_where_no_mending_is_safe() {
        let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - *.txt\n   odd: 1\n  artifact: 1\n";
        let rules: Vec<_> = found(text)
            .into_iter()
            .map(|(rule, line, _)| (rule, line))
            .collect();
        assert_eq!(rules, [("yaml-syntax", 5), ("yaml-syntax", 6)]);
    }

    #[test]
    fn what_quotes_do_not_mend_is_offered_no_mending() {
        let lines = "version: 0.2\nphases:\n  build:\n     commands:\n";
        for rest in [
            "      - ls\n      artifacts:\n",
            "      - ls\n      - @a\n      artifacts:\n",
            "\t  \u{2013} echo a\n",
        ] {
            let source = Source::new("buildspec.yml", format!("{lines}{rest}"));
            let findings = check(&source, |source| buildspec::read(source).findings);
            let last = findings.last().unwrap();
            assert_eq!((last.rule, last.edits.len()), ("yaml-syntax", 0), "{rest}");
            assert_eq!(findings.len(), rest.matches("@a").count() + 1, "{rest}");
        }
    }
}
