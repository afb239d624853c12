//! The debugger: where a build stops, and what a person does there.
//!
//! The engine asks at each command (`engine::pause`); [`Desk`] answers. What it says and hears goes through a [`front`],
//! a terminal behind a Unix socket: the build's own, or that of `buildspec attach`.

pub mod breaks;
mod changes;
mod closing;
pub mod desk;
mod edits;
mod front;
pub mod guard;
mod inside;
mod lines;
mod modes;
pub mod reception;
mod scene;
pub mod screen;
mod sought;
mod stops;
mod talk;
mod texts;
pub mod verbs;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

pub use desk::Desk;
pub use sought::Sought;

use breaks::BreakPoint;
use screen::Surroundings;

/// `--break` and its like, settled.
#[derive(Clone, Debug)]
pub struct Settings {
    pub points: Vec<BreakPoint>,
    /// A command whose place the buildspec tells.
    pub sought: Option<Sought>,
    pub on_failure: bool,
    /// Stop before every command.
    pub step: bool,
    /// How long a build waits for somebody to attach.
    pub hold: Duration,
    /// There is a terminal to sit at.
    pub terminal: bool,
    /// `TERM`.
    pub term: String,
    /// `VISUAL` or `EDITOR`, else `vi`.
    pub editor: String,
}

impl Settings {
    /// What this process's terminal brings along.
    fn surroundings(&self, folder: PathBuf) -> Surroundings {
        Surroundings {
            term: self.term.clone(),
            editor: self.editor.clone(),
            folder,
        }
    }
}
