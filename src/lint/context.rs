//! What every rule looks at: the buildspec, and its commands taken apart.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Range;

use super::Options;
use super::shell::{self, CompoundKind, Script, Simple, Step, Visit, Word};
use crate::buildspec::model::{Buildspec, Command, Phase, Shell, Text, Variable};
use crate::source::{Source, Span};
use crate::yaml::place::Places;

/// So many commands are read as shell text, which takes memory; no person writes more.
const MOST_SCRIPTS: usize = 20_000;

/// One file, ready to be looked at.
pub(super) struct Context<'a> {
    pub(super) source: &'a Source,
    pub(super) buildspec: &'a Buildspec,
    pub(super) options: &'a Options,
    /// All commands, in the order in which they run.
    pub(super) items: Vec<Item<'a>>,
    pub(super) dialect: Dialect,
    own_variables: OnceCell<BTreeSet<&'a str>>,
}

/// The shell that reads the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `/bin/sh`, whatever that is in the image.
    Sh,
    Bash,
    /// PowerShell or cmd.exe.
    Windows,
}

/// One command of the buildspec.
pub(super) struct Item<'a> {
    pub(super) phase: &'static str,
    /// Stands in `finally`.
    pub(super) is_final: bool,
    pub(super) text: &'a str,
    pub(super) span: Span,
    pub(super) script: &'a Script,
    /// Everything in the script, in the order of the text: each rule goes through it, and few find something.
    visits: Vec<Visit<'a>>,
    places: OnceCell<Places>,
}

impl<'a> Item<'a> {
    /// Visits everything, as [`shell::walk_all`] does.
    pub(super) fn each(&self, visit: impl FnMut(Visit<'a>)) {
        self.visits.iter().copied().for_each(visit);
    }

    /// Visits every simple command, as [`shell::walk`] does.
    pub(super) fn each_simple(&self, mut visit: impl FnMut(Step<'a>)) {
        self.each(|found| {
            if let Visit::Simple(step) = found {
                visit(step);
            }
        });
    }
}

/// The commands of a buildspec, taken apart, in the order in which they run, and the shell that reads them.
pub(super) struct Parsed {
    dialect: Dialect,
    scripts: Vec<Script>,
}

impl Parsed {
    pub(super) fn of(buildspec: &Buildspec) -> Self {
        let dialect = dialect(buildspec);
        let script = |(number, (.., command)): (usize, (_, _, &Command))| match dialect {
            Dialect::Sh | Dialect::Bash if number < MOST_SCRIPTS => shell::parse(&command.value),
            _ => Script::default(),
        };
        let scripts = commands(buildspec).enumerate().map(script).collect();
        Self { dialect, scripts }
    }
}

/// All commands with their phase and whether they stand in its `finally`, in the order in which they run.
fn commands(buildspec: &Buildspec) -> impl Iterator<Item = (&'static str, bool, &Command)> {
    phases(buildspec).flat_map(|(phase, content)| {
        let commands = content
            .commands
            .iter()
            .map(move |command| (phase, false, command));
        let finally = content
            .finally
            .iter()
            .map(move |command| (phase, true, command));
        commands.chain(finally)
    })
}

impl<'a> Context<'a> {
    /// `scripts` are those of the buildspec.
    pub(super) fn new(
        source: &'a Source,
        buildspec: &'a Buildspec,
        scripts: &'a Parsed,
        options: &'a Options,
    ) -> Self {
        let item = |((phase, is_final, command), script): ((_, _, &'a Command), &'a Script)| {
            let mut visits = Vec::new();
            shell::walk_all(&script.list, &mut |visit| visits.push(visit));
            Item {
                phase,
                is_final,
                text: &command.value,
                span: command.span,
                script,
                visits,
                places: OnceCell::new(),
            }
        };
        Self {
            source,
            buildspec,
            options,
            items: commands(buildspec)
                .zip(&scripts.scripts)
                .map(item)
                .collect(),
            dialect: scripts.dialect,
            own_variables: OnceCell::new(),
        }
    }

    /// Commands are read by a shell of the Unix family.
    pub(super) fn is_unix(&self) -> bool {
        self.dialect != Dialect::Windows
    }

    /// Where a part of a command's text stands.
    pub(super) fn place(&self, item: &Item<'_>, range: Range<usize>) -> Span {
        item.places
            .get_or_init(|| Places::new(self.source.text(), item.span, item.text))
            .span(range)
    }

    /// Where a part of another text stands.
    pub(super) fn place_in(&self, text: &Text, range: Range<usize>) -> Span {
        Places::new(self.source.text(), text.span, &text.value).span(range)
    }

    /// Every simple command of every item.
    pub(super) fn each_simple(&self, mut visit: impl FnMut(&Item<'a>, Step<'a>)) {
        for item in &self.items {
            item.each_simple(|step| visit(item, step));
        }
    }

    /// Variables of `env.variables`, and those of the tasks of a batch.
    pub(super) fn plain_variables(&self) -> Vec<&'a Variable> {
        let mut variables: Vec<&Variable> = self.buildspec.env.variables.iter().collect();
        variables.extend(self.batch_variables());
        variables
    }

    /// The names of the variables that the buildspec itself sets.
    pub(super) fn own_variables(&self) -> &BTreeSet<&'a str> {
        self.own_variables.get_or_init(|| self.find_own_variables())
    }

    fn find_own_variables(&self) -> BTreeSet<&'a str> {
        let from_store = self.buildspec.env.parameter_store.iter();
        let mut own: BTreeSet<&str> = self
            .plain_variables()
            .into_iter()
            .map(|variable| variable.name.value.as_str())
            .chain(from_store.map(|variable| variable.name.value.as_str()))
            .collect();
        for item in &self.items {
            item.each(|visit| match visit {
                Visit::Simple(step) => {
                    let simple = step.simple;
                    let words = simple.assignments.iter().chain(simple.arguments());
                    own.extend(words.filter_map(Word::assigned));
                    if simple.name() == Some("read") {
                        own.extend(simple.arguments().iter().filter_map(Word::literal));
                    }
                }
                Visit::Compound(compound) if compound.kind == CompoundKind::For => {
                    own.extend(compound.words.first().and_then(Word::literal));
                }
                _ => {}
            });
        }
        own
    }

    fn batch_variables(&self) -> Vec<&'a Variable> {
        use crate::buildspec::model::BatchKind;
        match self
            .buildspec
            .batch
            .as_ref()
            .and_then(|batch| batch.kind.as_ref())
        {
            Some(BatchKind::Graph(tasks) | BatchKind::List(tasks)) => {
                tasks.iter().flat_map(|task| &task.env.variables).collect()
            }
            Some(BatchKind::Matrix(_) | BatchKind::Fanout { .. }) | None => Vec::new(),
        }
    }
}

/// The phases that the file names, in the order in which they run.
pub(super) fn phases(buildspec: &Buildspec) -> impl Iterator<Item = (&'static str, &Phase)> {
    let phases = &buildspec.phases;
    [
        ("install", &phases.install),
        ("pre_build", &phases.pre_build),
        ("build", &phases.build),
        ("post_build", &phases.post_build),
    ]
    .into_iter()
    .filter_map(|(name, phase)| Some((name, phase.as_ref()?)))
}

fn dialect(buildspec: &Buildspec) -> Dialect {
    match buildspec.env.shell.as_ref().map(|shell| shell.value) {
        Some(Shell::Bash) => Dialect::Bash,
        Some(Shell::PowerShell | Shell::Cmd) => Dialect::Windows,
        Some(Shell::Sh) => Dialect::Sh,
        None => {
            let windows = phases(buildspec)
                .flat_map(|(_, phase)| phase.commands.iter().chain(&phase.finally))
                .any(is_windows);
            if windows {
                Dialect::Windows
            } else {
                Dialect::Sh
            }
        }
    }
}

/// A command that only Windows understands; a buildspec for Windows need not name its shell.
fn is_windows(command: &Command) -> bool {
    const STARTS: &[&str] = &[
        "powershell",
        "pwsh",
        "choco ",
        "msbuild",
        "nuget ",
        "set-",
        "get-",
        "new-",
        "write-",
        "invoke-",
        "remove-",
        "copy-",
        "start-",
        "import-",
        "add-",
        "expand-",
        "compress-",
        "move-",
        "test-path",
        "& ",
        ".\\",
        "c:\\",
        "cmd /c",
        "cmd.exe",
        "msiexec",
        "robocopy ",
        "xcopy ",
        "vcpkg ",
        "dir ",
        "del ",
        "%",
        "if (",
        "foreach (",
        "try {",
        "$env:",
    ];
    let text = command.value.trim_start();
    let begins = |text: &str, start: &str| {
        let head = text.get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    let environment = || {
        text.match_indices('$')
            .any(|(at, _)| begins(&text[at..], "$env:"))
    };
    let assigns = || {
        // `$name = value` is nothing in a shell of the Unix family.
        text.strip_prefix('$').is_some_and(|rest| {
            let end = rest
                .find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
            end.is_some_and(|end| end > 0 && rest[end..].trim_start().starts_with("= "))
        })
    };
    let first = text.bytes().next().map(|byte| byte.to_ascii_lowercase());
    let mut starts = STARTS.iter();
    starts.any(|start| start.bytes().next() == first && begins(text, start))
        || environment()
        || assigns()
        || has_backslashes(text)
}

/// A path of Windows among the first words: `cd app\src`, `python tools\run.py`.
fn has_backslashes(text: &str) -> bool {
    const PROGRAMS: &[&str] = &[".bat", ".cmd", ".exe", ".ps1", ".py"];
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let path = |word: &str| word.contains('\\') && !word.contains(['"', '\'', '$']);
    let program = |word: &str| {
        PROGRAMS
            .iter()
            .any(|ending| word.to_ascii_lowercase().ends_with(ending))
    };
    let second = second.trim_end_matches(';');
    path(first) && program(first)
        || path(second) && (program(second) || first == "cd" && !text.contains("\\ "))
}

/// A simple command in short, as it is named in a sentence: its name and its first plain argument.
pub(super) fn short(simple: &Simple) -> String {
    let mut words = simple.words.iter();
    let name = words.next().map_or("", |word| match word.text.as_str() {
        text if text.starts_with("$(") => "$( )",
        text => text,
    });
    let mut text: String = name.chars().take(40).collect();
    let sub = words.next().filter(|word| {
        word.literal().is_some_and(|text| {
            !text.is_empty()
                && text.len() <= 24
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        })
    });
    if let Some(sub) = sub.filter(|word| !word.text.starts_with('-')) {
        text.push(' ');
        text.push_str(&sub.text);
    }
    text
}
