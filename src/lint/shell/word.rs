//! Words: quotes, backslashes and what the shell replaces.

use super::ast::{Expansion, ExpansionKind, List, Modifier, Word};
use super::parser::Parser;

impl Parser<'_> {
    /// The word that starts here; `None` if none does.
    pub(super) fn word(&mut self) -> Option<Word> {
        let start = self.at;
        let mut word = Word::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'<' | b'>' if self.peek_at(1) == Some(b'(') && self.at == start => {
                    let at = self.at;
                    self.at += 2;
                    let list = self.inner(b')');
                    self.expansion(&mut word, at, false, ExpansionKind::Process(list));
                }
                b'(' if word.text.ends_with('=') && !word.quoted => {
                    self.deeper(|parser| parser.array(&mut word));
                }
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => {
                    break;
                }
                b'\\' => {
                    self.at += 1;
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    } else {
                        word.quoted = true;
                        self.letter(&mut word);
                    }
                }
                b'\'' => self.single(&mut word),
                b'"' => self.double(&mut word),
                b'$' => self.dollar(&mut word, false),
                b'`' => self.backticks(&mut word, false),
                _ => self.letters(&mut word),
            }
        }
        word.range = start..self.at;
        (self.at > start).then_some(word)
    }

    /// Takes one character into the word.
    fn letter(&mut self, word: &mut Word) {
        if let Some(letter) = self.rest().chars().next() {
            word.text.push(letter);
            self.at += letter.len_utf8();
        }
    }

    /// Takes the character here and all that mean nothing behind it into the word.
    fn letters(&mut self, word: &mut Word) {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'%' | b'+'..=b':' | b'=' | b'@' | b'_' | 0x80..);
        let rest = self.rest();
        let length = 1 + rest.bytes().skip(1).take_while(|byte| plain(*byte)).count();
        word.text.push_str(&rest[..length]);
        self.at += length;
    }

    fn single(&mut self, word: &mut Word) {
        word.quoted = true;
        self.at += 1;
        let rest = self.rest();
        let end = rest.find('\'');
        word.text.push_str(&rest[..end.unwrap_or(rest.len())]);
        match end {
            Some(end) => self.at += end + 1,
            None => self.give_up(),
        }
    }

    fn double(&mut self, word: &mut Word) {
        word.quoted = true;
        self.at += 1;
        loop {
            match self.peek() {
                None => return self.give_up(),
                Some(b'"') => {
                    self.at += 1;
                    return;
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'\n') => self.at += 1,
                        Some(b'$' | b'`' | b'"' | b'\\') => self.letter(word),
                        _ => {
                            word.text.push('\\');
                            self.letter(word);
                        }
                    }
                }
                Some(b'$') => self.dollar(word, true),
                Some(b'`') => self.backticks(word, true),
                Some(_) => self.letters(word),
            }
        }
    }

    /// What begins with `$`.
    fn dollar(&mut self, word: &mut Word, quoted: bool) {
        let start = self.at;
        match self.peek_at(1) {
            Some(b'(') if self.peek_at(2) == Some(b'(') && self.arithmetic(word, quoted) => {}
            Some(b'(') => {
                self.at += 2;
                let list = self.inner(b')');
                self.expansion(word, start, quoted, ExpansionKind::Command(list));
            }
            Some(b'{') => self.deeper(|parser| parser.braces(word, quoted)),
            Some(b'\'') if !quoted => {
                self.at += 2;
                while let Some(byte) = self.peek() {
                    self.at += 1 + usize::from(byte == b'\\');
                    if byte == b'\'' {
                        self.at = self.at.min(self.end);
                        return self.expansion(word, start, quoted, ExpansionKind::Ansi);
                    }
                }
                self.give_up();
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let rest = &self.rest()[1..];
                let end = rest
                    .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
                    .unwrap_or(rest.len());
                self.variable(word, quoted, &rest[..end], end + 1, Modifier::default());
            }
            Some(byte)
                if byte.is_ascii_digit()
                    || matches!(byte, b'?' | b'!' | b'@' | b'*' | b'#' | b'$' | b'-') =>
            {
                let name = &self.rest()[1..2];
                self.variable(word, quoted, name, 2, Modifier::default());
            }
            _ => self.letter(word),
        }
    }

    fn variable(
        &mut self,
        word: &mut Word,
        quoted: bool,
        name: &str,
        length: usize,
        modifier: Modifier,
    ) {
        let start = self.at;
        self.at += length;
        let name = name.to_owned();
        self.expansion(
            word,
            start,
            quoted,
            ExpansionKind::Variable { name, modifier },
        );
    }

    /// `${name...}`; what is replaced inside comes as expansions of its own.
    fn braces(&mut self, word: &mut Word, quoted: bool) {
        let start = self.at;
        let mut inner = Word::default();
        self.at += 2;
        let content = self.at;
        loop {
            match self.peek() {
                None => return self.give_up(),
                Some(b'}') => break,
                Some(b'\\') => {
                    self.at += 1;
                    self.letter(&mut inner);
                }
                Some(b'\'') if !quoted => self.single(&mut inner),
                Some(b'"') => self.double(&mut inner),
                Some(b'$') if self.at > content => self.dollar(&mut inner, quoted),
                Some(b'`') => self.backticks(&mut inner, quoted),
                Some(_) => self.letter(&mut inner),
            }
        }
        let content = &self.text[content..self.at];
        self.at += 1;
        let prefix = content
            .chars()
            .next()
            .filter(|prefix| content.len() > 1 && matches!(prefix, '#' | '!'));
        let named = &content[usize::from(prefix.is_some())..];
        let end = named
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
            .unwrap_or(named.len());
        let modifier = Modifier {
            prefix,
            rest: named[end..].to_owned(),
        };
        let name = named[..end].to_owned();
        self.expansion(
            word,
            start,
            quoted,
            ExpansionKind::Variable { name, modifier },
        );
        word.expansions.append(&mut inner.expansions);
    }

    /// `$(( ))`; `false` if it is a command in a subshell after all.
    fn arithmetic(&mut self, word: &mut Word, quoted: bool) -> bool {
        let start = self.at;
        let Some(length) = arithmetic_length(&self.rest()[1..]) else {
            return false;
        };
        self.at += 1 + length;
        self.expansion(word, start, quoted, ExpansionKind::Arithmetic);
        true
    }

    fn backticks(&mut self, word: &mut Word, quoted: bool) {
        let start = self.at;
        let bytes = &self.text.as_bytes()[..self.end];
        let mut end = start + 1;
        while bytes.get(end).is_some_and(|byte| *byte != b'`') {
            end += 1 + usize::from(bytes[end] == b'\\');
        }
        if bytes.get(end).is_none() {
            return self.give_up();
        }
        let outer = std::mem::replace(&mut self.end, end);
        self.at = start + 1;
        let list = self.nested();
        self.end = outer;
        self.at = end + 1;
        self.expansion(word, start, quoted, ExpansionKind::Command(list));
    }

    /// The commands up to a closing sign, which is taken too.
    pub(super) fn inner(&mut self, close: u8) -> List {
        let list = self.nested();
        if self.peek() == Some(close) {
            self.at += 1;
        } else {
            self.give_up();
        }
        list
    }

    /// `NAME=( ... )`
    fn array(&mut self, word: &mut Word) {
        word.array = true;
        self.at += 1;
        loop {
            self.blanks();
            match self.peek() {
                Some(b'\n') => self.line_end(),
                Some(b')') => {
                    self.at += 1;
                    return;
                }
                _ => match self.word() {
                    Some(mut item) => word.expansions.append(&mut item.expansions),
                    None => return self.give_up(),
                },
            }
        }
    }

    fn expansion(&self, word: &mut Word, start: usize, quoted: bool, kind: ExpansionKind) {
        let range = start..self.at.min(self.end);
        word.text.push_str(&self.text[range.clone()]);
        word.expansions.push(Expansion {
            range,
            quoted,
            kind,
        });
    }
}

/// How long `((...))` at the start of a text is.
pub(super) fn arithmetic_length(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => open += 1,
            b')' => {
                open = open.checked_sub(1)?;
                if open == 1 {
                    return text[at + 1..].starts_with(')').then_some(at + 2);
                }
            }
            b'\'' | b';' => return None,
            _ => {}
        }
    }
    None
}
