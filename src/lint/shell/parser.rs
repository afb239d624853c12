//! The grammar of commands: lists, pipelines, compounds.

use std::ops::Range;

use super::Script;
use super::ast::{
    AndOr, Command, Compound, CompoundKind, Junction, List, Pipeline, Redirect, Simple, Word,
};
use super::word::arithmetic_length;

/// Nobody nests deeper by hand.
const MOST_DEPTH: usize = 60;

/// Longest first.
const REDIRECTS: &[&str] = &[
    "&>>", "<<<", "<<-", "&>", "<<", "<&", "<>", ">>", ">&", ">|", "<", ">",
];

/// Words that end a list of commands.
const CLOSING: &[&str] = &["then", "do", "done", "fi", "else", "elif", "esac", "}"];

/// Takes a command's text apart.
pub(crate) fn parse(text: &str) -> Script {
    let mut parser = Parser {
        text,
        at: 0,
        end: text.len(),
        depth: 0,
        complete: true,
        awaited: Vec::new(),
    };
    let mut list = parser.list();
    while parser.at < parser.end {
        // A closing word without its opening one: go on behind it.
        parser.complete = false;
        if parser.word().is_none() {
            parser.at += 1;
        }
        list.items.append(&mut parser.list().items);
    }
    Script {
        list,
        complete: parser.complete && parser.awaited.is_empty(),
    }
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) end: usize,
    depth: usize,
    complete: bool,
    /// Here-documents whose bodies begin at the next line: the closing word, and whether tabs in front of it are fine.
    awaited: Vec<(String, bool)>,
}

impl<'a> Parser<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.bytes().get(ahead).copied()
    }

    /// [`Self::rest`], for looks that are taken at every byte.
    fn bytes(&self) -> &'a [u8] {
        let bytes = self.text.as_bytes().get(self.at..self.end);
        bytes.unwrap_or_default()
    }

    /// This is not understood: what is left counts as read.
    pub(super) fn give_up(&mut self) {
        self.complete = false;
        self.at = self.end;
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = self.bytes().starts_with(sign.as_bytes());
        if found {
            self.at += sign.len();
        }
        found
    }

    /// Skips blanks, continued lines and a comment, within the line.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.at += 2,
                Some(b'#') => {
                    let rest = self.rest();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                    return;
                }
                _ => return,
            }
        }
    }

    /// Skips the end of a line, with the here-documents that follow it.
    pub(super) fn line_end(&mut self) {
        self.at += 1;
        for (close, tabs) in std::mem::take(&mut self.awaited) {
            loop {
                let rest = self.rest();
                if rest.is_empty() {
                    self.complete = false;
                    break;
                }
                let length = rest.find('\n').unwrap_or(rest.len());
                let mut line = &rest[..length];
                if tabs {
                    line = line.trim_start_matches('\t');
                }
                self.at = (self.at + length + 1).min(self.end);
                if line == close {
                    break;
                }
            }
        }
    }

    fn skip_lines(&mut self) {
        self.blanks();
        while self.peek() == Some(b'\n') {
            self.line_end();
            self.blanks();
        }
    }

    /// A list inside of something.
    pub(super) fn nested(&mut self) -> List {
        self.deeper(Self::list)
    }

    /// Goes one level down; too deep is given up.
    pub(super) fn deeper<T: Default>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= MOST_DEPTH {
            self.give_up();
            return T::default();
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn list(&mut self) -> List {
        let mut list = List::default();
        loop {
            self.skip_lines();
            while self.peek() == Some(b';') && self.peek_at(1) != Some(b';') {
                self.at += 1;
                self.skip_lines();
            }
            if matches!(self.peek(), None | Some(b')' | b';')) || self.at_closing_word() {
                return list;
            }
            let before = self.at;
            let item = self.and_or();
            if self.at == before {
                self.complete = false;
                return list;
            }
            list.items.push(item);
        }
    }

    fn at_closing_word(&self) -> bool {
        let first = matches!(self.peek(), Some(b't' | b'd' | b'f' | b'e' | b'}'));
        first && CLOSING.iter().any(|word| self.at_word(word))
    }

    fn at_word(&self, word: &str) -> bool {
        let ends = |byte: &u8| b" \t\r\n;&|<>()".contains(byte);
        let rest = self.bytes();
        rest.starts_with(word.as_bytes()) && rest.get(word.len()).is_none_or(ends)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.skip_lines();
        let found = self.at_word(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect_word(&mut self, word: &str) {
        if !self.takes_word(word) {
            self.complete = false;
        }
    }

    fn and_or(&mut self) -> AndOr {
        let mut pipelines = vec![(None, self.pipeline())];
        loop {
            self.blanks();
            let junction = if self.takes("&&") {
                Junction::And
            } else if self.takes("||") {
                Junction::Or
            } else {
                break;
            };
            self.skip_lines();
            pipelines.push((Some(junction), self.pipeline()));
        }
        let background = self.peek() == Some(b'&') && self.peek_at(1) != Some(b'&');
        self.at += usize::from(background);
        AndOr {
            pipelines,
            background,
        }
    }

    fn pipeline(&mut self) -> Pipeline {
        let mut negated = false;
        loop {
            self.blanks();
            if self.at_word("!") {
                self.at += 1;
                negated = !negated;
            } else if self.at_word("time") {
                self.at += 4;
            } else {
                break;
            }
        }
        let mut commands = Vec::new();
        let mut with_errors = None;
        commands.extend(self.command());
        loop {
            self.blanks();
            let piped = self.peek() == Some(b'|') && self.peek_at(1) != Some(b'|');
            if !piped {
                return Pipeline {
                    negated,
                    commands,
                    with_errors,
                };
            }
            let start = self.at;
            self.at += 1;
            if self.takes("&") {
                with_errors.get_or_insert(start..self.at);
            }
            self.skip_lines();
            commands.extend(self.command());
        }
    }

    fn command(&mut self) -> Option<Command> {
        self.blanks();
        let start = self.at;
        let nearly_all = !matches!(
            self.peek(),
            Some(b'(' | b'{' | b'i' | b'w' | b'u' | b'f' | b's' | b'c')
        );
        let compound = if nearly_all {
            return self.simple();
        } else if self.rest().starts_with("((")
            && let Some(length) = arithmetic_length(self.rest())
        {
            self.at += length;
            compound(CompoundKind::Arithmetic, start..self.at)
        } else if self.takes("(") {
            let mut compound = compound(CompoundKind::Subshell, start..start + 1);
            compound.bodies = vec![self.inner(b')')];
            compound
        } else if self.at_word("{") {
            self.at += 1;
            let mut compound = compound(CompoundKind::Brace, start..start + 1);
            compound.bodies = vec![self.nested()];
            self.expect_word("}");
            compound
        } else if self.at_word("if") {
            self.at += 2;
            self.conditional(start)
        } else if self.at_word("while") || self.at_word("until") {
            self.at += 5;
            let mut compound = compound(CompoundKind::While, start..start + 5);
            compound.conditions = vec![self.nested()];
            compound.bodies = vec![self.loop_body()];
            compound
        } else if self.at_word("for") || self.at_word("select") {
            self.counted(start)
        } else if self.at_word("case") {
            self.case(start)
        } else if self.at_word("function") {
            return self.function(start);
        } else {
            return self.simple();
        };
        let mut compound = compound;
        while let Some(redirect) = self.redirect() {
            compound.redirects.push(redirect);
        }
        Some(Command::Compound(compound))
    }

    fn conditional(&mut self, start: usize) -> Compound {
        let mut compound = compound(CompoundKind::If, start..start + 2);
        loop {
            compound.conditions.push(self.nested());
            self.expect_word("then");
            compound.bodies.push(self.nested());
            if self.takes_word("elif") {
                continue;
            }
            if self.takes_word("else") {
                compound.bodies.push(self.nested());
            }
            self.expect_word("fi");
            return compound;
        }
    }

    fn loop_body(&mut self) -> List {
        self.blanks();
        if self.peek() == Some(b';') {
            self.at += 1;
        }
        self.expect_word("do");
        let body = self.nested();
        self.expect_word("done");
        body
    }

    /// `for name in words; do ... done`, `for ((;;)); do ... done`
    fn counted(&mut self, start: usize) -> Compound {
        self.word();
        let mut compound = compound(CompoundKind::For, start..self.at);
        self.blanks();
        if self.takes("((") {
            compound.kind = CompoundKind::Arithmetic;
            match self.rest().find("))") {
                Some(end) => self.at += end + 2,
                None => self.give_up(),
            }
            compound.opening = start..self.at;
        } else {
            compound.words.extend(self.word());
            if self.takes_word("in") {
                self.blanks();
                while let Some(word) = self.word() {
                    compound.words.push(word);
                    self.blanks();
                }
            }
        }
        compound.bodies = vec![self.loop_body()];
        compound
    }

    fn case(&mut self, start: usize) -> Compound {
        self.at += 4;
        let mut compound = compound(CompoundKind::Case, start..self.at);
        self.blanks();
        compound.words.extend(self.word());
        self.expect_word("in");
        loop {
            self.skip_lines();
            if self.takes_word("esac") {
                return compound;
            }
            self.takes("(");
            self.blanks();
            while self.word().is_some() {
                self.blanks();
                self.takes("|");
                self.blanks();
            }
            if !self.takes(")") {
                self.give_up();
                return compound;
            }
            compound.bodies.push(self.nested());
            if ![";;&", ";;", ";&"].iter().any(|sign| self.takes(sign)) {
                self.expect_word("esac");
                return compound;
            }
        }
    }

    /// `function name { ... }`
    fn function(&mut self, start: usize) -> Option<Command> {
        self.at += "function".len();
        self.blanks();
        let name = self.word()?;
        self.blanks();
        if self.takes("(") {
            self.blanks();
            self.takes(")");
        }
        self.skip_lines();
        let body = self.deeper(Self::command).map(Box::new);
        Some(Command::Function {
            name,
            range: start..self.at,
            keyword: true,
            body,
        })
    }

    fn simple(&mut self) -> Option<Command> {
        let start = self.at;
        let mut end = start;
        let mut simple = Simple::default();
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect() {
                simple.redirects.push(redirect);
            } else if let Some(word) = self.word() {
                let test = simple.words.is_empty() && word.text == "[[" && !word.quoted;
                if simple.words.is_empty() && !word.text.starts_with('=') && is_assignment(&word) {
                    simple.assignments.push(word);
                } else {
                    simple.words.push(word);
                }
                if test {
                    self.double_brackets(&mut simple);
                }
            } else {
                break;
            }
            end = self.at;
            self.blanks();
            if self.peek() == Some(b'(') && simple.words.len() == 1 {
                return self.definition(start, simple);
            }
        }
        simple.range = start..end;
        (end > start).then_some(Command::Simple(simple))
    }

    /// `name() { ... }`
    fn definition(&mut self, start: usize, simple: Simple) -> Option<Command> {
        self.at += 1;
        self.blanks();
        if !self.takes(")") {
            self.give_up();
            return Some(Command::Simple(simple));
        }
        let name = simple.words.into_iter().next()?;
        self.skip_lines();
        let body = self.deeper(Self::command).map(Box::new);
        Some(Command::Function {
            name,
            range: start..self.at,
            keyword: false,
            body,
        })
    }

    /// The rest of `[[ ... ]]`, in which signs are nothing special.
    fn double_brackets(&mut self, simple: &mut Simple) {
        loop {
            self.skip_lines();
            if let Some(word) = self.word() {
                let done = word.text == "]]" && !word.quoted;
                simple.words.push(word);
                if done {
                    return;
                }
            } else if self.at < self.end {
                self.at += 1;
            } else {
                self.complete = false;
                return;
            }
        }
    }

    fn redirect(&mut self) -> Option<Redirect> {
        self.blanks();
        if !matches!(self.peek()?, b'<' | b'>' | b'&' | b'0'..=b'9') {
            return None;
        }
        let start = self.at;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let behind = &self.rest()[digits..];
        let operator = *REDIRECTS
            .iter()
            .find(|operator| behind.starts_with(**operator))?;
        let process = operator.len() == 1 && behind[1..].starts_with('(');
        if process || digits > 0 && operator.starts_with('&') {
            return None;
        }
        let descriptor = self.rest()[..digits].parse().ok();
        self.at += digits + operator.len();
        self.blanks();
        let target = self.word().unwrap_or_default();
        if operator == "<<" || operator == "<<-" {
            self.awaited.push((target.text.clone(), operator == "<<-"));
        }
        Some(Redirect {
            range: start..self.at,
            operator,
            descriptor,
            target,
        })
    }
}

fn compound(kind: CompoundKind, opening: Range<usize>) -> Compound {
    Compound {
        kind,
        opening,
        conditions: Vec::new(),
        bodies: Vec::new(),
        words: Vec::new(),
        redirects: Vec::new(),
    }
}

fn is_assignment(word: &Word) -> bool {
    word.assigned().is_some() && {
        let equals = word.text.find('=').unwrap_or_default();
        // A quote or an expansion in the name makes it an ordinary word.
        word.expansions
            .first()
            .is_none_or(|expansion| expansion.range.start > word.range.start + equals)
    }
}
