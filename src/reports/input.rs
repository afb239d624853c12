//! Bytes of a report file as clean UTF-8: byte order marks, UTF-16 and declared encodings are decoded, characters
//! that no XML or JSON text may hold are replaced.
use std::io::{self, BufRead, Chain, Cursor, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes in which an encoding has to be declared.
const PREFIX: usize = 512;
/// Bytes looked at or decoded at once.
const CHUNK: usize = 64 * 1024;
/// U+FFFD in UTF-8.
const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

/// A report file's text.
pub(super) struct Input<'r> {
    source: Chain<Cursor<Vec<u8>>, &'r mut dyn BufRead>,
    /// `None`: the file is UTF-8 by itself.
    decoder: Option<Decoder>,
    /// Clean text; handed out from `at`.
    text: Vec<u8>,
    at: usize,
    newlines: u64,
    replaced: u64,
}

impl<'r> Input<'r> {
    /// Finds out the encoding.
    pub(super) fn open(source: &'r mut dyn BufRead) -> io::Result<Self> {
        let mut prefix = Vec::with_capacity(PREFIX);
        source.take(PREFIX as u64).read_to_end(&mut prefix)?;
        let (encoding, mark) = detect(&prefix)?;
        prefix.drain(..mark);
        Ok(Self {
            source: Cursor::new(prefix).chain(source),
            decoder: encoding.map(Encoding::new_decoder_without_bom_handling),
            text: Vec::new(),
            at: 0,
            newlines: 0,
            replaced: 0,
        })
    }

    /// The line that has been read up to, from 1.
    pub(super) fn line(&self) -> u64 {
        1 + self.newlines - count_newlines(&self.text[self.at..])
    }

    /// How many control characters were replaced.
    pub(super) fn replaced(&self) -> u64 {
        self.replaced
    }

    fn refill(&mut self) -> io::Result<()> {
        self.at = 0;
        loop {
            self.text.resize(CHUNK, 0);
            let length = self.source.read(&mut self.text).inspect_err(|_| {
                self.text.clear();
            })?;
            self.text.truncate(length);
            if let Some(decoder) = &mut self.decoder {
                self.text = decode(decoder, &self.text);
            }
            // Half a character decodes to nothing, which would look like the end of the file.
            if length == 0 || !self.text.is_empty() {
                break;
            }
        }
        if self.text.is_empty() {
            self.decoder = None;
        }
        self.newlines += count_newlines(&self.text);
        // Most texts hold no control character but line ends, and that is the cheaper question.
        if holds(&self.text, |byte| byte < 0x20 && byte != b'\n') && holds(&self.text, is_control) {
            self.replace_controls();
        }
        Ok(())
    }

    fn replace_controls(&mut self) {
        for byte in std::mem::take(&mut self.text) {
            if is_control(byte) {
                self.replaced += 1;
                self.text.extend_from_slice(REPLACEMENT);
            } else {
                self.text.push(byte);
            }
        }
    }
}

impl BufRead for Input<'_> {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.text.len() {
            self.refill()?;
        }
        Ok(&self.text[self.at..])
    }

    #[inline]
    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = self.fill_buf()?.read(buffer)?;
        self.consume(amount);
        Ok(amount)
    }
}

/// The encoding to decode from, if it is not UTF-8, and the length of the byte order mark.
fn detect(prefix: &[u8]) -> io::Result<(Option<&'static Encoding>, usize)> {
    if let Some((encoding, length)) = Encoding::for_bom(prefix) {
        return Ok(((encoding != UTF_8).then_some(encoding), length));
    }
    match prefix {
        [b'<' | b'[' | b'{', 0, ..] => return Ok((Some(UTF_16LE), 0)),
        [0, b'<' | b'[' | b'{', ..] => return Ok((Some(UTF_16BE), 0)),
        _ => {}
    }
    let Some(label) = declared(prefix) else {
        return Ok((None, 0));
    };
    let encoding = Encoding::for_label(label).ok_or_else(|| {
        let label = String::from_utf8_lossy(label);
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("encoding \"{label}\" is declared but not known"),
        )
    })?;
    // A text that could be read this far as ASCII is not UTF-16, whatever it says of itself.
    let plain = encoding == UTF_8 || encoding == UTF_16LE || encoding == UTF_16BE;
    Ok(((!plain).then_some(encoding), 0))
}

/// The value of `encoding` in an XML declaration.
fn declared(prefix: &[u8]) -> Option<&[u8]> {
    let declaration = prefix.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..memchr::memmem::find(declaration, b"?>")?];
    let value = &declaration[memchr::memmem::find(declaration, b"encoding")? + 8..];
    let value = value
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let (quote, value) = value.split_first()?;
    Some(&value[..memchr::memchr(*quote, value)?])
}

fn decode(decoder: &mut Decoder, mut chunk: &[u8]) -> Vec<u8> {
    let last = chunk.is_empty();
    let mut text = vec![0; decoder.max_utf8_buffer_length(chunk.len()).unwrap_or(CHUNK)];
    let mut length = 0;
    loop {
        let (result, read, written, _) = decoder.decode_to_utf8(chunk, &mut text[length..], last);
        chunk = &chunk[read..];
        length += written;
        if result == CoderResult::InputEmpty {
            text.truncate(length);
            return text;
        }
        text.resize(text.len() * 2, 0);
    }
}

/// Looks at every byte, many at once.
fn holds(text: &[u8], what: impl Fn(u8) -> bool) -> bool {
    text.iter().fold(false, |found, &byte| found | what(byte))
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r'
}

fn count_newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn text(bytes: &[u8]) -> (String, u64) {
        // A tiny buffer splits every character that can be split.
        let mut source = BufReader::with_capacity(3, bytes);
        let mut input = Input::open(&mut source).unwrap();
        let mut text = String::new();
        input.read_to_string(&mut text).unwrap();
        (text, input.replaced())
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn decodes_what_says_its_encoding() {
        let long = format!("<?xml version='1.0'?><ä𝄞{}/>", "ü".repeat(70_000));
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            assert_eq!(text(&utf16(&long, unit)), (long.clone(), 0));
            assert_eq!(text(&utf16(&format!("\u{FEFF}{long}"), unit)).0, long);
        }
        assert_eq!(text("\u{FEFF}<ä/>".as_bytes()).0, "<ä/>");
        assert_eq!(
            text(b"<?xml version=\"1.0\" encoding = 'ISO-8859-1' ?><\xe4/>").0,
            "<?xml version=\"1.0\" encoding = 'ISO-8859-1' ?><ä/>"
        );
    }

    #[test]
    fn bytes_outweigh_a_false_declaration() {
        let xml = "<?xml version=\"1.0\" encoding=\"utf-16\"?><ä/>";
        assert_eq!(text(xml.as_bytes()).0, xml);
    }

    #[test]
    fn an_unknown_encoding_is_an_error() {
        let mut source = &b"<?xml version='1.0' encoding='klingon'?><a/>"[..];
        let error = Input::open(&mut source).err().unwrap();
        assert_eq!(
            error.to_string(),
            "encoding \"klingon\" is declared but not known"
        );
    }

    #[test]
    fn replaces_control_characters_and_counts_lines() {
        let (clean, replaced) = text(b"a\x1b[31m\tb\r\n\x00");
        assert_eq!(clean, "a\u{FFFD}[31m\tb\r\n\u{FFFD}");
        assert_eq!(replaced, 2);

        let mut source = &b"one\ntwo\nthree"[..];
        let mut input = Input::open(&mut source).unwrap();
        assert_eq!(input.line(), 1);
        input.fill_buf().unwrap();
        assert_eq!(input.line(), 1);
        input.consume(5);
        assert_eq!(input.line(), 2);
    }
}
