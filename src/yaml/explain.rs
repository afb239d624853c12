//! libyaml's refusals as findings at the place to mend.

use super::advice::{self, Advice, At};
use super::judge::{Mark, Refusal};
use super::mend;
use crate::buildspec::keys;
use crate::diagnostic::{Finding, edit};
use crate::source::{Source, Span};

/// A quote that is open for more lines was probably meant to be.
const MOST_LINES: usize = 200;
/// Among so many a misspelt one is looked for.
const MOST_ANCHORS: usize = 100;

/// The text around the place where the parser noticed.
pub(super) struct Scene<'a> {
    /// The line up to the place.
    pub(super) before: &'a str,
    /// The line from the place on.
    pub(super) after: &'a str,
    /// The nearest line above that says something.
    pub(super) above: Option<&'a str>,
    /// The line in which the parser began what it could not finish.
    pub(super) begun: Option<&'a str>,
    /// The line that could not be a key: the parser notices it in the next one.
    pub(super) meant: &'a str,
    /// A list item stands somewhere above.
    pub(super) below_item: bool,
    /// The line that is meant goes on with it.
    pub(super) continues: bool,
}

impl Scene<'_> {
    /// The place is the first of its line.
    pub(super) fn at_line_start(&self) -> bool {
        self.before.trim().is_empty()
    }

    /// The line is a list's item.
    pub(super) fn is_item(&self) -> bool {
        self.before.trim_start().starts_with("- ")
    }

    /// The text of the line's item, or the line, up to the place.
    pub(super) fn value(&self) -> &str {
        let line = self.before.trim();
        line.strip_prefix("- ").unwrap_or(line).trim_start()
    }

    /// The value begins with a text in quotes, which has ended.
    pub(super) fn after_quote(&self) -> bool {
        let value = self.value();
        ['"', '\'']
            .iter()
            .any(|quote| value.starts_with(*quote) && value.matches(*quote).count() > 1)
    }

    /// The line that is meant is a mark that Git puts around the parts of a conflict.
    pub(super) fn is_left_by_git(&self) -> bool {
        let marks = ["<<<<<<< ", "=======", ">>>>>>> "];
        marks.iter().any(|mark| self.meant.starts_with(mark))
    }

    /// The line that is meant begins with a dash and a word.
    pub(super) fn lacks_space(&self) -> bool {
        let word = self.meant.trim_start().strip_prefix('-');
        word.is_some_and(|word| {
            word.starts_with(|letter: char| letter != '-' && !letter.is_whitespace())
        })
    }

    /// The line has a key of the buildspec's top, its value, and another such key.
    pub(super) fn has_two_keys(&self) -> bool {
        let is_key = |word: &str| keys::TOP.contains(&word);
        let first = self.before.split_once(": ");
        first.is_some_and(|(first, rest)| {
            is_key(first.trim()) && rest.rsplit(' ').next().is_some_and(is_key)
        })
    }

    /// The line is an item that begins with `[`, as a shell's test does.
    pub(super) fn is_test(&self) -> bool {
        is_test(self.before)
    }

    /// A quote is opened and never closed, for the shell as well.
    fn lacks_quote(&self, refusal: &Refusal) -> bool {
        refusal.problem == "found unexpected end of stream"
            && self.begun.is_some_and(edit::ends_in_quotes)
    }

    /// The same as [`is_test`](Self::is_test) for the line in which the parser began.
    pub(super) fn began_with_test(&self) -> bool {
        self.begun.is_some_and(is_test)
    }
}

fn is_test(line: &str) -> bool {
    let item = line.trim_start().strip_prefix("- ").map(str::trim_start);
    item.is_some_and(|item| item.starts_with("[ ") || item.starts_with("[["))
}

/// Turns a refusal into a finding at the place to mend.
pub(super) fn finding(source: &Source, refusal: &Refusal) -> Finding {
    let text = source.text();
    let noticed = match refusal.byte {
        Some(byte) => character(text, byte),
        None => at(source, refusal.mark),
    };
    let line = line_around(text, noticed.start);
    let above = line_above(text, line.start);
    let begun = refusal
        .context
        .as_ref()
        .filter(|(_, mark)| *mark != refusal.mark)
        .map(|(_, mark)| at(source, *mark));
    let meant = match begun {
        Some(begun) if refusal.problem == "could not find expected ':'" => {
            line_around(text, begun.start)
        }
        _ => line,
    };
    let item = item_above(text, meant.start);
    let scene = Scene {
        before: &text[line.start..noticed.start],
        after: &text[noticed.start..line.end.max(noticed.start)],
        above: above.map(|above| &text[above.range()]),
        begun: begun.map(|begun| &text[line_around(text, begun.start).range()]),
        meant: &text[meant.range()],
        below_item: item.is_some(),
        continues: item.is_some_and(|item| continues(text, item, meant)),
    };
    let opened = opened_above(text, line.start, scene.before);
    let advice = match opened {
        Some(_) => advice::OPEN_QUOTE,
        None => advice::choose(refusal, &scene),
    };
    let other_line = |span: Span| source.position(span.start).0 != source.position(noticed.start).0;
    let mut finding = Finding::error("yaml-syntax", refusal.sentence(), advice.message, noticed);
    if let Some(opened) = opened {
        finding.primary.span = opened;
        finding = finding.related(noticed, advice.other);
    }
    match (advice.at, begun, above) {
        (At::Context, Some(begun), _) => {
            finding.primary.span = line_rest(text, begun.start);
            if other_line(begun) {
                finding = finding.related(noticed, "the parser gave up here");
            }
        }
        (At::LineAbove, _, Some(above)) => {
            finding.primary.span = above;
            finding = finding.related(noticed, "the parser gave up here");
        }
        (At::BelowItem, ..) => {
            let written = text[meant.range()].trim_start();
            finding.primary.span = Span::new(meant.end - written.len(), meant.end);
            if let Some(item) = item.filter(|_| !advice.other.is_empty()) {
                finding = finding.related(item, advice.other);
            }
        }
        (At::BelowLineAbove, _, Some(above)) => finding = finding.related(above, advice.other),
        (At::InCollection, Some(begun), _) if other_line(begun) => {
            finding = finding.related(begun, advice.other);
        }
        _ => {}
    }
    finding = finding.label(advice.label);
    // libyaml leaves aliases to its caller, so the words are not its own.
    finding.assumed = refusal.problem == "unknown anchor";
    let at = match begun {
        Some(begun) if scene.at_line_start() => begun.start,
        _ => noticed.start,
    };
    // Where a quote lacks, nobody but the author knows.
    if opened.is_none() && !scene.lacks_quote(refusal) {
        finding.edits.extend(mend::line(source, at));
    }
    let lines = [
        Some(line),
        above.map(|above| line_around(text, above.start)),
    ];
    let mut lines = lines.into_iter().flatten();
    if let Some((place, help)) = lines.find_map(|line| odd_space(text, line)) {
        finding.edits.clear();
        return finding.related(place, "no space").help(help);
    }
    if refusal.problem == "unknown anchor"
        && let Some(guess) = anchor_like(text, noticed.start)
    {
        finding = finding.help(format!("did you mean `*{guess}`?"));
    }
    helped(finding, text, &advice)
}

/// With what mends the mistake: another letter, quotes, or what the advice says.
fn helped(finding: Finding, text: &str, advice: &Advice) -> Finding {
    let place = finding.primary.span.start;
    let written = text[line_around(text, place).range()].trim_start();
    if let Some((sign, right)) = super::look_alike(written) {
        return finding.help(format!(
            "`{sign}` is U+{:04X}, of a word processor: write {right}",
            u32::from(sign)
        ));
    }
    if let [(_, item)] = finding.edits.as_slice()
        && advice.in_quotes
        && !item.contains('\n')
    {
        let help = format!(
            "put the whole text in quotes: `- {item}`; or {}",
            advice.help
        );
        finding.help(help)
    } else if advice.help.is_empty() {
        finding
    } else {
        finding.help(advice.help)
    }
}

/// A text that is opened by a quote in a line above, and closed by one in the line up to the place, as nobody meant it.
fn opened_above(text: &str, start: usize, before: &str) -> Option<Span> {
    let close = before.rfind(['"', '\''])?;
    let quote = &before[close..=close];
    if before.matches(quote).count() != 1 {
        return None;
    }
    let mut start = start;
    for _ in 0..MOST_LINES {
        let above = line_above(text, start)?;
        start = line_around(text, above.start).start;
        let line = &text[above.range()];
        if line.contains(quote) {
            let item = line.trim_start_matches("- ");
            let value = item.split_once(": ").map_or(item, |(_, value)| value);
            let value = if item.starts_with(quote) {
                item
            } else {
                value.trim_start()
            };
            let is_opened = value.starts_with(quote) && line.matches(quote).count() == 1;
            return is_opened.then(|| Span::new(above.end - value.len(), above.end));
        }
    }
    None
}

/// What looks like a space in a line's indentation, or behind its `-` or `:`.
fn odd_space(text: &str, line: Span) -> Option<(Span, String)> {
    let written = &text[line.range()];
    let (at, help) = super::odd_space(written)?;
    let before = written[..at].trim_start_matches([' ', '\t', '-']);
    let matters = before.is_empty() || before.ends_with(':') && !before.contains(' ');
    matters.then(|| (character(text, line.start + at), help))
}

/// The anchor in the file that looks most like the name of the alias at a place.
fn anchor_like(text: &str, alias: usize) -> Option<&str> {
    let name = |text: &'_ str| {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        text.find(|letter| !is_part(letter)).unwrap_or(text.len())
    };
    let alias = text[alias..].strip_prefix('*')?;
    let anchors = text[..text.len() - alias.len()].match_indices('&');
    let anchors: Vec<&str> = anchors
        .map(|(at, _)| &text[at + 1..])
        .map(|anchor| &anchor[..name(anchor)])
        .filter(|anchor| !anchor.is_empty())
        .take(MOST_ANCHORS)
        .collect();
    keys::did_you_mean(&alias[..name(alias)], &anchors)
}

/// The character at a mark.
fn at(source: &Source, mark: Mark) -> Span {
    let start = source.line_start(mark.line + 1);
    let rest = source.text().get(start..).unwrap_or_default();
    // The judge does not see a byte order mark.
    let hidden = usize::from(start == 0 && rest.starts_with('\u{feff}'));
    let column = rest.char_indices().nth(mark.column + hidden);
    character(
        source.text(),
        start + column.map_or(rest.len(), |(at, _)| at),
    )
}

/// The character at a byte; empty at a line's end.
fn character(text: &str, byte: usize) -> Span {
    let start = text.floor_char_boundary(byte);
    let length = text[start..]
        .chars()
        .next()
        .filter(|found| !matches!(found, '\n' | '\r'))
        .map_or(0, char::len_utf8);
    Span::new(start, start + length)
}

/// From a place to the end of its line, without blanks.
fn line_rest(text: &str, start: usize) -> Span {
    let line = text[start..].lines().next().unwrap_or_default();
    Span::new(start, start + line.trim_end().len())
}

/// The line around a place, from its start.
fn line_around(text: &str, place: usize) -> Span {
    line_rest(text, text[..place].rfind('\n').map_or(0, |at| at + 1))
}

/// The nearest line above that is neither empty nor a comment, without its indentation.
fn line_above(text: &str, start: usize) -> Option<Span> {
    let mut end = start;
    while end > 0 {
        let start = text[..end - 1].rfind('\n').map_or(0, |at| at + 1);
        let line = line_rest(text, start);
        let content = text[line.range()].trim_start();
        if !content.is_empty() && !content.starts_with('#') {
            return Some(Span::new(line.end - content.len(), line.end));
        }
        end = start;
    }
    None
}

/// The nearest list item above, without its indentation.
fn item_above(text: &str, mut start: usize) -> Option<Span> {
    while let Some(above) = line_above(text, start) {
        if text[above.range()].starts_with("- ") {
            return Some(above);
        }
        start = line_around(text, above.start).start;
    }
    None
}

/// The line goes on with a command: its quote is still open, or all lines since are indented deeper.
fn continues(text: &str, item: Span, line: Span) -> bool {
    let command = text[item.range()].trim_start_matches("- ").trim_start();
    let written = text[line.range()].trim_start();
    let is_text = !command.starts_with(['"', '\'', '|', '>', '[', '{', '&', '*', '!'])
        && !command.contains(": ")
        && !command.ends_with(':');
    if !is_text || written.starts_with("- ") {
        return false;
    }
    let column = item.start - line_around(text, item.start).start;
    let deeper = |line: &str| line.len() - line.trim_start_matches(' ').len() > column;
    let mut lines = text[item.end..line.end].lines().skip(1);
    // Right below the item it may be a key as well.
    let directly_below = lines.clone().count() == 1;
    edit::ends_in_quotes(command)
        || !directly_below && lines.all(|line| line.trim().is_empty() || deeper(line))
}
