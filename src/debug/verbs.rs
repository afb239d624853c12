//! What can be said at the prompt. Pure.

use crate::console::wrap;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A shell in the build's state; what changed in it is taken over when it ends, if asked for.
    Shell {
        carry: bool,
    },
    /// Take over what the last shell changed.
    Carry,
    Retry,
    Edit,
    Next,
    Continue,
    Skip,
    /// What changed since the phase began, or one variable.
    Env(Option<String>),
    Where,
    /// So many of the log's last lines.
    Log(usize),
    /// `None`: to be asked.
    Quit {
        artifacts: Option<bool>,
    },
    Help,
}

/// Each verb with its arguments and what it does; the order decides what an abbreviation means.
pub const VERBS: &[(&str, &str, &str)] = &[
    (
        "shell",
        "[carry]",
        "open a shell in the build's state; with `carry`, the next command gets what you change in it",
    ),
    ("retry", "", "run the failed command again"),
    (
        "edit",
        "",
        "change the command for this run in your editor, then run it",
    ),
    ("next", "", "go on, and stop before the next command"),
    (
        "continue",
        "",
        "go on to the next break point, as CodeBuild would",
    ),
    ("skip", "", "go on as if the command had succeeded"),
    (
        "env",
        "[NAME]",
        "what changed since the phase began, or one variable",
    ),
    (
        "where",
        "",
        "the phase, the command and its place in the buildspec",
    ),
    ("log", "[LINES]", "the end of the log"),
    (
        "quit",
        "[artifacts|now]",
        "end the build, with its artifacts or without",
    ),
    (
        "carry",
        "",
        "give the next command the directory and variables of the shell that you left",
    ),
    ("help", "", "this list; also `?`"),
];

/// Lines of the log, when none were asked for.
pub(super) const LOG_LINES: usize = 40;

/// Reads a line; `None` for an empty one.
///
/// A verb may be cut short; the first in [`VERBS`] that begins so is meant.
pub fn parse(line: &str) -> Result<Option<Verb>, String> {
    let mut words = line.split_whitespace();
    let Some(word) = words.next() else {
        return Ok(None);
    };
    let arguments: Vec<&str> = words.collect();
    let name = match word {
        "?" => "help",
        _ => VERBS
            .iter()
            .map(|(name, ..)| *name)
            .find(|name| name.starts_with(word))
            .ok_or_else(|| format!("no such verb: {word}; ? lists them"))?,
    };
    let verb = match (name, arguments.as_slice()) {
        ("shell", []) => Verb::Shell { carry: false },
        ("shell", ["carry"]) => Verb::Shell { carry: true },
        ("carry", []) => Verb::Carry,
        ("retry", []) => Verb::Retry,
        ("edit", []) => Verb::Edit,
        ("next", []) => Verb::Next,
        ("continue", []) => Verb::Continue,
        ("skip", []) => Verb::Skip,
        ("env", []) => Verb::Env(None),
        ("env", [name]) => Verb::Env(Some((*name).to_owned())),
        ("where", []) => Verb::Where,
        ("log", []) => Verb::Log(LOG_LINES),
        ("log", [lines]) => Verb::Log(
            lines
                .parse()
                .map_err(|_| format!("log: `{lines}` is not a number of lines"))?,
        ),
        ("quit", []) => Verb::Quit { artifacts: None },
        ("quit", ["artifacts"]) => Verb::Quit {
            artifacts: Some(true),
        },
        ("quit", ["now"]) => Verb::Quit {
            artifacts: Some(false),
        },
        ("help", []) => Verb::Help,
        _ => {
            let usage = VERBS.iter().find(|(known, ..)| *known == name);
            let usage = usage.map_or("", |(_, arguments, _)| arguments);
            return Err(format!("usage: {name} {usage}").trim_end().to_owned());
        }
    };
    Ok(Some(verb))
}

/// The list behind `?`, on a terminal of so many columns.
pub fn help(columns: usize) -> String {
    let mut text = String::new();
    for (name, arguments, what) in VERBS {
        let usage = format!("{name} {arguments}");
        text.push_str(&format!("  {usage:<21} {}\n", wrap(what, columns, 24)));
    }
    let more = "A verb may be cut short (c, n, q). In a shell, codebuild-resume goes on; with --carry the next command gets your changes.";
    text + &wrap(more, columns, 0) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_read_whole_and_cut_short() {
        for (line, verb) in [
            ("shell", Verb::Shell { carry: false }),
            ("  sh  carry ", Verb::Shell { carry: true }),
            ("s", Verb::Shell { carry: false }),
            ("c", Verb::Continue),
            ("ca", Verb::Carry),
            ("e", Verb::Edit),
            ("en PATH", Verb::Env(Some("PATH".to_owned()))),
            ("sk", Verb::Skip),
            ("log 3", Verb::Log(3)),
            ("l", Verb::Log(LOG_LINES)),
            ("q", Verb::Quit { artifacts: None }),
            (
                "quit now",
                Verb::Quit {
                    artifacts: Some(false),
                },
            ),
            ("?", Verb::Help),
            ("h", Verb::Help),
        ] {
            assert_eq!(parse(line), Ok(Some(verb)), "{line}");
        }
        assert_eq!(parse("  "), Ok(None));
    }

    #[test]
    fn what_is_no_verb_is_told_why() {
        for (line, why) in [
            ("dance", "no such verb: dance; ? lists them"),
            ("log x", "log: `x` is not a number of lines"),
            ("quit maybe", "usage: quit [artifacts|now]"),
            ("retry again", "usage: retry"),
        ] {
            assert_eq!(parse(line), Err(why.to_owned()), "{line}");
        }
    }

    #[test]
    fn every_verb_is_explained_and_understood() {
        for (name, ..) in VERBS {
            assert!(help(200).contains(&format!("  {name} ")), "{name}");
            assert!(matches!(parse(name), Ok(Some(_))), "{name}");
        }
        assert_eq!(help(200).lines().count(), VERBS.len() + 1);
        assert!(help(60).lines().all(|line| line.len() <= 60));
    }
}
