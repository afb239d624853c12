//! Puts hints between the events that a watcher sees.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

use super::tail::Tail;
use crate::engine::event::Event;
use crate::engine::journal::Watcher;
use crate::engine::phase::Exit;
use crate::env::git;
use crate::hint::{self, Failed};

/// Tells `inner` what could be tried after each failed command.
#[derive(Debug)]
pub struct Hinting<W> {
    inner: W,
    tail: Tail,
    image: String,
    runtime: &'static str,
    /// The primary source on this host.
    source: PathBuf,
    /// The build stands still: no command of it can need too much.
    paused: bool,
}

impl<W: Watcher> Hinting<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            tail: Tail::default(),
            image: String::new(),
            runtime: "",
            source: PathBuf::new(),
            paused: false,
        }
    }

    fn tell(&mut self, at: Timestamp, command: &str, exit: Exit) -> io::Result<()> {
        let output = self.tail.text();
        let failed = Failed {
            command,
            exit,
            output: &output,
            image: &self.image,
            runtime: self.runtime,
            is_ignored: &|path| git::ignores(&self.source, path),
        };
        for (rule, text) in hint::after(&failed) {
            self.inner.event(at, &Event::Hint { rule, text })?;
        }
        Ok(())
    }
}

impl<W: Watcher> Watcher for Hinting<W> {
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
        self.inner.event(at, event)?;
        match event {
            Event::BuildStarted {
                image,
                runtime,
                source,
                ..
            } => {
                self.image.clone_from(image);
                self.source = PathBuf::from(source);
                self.runtime = runtime;
            }
            Event::CommandStarted { .. } => self.tail.clear(),
            Event::Paused { .. } => self.paused = true,
            Event::Resumed(_) => self.paused = false,
            Event::Output(bytes) => self.tail.push(bytes),
            Event::CommandEnded { text, exit, .. } if !exit.success() => {
                self.tell(at, text, *exit)?;
            }
            // The container's end is the end of the command that ran in it.
            Event::PhaseLeft { context, .. }
                if !self.paused && context.message.ends_with("ErrorCode: 137") =>
            {
                self.tell(at, "", Exit::Signal(9))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn idle(&mut self) -> io::Result<()> {
        self.inner.idle()
    }

    fn is_vital(&self) -> bool {
        self.inner.is_vital()
    }
}
