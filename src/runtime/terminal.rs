//! A program on a terminal of its own, beside a build's commands.

use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

/// Rows and columns.
pub type Size = (u16, u16);

/// Our end of the terminal. What is written is typed; what is read is shown, byte for byte.
pub struct Terminal {
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// Ends when no program holds the terminal any more.
    pub output: Pin<Box<dyn AsyncRead + Send>>,
    /// Tells the program a new size.
    pub resize: Box<dyn Fn(Size) + Send + Sync>,
    /// Resolves when the program has ended, even where something that it left behind still holds the terminal; where
    /// that can't be known, never.
    pub ended: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Terminal")
    }
}

/// What to start on a terminal.
#[derive(Clone, Debug)]
pub struct Program {
    pub arguments: Vec<String>,
    /// Whose process it is; none is the place's own.
    pub user: Option<String>,
    /// `TERM`.
    pub term: String,
    pub size: Size,
}
