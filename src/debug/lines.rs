//! The line that is typed at the prompt: its history, and what Tab makes of it.

use rustix::termios::LocalModes;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Behavior, CompletionType, Config, Context, Editor};

use super::guard::Terminal;
use super::stops::{Now, Use};

pub(super) type Lines = Editor<Helper, MemHistory>;

/// Reads lines from the terminal itself, wherever the standard streams lead.
pub(super) fn lines(terminal: &Terminal, now: &Now) -> rustyline::Result<Lines> {
    let config = Config::builder()
        .behavior(Behavior::PreferTerm)
        .completion_type(CompletionType::List)
        .build();
    let history = MemHistory::with_config(&config);
    let mut lines = Editor::with_history(config, history)?;
    lines.set_helper(Some(Helper {
        words: Vec::new(),
        terminal: terminal.clone(),
        now: now.clone(),
    }));
    Ok(lines)
}

/// Completes whole lines: verbs, and what may follow them.
pub(super) struct Helper {
    pub(super) words: Vec<String>,
    terminal: Terminal,
    now: Now,
}

impl Completer for Helper {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line[..cursor].trim_start();
        let begins = |word: &&String| word.starts_with(before);
        let found = self.words.iter().filter(begins).cloned().collect();
        Ok((cursor - before.len(), found))
    }
}

impl Hinter for Helper {
    type Hint = String;

    /// Asked for whenever the line is drawn, so that the modes in which it is typed are those of the terminal now.
    /// After a stop it may be drawn while the modes are still those of the user's shell.
    fn hint(&self, _: &str, _: usize, _: &Context<'_>) -> Option<String> {
        if let Ok(modes) = self.terminal.modes()
            && !modes.local_modes.contains(LocalModes::ICANON)
        {
            self.now.set(Use::Line(modes));
        }
        None
    }
}

impl Highlighter for Helper {}

impl Validator for Helper {}

impl rustyline::Helper for Helper {}
