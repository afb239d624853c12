//! A small reader of shell text: enough to know commands from arguments, quotes, comments and here-documents.
//!
//! It reads both `sh` and `bash`, never fails, and says when it could not make sense of all of it.

mod ast;
mod parser;
#[cfg(test)]
mod tests;
mod word;

pub(crate) use ast::*;
pub(crate) use parser::parse;

/// A command's text, taken apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) list: List,
    /// Everything was understood.
    pub(crate) complete: bool,
}

/// A simple command on the way through a list, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) simple: &'a Simple,
    pub(crate) pipeline: &'a Pipeline,
    /// Its place in the pipeline.
    pub(crate) index: usize,
    pub(crate) inside: Inside,
}

impl Step<'_> {
    /// Its output goes to the next command.
    pub(crate) fn is_piped(&self) -> bool {
        self.index + 1 < self.pipeline.commands.len()
    }
}

/// What stands around a command.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub(crate) struct Inside {
    /// `$( )`, backticks, `<( )`.
    pub(crate) substitution: bool,
    /// `( )` or a part of a pipeline: a shell of its own.
    pub(crate) subshell: bool,
    /// The body of a function.
    pub(crate) function: bool,
    /// What `if`, `while` and `until` look at.
    pub(crate) condition: bool,
    /// The output goes into a file or another command.
    pub(crate) captured: bool,
}

/// A command of any kind on the way through a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Visit<'a> {
    Simple(Step<'a>),
    Compound(&'a Compound),
    /// A function's name, its definition, and whether it is written with the word `function`.
    Function(&'a Word, &'a std::ops::Range<usize>, bool),
    /// Any word, after the command that it is part of.
    Word(&'a Word),
}

/// Visits every simple command in the order of the text, those in substitutions after the command they are part of.
pub(crate) fn walk<'a>(list: &'a List, visit: &mut dyn FnMut(Step<'a>)) {
    walk_all(list, &mut |found| {
        if let Visit::Simple(step) = found {
            visit(step);
        }
    });
}

/// Visits everything, in the order of the text.
pub(crate) fn walk_all<'a>(list: &'a List, visit: &mut dyn FnMut(Visit<'a>)) {
    walk_list(list, Inside::default(), visit);
}

fn walk_list<'a>(list: &'a List, inside: Inside, visit: &mut dyn FnMut(Visit<'a>)) {
    for and_or in &list.items {
        for (_, pipeline) in &and_or.pipelines {
            let end = pipeline.commands.len().saturating_sub(1);
            for (index, command) in pipeline.commands.iter().enumerate() {
                let inside = Inside {
                    subshell: inside.subshell || end > 0,
                    captured: inside.captured || index < end,
                    ..inside
                };
                walk_command(command, (pipeline, index), inside, visit);
            }
        }
    }
}

fn walk_command<'a>(
    command: &'a Command,
    (pipeline, index): (&'a Pipeline, usize),
    inside: Inside,
    visit: &mut dyn FnMut(Visit<'a>),
) {
    match command {
        Command::Simple(simple) => {
            visit(Visit::Simple(Step {
                simple,
                pipeline,
                index,
                inside,
            }));
            let targets = simple.redirects.iter().map(|redirect| &redirect.target);
            let words = simple.assignments.iter().chain(&simple.words);
            walk_words(words.chain(targets), inside, visit);
        }
        Command::Compound(compound) => {
            visit(Visit::Compound(compound));
            let condition = Inside {
                condition: true,
                ..inside
            };
            walk_words(compound.words.iter(), inside, visit);
            for list in &compound.conditions {
                walk_list(list, condition, visit);
            }
            let writes = compound.redirects.iter().any(Redirect::takes_output);
            let body = Inside {
                subshell: inside.subshell || compound.kind == CompoundKind::Subshell,
                captured: inside.captured || writes,
                ..inside
            };
            for list in &compound.bodies {
                walk_list(list, body, visit);
            }
            let targets = compound.redirects.iter().map(|redirect| &redirect.target);
            walk_words(targets, inside, visit);
        }
        Command::Function {
            name,
            range,
            keyword,
            body,
        } => {
            visit(Visit::Function(name, range, *keyword));
            let inside = Inside {
                function: true,
                ..inside
            };
            if let Some(body) = body {
                walk_command(body, (pipeline, index), inside, visit);
            }
        }
    }
}

fn walk_words<'a>(
    words: impl Iterator<Item = &'a Word>,
    inside: Inside,
    visit: &mut dyn FnMut(Visit<'a>),
) {
    let inside = Inside {
        substitution: true,
        subshell: true,
        captured: true,
        ..inside
    };
    for word in words {
        visit(Visit::Word(word));
        for expansion in &word.expansions {
            if let ExpansionKind::Command(list) | ExpansionKind::Process(list) = &expansion.kind {
                walk_list(list, inside, visit);
            }
        }
    }
}

impl Redirect {
    /// Takes what the command writes to its standard output.
    pub(crate) fn takes_output(&self) -> bool {
        match self.operator {
            ">" | ">>" | ">|" => self.descriptor.is_none_or(|number| number == 1),
            ">&" => {
                self.descriptor.is_none_or(|number| number == 1)
                    && self.target.text != "2"
                    && self.target.text != "1"
            }
            "&>" | "&>>" => true,
            _ => false,
        }
    }
}
