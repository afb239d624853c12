//! The debugger's own shells in the build's place, beside the one that runs the commands.

use futures_util::StreamExt as _;

use super::changes::Snapshot;
use super::texts::{self, State};
use crate::engine::phase::Exit;
use crate::error::Result;
use crate::runtime::door::Door;
use crate::runtime::session::Supervisor;
use crate::runtime::{Chunk, Lost, Wire};
use crate::script::Layout;

/// Looks at the build's state and changes it, as the place's own user.
#[derive(Debug)]
pub(super) struct Inside {
    supervisor: Supervisor,
    layout: Layout,
    /// The build's shell, which alone can read its state.
    shell: &'static str,
    listener: Option<Listener>,
}

impl Inside {
    /// Readies the place: helper commands that stop the build, and an ear for them.
    pub(super) async fn open(
        door: &Door,
        layout: &Layout,
        shell: &'static str,
    ) -> Result<Self, Lost> {
        let supervisor = door.supervisor().await.map_err(std::io::Error::other)?;
        let mut inside = Self {
            supervisor,
            layout: layout.clone(),
            shell,
            listener: None,
        };
        let (installed, _) = inside.ask(&texts::install(layout)).await?;
        if installed.success() {
            let supervisor = door.supervisor().await.map_err(std::io::Error::other)?;
            let path = format!("{}/listen.sh", layout.tmp());
            let text = texts::listen(layout);
            let wire = supervisor.give_up_for("/bin/sh", &path, &text).await?;
            inside.listener = Some(Listener {
                wire,
                heard: Vec::new(),
            });
        }
        Ok(inside)
    }

    /// Whether `codebuild-breakpoint` can stop the build.
    pub(super) fn listens(&self) -> bool {
        self.listener.is_some()
    }

    /// The next command that waits in `codebuild-breakpoint`.
    pub(super) async fn knock(&mut self) -> String {
        match &mut self.listener {
            Some(listener) => listener.next().await,
            None => std::future::pending().await,
        }
    }

    /// Runs a script and returns what it prints.
    pub(super) async fn ask(&mut self, text: &str) -> Result<(Exit, Vec<u8>), Lost> {
        self.run("/bin/sh", text).await
    }

    /// Directory and variables of a state; nothing where the build's own shell is there no more.
    pub(super) async fn look(&mut self, state: &State) -> Result<Snapshot, Lost> {
        let (exit, printed) = self.run(self.shell, &texts::variables(state)).await?;
        Ok(if exit.success() {
            Snapshot::parse(&printed)
        } else {
            Snapshot::default()
        })
    }

    async fn run(&mut self, shell: &str, text: &str) -> Result<(Exit, Vec<u8>), Lost> {
        let path = format!("{}/debug.sh", self.layout.tmp());
        let mut printed = Vec::new();
        let exit = self
            .supervisor
            .run(shell, &path, text, &mut printed)
            .await?;
        Ok((exit, printed))
    }

    /// Resolves when the place is gone.
    pub(super) async fn gone(&mut self) -> Lost {
        self.supervisor.gone().await
    }
}

/// Hears what the listening script prints.
#[derive(Debug)]
struct Listener {
    wire: Wire,
    heard: Vec<u8>,
}

impl Listener {
    async fn next(&mut self) -> String {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.heard) {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                let id = String::from_utf8_lossy(&line[..end]).into_owned();
                // It becomes a part of file names, and anybody in the build may have said it.
                if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
                    return id;
                }
                continue;
            }
            match self.wire.output.next().await {
                Some(Ok(Chunk::Output(bytes))) => self.heard.extend_from_slice(&bytes),
                Some(Ok(Chunk::Supervisor(_))) => {}
                // The command itself will say that the place is gone.
                Some(Err(_)) | None => std::future::pending().await,
            }
        }
    }
}
