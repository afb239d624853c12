//! The pattern of `on-failure: RETRY-<regex>`, where it is none.

use super::context::{Context, phases};
use super::{Group, Rule};
use crate::buildspec::model::OnFailure;
use crate::diagnostic::{Finding, Severity};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    id: "retry-pattern",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "a pattern of `on-failure: RETRY` that is no regular expression",
    why: "What stands behind `RETRY-` is a regular expression of Go: `.*` stands for any text, `*` alone for nothing, and look-ahead and \
          back-references do not exist. What CodeBuild does with one that can't be read is not known; a build of this tool is not \
          tried again.",
    before: "phases:\n  build:\n    on-failure: RETRY-2-*timed out*\n    commands:\n      - make",
    after: "phases:\n  build:\n    on-failure: RETRY-2-.*timed out.*\n    commands:\n      - make",
    check: Some(check),
};

/// Go counts no further in `{...}`.
const MOST_REPEATS: u32 = 1000;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let patterns = phases(context.buildspec).filter_map(|(_, phase)| {
        let value = phase.on_failure.as_ref()?;
        match &value.value {
            OnFailure::Retry { regex, .. } => Some((regex, value.span)),
            _ => None,
        }
    });
    patterns
        .filter_map(|(regex, span)| {
            let problem = problem(regex)?;
            let written = context.source.text().get(span.range()).unwrap_or_default();
            let place = match written.rfind(regex.as_str()) {
                Some(start) => {
                    let start = span.start + start + problem.at;
                    Span::new(start, start + problem.length)
                }
                None => span,
            };
            Some(
                Finding::warning(
                    RULE.id,
                    format!("`{regex}` is not a regular expression"),
                    place,
                )
                .label(problem.label)
                .help(problem.help),
            )
        })
        .collect()
}

/// Where a pattern can't be read, and why.
#[derive(Debug, PartialEq)]
struct Problem {
    at: usize,
    length: usize,
    label: &'static str,
    help: &'static str,
}

const BACKSLASH: &str = "put `\\` in front of it if the sign itself is meant";

fn problem(pattern: &str) -> Option<Problem> {
    let mut reader = Reader {
        pattern,
        at: 0,
        open: Vec::new(),
        before: Before::Nothing,
    };
    while reader.at < pattern.len() {
        if let Err(problem) = reader.step() {
            return Some(problem);
        }
    }
    let open = reader.open.first()?;
    Some(Problem {
        at: *open,
        length: 1,
        label: "this bracket is not closed",
        help: BACKSLASH,
    })
}

/// What stands before a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// What can be repeated.
    Piece,
    Repetition,
}

struct Reader<'a> {
    pattern: &'a str,
    at: usize,
    /// Where the groups begin that are open.
    open: Vec<usize>,
    before: Before,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.pattern[self.at..]
    }

    /// Reads the next sign, group or repetition.
    fn step(&mut self) -> Result<(), Problem> {
        let Some(letter) = self.rest().chars().next() else {
            return Ok(());
        };
        let mut length = letter.len_utf8();
        let mut next = Before::Piece;
        match letter {
            '\\' => length = self.escape()?,
            '[' => length = self.class()?,
            '(' => {
                length = self.group()?;
                self.open.push(self.at);
                next = Before::Nothing;
            }
            ')' if self.open.pop().is_none() => {
                return Err(self.wrong(1, "nothing is open that this could close", BACKSLASH));
            }
            '|' => next = Before::Nothing,
            '*' | '+' | '?' => {
                length += usize::from(self.rest()[1..].starts_with('?'));
                self.repeat(length)?;
                next = Before::Repetition;
            }
            '{' => {
                if let Some((counted, most)) = counted(self.rest()) {
                    length = counted + usize::from(self.rest()[counted..].starts_with('?'));
                    self.repeat(length)?;
                    if most > MOST_REPEATS {
                        return Err(self.wrong(
                            counted,
                            "more than 1000 times",
                            "write `*` for any number",
                        ));
                    }
                    next = Before::Repetition;
                }
            }
            _ => {}
        }
        self.at += length;
        self.before = next;
        Ok(())
    }

    fn wrong(&self, length: usize, label: &'static str, help: &'static str) -> Problem {
        Problem {
            at: self.at,
            length,
            label,
            help,
        }
    }

    fn repeat(&self, length: usize) -> Result<(), Problem> {
        match self.before {
            Before::Piece => Ok(()),
            Before::Nothing => Err(self.wrong(
                length,
                "nothing stands here that could be repeated",
                "write `.*` for any text",
            )),
            Before::Repetition => Err(self.wrong(
                length,
                "what stands before it is a repetition already",
                BACKSLASH,
            )),
        }
    }

    fn escape(&self) -> Result<usize, Problem> {
        let rest = self.rest();
        let mut letters = rest[1..].chars();
        let Some(letter) = letters.next() else {
            return Err(self.wrong(1, "nothing follows", "write `\\\\` for a backslash"));
        };
        let is_octal = |digit: char| ('0'..='7').contains(&digit);
        match letter {
            'Q' => Ok(rest.find("\\E").map_or(rest.len(), |end| end + 2)),
            'x' | 'p' | 'P' if rest[2..].starts_with('{') => match rest.find('}') {
                Some(end) => Ok(end + 1),
                None => Err(self.wrong(3, "this bracket is not closed", BACKSLASH)),
            },
            '1'..='7' if letters.next().is_some_and(is_octal) => Ok(2),
            '1'..='9' => Err(self.wrong(
                2,
                "a back-reference",
                "Go's regular expressions have none: write the text once more",
            )),
            letter if letter.is_ascii_alphabetic() && !"AbBCdDfnrsStvwWxzpPa".contains(letter) => {
                Err(self.wrong(2, "Go knows no such escape", "leave out the `\\`"))
            }
            letter => Ok(1 + letter.len_utf8()),
        }
    }

    /// `[...]`, in which a `]` at the start stands for itself.
    fn class(&self) -> Result<usize, Problem> {
        let rest = self.rest();
        let mut at = 1 + usize::from(rest[1..].starts_with('^'));
        at += usize::from(rest[at..].starts_with(']'));
        while let Some(letter) = rest[at..].chars().next() {
            match letter {
                ']' => return Ok(at + 1),
                '[' if rest[at..].starts_with("[:") => {
                    at += rest[at..].find(":]").map_or(1, |end| end + 2);
                }
                '\\' => at += 1 + rest[at + 1..].chars().next().map_or(0, char::len_utf8),
                letter => at += letter.len_utf8(),
            }
        }
        Err(self.wrong(1, "this bracket is not closed", BACKSLASH))
    }

    /// How long the beginning of a group is.
    fn group(&self) -> Result<usize, Problem> {
        let Some(rest) = self.rest().strip_prefix("(?") else {
            return Ok(1);
        };
        let name = rest.strip_prefix("P<").or_else(|| rest.strip_prefix('<'));
        if let Some(name) = name.filter(|name| !name.starts_with(['=', '!'])) {
            let length = self.rest().len() - name.len();
            return match name.find('>') {
                Some(end) => Ok(length + end + 1),
                None => Err(self.wrong(length, "this name does not end", "write `(?P<name>...)`")),
            };
        }
        let flags = rest
            .bytes()
            .take_while(|flag| b"imsU-".contains(flag))
            .count();
        match rest.as_bytes().get(flags) {
            Some(b':') => Ok(2 + flags + 1),
            // The step that follows closes it.
            Some(b')') => Ok(2 + flags),
            _ => Err(self.wrong(
                3.min(self.rest().len()),
                "look-around and the like",
                "Go's regular expressions have none: match what is there instead",
            )),
        }
    }
}

/// `{2}`, `{2,}` or `{2,5}`: how long it is, and the largest number.
fn counted(text: &str) -> Option<(usize, u32)> {
    let end = text.find('}')?;
    let (least, most) = text[1..end].split_once(',').unwrap_or((&text[1..end], ""));
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let least = number(least)?;
    if most.is_empty() {
        return Some((end + 1, least));
    }
    Some((end + 1, number(most)?.max(least)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Go's regexp/syntax takes and refuses.
    #[test]
    fn reads_patterns_as_go_does() {
        for fine in [
            ".*",
            "invalid+",
            ".*Error: Unable to connect to database.*",
            "(?i)timeout|reset",
            "a{2,5}?b{3}",
            "a{x}",
            "[]a-z[:digit:]\\]]+$",
            "(?P<name>x)(?:y)(?s:z)",
            "\\Q(((\\E",
            "\\d+\\.\\x{10FFFF}\\pL\\12",
            "exit status (1|137)",
            "^*",
            "",
        ] {
            assert_eq!(problem(fine), None, "{fine}");
        }
        for (broken, at) in [
            ("*timeout*", 0),
            ("a|+b", 2),
            ("a**", 2),
            ("(a", 0),
            ("((a)", 0),
            ("a)", 1),
            ("[a", 0),
            ("x(?!y)", 1),
            ("x(?<=y)", 1),
            ("(?", 0),
            ("(a)\\1", 3),
            ("a\\", 1),
            ("a\\Z", 1),
            ("a{1001}", 1),
            ("(?P<a", 0),
        ] {
            assert_eq!(
                problem(broken).map(|problem| problem.at),
                Some(at),
                "{broken}"
            );
        }
    }

    /// Nothing that the reader of real patterns takes is refused here, but for what Go does not know.
    #[test]
    fn agrees_with_a_real_reader_about_what_is_fine() {
        let pieces = [
            "a", "(", ")", "[", "]", "*", "?", "+", "|", "{2}", "\\d", "\\", "^", "(?:", "-",
        ];
        for one in pieces {
            for two in pieces {
                for three in pieces {
                    let pattern = [one, two, three].concat();
                    // `a**` is fine there; `[[]` and `(?)` are not, and Go takes them.
                    let nested = ["*", "+", "?", "{2}"];
                    if nested.contains(&two) && nested.contains(&three)
                        || pattern.contains('[')
                        || pattern.contains("(?)")
                    {
                        continue;
                    }
                    assert_eq!(
                        problem(&pattern).is_none(),
                        regex::Regex::new(&pattern).is_ok(),
                        "{pattern}"
                    );
                }
            }
        }
    }
}
