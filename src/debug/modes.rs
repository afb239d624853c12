//! Which private modes a program has set on the terminal (alternate screen, hidden cursor, bracketed paste, mouse), so
//! that they can be set back when it ends without having done so. Pure.

use std::collections::BTreeMap;

/// Modes that are on when nobody has touched the terminal: wrapping, the cursor.
const ON: [u16; 2] = [7, 25];
/// A longer sequence sets no mode that is known here.
const LONGEST: usize = 64;

/// Follows a program's output.
#[derive(Clone, Debug, Default)]
pub(super) struct Modes {
    changed: BTreeMap<u16, bool>,
    /// The beginning of a sequence that may go on.
    open: Vec<u8>,
}

impl Modes {
    /// Looks at more output, cut anywhere.
    pub(super) fn follow(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match (self.open.as_slice(), byte) {
                (_, 0x1b) => self.open = vec![byte],
                ([0x1b], b'[') | ([0x1b, b'['], b'?') => self.open.push(byte),
                ([0x1b, b'[', b'?', ..], b'0'..=b'9' | b';') if self.open.len() < LONGEST => {
                    self.open.push(byte);
                }
                ([0x1b, b'[', b'?', numbers @ ..], b'h' | b'l') => {
                    let numbers = String::from_utf8_lossy(numbers).into_owned();
                    for number in numbers.split(';').filter_map(|number| number.parse().ok()) {
                        self.set(number, byte == b'h');
                    }
                    self.open.clear();
                }
                _ => self.open.clear(),
            }
        }
    }

    fn set(&mut self, mode: u16, on: bool) {
        if on == ON.contains(&mode) {
            self.changed.remove(&mode);
        } else {
            self.changed.insert(mode, on);
        }
    }

    /// What sets everything back; empty when nothing is left to do.
    pub(super) fn reset(&mut self) -> String {
        self.open.clear();
        std::mem::take(&mut self.changed)
            .into_iter()
            .map(|(mode, on)| format!("\x1b[?{mode}{}", if on { 'l' } else { 'h' }))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_left_is_set_back() {
        let vim = b"\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[?25lhello\x1b[1;31m";
        for piece in 1..vim.len() {
            let mut modes = Modes::default();
            vim.chunks(piece).for_each(|bytes| modes.follow(bytes));
            assert_eq!(modes.reset(), "\x1b[?1l\x1b[?25h\x1b[?1049l\x1b[?2004l");
            assert_eq!(modes.reset(), "");
        }
    }

    #[test]
    fn a_program_that_tidied_up_leaves_nothing_to_do() {
        let mut modes = Modes::default();
        modes.follow(b"\x1b[?1049;25h\x1b[?25l...\x1b[?25h\x1b[?1049l\x1b[?7h");
        modes.follow(b"\x1b[?999999999h\x1b[?1;;xh\x1b[2J");
        modes.follow(&[b"\x1b[?".as_slice(), &[b'1'; 5000], b"h"].concat());
        assert_eq!(modes.reset(), "");
    }
}
