//! Speaks with a supervisor: writes files at its side, runs scripts, keeps the state of a build between commands.

use bytes::BytesMut;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::io::AsyncWriteExt as _;

#[cfg(feature = "docker")]
use super::docker::Door;
use super::marker::Scanner;
use super::{Became, Chunk, Executor, Lost, Sink, Wire};
use crate::buildspec::model::{Shell, Version};
use crate::engine::phase::Exit;
use crate::script::{self, Layout};

/// The supervisor's end of the work: put files, run scripts.
#[derive(Debug)]
pub struct Supervisor {
    wire: Wire,
    nonce: String,
    output: Scanner,
    complaints: Scanner,
    /// Printed after the last marker: by what a command left behind, or already for the next one.
    pending: BytesMut,
    pending_complaints: BytesMut,
    /// The way to a supervisor of another user, where there is one.
    #[cfg(feature = "docker")]
    door: Option<Door>,
}

impl Supervisor {
    /// Begins the conversation.
    pub async fn new(wire: Wire) -> Result<Self, Lost> {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let mut supervisor = Self {
            output: Scanner::new(&nonce),
            complaints: Scanner::new(&nonce),
            wire,
            pending: BytesMut::new(),
            pending_complaints: BytesMut::new(),
            #[cfg(feature = "docker")]
            door: None,
            nonce,
        };
        let greeting = format!("{}\n", supervisor.nonce);
        supervisor.send(greeting.as_bytes()).await?;
        Ok(supervisor)
    }

    /// Lets this supervisor's session run commands as other users.
    #[cfg(feature = "docker")]
    #[must_use]
    pub fn with_door(mut self, door: Door) -> Self {
        self.door = Some(door);
        self
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        self.wire.input.write_all(bytes).await?;
        Ok(self.wire.input.flush().await?)
    }

    fn put_request(&self, path: &str, text: &[u8]) -> Vec<u8> {
        let end = if text.is_empty() || text.ends_with(b"\n") {
            ""
        } else {
            "\n"
        };
        [
            b"put\n",
            path.as_bytes(),
            b"\n",
            text,
            end.as_bytes(),
            self.nonce.as_bytes(),
            b"\n",
        ]
        .concat()
    }

    /// Writes a text file; a text without a final newline gets one. The folder must be there.
    pub async fn put(&mut self, path: &str, text: impl AsRef<[u8]>) -> Result<(), Lost> {
        let request = self.put_request(path, text.as_ref());
        self.send(&request).await
    }

    /// Writes a script and runs it with a shell; hands over all that is printed until it ends.
    pub async fn run(
        &mut self,
        shell: &str,
        path: &str,
        text: &str,
        sink: &mut dyn Sink,
    ) -> Result<Exit, Lost> {
        let mut request = self.put_request(path, text.as_bytes());
        request.extend_from_slice(format!("run\n{shell}\n{path}\n").as_bytes());
        self.send(&request).await?;
        self.follow(sink).await
    }

    /// Whether a file or folder is there, at no process's cost.
    pub async fn has(&mut self, path: &str) -> Result<bool, Lost> {
        self.send(format!("has\n{path}\n").as_bytes()).await?;
        Ok(self.follow(&mut Vec::new()).await?.success())
    }

    /// Lets it go. One that is gone already has ended, too.
    pub async fn end(mut self) {
        self.send(b"end\n").await.ok();
    }

    /// Starts a script that never ends, and gives up the conversation for what it prints.
    pub async fn give_up_for(mut self, shell: &str, path: &str, text: &str) -> Result<Wire, Lost> {
        let mut request = self.put_request(path, text.as_bytes());
        request.extend_from_slice(format!("run\n{shell}\n{path}\n").as_bytes());
        self.send(&request).await?;
        Ok(self.wire)
    }

    /// Resolves when the other end is gone, between two scripts.
    pub async fn gone(&mut self) -> Lost {
        loop {
            match self.wire.output.next().await {
                Some(Ok(Chunk::Output(bytes))) => self.pending.extend_from_slice(&bytes),
                Some(Ok(Chunk::Supervisor(bytes))) => {
                    self.pending_complaints.extend_from_slice(&bytes);
                }
                Some(Err(error)) => return Lost(Some(error)),
                None => return Lost(None),
            }
        }
    }

    /// Reads both streams up to their markers.
    async fn follow(&mut self, sink: &mut dyn Sink) -> Result<Exit, Lost> {
        let mut complaint = Vec::new();
        let (mut status, mut settled) = (None, false);
        let mut chunks = vec![
            Chunk::Output(self.pending.split().freeze()),
            Chunk::Supervisor(self.pending_complaints.split().freeze()),
        ];
        loop {
            for chunk in chunks.drain(..) {
                match chunk {
                    Chunk::Output(bytes) if status.is_none() => {
                        if let Some(marker) = self.output.scan(bytes, |bytes| sink.write(bytes)) {
                            status = Some(marker.status);
                            self.pending.extend_from_slice(&marker.rest);
                        }
                    }
                    Chunk::Output(bytes) => self.pending.extend_from_slice(&bytes),
                    Chunk::Supervisor(bytes) if !settled => {
                        if let Some(marker) = self
                            .complaints
                            .scan(bytes, |bytes| keep(&mut complaint, bytes))
                        {
                            settled = true;
                            self.pending_complaints.extend_from_slice(&marker.rest);
                        }
                    }
                    Chunk::Supervisor(bytes) => self.pending_complaints.extend_from_slice(&bytes),
                }
            }
            if let (Some(status), true) = (status, settled) {
                return Ok(exit(status, &complaint));
            }
            let next = if let Some(next) = self.wire.output.next().now_or_never() {
                next
            } else {
                sink.idle();
                self.wire.output.next().await
            };
            if let Some(chunk) = next {
                chunks.push(chunk?);
            } else {
                sink.write(&self.output.finish());
                return Err(Lost(last_words(&complaint)));
            }
        }
    }
}

/// What the place said before it was gone: a shell that can't even start says so there.
fn last_words(complaint: &[u8]) -> Option<std::io::Error> {
    let words = String::from_utf8_lossy(complaint);
    let words = words.trim();
    (!words.is_empty()).then(|| std::io::Error::other(words.to_owned()))
}

/// Keeps the beginning of a complaint: a line is enough to know that the shell had one.
fn keep(complaint: &mut Vec<u8>, bytes: &[u8]) {
    let room = 4096_usize.saturating_sub(complaint.len());
    complaint.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// A shell whose child died by a signal says so on its own standard error; one whose child exited with 137 does not.
fn exit(status: u8, complaint: &[u8]) -> Exit {
    match status.checked_sub(128) {
        Some(signal) if signal > 0 && !complaint.is_empty() => Exit::Signal(signal),
        _ => Exit::Status(status),
    }
}

/// A build's session: its shell, its version, its state files.
#[derive(Debug)]
pub struct Session {
    /// Root's; also does this tool's own work.
    supervisor: Supervisor,
    /// Those of other users, by name, once they were needed.
    users: Vec<(String, Supervisor)>,
    /// Whose turn it is: a place in `users`, or root's.
    current: Option<usize>,
    layout: Layout,
    version: Version,
    shell: &'static str,
}

impl Session {
    /// Writes the first state; the folders of `layout` must be there.
    ///
    /// `variables` are written in their order; a later one may refer to an earlier one only by its text.
    pub async fn begin(
        mut supervisor: Supervisor,
        layout: Layout,
        version: Version,
        shell: Shell,
        env: &str,
    ) -> Result<Self, Lost> {
        supervisor.put(&layout.env(), env).await?;
        supervisor.put(&layout.dir(), layout.source()).await?;
        let shell = if shell == Shell::Bash {
            "bash"
        } else {
            "/bin/sh"
        };
        Ok(Self {
            supervisor,
            users: Vec::new(),
            current: None,
            layout,
            version,
            shell,
        })
    }

    /// Runs a script of ours beside the build's state and returns what it prints.
    pub async fn ask(&mut self, text: &str) -> Result<(Exit, Vec<u8>), Lost> {
        let mut printed = Vec::new();
        let exit = self.tell("/bin/sh", text, &mut printed).await?;
        Ok((exit, printed))
    }

    /// Runs a script of ours with the build's own shell, the only one that can read its state.
    pub async fn ask_in_state(&mut self, text: &str) -> Result<Vec<u8>, Lost> {
        let mut printed = Vec::new();
        self.tell(self.shell, text, &mut printed).await?;
        Ok(printed)
    }

    /// Values of variables in the build's present state; those that are not set, or that no shell can hold, are absent
    /// or empty.
    pub async fn variables(&mut self, names: &[String]) -> Result<Vec<(String, String)>, Lost> {
        let names: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| script::is_name(name))
            .collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let text = script::print_variables(&self.layout, names.iter().copied());
        let printed = self.ask_in_state(&text).await?;
        let values = printed
            .split(|&byte| byte == 0)
            .map(|value| String::from_utf8_lossy(value).into_owned());
        Ok(names.into_iter().map(str::to_owned).zip(values).collect())
    }

    /// A text as the build's shell would read it between double quotes, in the build's present state: variables and
    /// `$(commands)` count. `None` when the shell can't.
    pub async fn evaluate(&mut self, text: &str) -> Result<Option<String>, Lost> {
        let text = script::print_text(&self.layout, text);
        let mut printed = Vec::new();
        let exit = self.tell(self.shell, &text, &mut printed).await?;
        let printed = String::from_utf8_lossy(&printed);
        Ok(exit
            .success()
            .then(|| printed.trim_end_matches('\n').to_owned()))
    }

    /// A variable's value in the build's present state, told apart from none; a shell must be able to hold the name.
    pub async fn variable(&mut self, name: &str) -> Result<Option<String>, Lost> {
        let text = script::print_variable(&self.layout, name);
        let printed = self.ask_in_state(&text).await?;
        let value = printed.strip_prefix(b"x");
        Ok(value.map(|value| String::from_utf8_lossy(value).into_owned()))
    }

    /// Takes a variable from every later command; a shell must be able to hold the name.
    pub async fn unset_variable(&mut self, name: &str) -> Result<(), Lost> {
        let text = script::unset_variable(&self.layout, name);
        self.ask(&text).await.map(|_| ())
    }

    /// Runs a script of ours and hands over what it prints.
    pub async fn tell(
        &mut self,
        shell: &str,
        text: &str,
        sink: &mut dyn Sink,
    ) -> Result<Exit, Lost> {
        let path = format!("{}/probe.sh", self.layout.tmp());
        self.supervisor.run(shell, &path, text, sink).await
    }

    /// Writes a text file at the build's side.
    pub async fn put(&mut self, path: &str, text: impl AsRef<[u8]>) -> Result<(), Lost> {
        self.supervisor.put(path, text).await
    }

    /// Whether a file or folder is there.
    pub async fn has(&mut self, path: &str) -> Result<bool, Lost> {
        self.supervisor.has(path).await
    }

    /// Lets the build's shell go; its place then ends by itself, unless it is to be kept.
    pub async fn end(self) {
        self.supervisor.end().await;
    }

    /// The build's own shell, the only one that can read its state.
    pub fn shell(&self) -> &'static str {
        self.shell
    }

    /// Where the build's files are.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl Session {
    #[cfg(not(feature = "docker"))]
    async fn open(&mut self, _user: &str) -> Result<Became, Lost> {
        Ok(Became::NotHere)
    }

    /// Asks for a supervisor of a user and shares the state with it.
    #[cfg(feature = "docker")]
    async fn open(&mut self, user: &str) -> Result<Became, Lost> {
        let Some(door) = self.supervisor.door.clone() else {
            return Ok(Became::NotHere);
        };
        let (exit, _) = self.ask(&script::admit(&self.layout, user)).await?;
        if !exit.success() {
            return Ok(Became::Unknown);
        }
        let wire = door.open(user).await.map_err(std::io::Error::other)?;
        let supervisor = Supervisor::new(wire).await?;
        self.users.push((user.to_owned(), supervisor));
        self.current = Some(self.users.len() - 1);
        Ok(Became::Ready)
    }
}

impl Executor for Session {
    async fn execute(&mut self, command: &str, sink: &mut dyn Sink) -> Result<Exit, Lost> {
        let text = script::command(self.version, &self.layout, command);
        let supervisor = match self.current {
            Some(place) => &mut self.users[place].1,
            None => &mut self.supervisor,
        };
        supervisor
            .run(self.shell, &self.layout.script(), &text, sink)
            .await
    }

    async fn become_user(&mut self, user: Option<&str>) -> Result<Became, Lost> {
        let Some(user) = user.filter(|user| *user != "root") else {
            self.current = None;
            return Ok(Became::Ready);
        };
        let known = self.users.iter().position(|(name, _)| name == user);
        if known.is_some() {
            self.current = known;
            return Ok(Became::Ready);
        }
        self.open(user).await
    }

    async fn set_variable(&mut self, name: &str, value: &str) -> Result<(), Lost> {
        let text = script::set_variables(&self.layout, [(name, value)]);
        self.ask(&text).await.map(|_| ())
    }
}
