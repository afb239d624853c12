//! `# buildspec: ignore[rule] reason`: findings that a comment hides.

use granit_parser::{Event, Parser, ScalarStyle};

use super::selection::Selection;
use crate::buildspec::keys;
use crate::diagnostic::{Finding, Label, Severity};
use crate::source::{Source, Span};

const MARK: &str = "buildspec:";
const VERB: &str = "ignore";
/// Over how many lines of comments one of them reaches.
const LONGEST: usize = 200;
/// More places of one finding than this are counted, not shown.
const MOST_PLACES: usize = 6;

/// Takes away what comments hide, and says which comments hide nothing, of the rules that were looked for.
pub(super) fn apply(
    source: &Source,
    findings: Vec<Finding>,
    selection: &Selection,
    looked_for: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    if !has_marks(source.text()) {
        return findings.into_iter().map(shortened).collect();
    }
    let mut comments = comments(source);
    let mut kept: Vec<Finding> = findings
        .into_iter()
        .filter_map(|finding| shown(source, finding, &mut comments))
        .map(shortened)
        .collect();
    // In a file that can't be read nothing was looked for.
    let unread = kept
        .iter()
        .any(|finding| finding.severity == Severity::Error && finding.rule.starts_with("yaml-"));
    let looked_for = |rule: &str| !unread && selection.has(rule) && looked_for(rule);
    for comment in comments {
        kept.extend(complaints(source, &comment, selection, looked_for));
    }
    kept.sort_by_key(|finding| finding.primary.span.start);
    kept
}

/// The finding, unless it is hidden; of one with several places, those that are not.
fn shown(source: &Source, mut finding: Finding, comments: &mut [Comment]) -> Option<Finding> {
    let rule = finding.rule;
    let mut is_shown = |label: &Label| {
        let (line, _) = source.position(label.span.start);
        !hide(comments, rule, line)
    };
    let first = is_shown(&finding.primary);
    if finding.repeated {
        finding.related.retain(is_shown);
        if !first {
            if finding.related.is_empty() {
                return None;
            }
            finding.primary = finding.related.remove(0);
        }
        return Some(finding);
    }
    first.then_some(finding)
}

/// Whether a comment hides this rule in this line; those that do have been of use.
fn hide(comments: &mut [Comment], rule: &str, line: usize) -> bool {
    let mut hidden = false;
    for comment in comments {
        if comment.first <= line && line <= comment.last {
            for (name, _, used) in &mut comment.names {
                if name == rule {
                    *used = true;
                    hidden = true;
                }
            }
        }
    }
    hidden
}

/// At most [`MOST_PLACES`] others of a finding with many; how many are left out is said.
fn shortened(mut finding: Finding) -> Finding {
    let more = finding.related.len().saturating_sub(MOST_PLACES);
    if finding.repeated && more > 0 {
        finding.related.truncate(MOST_PLACES);
        let text = format!(" ({more} more places than shown)");
        finding.message.push_str(&text);
    }
    finding
}

/// Whether there may be a comment for this tool; `buildspec:` alone is also a key of batches.
fn has_marks(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), MARK).any(|at| {
        let rest = text[at + MARK.len()..].trim_start_matches([' ', '\t']);
        rest.starts_with(VERB)
    })
}

/// A comment that hides findings.
struct Comment {
    span: Span,
    /// Lines that it counts for, from 1.
    first: usize,
    last: usize,
    /// The names in it, where they stand, and whether they hid something.
    names: Vec<(String, Span, bool)>,
}

fn complaints(
    source: &Source,
    comment: &Comment,
    selection: &Selection,
    looked_for: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let ids: Vec<&str> = selection.rules().iter().map(|rule| rule.id).collect();
    let mut found = Vec::new();
    if comment.names.is_empty() {
        found.push(
            Finding::warning("ignore-unknown", "this comment names no rule", comment.span)
                .help("write it as `# buildspec: ignore[rule] reason`"),
        );
    }
    let mut unused = 0;
    for (name, span, used) in &comment.names {
        if !ids.contains(&name.as_str()) {
            let finding = Finding::warning(
                "ignore-unknown",
                format!("there is no rule `{name}`"),
                *span,
            );
            found.push(match keys::did_you_mean(name, &ids) {
                Some(guess) => finding
                    .help(format!("did you mean `{guess}`?"))
                    .rename(source, guess),
                None => finding.help("`buildspec validate --list-rules` shows all of them"),
            });
        } else if !used && looked_for(name) {
            unused += 1;
            found.push(
                Finding::warning(
                    "ignore-unused",
                    format!("this comment hides nothing: no `{name}` is found where it counts"),
                    *span,
                )
                .help("remove it"),
            );
        }
    }
    if let (1, [(..)], [finding]) = (unused, comment.names.as_slice(), found.as_mut_slice()) {
        finding
            .edits
            .push((removal(source, comment), String::new()));
    }
    found
}

/// The comment with the blanks before it, or with its whole line when it stands alone.
fn removal(source: &Source, comment: &Comment) -> Span {
    let text = source.text();
    let (line, _) = source.position(comment.span.start);
    let start = source.line_start(line);
    let before = text.get(start..comment.span.start).unwrap_or_default();
    if before.trim().is_empty() {
        Span::new(start, source.line_start(line + 1))
    } else {
        Span::new(start + before.trim_end().len(), comment.span.end)
    }
}

/// YAML's comments; what looks like one inside a block is a part of the block.
fn comments(source: &Source) -> Vec<Comment> {
    let text = source.text();
    let options = granit_parser::options! {
        emit_comments: true,
        max_buffered_comment_events: usize::MAX,
        simple_key_max_lookahead: text.len() + 1
    };
    let mut comments = Vec::new();
    // First and last lines of texts that go over several.
    let mut long: Vec<(usize, usize)> = Vec::new();
    for event in Parser::new_from_str_with_options(text, options) {
        let Ok((event, span)) = event else { break };
        let range = span.byte_range().unwrap_or_default();
        let span = Span::new(range.start, range.end);
        match event {
            Event::Comment(words, _) => {
                if let Some(names) = names(text, &words, span) {
                    comments.push((span, names));
                }
            }
            Event::Scalar(_, style, ..) if span.end > span.start => {
                let (mut first, _) = source.position(span.start);
                let (last, _) = source.position(span.end - 1);
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    first = header(source, first);
                }
                if last > first {
                    long.push((first, last));
                }
            }
            _ => {}
        }
    }
    comments
        .into_iter()
        .map(|(span, names)| {
            let first = target(source, span);
            let last = long
                .iter()
                .filter(|(start, _)| *start == first)
                .map(|(_, end)| *end)
                .max();
            Comment {
                span,
                first,
                last: last.unwrap_or(first),
                names,
            }
        })
        .collect()
}

fn line(source: &Source, number: usize) -> &str {
    let range = source.line_start(number)..source.line_start(number + 1);
    source.text().get(range).unwrap_or_default()
}

/// The line with the `|` of a block whose text begins in line `first`.
fn header(source: &Source, first: usize) -> usize {
    (1..first)
        .rev()
        .find(|number| !line(source, *number).trim().is_empty())
        .unwrap_or(first)
}

/// The comment's own line, or the next that says something.
fn target(source: &Source, comment: Span) -> usize {
    let (own, _) = source.position(comment.start);
    let start = source.line_start(own);
    let before = source.text().get(start..comment.start).unwrap_or_default();
    if !before.trim().is_empty() {
        return own;
    }
    let mut number = own + 1;
    while source.line_start(number) < source.text().len() && number - own < LONGEST {
        let content = line(source, number).trim();
        if !content.is_empty() && !content.starts_with('#') {
            return number;
        }
        number += 1;
    }
    own
}

/// The names in `buildspec: ignore[a, b] reason`; `None` for any other comment.
fn names(text: &str, comment: &str, span: Span) -> Option<Vec<(String, Span, bool)>> {
    let rest = comment.trim_start().strip_prefix(MARK)?;
    let rest = rest.trim_start().strip_prefix(VERB)?;
    let raw = text.get(span.range())?;
    let Some(list) = rest.trim_start().strip_prefix('[') else {
        return Some(Vec::new());
    };
    let list = list.split(']').next().unwrap_or_default();
    let mut at = span.start + raw.find('[')? + 1;
    let mut names = Vec::new();
    for name in list.split(',') {
        let lead = name.len() - name.trim_start().len();
        let trimmed = name.trim();
        if !trimmed.is_empty() {
            let start = at + lead;
            names.push((
                trimmed.to_owned(),
                Span::new(start, start + trimmed.len()),
                false,
            ));
        }
        at += name.len() + 1;
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::*;
    use crate::diagnostic::edit;
    use crate::{buildspec, lint};

    fn left(text: &str) -> Vec<(&'static str, usize)> {
        let source = Source::new("x", text);
        let findings = buildspec::read(&source).findings;
        let selection = Selection::new(&[], &[], catalogue::rules()).unwrap();
        apply(&source, findings, &selection, |_| true)
            .iter()
            .map(|finding| (finding.rule, source.position(finding.primary.span.start).0))
            .collect()
    }

    #[test]
    fn hides_in_its_own_line_and_in_the_next() {
        let text = "version: 0.2\nx: 1 # buildspec: ignore[unknown-key] for my own tool\n\
                    # buildspec: ignore[unknown-key, duplicate-key]\n# and more\n\ny: 2\nz: 3\n\
                    phases: {build: {commands: make}}\n";
        assert_eq!(left(text), [("ignore-unused", 3), ("unknown-key", 7)]);
    }

    #[test]
    fn each_place_has_its_own_comment() {
        let text = |first: &str, second: &str| {
            format!(
                "version: 0.2\nphases:\n  build:\n    commands:\n      - source a{first}\n      - make\n      - source b{second}\n      - source c\n"
            )
        };
        let found = |text: &str| {
            let source = Source::new("x", text);
            let read = |source: &Source| {
                lint::all(source, &buildspec::read(source), &lint::Options::default())
            };
            let selection = Selection::new(&[], &[], catalogue::rules()).unwrap();
            let line = |label: &Label| source.position(label.span.start).0;
            apply(&source, read(&source), &selection, |_| true)
                .iter()
                .map(|finding| {
                    let places = std::iter::once(&finding.primary).chain(&finding.related);
                    (finding.rule, places.map(line).collect())
                })
                .collect::<Vec<(&str, Vec<usize>)>>()
        };
        let mark = " # buildspec: ignore[bash-syntax]";
        let bash = "bash-syntax";
        assert_eq!(found(&text("", "")), [(bash, vec![5, 7, 8])]);
        assert_eq!(found(&text(mark, "")), [(bash, vec![7, 8])]);
        assert_eq!(found(&text("", mark)), [(bash, vec![5, 8])]);
        let all = text(mark, mark).replace("source c", &format!("source c{mark}"));
        assert_eq!(found(&all), []);
    }

    #[test]
    fn covers_a_block_and_respects_it() {
        let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        # buildspec: ignore[unknown-key]\n        make\nx: 1\n";
        assert_eq!(left(text), [("unknown-key", 8)]);
    }

    #[test]
    fn says_what_is_wrong_with_a_comment() {
        let text = "# buildspec: ignore[unknown-keys]\nversion: 0.2\n# buildspec: ignore\nphases: {build: {commands: make}}\n# buildspec: other\n";
        assert_eq!(left(text), [("ignore-unknown", 1), ("ignore-unknown", 3)]);
    }

    #[test]
    fn a_useless_comment_can_be_removed() {
        let text = "version: 0.2 # buildspec: ignore[version]\nphases: {build: {commands: make}}\n";
        let source = Source::new("x", text);
        let selection = Selection::new(&[], &[], catalogue::rules()).unwrap();
        let found = apply(&source, Vec::new(), &selection, |_| true);
        assert_eq!(
            edit::apply(text, &found[0].edits).unwrap(),
            "version: 0.2\nphases: {build: {commands: make}}\n"
        );
    }
}
