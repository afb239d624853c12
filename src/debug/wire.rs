//! What the desk and a terminal say to each other, over a Unix socket: the build's own terminal and an attached one alike.
//!
//! A frame is a kind, a length (big-endian) and that many bytes: JSON, or bytes of a terminal as they are.

use std::io;

use bytes::{Buf as _, BytesMut};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Both ends are the same program, or say so.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

const TOLD: u8 = 0;
const BYTES: u8 = 1;
const HEADER: usize = 5;
/// A command of a buildspec is never longer, nor is what an editor makes of it.
const LONGEST: usize = 16 << 20;

/// From the build to the terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ToTerminal {
    /// Nobody is let in, for this reason.
    Refuse(String),
    Say(String),
    /// Read a line.
    Ask {
        prompt: String,
        /// What may be completed.
        words: Vec<String>,
    },
    /// Let a person change a text.
    Edit(String),
    /// What is typed belongs to the program inside, and what follows comes from it.
    Lend,
    /// The program inside has ended.
    TakeBack,
    /// There is nothing more to come.
    Bye(String),
}

/// From the terminal to the build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum FromTerminal {
    /// The first frame.
    Hello {
        version: String,
        /// `TERM`.
        term: String,
        /// Rows and columns.
        size: (u16, u16),
    },
    Line(String),
    /// Ctrl-C at the prompt.
    Interrupted,
    /// Ctrl-D at the prompt.
    Closed,
    Edited(String),
    NotEdited(String),
    Size((u16, u16)),
    /// The terminal is as it was before it was lent.
    Back,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame<T> {
    Told(T),
    Bytes(Vec<u8>),
}

/// A frame as it travels.
pub(super) fn told(what: &impl Serialize) -> Vec<u8> {
    // These types hold nothing that JSON can't.
    let text = serde_json::to_vec(what).unwrap_or_default();
    frame(TOLD, &text)
}

/// Bytes as they travel.
pub(super) fn bytes(bytes: &[u8]) -> Vec<u8> {
    frame(BYTES, bytes)
}

fn frame(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    [&[kind][..], &length.to_be_bytes(), content].concat()
}

/// Takes the first whole frame from what has arrived.
pub(super) fn take<T: DeserializeOwned>(arrived: &mut BytesMut) -> io::Result<Option<Frame<T>>> {
    let Some(&[kind, a, b, c, d]) = arrived.first_chunk::<HEADER>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > LONGEST || kind > BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    if arrived.len() < HEADER + length {
        return Ok(None);
    }
    arrived.advance(HEADER);
    let content = arrived.split_to(length);
    Ok(Some(if kind == BYTES {
        Frame::Bytes(content.to_vec())
    } else {
        Frame::Told(serde_json::from_slice(&content)?)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_any_cut() {
        let all = [
            told(&ToTerminal::Say("caf\u{e9}\n".to_owned())),
            bytes(&[0, 1, 2, 255]),
            bytes(b""),
            told(&ToTerminal::Lend),
        ]
        .concat();
        for piece in 1..all.len() {
            let mut arrived = BytesMut::new();
            let mut frames = Vec::new();
            for bytes in all.chunks(piece) {
                arrived.extend_from_slice(bytes);
                while let Some(frame) = take::<ToTerminal>(&mut arrived).unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(
                frames,
                [
                    Frame::Told(ToTerminal::Say("caf\u{e9}\n".to_owned())),
                    Frame::Bytes(vec![0, 1, 2, 255]),
                    Frame::Bytes(Vec::new()),
                    Frame::Told(ToTerminal::Lend),
                ]
            );
        }
    }

    #[test]
    fn strangers_are_refused() {
        for bad in [
            &b"GET / HTTP/1.1\r\n"[..],
            &[1, 255, 255, 255, 255],
            &[0, 0, 0, 0, 1, b'x'],
        ] {
            let mut arrived = BytesMut::from(bad);
            assert!(take::<FromTerminal>(&mut arrived).is_err(), "{bad:?}");
        }
    }
}
