//! What the parser makes of a command's text.

use std::ops::Range;

/// Commands that run one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) items: Vec<AndOr>,
}

/// Pipelines between `&&` and `||`.
#[derive(Clone, Debug)]
pub(crate) struct AndOr {
    /// Each with the operator in front of it; the first has none.
    pub(crate) pipelines: Vec<(Option<Junction>, Pipeline)>,
    /// Ends with `&`.
    pub(crate) background: bool,
}

/// `&&` or `||`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Junction {
    And,
    Or,
}

/// Commands between `|`.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    /// Begins with `!`.
    pub(crate) negated: bool,
    pub(crate) commands: Vec<Command>,
    /// The first `|&`.
    pub(crate) with_errors: Option<Range<usize>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Command {
    Simple(Simple),
    Compound(Compound),
    Function {
        name: Word,
        /// The whole definition.
        range: Range<usize>,
        /// Written with the word `function`.
        keyword: bool,
        body: Option<Box<Self>>,
    },
}

/// A command's name and its arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Simple {
    pub(crate) range: Range<usize>,
    /// `NAME=value` in front of the command, or alone.
    pub(crate) assignments: Vec<Word>,
    pub(crate) words: Vec<Word>,
    pub(crate) redirects: Vec<Redirect>,
}

/// `if`, `for`, `{ }` and the like.
#[derive(Clone, Debug)]
pub(crate) struct Compound {
    pub(crate) kind: CompoundKind,
    /// Its first word or sign.
    pub(crate) opening: Range<usize>,
    /// What decides: lists behind `if`, `elif`, `while` and `until`.
    pub(crate) conditions: Vec<List>,
    pub(crate) bodies: Vec<List>,
    /// The words of `for` and `case`.
    pub(crate) words: Vec<Word>,
    pub(crate) redirects: Vec<Redirect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompoundKind {
    Brace,
    Subshell,
    If,
    While,
    For,
    Case,
    /// `(( ))`
    Arithmetic,
}

/// `> file` and its kin.
#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) range: Range<usize>,
    /// `>`, `<<`, `&>`...
    pub(crate) operator: &'static str,
    /// The number in front of it.
    pub(crate) descriptor: Option<u8>,
    pub(crate) target: Word,
}

/// One word: what stands between blanks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Word {
    pub(crate) range: Range<usize>,
    /// Without quotes; expansions are as written.
    pub(crate) text: String,
    /// Quotes or backslashes are part of it.
    pub(crate) quoted: bool,
    /// `NAME=( ... )`
    pub(crate) array: bool,
    pub(crate) expansions: Vec<Expansion>,
}

/// A part of a word that the shell replaces.
#[derive(Clone, Debug)]
pub(crate) struct Expansion {
    pub(crate) range: Range<usize>,
    /// Between double quotes.
    pub(crate) quoted: bool,
    pub(crate) kind: ExpansionKind,
}

#[derive(Clone, Debug)]
pub(crate) enum ExpansionKind {
    /// `$name` or `${name...}`
    Variable {
        name: String,
        /// What stands behind the name, or before it, in the braces.
        modifier: Modifier,
    },
    /// `$( )` or backticks.
    Command(List),
    /// `<( )` or `>( )`
    Process(List),
    /// `$(( ))`
    Arithmetic,
    /// `$'...'`
    Ansi,
}

/// The rest of `${name...}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modifier {
    /// `#` for the length, `!` for indirection.
    pub(crate) prefix: Option<char>,
    pub(crate) rest: String,
}

impl Word {
    /// The text, if nothing in it is replaced.
    pub(crate) fn literal(&self) -> Option<&str> {
        self.expansions.is_empty().then_some(self.text.as_str())
    }

    /// The name before the `=` of an assignment.
    pub(crate) fn assigned(&self) -> Option<&str> {
        assigned_name(&self.text)
    }

    /// The names of the variables in it, also of those in commands in it.
    pub(crate) fn variables<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        for expansion in &self.expansions {
            match &expansion.kind {
                ExpansionKind::Variable { name, .. } => visit(name),
                ExpansionKind::Command(list) | ExpansionKind::Process(list) => {
                    super::walk(list, &mut |step| {
                        let simple = step.simple;
                        for word in simple.words.iter().chain(&simple.assignments) {
                            for expansion in &word.expansions {
                                if let ExpansionKind::Variable { name, .. } = &expansion.kind {
                                    visit(name);
                                }
                            }
                        }
                    });
                }
                ExpansionKind::Arithmetic | ExpansionKind::Ansi => {}
            }
        }
    }
}

impl Simple {
    /// The command's name, without its folder, if it is written out.
    pub(crate) fn name(&self) -> Option<&str> {
        let word = self.words.first()?.literal()?;
        // Every rule asks for the name of every command, and nearly all are short: not `rsplit`, which is ten times this.
        let folder = word.bytes().rposition(|byte| byte == b'/');
        Some(folder.map_or(word, |slash| &word[slash + 1..]))
    }

    /// The words behind the name.
    pub(crate) fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The first words, as far as they are written out, equal these.
    pub(crate) fn begins_with(&self, words: &[&str]) -> bool {
        self.words.len() >= words.len()
            && self.name() == words.first().copied()
            && self
                .words
                .iter()
                .zip(words)
                .skip(1)
                .all(|(word, wanted)| word.literal() == Some(wanted))
    }
}

/// `NAME` of a text `NAME=...`, `NAME+=...` or `NAME[...]=...`.
pub(crate) fn assigned_name(text: &str) -> Option<&str> {
    let end = text.bytes().position(|byte| !is_name_byte(byte))?;
    let (name, rest) = text.split_at(end);
    let rest = match rest.strip_prefix('[') {
        Some(index) => index.split_once(']')?.1,
        None => rest,
    };
    let assigns = rest.starts_with('=') || rest.starts_with("+=");
    (assigns && is_name(name)).then_some(name)
}

/// Can be a variable's name.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|letter: char| letter.is_ascii_digit())
        && text.bytes().all(is_name_byte)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
