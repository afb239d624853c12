//! The desk's end of a terminal, its own or an attached one.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use super::wire::{self, Frame, FromTerminal, ToTerminal};
use crate::console::wrap;
use crate::runtime::terminal::Terminal;

/// A terminal has this long to introduce itself, and to come back after it was lent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Output of a program whose end is known may still be under way.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Nobody is at the other end any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// What was said at a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D.
    Closed,
}

/// A terminal at which somebody sits.
#[derive(Debug)]
pub(super) struct Front {
    writer: OwnedWriteHalf,
    frames: mpsc::Receiver<Frame<FromTerminal>>,
    /// `TERM`.
    pub(super) term: String,
    /// Rows and columns.
    pub(super) size: (u16, u16),
    /// So many bytes of the log have been shown here, or are too old to be.
    pub(super) seen: u64,
}

impl Front {
    /// Gets to know whoever is at the other end; `present` turns false when it goes away.
    pub(super) async fn meet(stream: UnixStream, present: Arc<AtomicBool>) -> Result<Self, Gone> {
        let (reader, writer) = stream.into_split();
        let (sender, frames) = mpsc::channel(64);
        tokio::spawn(read(reader, sender, present));
        let mut front = Self {
            writer,
            frames,
            term: String::new(),
            size: (24, 80),
            seen: 0,
        };
        let hello = tokio::time::timeout(PATIENCE, front.frames.recv()).await;
        let Ok(Some(Frame::Told(FromTerminal::Hello {
            version,
            term,
            size,
        }))) = hello
        else {
            return Err(Gone);
        };
        if version != wire::VERSION {
            let other = format!("the build runs in buildspec {}", wire::VERSION);
            front.tell(&ToTerminal::Refuse(other)).await.ok();
            return Err(Gone);
        }
        (front.term, front.size) = (term, size);
        Ok(front)
    }

    /// Whether the other end has gone away.
    pub(super) fn is_gone(&self) -> bool {
        self.frames.is_closed()
    }

    /// Hands over one message.
    pub(super) async fn tell(&mut self, what: &ToTerminal) -> Result<(), Gone> {
        let frame = wire::told(what);
        self.writer.write_all(&frame).await.map_err(|_| Gone)
    }

    /// Takes leave, and waits until all has been shown: the end of this process ends its own terminal's thread as well.
    pub(super) async fn bid_farewell(mut self, words: String) {
        let last = async {
            self.tell(&ToTerminal::Bye(words)).await.ok();
            while self.frames.recv().await.is_some() {}
        };
        tokio::time::timeout(PATIENCE, last).await.ok();
    }

    /// Shows a text.
    pub(super) async fn say(&mut self, text: impl Into<String>) -> Result<(), Gone> {
        self.tell(&ToTerminal::Say(text.into())).await
    }

    /// Shows a sentence, in lines that fit.
    pub(super) async fn sentence(&mut self, text: &str) -> Result<(), Gone> {
        let text = wrap(text, usize::from(self.size.1), 0);
        self.say(text + "\n").await
    }

    /// Asks for a line.
    pub(super) async fn ask(&mut self, prompt: &str, words: &[String]) -> Result<Said, Gone> {
        self.tell(&ToTerminal::Ask {
            prompt: prompt.to_owned(),
            words: words.to_vec(),
        })
        .await?;
        loop {
            match self.hear().await? {
                FromTerminal::Line(line) => return Ok(Said::Line(line)),
                FromTerminal::Interrupted => return Ok(Said::Interrupted),
                FromTerminal::Closed => return Ok(Said::Closed),
                _ => {}
            }
        }
    }

    /// Lets the text be changed; the inner error says why it could not.
    pub(super) async fn edit(&mut self, text: &str) -> Result<Result<String, String>, Gone> {
        self.tell(&ToTerminal::Edit(text.to_owned())).await?;
        loop {
            match self.hear().await? {
                FromTerminal::Edited(text) => return Ok(Ok(text)),
                FromTerminal::NotEdited(why) => return Ok(Err(why)),
                _ => {}
            }
        }
    }

    async fn hear(&mut self) -> Result<FromTerminal, Gone> {
        loop {
            match self.frames.recv().await {
                Some(Frame::Told(told)) => return Ok(told),
                Some(Frame::Bytes(_)) => {}
                None => return Err(Gone),
            }
        }
    }

    /// Gives the terminal to a program inside until that ends.
    pub(super) async fn lend(&mut self, terminal: Terminal) -> Result<(), Gone> {
        self.tell(&ToTerminal::Lend).await?;
        let Terminal {
            mut input,
            mut output,
            resize,
            ended,
        } = terminal;
        let Self {
            writer,
            frames,
            size,
            ..
        } = self;
        let shown = async {
            let mut piece = vec![0; 16 * 1024];
            while let Ok(length @ 1..) = output.read(&mut piece).await {
                let frame = wire::bytes(&piece[..length]);
                writer.write_all(&frame).await.map_err(|_| Gone)?;
            }
            Ok(())
        };
        // Both ways at once: a program that reads nothing for a while must not keep its output from being shown.
        let typed = async {
            while let Some(frame) = frames.recv().await {
                match frame {
                    // A program that is about to end takes no more keys.
                    Frame::Bytes(keys) => {
                        input.write_all(&keys).await.ok();
                        input.flush().await.ok();
                    }
                    Frame::Told(FromTerminal::Size(now)) => {
                        *size = now;
                        resize(now);
                    }
                    Frame::Told(_) => {}
                }
            }
            Gone
        };
        let over = async {
            ended.await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            went = pin!(shown) => went?,
            gone = pin!(typed) => return Err(gone),
            () = pin!(over) => {}
        }
        self.tell(&ToTerminal::TakeBack).await?;
        let back = async {
            while self.hear().await? != FromTerminal::Back {}
            Ok(())
        };
        tokio::time::timeout(PATIENCE, back)
            .await
            .unwrap_or(Err(Gone))
    }
}

/// Reads frames until the other end is gone.
async fn read(
    mut reader: OwnedReadHalf,
    frames: mpsc::Sender<Frame<FromTerminal>>,
    present: Arc<AtomicBool>,
) {
    let mut arrived = BytesMut::new();
    'reading: loop {
        loop {
            match wire::take(&mut arrived) {
                Ok(Some(frame)) => {
                    if frames.send(frame).await.is_err() {
                        break 'reading;
                    }
                }
                Ok(None) => break,
                Err(_) => break 'reading,
            }
        }
        match reader.read_buf(&mut arrived).await {
            Ok(1..) => {}
            _ => break,
        }
    }
    present.store(false, Ordering::SeqCst);
}
