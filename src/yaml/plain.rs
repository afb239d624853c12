//! YAML so plain that the judge would take it if the map does, so that nobody has to ask.
//!
//! Five of six real texts are so; asking the judge of them, too, would be a third of the time.
//! What is left out here is every corner in which the two parsers were seen, or could be thought, to differ. Builds with
//! debug assertions ask the judge all the same: each test and each input of the fuzzer is held against it.

use granit_parser::{Event, ScalarStyle, StructureStyle};

use crate::source::Span;

/// libyaml refuses longer keys (1,024 characters); in bytes.
const LONGEST_KEY: usize = 1000;
/// Blocks within blocks; nobody has seen a file with more.
const DEEPEST: usize = 50;

/// Nothing but printable characters and line feeds, and no line that only a parser can tell the meaning of.
pub(super) fn is_plain(text: &str) -> bool {
    // Without an early end, the compiler looks at many bytes at once.
    let ascii = |all, byte| all & (byte == b'\n' || matches!(byte, b' '..=b'~'));
    if !text.bytes().fold(true, ascii) && !text.chars().all(is_printable) {
        return false;
    }
    let mut header = false;
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
        let line = &text.as_bytes()[start..end];
        let first = line.iter().find(|byte| !matches!(byte, b' ' | b'-'));
        let is_plain = match first {
            Some(b'?' | b':' | b'%') => false,
            Some(b'.') => !line.starts_with(b"..."),
            // A first line of blanks may say how far a block is indented.
            None if !line.is_empty() => {
                !header && !line.starts_with(b"---") || line == b"---" && start == 0
            }
            _ => !line.starts_with(b"---"),
        };
        if !is_plain {
            return false;
        }
        if first.is_some() {
            header = may_be_header(line);
        }
        start = end + 1;
    }
    true
}

/// Block style, no tags, anchors or aliases, no scalar that is all there is; `depth` counts what is open.
pub(super) fn is_plain_event(text: &str, event: &Event<'_>, span: Span, depth: usize) -> bool {
    match event {
        Event::Scalar(_, style, 0, None) => depth > 0 && is_plain_scalar(text, *style, span),
        Event::SequenceStart(style, 0, None) | Event::MappingStart(style, 0, None) => {
            *style == StructureStyle::Block && depth < DEEPEST
        }
        Event::Scalar(..)
        | Event::SequenceStart(..)
        | Event::MappingStart(..)
        | Event::Alias(_) => false,
        _ => true,
    }
}

/// A scalar that is on one line and ends where everybody sees it, or a block under a header without digits or comment.
fn is_plain_scalar(text: &str, style: ScalarStyle, span: Span) -> bool {
    let (Some(before), Some(written), Some(behind)) = (
        text.get(..span.start),
        text.get(span.range()),
        text.get(span.end..),
    ) else {
        return false;
    };
    let lines = match style {
        ScalarStyle::Literal | ScalarStyle::Folded => return has_plain_header(before),
        ScalarStyle::Plain => written
            .bytes()
            .next()
            .is_none_or(|first| first.is_ascii_alphanumeric() || b"$./_-~(<=+\\".contains(&first)),
        ScalarStyle::SingleQuoted => true,
        ScalarStyle::DoubleQuoted => has_plain_escapes(written),
    };
    let ends = matches!(
        behind.as_bytes(),
        [] | [b' ' | b'\n', ..] | [b':', b' ' | b'\n', ..]
    );
    let is_key = behind.trim_start_matches(' ').starts_with(':');
    lines && ends && !written.contains('\n') && !(is_key && written.len() > LONGEST_KEY)
}

/// Neither a control character nor one that libyaml could take for a line's end or a mark of the encoding.
fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a1}'..='\u{1fff}' | '\u{2030}'..='\u{d7ff}' | '\u{1f300}'..='\u{1faff}')
        || matches!(letter, '\u{2010}'..='\u{2026}')
}

fn may_be_header(line: &[u8]) -> bool {
    line.contains(&b'#') || matches!(line.trim_ascii_end(), [.., b'|' | b'>' | b'+' | b'-'])
}

fn has_plain_header(before: &str) -> bool {
    let header = before.trim_end();
    let header = header.strip_suffix(['+', '-']).unwrap_or(header);
    header.ends_with(['|', '>'])
}

fn has_plain_escapes(written: &str) -> bool {
    let mut bytes = written.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' && !matches!(bytes.next(), Some(b'\\' | b'"' | b'n' | b't')) {
            return false;
        }
    }
    true
}
