//! Where a build runs: a container, the host, or a fake for tests.
//!
//! A runtime makes a [`Wire`] to a supervisor (see `script::SUPERVISOR`); everything above speaks to the wire through a
//! [`session::Session`] and knows nothing of what is at its other end.

#[cfg(feature = "docker")]
pub mod docker;
pub mod door;
#[cfg(test)]
pub mod fake;
pub mod host;
pub mod marker;
pub mod place;
pub mod session;
pub mod terminal;

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use tokio::io::AsyncWrite;

use crate::engine::phase::Exit;

/// A piece of what the supervisor's end prints.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// The build's output, with the supervisor's markers in it.
    Output(Bytes),
    /// The supervisor's own complaints, with markers in them.
    Supervisor(Bytes),
}

/// Both ends of the pipe to a supervisor.
pub struct Wire {
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    pub output: Pin<Box<dyn Stream<Item = io::Result<Chunk>> + Send>>,
}

/// A stream of bytes that ends by itself.
pub type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

/// The other end is gone: the container died, the shell was killed, the connection broke.
#[derive(Debug, thiserror::Error)]
#[error("the build's shell is gone")]
pub struct Lost(pub Option<io::Error>);

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self(Some(error))
    }
}

/// Takes output as it comes.
pub trait Sink {
    /// Any bytes, cut anywhere.
    fn write(&mut self, bytes: &[u8]);
    /// Nothing more is there for the moment: show what was held back.
    fn idle(&mut self) {}
}

impl Sink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Whether commands can run as a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    Ready,
    /// Nobody of that name is known.
    Unknown,
    /// The place has no other users; commands run as they did.
    NotHere,
}

/// What the engine asks of a place where commands run.
///
/// Calls come one at a time, each after the one before has returned. After `Lost` no further call is made.
#[expect(
    async_fn_in_trait,
    reason = "one program, one executor; no bound is needed"
)]
pub trait Executor {
    /// Runs one command of the buildspec and hands over what is printed meanwhile.
    async fn execute(&mut self, command: &str, sink: &mut dyn Sink) -> Result<Exit, Lost>;
    /// Lets later commands run as this user; none is the place's own.
    async fn become_user(&mut self, user: Option<&str>) -> Result<Became, Lost>;
    /// Sets a variable for every later command.
    async fn set_variable(&mut self, name: &str, value: &str) -> Result<(), Lost>;
}
