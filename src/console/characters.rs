//! Output in pieces that end between characters, for formats that hold text.

use std::io;

use jiff::Timestamp;

use crate::engine::event::Event;
use crate::engine::journal::Watcher;

/// Holds back the beginning of a character until its end arrives.
pub(super) struct WholeCharacters<W> {
    inner: W,
    held: Vec<u8>,
}

impl<W> WholeCharacters<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            held: Vec::new(),
        }
    }
}

impl<W: Watcher> Watcher for WholeCharacters<W> {
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
        let Event::Output(bytes) = event else {
            let held = std::mem::take(&mut self.held);
            if !held.is_empty() {
                self.inner.event(at, &Event::Output(&held))?;
            }
            return self.inner.event(at, event);
        };
        self.held.extend_from_slice(bytes);
        let rest = self
            .held
            .split_off(self.held.len() - unfinished(&self.held));
        let whole = std::mem::replace(&mut self.held, rest);
        if whole.is_empty() {
            return Ok(());
        }
        self.inner.event(at, &Event::Output(&whole))
    }

    fn idle(&mut self) -> io::Result<()> {
        self.inner.idle()
    }

    fn is_vital(&self) -> bool {
        self.inner.is_vital()
    }
}

/// How many bytes at the end begin a character of UTF-8 and do not finish it.
fn unfinished(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    (1..=tail.len())
        .find(|&length| match tail[tail.len() - length] {
            0b1100_0000..=0b1101_1111 => length < 2,
            0b1110_0000..=0b1110_1111 => length < 3,
            0b1111_0000..=0b1111_0111 => length < 4,
            _ => false,
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_a_character_is_cut() {
        for (bytes, expected) in [
            (&b"abc"[..], 0),
            (b"caf\xc3", 1),
            ("café".as_bytes(), 0),
            (b"\xe2\x82", 2),
            ("\u{20ac}".as_bytes(), 0),
            (b"x\xf0\x9f\x98", 3),
            (b"\xff\xff", 0),
            (b"", 0),
        ] {
            assert_eq!(unfinished(bytes), expected, "{bytes:?}");
        }
    }

    #[derive(Default)]
    struct Texts(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

    impl Watcher for Texts {
        fn event(&mut self, _at: Timestamp, event: &Event<'_>) -> io::Result<()> {
            if let Event::Output(bytes) = event {
                self.0
                    .lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(bytes).into_owned());
            }
            Ok(())
        }
    }

    #[test]
    fn cut_characters_come_whole() {
        let texts = Texts::default();
        let seen = texts.0.clone();
        let mut watcher = WholeCharacters::new(texts);
        for piece in [&b"caf\xc3"[..], b"\xa9 \xe2", b"\x82", b"\xac", b"\xf0"] {
            watcher
                .event(Timestamp::UNIX_EPOCH, &Event::Output(piece))
                .unwrap();
        }
        watcher
            .event(Timestamp::UNIX_EPOCH, &Event::Note(String::new()))
            .unwrap();
        assert_eq!(
            *seen.lock().unwrap(),
            ["caf", "\u{e9} ", "\u{20ac}", "\u{fffd}"]
        );
    }
}
