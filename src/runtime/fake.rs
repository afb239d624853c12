//! A place that runs nothing: answers as it was told, and asserts that it is used as the contract says.

use std::collections::VecDeque;

use super::{Became, Executor, Lost, Sink};
use crate::engine::phase::Exit;

/// What the next command does.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Prints this and ends so.
    Ends(&'static str, Exit),
    /// Prints this, and then the place is gone.
    Dies(&'static str),
}

/// A scripted [`Executor`]. Commands beyond the script print nothing and succeed.
#[derive(Debug, Default)]
pub struct Fake {
    answers: VecDeque<Answer>,
    /// Every call, in order: a command's text, or `NAME=value`.
    pub calls: Vec<String>,
    gone: bool,
}

impl Fake {
    /// Answers one command after the other.
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: answers.into_iter().collect(),
            ..Self::default()
        }
    }
}

impl Executor for Fake {
    async fn execute(&mut self, command: &str, sink: &mut dyn Sink) -> Result<Exit, Lost> {
        assert!(!self.gone, "no call after the place was lost");
        self.calls.push(command.to_owned());
        match self.answers.pop_front() {
            Some(Answer::Ends(text, exit)) => {
                sink.write(text.as_bytes());
                Ok(exit)
            }
            Some(Answer::Dies(text)) => {
                sink.write(text.as_bytes());
                self.gone = true;
                Err(Lost(None))
            }
            None => Ok(Exit::Status(0)),
        }
    }

    async fn become_user(&mut self, user: Option<&str>) -> Result<Became, Lost> {
        assert!(!self.gone, "no call after the place was lost");
        if let Some(user) = user {
            self.calls.push(format!("as {user}"));
        }
        Ok(match user {
            Some("nobody-knows") => Became::Unknown,
            _ => Became::Ready,
        })
    }

    async fn set_variable(&mut self, name: &str, value: &str) -> Result<(), Lost> {
        assert!(!self.gone, "no call after the place was lost");
        self.calls.push(format!("{name}={value}"));
        Ok(())
    }
}
