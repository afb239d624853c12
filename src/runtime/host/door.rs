//! Processes beside a session on the host: its supervisor, and programs on a terminal.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::process::Stdio;

use futures_util::StreamExt as _;
use tokio::process::{Child, Command};

use super::watch::Watch;
use super::{pieces, until_complaints_end};
use crate::error::{Error, Result};
use crate::runtime::terminal::{Program, Size, Terminal};
use crate::runtime::{Chunk, Wire};
use crate::script::{self, Layout};

/// Starts processes in the environment of a session.
#[derive(Clone, Debug)]
pub struct Door {
    layout: Layout,
    path: OsString,
}

impl Door {
    pub(super) fn new(layout: &Layout, path: Option<OsString>) -> Self {
        Self {
            layout: layout.clone(),
            path: path.unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()),
        }
    }

    /// With `PATH`, `HOME` and little more.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.layout.readonly())
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", format!("{}/root", self.layout.root()));
        command
    }

    /// A supervisor.
    pub fn open(&self) -> Result<(Child, Wire)> {
        let mut child = self
            .command("/bin/sh")
            .args(["-c", script::SUPERVISOR])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                Error::environment("the host's /bin/sh can't be started").because(error)
            })?;
        let (Some(input), Some(output), Some(complaints)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Error::environment("the shell's pipes are missing"));
        };
        let output = pieces(output).map(|bytes| bytes.map(Chunk::Output));
        let complaints = pieces(complaints).map(|bytes| bytes.map(Chunk::Supervisor));
        // A process that a command left behind may hold the pipes for ever; the supervisor's own stderr it does not
        // hold, so that the end of that one is the end of the session.
        let wire = Wire {
            input: Box::pin(input),
            output: Box::pin(until_complaints_end(output, complaints)),
        };
        Ok((child, wire))
    }

    /// A program on a terminal of its own.
    pub async fn terminal(&self, program: &Program) -> Result<Terminal> {
        let failed = |error: pty_process::Error| {
            Error::environment("a terminal can't be opened").because(error)
        };
        let (pty, pts) = pty_process::open().map_err(failed)?;
        let (rows, columns) = program.size;
        pty.resize(pty_process::Size::new(rows, columns))
            .map_err(failed)?;
        let [name, arguments @ ..] = program.arguments.as_slice() else {
            return Err(Error::environment("there is no program to start"));
        };
        let mut command = self.command(name);
        command.args(arguments).env("TERM", &program.term);
        let mut child = pty_process::Command::from(command)
            .spawn(pts)
            .map_err(failed)?;
        let watch = match child.id() {
            Some(leader) => Watch::start(leader).await.ok(),
            None => None,
        };
        let over = tokio::spawn(async move {
            let ended: io::Result<_> = child.wait().await;
            if let Some(watch) = watch {
                watch.end().await;
            }
            drop(ended);
        });
        let sized = pty
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| Error::environment("a terminal can't be opened").because(error))?;
        let (output, input) = pty.into_split();
        Ok(Terminal {
            input: Box::pin(input),
            output: Box::pin(output),
            resize: Box::new(move |(rows, columns): Size| {
                let size = rustix::termios::Winsize {
                    ws_row: rows,
                    ws_col: columns,
                    ws_xpixel: 0,
                    ws_ypixel: 0,
                };
                rustix::termios::tcsetwinsize(&sized, size).ok();
            }),
            ended: Box::pin(async move {
                over.await.ok();
            }),
        })
    }
}
