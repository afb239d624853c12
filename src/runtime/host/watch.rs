//! A program on a terminal ends with us, also where we are killed: a process beside us waits for that.
//!
//! The kernel then hangs up the terminal, but tells nobody of it but the shell, which waits for whatever it runs.

use std::io::{self, BufRead as _, Read as _};
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use super::{descendants, kill, processes};
use crate::beside;

/// The only argument of the process beside us, which is this program as well.
pub const WATCH: &str = "--watch-session";

/// Waits for our end.
#[derive(Debug)]
pub(super) struct Watch(Child);

impl Watch {
    /// Watches over a session, which has its leader's number.
    pub(super) async fn start(leader: u32) -> io::Result<Self> {
        let mut child = Command::from(beside::us(WATCH))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(input) = &mut child.stdin {
            input.write_all(format!("{leader}\n").as_bytes()).await?;
        }
        Ok(Self(child))
    }

    /// The session's leader has ended by itself; what it left in the background stays.
    pub(super) async fn end(mut self) {
        if let Some(mut input) = self.0.stdin.take() {
            input.write_all(b"\n").await.ok();
        }
        self.0.wait().await.ok();
    }
}

/// The work of the process beside us: standard input ends without a word when we were killed.
pub fn watch() -> io::Result<()> {
    let mut told = io::stdin().lock();
    let mut leader = String::new();
    told.read_line(&mut leader)?;
    let leader = leader.trim().parse().map_err(io::Error::other)?;
    if told.read(&mut [0])? > 0 {
        return Ok(());
    }
    kill(|| {
        let all = processes();
        let mut found = descendants(&all, leader);
        found.extend(
            all.iter()
                .filter(|process| process.session == leader)
                .map(|process| process.pid),
        );
        found
    });
    Ok(())
}
