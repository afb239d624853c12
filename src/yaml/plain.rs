//! A reader of YAML so plain that everybody reads it alike: the judge need not be asked, nor the parser.
//!
//! Nine of ten real texts are so, and the two would take half of the time a check has. What this reader does not know is
//! not wrong, but for them to read: flow style, anchors, tags, quotes around several lines, tabs, and every
//! corner in which the two were seen, or could be thought, to differ. Builds with debug assertions ask both all the same:
//! each test and each input of the fuzzer is held against them.

use std::borrow::Cow;

use granit_parser::{Event, ScalarStyle, StructureStyle};

use crate::source::Span;

/// libyaml refuses longer keys (1,024 characters); in bytes.
const LONGEST_KEY: usize = 1000;
/// Blocks within blocks; nobody has seen a file with more.
const DEEPEST: usize = 50;

/// Gives the events of a text to `take`, with the spans of the parser; `None` when the text is not plain or `take` wants no
/// more, and then what was given is worth nothing.
pub(super) fn read<'t>(text: &'t str, take: impl FnMut(Event<'t>, Span) -> bool) -> Option<()> {
    // Without an early end, the compiler looks at many bytes at once.
    let ascii = |all, byte| all & (byte == b'\n' || matches!(byte, b' '..=b'~'));
    if !text.bytes().fold(true, ascii) && !text.chars().all(is_printable) {
        return None;
    }
    let mut reader = Reader {
        text,
        at: 0,
        open: Vec::new(),
        take,
    };
    reader.document()
}

/// Neither a control character nor one that libyaml could take for a line's end or a mark of the encoding.
fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a1}'..='\u{1fff}' | '\u{2030}'..='\u{d7ff}' | '\u{1f300}'..='\u{1faff}')
        || matches!(letter, '\u{2010}'..='\u{2026}' | '\u{ff01}'..='\u{ffee}')
}

struct Reader<'t, T> {
    text: &'t str,
    at: usize,
    open: Vec<Block>,
    take: T,
}

/// A list or a mapping that is still open.
struct Block {
    list: bool,
    column: usize,
    /// A dash or a key has no value yet; if it gets none, it stands here.
    waiting: Option<usize>,
}

struct Scalar<'t> {
    value: Cow<'t, str>,
    style: ScalarStyle,
    span: Span,
}

impl<'t, T: FnMut(Event<'t>, Span) -> bool> Reader<'t, T> {
    fn document(&mut self) -> Option<()> {
        let mut is_marked = false;
        loop {
            let column = self.skip_spaces();
            let rest = self.rest();
            if self.at_line_end(column == 0) {
                if rest.is_empty() {
                    break;
                }
                self.next_line();
            } else if column == 0 && rest.starts_with("---\n") && self.open.is_empty() && !is_marked
            {
                is_marked = true;
                self.next_line();
            } else if column == 0 && (rest.starts_with("---") || rest.starts_with("...")) {
                return None;
            } else {
                self.close(column)?;
                self.line(column)?;
            }
        }
        let is_something = !self.open.is_empty();
        while self.leave()? {}
        is_something.then_some(())
    }

    /// Reads what stands at `column` of a line, and the block of text that it begins.
    fn line(&mut self, mut column: usize) -> Option<()> {
        while self.at_dash() {
            self.enter(true, column, self.at)?;
            self.at += 1;
            self.wait();
            column += 1 + self.skip_spaces();
            if self.at_line_end(false) {
                // For the parser, a value that isn't there stands at the end of the line.
                let rest = &self.text.as_bytes()[self.at..];
                self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                self.wait();
                self.next_line();
                return Some(());
            }
        }
        let mut scalar = None;
        if !self.at_header() {
            let first = self.scalar()?;
            self.skip_spaces();
            if self.byte() == Some(b':') {
                self.key(first, column)?;
                column += 1;
                if self.at_line_end(false) {
                    self.next_line();
                    return Some(());
                }
            } else {
                scalar = Some(first);
            }
        }
        let parent = self.value(column)?;
        if scalar.is_none() && self.at_header() {
            return self.block(parent);
        }
        let scalar = match scalar {
            Some(scalar) => scalar,
            None => self.scalar()?,
        };
        let scalar = self.go_on(scalar, parent)?;
        self.give(scalar)?;
        self.skip_spaces();
        self.end_line()
    }

    /// The scalar is the key of an entry.
    fn key(&mut self, scalar: Scalar<'t>, column: usize) -> Option<()> {
        if !self.blank_at(self.at + 1) || scalar.span.range().len() > LONGEST_KEY {
            return None;
        }
        self.enter(false, column, scalar.span.start)?;
        self.give(scalar)?;
        self.wait();
        self.at += 1;
        self.skip_spaces();
        Some(())
    }

    /// Leaves the blocks that end before this line.
    fn close(&mut self, column: usize) -> Option<()> {
        while let Some(block) = self.open.last() {
            // A list may stand as far left as the key that it belongs to.
            let beside_its_key = block.list
                && block.column == column
                && !self.at_dash()
                && self.open.len() > 1
                && self.open[self.open.len() - 2].column == column;
            if block.column <= column && !beside_its_key {
                break;
            }
            self.leave()?;
        }
        Some(())
    }

    /// Ends the innermost block; `false` when there is none.
    fn leave(&mut self) -> Option<bool> {
        self.nothing()?;
        let Some(block) = self.open.pop() else {
            return Some(false);
        };
        let end = if block.list {
            Event::SequenceEnd
        } else {
            Event::MappingEnd
        };
        self.event(end, self.at, self.at)?;
        Some(true)
    }

    /// The entry at `at` and in this column is the next one of the block that is open, or the first one of a new block.
    fn enter(&mut self, list: bool, column: usize, mut at: usize) -> Option<()> {
        match self.open.last_mut() {
            Some(block) if block.column == column && block.list == list => {
                return self.nothing();
            }
            Some(block) => {
                let beside_its_key = list && !block.list && block.column == column;
                if block.column >= column && !beside_its_key {
                    return None;
                }
                block.waiting.take()?;
                if beside_its_key {
                    // For the parser, such a list begins behind its first dash.
                    at += 1 + spaces(&self.text.as_bytes()[at + 1..]);
                    if self.text.as_bytes().get(at) == Some(&b'#') {
                        return None;
                    }
                }
            }
            None if column == 0 => {}
            None => return None,
        }
        if self.open.len() >= DEEPEST {
            return None;
        }
        self.open.push(Block {
            list,
            column,
            waiting: None,
        });
        let start = if list {
            Event::SequenceStart(StructureStyle::Block, 0, None)
        } else {
            Event::MappingStart(StructureStyle::Block, 0, None)
        };
        self.event(start, at, at)
    }

    /// A dash or a key is read, and its value comes.
    fn wait(&mut self) {
        if let Some(block) = self.open.last_mut() {
            block.waiting = Some(self.at);
        }
    }

    /// A scalar at `column` is the value that is waited for; gives the column of what waits.
    fn value(&mut self, column: usize) -> Option<usize> {
        let block = self.open.last_mut()?;
        block.waiting.take()?;
        (column > block.column).then_some(block.column)
    }

    /// The value that was waited for does not come.
    fn nothing(&mut self) -> Option<()> {
        match self.open.last_mut().and_then(|block| block.waiting.take()) {
            Some(at) => self.event(
                Event::Scalar("~".into(), ScalarStyle::Plain, 0, None),
                at,
                at,
            ),
            None => Some(()),
        }
    }

    /// A scalar on one line; it ends where everybody sees it.
    fn scalar(&mut self) -> Option<Scalar<'t>> {
        let rest = self.rest();
        let (value, style, length) = match rest.as_bytes().first()? {
            b'\'' => {
                let mut end = 1;
                loop {
                    end += memchr::memchr2(b'\'', b'\n', &rest.as_bytes()[end..])?;
                    match rest.as_bytes()[end..] {
                        [b'\'', b'\'', ..] => end += 2,
                        [b'\'', ..] => break,
                        _ => return None,
                    }
                }
                let value = unescape(&rest[1..end], '\'', |next| (next == '\'').then_some('\''))?;
                (value, ScalarStyle::SingleQuoted, end + 1)
            }
            b'"' => {
                let mut end = 1;
                loop {
                    end += memchr::memchr3(b'"', b'\\', b'\n', &rest.as_bytes()[end..])?;
                    match rest.as_bytes()[end..] {
                        [b'\\', _, ..] => end += 2,
                        [b'"', ..] => break,
                        _ => return None,
                    }
                }
                let value = unescape(rest.get(1..end)?, '\\', |next| match next {
                    '\\' | '"' => Some(next),
                    'n' => Some('\n'),
                    't' => Some('\t'),
                    _ => None,
                })?;
                (value, ScalarStyle::DoubleQuoted, end + 1)
            }
            first if first.is_ascii_alphanumeric() || b"$./_-~(<=+\\:".contains(first) => {
                if matches!(first, b'-' | b':') && self.blank_at(self.at + 1) {
                    return None;
                }
                let value = plain(rest);
                (value.into(), ScalarStyle::Plain, value.len())
            }
            _ => return None,
        };
        let span = Span::new(self.at, self.at + length);
        self.at = span.end;
        Some(Scalar { value, style, span })
    }

    /// With the lines that go on with a plain scalar, folded: those further right than `parent`.
    fn go_on(&mut self, mut scalar: Scalar<'t>, parent: usize) -> Option<Scalar<'t>> {
        while scalar.style == ScalarStyle::Plain && self.byte() == Some(b'\n') {
            let rest = self.rest();
            let line = rest.trim_start_matches(['\n', ' ']);
            let between = &rest[..rest.len() - line.len()];
            let column = between.len() - 1 - memchr::memrchr(b'\n', between.as_bytes())?;
            if column <= parent || line.is_empty() || line.starts_with('#') {
                break;
            }
            match memchr::memchr_iter(b'\n', between.as_bytes()).count() {
                1 => scalar.value.to_mut().push(' '),
                breaks => (1..breaks).for_each(|_| scalar.value.to_mut().push('\n')),
            }
            let more = plain(line);
            scalar.value.to_mut().push_str(more);
            self.at += between.len() + more.len();
            scalar.span.end = self.at;
            self.skip_spaces();
        }
        Some(scalar)
    }

    /// A block of text below a header without digits or a comment.
    fn block(&mut self, parent: usize) -> Option<()> {
        let (header, body) = self.rest().split_once('\n')?;
        let folded = header.starts_with('>');
        let chomping = header[1..].trim_end_matches(' ');
        if !matches!(chomping, "" | "+" | "-") {
            return None;
        }
        let body_at = self.at + header.len() + 1;
        let text = body.trim_start_matches('\n');
        let indent = spaces(text.as_bytes());
        // What is empty, or begins with a line of blanks, is not plain.
        if indent <= parent || matches!(text.as_bytes().get(indent), None | Some(b'\n')) {
            return None;
        }
        let leading = body.len() - text.len();
        let mut value = "\n".repeat(leading);
        let mut breaks = 0;
        let mut is_right = false;
        let start = body_at + leading + indent;
        self.at = body_at + leading;
        let end = loop {
            let line = self.rest();
            let line = &line[..memchr::memchr(b'\n', line.as_bytes()).unwrap_or(line.len())];
            let spaces = spaces(line.as_bytes());
            let is_blank = spaces == line.len() && spaces <= indent;
            if !is_blank && spaces < indent || self.at == self.text.len() {
                break self.at + spaces;
            }
            if !is_blank {
                let line = &line[indent..];
                // Lines that stand further right keep their ends.
                let was_right = std::mem::replace(&mut is_right, line.starts_with(' '));
                let folds = folded && !was_right && !is_right;
                match breaks {
                    1 if folds => value.push(' '),
                    _ => (usize::from(folds)..breaks).for_each(|_| value.push('\n')),
                }
                value.push_str(line);
                breaks = 0;
            }
            breaks += 1;
            self.next_line();
        };
        match chomping {
            "" => value.push('\n'),
            "+" => (0..breaks).for_each(|_| value.push('\n')),
            _ => {}
        }
        let style = if folded {
            ScalarStyle::Folded
        } else {
            ScalarStyle::Literal
        };
        let (value, span) = (value.into(), Span::new(start, end));
        self.give(Scalar { value, style, span })
    }

    fn give(&mut self, Scalar { value, style, span }: Scalar<'t>) -> Option<()> {
        self.event(Event::Scalar(value, style, 0, None), span.start, span.end)
    }

    fn event(&mut self, event: Event<'t>, start: usize, end: usize) -> Option<()> {
        (self.take)(event, Span::new(start, end)).then_some(())
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank_at(&self, at: usize) -> bool {
        matches!(self.text.as_bytes().get(at), None | Some(b' ' | b'\n'))
    }

    fn at_header(&self) -> bool {
        matches!(self.byte(), Some(b'|' | b'>'))
    }

    fn at_dash(&self) -> bool {
        self.byte() == Some(b'-') && self.blank_at(self.at + 1)
    }

    fn skip_spaces(&mut self) -> usize {
        let spaces = spaces(self.rest().as_bytes());
        self.at += spaces;
        spaces
    }

    /// Nothing is left of the line, or a comment that everybody sees.
    fn at_line_end(&self, is_start: bool) -> bool {
        match self.byte() {
            None | Some(b'\n') => true,
            Some(b'#') => is_start || self.text.as_bytes()[..self.at].ends_with(b" "),
            _ => false,
        }
    }

    fn end_line(&mut self) -> Option<()> {
        self.at_line_end(false).then(|| self.next_line())
    }

    fn next_line(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    }
}

fn spaces(text: &[u8]) -> usize {
    text.iter().take_while(|byte| **byte == b' ').count()
}

/// The plain scalar that `rest` begins with.
fn plain(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    let end = memchr::memchr3_iter(b'\n', b':', b'#', bytes).find(|&at| match bytes[at] {
        b':' => matches!(bytes.get(at + 1), None | Some(b' ' | b'\n')),
        b'#' => at > 0 && bytes[at - 1] == b' ',
        _ => true,
    });
    rest[..end.unwrap_or(rest.len())].trim_end_matches(' ')
}

/// The text with each `escape` and the letter behind it replaced by what `meaning` says.
fn unescape(
    text: &str,
    escape: char,
    meaning: impl Fn(char) -> Option<char>,
) -> Option<Cow<'_, str>> {
    if !text.contains(escape) {
        return Some(text.into());
    }
    let mut value = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        value.push(if letter == escape {
            meaning(letters.next()?)?
        } else {
            letter
        });
    }
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use crate::yaml::{judge, map};

    /// Read here, as the parser reads it.
    fn is_plain(text: &str) -> bool {
        let tree = map::plain(text);
        if let Some(tree) = &tree {
            assert_eq!(judge::judge(text.as_bytes()), Ok(()), "{text}");
            assert_eq!(*tree, map::any(text), "{text}");
        }
        tree.is_some()
    }

    #[test]
    fn what_buildspecs_are_made_of_is_plain() {
        for text in [
            "version: 0.2\nphases:\n  build:\n    commands:\n      - echo one\n",
            "# first\n---\na:\n- b\n- c: d\n  e: f\n-\n- # nothing\ng:\nh: ~\n",
            "a: 'it''s' # so\nb: \"c \\\"d\\\"\\n\"\n'e': f\nhttp://x: :99\n",
            "- |\n  a\n    b\n\n  c\n- >-\n  a\n  b\n\n  c\n    d\n  e\n- |+\n  a\n\n- - b\n",
            "- a b\n  c\n\n  d\n- key:\n    far\n    and wide\n",
            "a: |\n  b\n   \n  c",
            "a: 1\na: 2\n",
            "a\u{e4}: b\u{4e2d}\n",
        ] {
            assert!(is_plain(text), "{text}");
        }
    }

    #[test]
    fn what_parsers_could_differ_in_is_left_to_them() {
        for text in [
            "",
            "# only\n",
            "a\n",
            " a: b\n",
            "a: [b]\n",
            "a: {b: c}\n",
            "a: &b c\n",
            "a: *b\n",
            "a: !b c\n",
            "a: b: c\n",
            "a: b\n  c: d\n",
            "a:\tb\n",
            "a: b\r\n",
            "\u{feff}a: b\n",
            "a: \"b\n  c\"\n",
            "a: \"\\x41\"\n",
            "a: |2\n  b\n",
            "a: |\n   \n  b\n",
            "a: |\nb: c\n",
            "a: 'b'c\n",
            "a: b\n---\nc: d\n",
            "a: b\n...\n",
            "? a\n",
            "a: - b\n",
            "- a\nb: c\n",
            "a: @b\n",
        ] {
            assert!(!is_plain(text), "{text}");
        }
        let key = format!("{}: b\n", "a".repeat(1001));
        assert!(!is_plain(&key));
        let deep = format!("{}b\n", "- ".repeat(60));
        assert!(!is_plain(&deep));
    }
}
