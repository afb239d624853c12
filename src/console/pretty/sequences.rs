//! A build's escape sequences: colours may pass, what moves the cursor or changes the terminal may not.

/// Longer ones are not about colours.
const LONGEST: usize = 64;

/// Takes sequences out of output that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    state: State,
    /// The sequence that has begun, as long as it may be one for colours.
    begun: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// Behind ESC.
    Escape,
    /// Behind `ESC [`.
    Control,
    /// Behind what begins a title, a link, a picture: a text up to its end.
    Words,
    /// Behind the first of the two bytes of U+0080 to U+009F, which do what ESC and a letter do.
    Second,
}

impl Sequences {
    /// What is left of a piece; of colours, too, only if they are `wanted`.
    pub(super) fn strip(&mut self, piece: &[u8], wanted: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len());
        let mut rest = piece;
        while let Some((&byte, behind)) = rest.split_first() {
            if self.state == State::Text {
                let plain = rest.iter().position(|byte| is_special(*byte));
                let (plain, special) = rest.split_at(plain.unwrap_or(rest.len()));
                if !plain.is_empty() {
                    out.extend_from_slice(plain);
                    rest = special;
                    continue;
                }
            }
            self.take(byte, wanted, &mut out);
            rest = behind;
        }
        out
    }

    fn take(&mut self, byte: u8, wanted: bool, out: &mut Vec<u8>) {
        self.state = match (self.state, byte) {
            // No sequence hides the lines behind it.
            (State::Text, 0..=0x1a | 0x1c..) | (_, b'\n') => text(byte, out),
            (_, 0x1b) | (State::Escape, b' '..=b'/') => State::Escape,
            (State::Escape, b'[') => {
                self.begun.clear();
                State::Control
            }
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => State::Words,
            (State::Control, b' '..=b'?') => {
                self.begun.push(byte);
                self.begun.truncate(LONGEST);
                State::Control
            }
            (State::Control, b'm') => {
                if wanted && is_color(&self.begun) {
                    out.extend_from_slice(b"\x1b[");
                    out.extend_from_slice(&self.begun);
                    out.push(b'm');
                }
                State::Text
            }
            (State::Escape, b'0'..=b'~')
            | (State::Control, b'@'..=b'~')
            | (State::Words, 0x07 | 0x18 | 0x1a) => State::Text,
            (State::Words, _) => State::Words,
            (State::Second, 0x80..=0x9f) => {
                self.state = State::Escape;
                return self.take(byte - 0x40, wanted, out);
            }
            (State::Second, _) => {
                out.push(0xc2);
                text(byte, out)
            }
            (State::Escape | State::Control, _) => text(byte, out),
        };
    }
}

/// May begin a sequence, or is one.
fn is_special(byte: u8) -> bool {
    matches!(byte, 0x1b | 0xc2 | 0x0b | 0x0c | 0x0e | 0x0f)
}

/// Also without ESC, some bytes move the cursor to other lines or change the letters.
fn text(byte: u8, out: &mut Vec<u8>) -> State {
    match byte {
        0xc2 => return State::Second,
        0x0b | 0x0c | 0x0e | 0x0f => {}
        _ => out.push(byte),
    }
    State::Text
}

/// Other sequences that end in `m` have a sign before their numbers.
fn is_color(numbers: &[u8]) -> bool {
    numbers.len() < LONGEST
        && numbers
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(text: &str, wanted: bool) -> String {
        let whole = Sequences::default().strip(text.as_bytes(), wanted);
        let mut pieces = Sequences::default();
        let one_by_one: Vec<u8> = text
            .bytes()
            .flat_map(|byte| pieces.strip(&[byte], wanted))
            .collect();
        assert_eq!(whole, one_by_one);
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn only_colours_pass() {
        for text in [
            "plain \u{e9}\u{a9}\u{4f60}\n",
            "\x1b[1;31mred\x1b[m \x1b[38:2::1:2:3mcolour\x1b[0m\r\n",
            "50%\r100%\t.\x08",
        ] {
            assert_eq!(stripped(text, true), text);
        }
        for text in [
            "a\x1b[?1049h\x1b[?25lb",
            "a\x1b[5A\x1b[2Kb",
            "a\x1b[2J\x1b[Hb",
            "a\x1bcb",
            "a\x1b(0b",
            "a\x1b7\x1b#8b",
            "a\x1b]0;title\x07b",
            "a\x1b]8;;http://x\x1b\\b",
            "a\x1bP1;2q#0\x1b\\b",
            "a\x1b[>4;1mb",
            "a\x0e\x0f\x0bb",
            "a\u{9b}2J\u{9d}0;title\x07\u{8d}b",
        ] {
            assert_eq!(stripped(text, true), "ab", "{text:?}");
        }
        assert_eq!(stripped("\x1b[1mbold\x1b[0m", false), "bold");
    }

    #[test]
    fn an_unended_sequence_ends_with_its_line() {
        assert_eq!(
            stripped("a\x1b]0;title\nb\x1b[1\nc\x1b\nd", true),
            "a\nb\nc\nd"
        );
        let long = format!("\x1b[{}mx", "1;".repeat(100));
        assert_eq!(stripped(&long, true), "x");
    }
}
