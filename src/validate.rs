//! `buildspec validate`: checks buildspecs without running anything.

pub mod catalogue;
mod fix;
mod inline;
mod recover;
pub mod selection;
mod show;
mod side_by_side;
mod suppress;

use std::cell::Cell;
use std::io::{Read, Write};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::buildspec::{self, Reading};
use crate::diagnostic::{Checked, Counts, Finding, Severity};
use crate::error::{Error, Result};
use crate::lint;
use crate::places::files::{self, Input};
use crate::places::{self, Contents, Gathered};
use crate::shellcheck::{Answer, Shellcheck};
use crate::source::{Source, Span};
use selection::Selection;
use side_by_side::side_by_side;

pub use show::Format;

/// The rule that ShellCheck's findings belong to.
const SHELLCHECK: &str = "shellcheck";

/// The rule of the note that findings are left out.
const MORE: &str = "more-findings";

/// In larger files nobody looks for buildspecs, in bytes.
const LARGEST: usize = 4 << 20;
/// Nobody reads more of one file.
const MOST_FINDINGS: usize = 1000;

/// What `--fix` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fix {
    /// Nothing is changed.
    #[default]
    No,
    /// Files are changed.
    Write,
    /// What would be changed is shown as a diff.
    Show,
}

/// How findings are looked for and shown.
#[derive(Clone, Debug)]
pub struct Options {
    pub format: Format,
    /// With colours.
    pub styled: bool,
    /// The terminal's width.
    pub width: usize,
    /// From which severity on a finding makes the check fail; `None` for never.
    pub fail_on: Option<Severity>,
    pub selection: Selection,
    pub lint: lint::Options,
    pub shellcheck: Shellcheck,
    pub fix: Fix,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No finding that counts.
    Clean,
    /// A finding at or above `--fail-on`.
    Errors,
}

impl Status {
    /// The exit code that says so.
    pub const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Errors => 3,
        }
    }
}

/// Checks all that is named and writes what was found. Without names, the current folder is checked.
///
/// What `output` does not take is lost: the status is that of what was found.
pub fn validate(
    named: &[PathBuf],
    stdin: &mut dyn Read,
    options: &Options,
    output: &mut dyn Write,
) -> Result<Status> {
    options.shellcheck.probe()?;
    let inputs = files::named(named);
    let piped = if inputs.contains(&Input::Stdin) {
        read_all(stdin)?
    } else {
        Vec::new()
    };
    let (results, mut troubles) = look_at_all(inputs, &Arc::new(piped), options);
    let mut looked = Vec::new();
    let mut fixes = 0;
    let mut diff = String::new();
    for (input, result) in results {
        let mended = result.and_then(|mut file| {
            let mended = match options.fix {
                Fix::No => Ok(0),
                Fix::Write | Fix::Show => mend(&input, &mut file, options, &mut diff),
            };
            looked.push(file);
            mended
        });
        match mended {
            Ok(count) => fixes += count,
            Err(error) => troubles.push(error),
        }
    }
    let counts = looked.iter().map(|file| file.counts).sum();
    let written = match options.fix {
        Fix::Show => output.write_all(diff.as_bytes()),
        _ if looked.is_empty() && !troubles.is_empty() => Ok(()),
        _ => show::write(looked, fixes, options, output),
    };
    written.ok();
    if let Some(trouble) = all_in_one(troubles) {
        return Err(trouble);
    }
    Ok(status(counts, options.fail_on))
}

/// What could not be done, as one error: the first, and the others in its hints.
fn all_in_one(troubles: Vec<Error>) -> Option<Error> {
    let mut troubles = troubles.into_iter();
    let mut first = troubles.next()?;
    let others = troubles.map(|error| match std::error::Error::source(&error) {
        Some(cause) => format!("also: {error}: {cause}"),
        None => format!("also: {error}"),
    });
    first.hints.extend(others);
    Some(first)
}

/// A file that was checked.
struct Looked {
    checked: Checked,
    counts: Counts,
    /// What people are shown of it, where the format is theirs.
    shown: String,
}

impl Looked {
    fn new(mut checked: Checked, options: &Options) -> Self {
        let counts = Counts::of(&checked.findings);
        let shown = show::file(&checked, options);
        if options.format == Format::Human && options.fix == Fix::No {
            // What is still wanted are the numbers, and the next file can take the memory.
            checked.source = Source::new("", "");
            checked.findings = Vec::new();
        }
        Self {
            checked,
            counts,
            shown,
        }
    }
}

/// Each file that is named or lies in a folder that is, and what was found in it; what can't be looked into is told beside it.
fn look_at_all(
    inputs: Vec<Input>,
    piped: &Arc<Vec<u8>>,
    options: &Options,
) -> (Vec<(Input, Result<Looked>)>, Vec<Error>) {
    let inputs: Arc<[Input]> = inputs.into();
    let (text, settings) = (Arc::clone(piped), options.clone());
    let results = side_by_side(&inputs, move |input| look_at(input, &text, &settings));
    let mut all = Vec::new();
    let mut troubles = Vec::new();
    for (input, result) in inputs.iter().cloned().zip(results) {
        if let Some(result) = result.transpose() {
            all.push((input, result));
        } else if let Input::Path(folder) = input {
            let (found, missed) = files::inside(&folder);
            let (results, more) = look_at_all(found, piped, options);
            all.extend(results);
            troubles.extend(missed.into_iter().chain(more));
        }
    }
    (all, troubles)
}

/// `None` for a folder.
fn look_at(input: &Input, piped: &[u8], options: &Options) -> Result<Option<Looked>> {
    let checked = match input {
        Input::Stdin => check_bytes("<stdin>", piped.to_vec(), options),
        Input::Path(path) => {
            let Some(bytes) = load(path)? else {
                return Ok(None);
            };
            check_bytes(&path.display().to_string(), bytes, options)
        }
    };
    Ok(Some(Looked::new(checked, options)))
}

/// Mends a file, or adds to the diff what would mend it; says how many mendings there are.
fn mend(input: &Input, file: &mut Looked, options: &Options, diff: &mut String) -> Result<usize> {
    // Among those that were left out some may be mendable.
    let is_cut = file.checked.findings.iter().any(|found| found.rule == MORE);
    if file.counts.mendable == 0 && !is_cut {
        return Ok(0);
    }
    let before = &file.checked;
    // Every rule has a say in whether a mending does harm.
    let all = Options {
        shellcheck: Shellcheck::Never,
        selection: options.selection.all(),
        ..options.clone()
    };
    let check = |source| check_all(source, &all);
    let wanted = |finding: &Finding| options.selection.shows(finding);
    let mended = fix::mend(check(before.source.clone()), wanted, check);
    let (source, after) = (&before.source, mended.checked.source);
    if options.fix == Fix::Show {
        diff.push_str(&fix::diff(source.name(), source.text(), after.text()));
        return Ok(0);
    }
    if mended.fixes > 0 {
        store(input, after.text())?;
    }
    let shown = Options {
        fix: Fix::No,
        ..options.clone()
    };
    *file = Looked::new(check_text(after, &shown), &shown);
    Ok(mended.fixes)
}

fn check_bytes(name: &str, bytes: Vec<u8>, options: &Options) -> Checked {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return check_text(Source::new(name, text), options),
        Err(error) => error.into_bytes(),
    };
    let (source, Reading { mut findings, .. }) = buildspec::read_bytes(name, &bytes);
    findings.retain(|finding| options.selection.shows(finding));
    for finding in findings
        .iter_mut()
        .filter(|finding| !finding.edits.is_empty())
    {
        // The text is not what the file holds: written back it would lose bytes.
        finding.edits.clear();
        finding
            .help
            .push("`--fix` leaves this file alone: it is not UTF-8".to_owned());
    }
    Checked {
        source,
        findings,
        buildspecs: 1,
    }
}

fn check_text(source: Source, options: &Options) -> Checked {
    let mut checked = check_all(source, options);
    checked.findings = the_worst(checked.findings);
    checked
}

/// However many findings there are.
fn check_all(source: Source, options: &Options) -> Checked {
    let contents = if source.text().len() > LARGEST {
        Contents::Buildspec
    } else {
        places::look(&source)
    };
    let (mut findings, buildspecs) = match contents {
        Contents::Buildspec => (check_buildspec(&source, options), 1),
        Contents::Around(gathered) => {
            let count = gathered.inlines.len();
            (check_inlines(&source, gathered, options), count)
        }
    };
    findings.retain(|finding| options.selection.shows(finding));
    Checked {
        source,
        findings,
        buildspecs,
    }
}

/// At most [`MOST_FINDINGS`] of them, errors first; how many are left out is said.
fn the_worst(mut findings: Vec<Finding>) -> Vec<Finding> {
    let Some(more @ 1..) = findings.len().checked_sub(MOST_FINDINGS) else {
        return findings;
    };
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings.truncate(MOST_FINDINGS);
    findings.sort_by_key(|finding| finding.primary.span.start);
    findings.insert(
        0,
        Finding::new(
            MORE,
            Severity::Note,
            format!("{more} more findings are not shown"),
            Span::new(0, 0),
        ),
    );
    findings
}

/// All that is found in the text of one buildspec with every rule, but without ShellCheck.
pub fn findings(source: &Source, image: Option<String>) -> Vec<Finding> {
    let lint = lint::Options { image };
    let read = |source: &Source| lint::all(source, &buildspec::read(source), &lint);
    let findings = recover::check(source, read);
    let Ok(selection) = Selection::new(&[], &[], catalogue::rules()) else {
        return findings;
    };
    let looked_for = |rule: &str| rule != SHELLCHECK && lint::looks_for(rule, &lint);
    the_worst(suppress::apply(source, findings, &selection, looked_for))
}

/// All that is found in the text of one buildspec.
fn check_buildspec(source: &Source, options: &Options) -> Vec<Finding> {
    let has_shellcheck = Cell::new(false);
    let mut findings = recover::check(source, |source| read(source, options, &has_shellcheck));
    if options.fix == Fix::No {
        fix::keep(source, &mut findings, |source| {
            let read = |source: &Source| lint::all(source, &buildspec::read(source), &options.lint);
            recover::check(source, read)
        });
    }
    let looked_for = |rule: &str| match rule {
        SHELLCHECK => has_shellcheck.get(),
        rule => lint::looks_for(rule, &options.lint),
    };
    suppress::apply(source, findings, &options.selection, looked_for)
}

/// What the reader, the rules and ShellCheck find, and whether ShellCheck looked.
fn read(source: &Source, options: &Options, has_shellcheck: &Cell<bool>) -> Vec<Finding> {
    let reading = buildspec::read(source);
    let mut findings = lint::all(source, &reading, &options.lint);
    if options.shellcheck == Shellcheck::Never || !options.selection.has(SHELLCHECK) {
        return findings;
    }
    let scripts = lint::shellcheck::scripts(source, &reading, &options.lint);
    match options.shellcheck.look(&scripts) {
        Answer::Nothing => return findings,
        Answer::Comments(comments) => {
            has_shellcheck.set(true);
            let lint = &options.lint;
            findings.extend(lint::shellcheck::findings(
                source, &reading, lint, &comments,
            ));
        }
        Answer::Trouble(why) => findings.push(Finding::new(
            SHELLCHECK,
            Severity::Note,
            format!("ShellCheck did not look at the commands: {why}"),
            Span::new(0, 0),
        )),
    }
    findings.sort_by_key(|finding| finding.primary.span.start);
    findings
}

fn check_inlines(source: &Source, gathered: Gathered, options: &Options) -> Vec<Finding> {
    let mut findings = gathered.findings;
    for inline in &gathered.inlines {
        let inner = Source::new(source.name(), inline.text.text());
        let found = check_buildspec(&inner, options);
        findings.extend(
            found
                .iter()
                .filter_map(|finding| inline::outer(finding, inline)),
        );
    }
    findings.sort_by_key(|finding| finding.primary.span.start);
    findings
}

fn status(counts: Counts, fail_on: Option<Severity>) -> Status {
    let failed = match fail_on {
        Some(Severity::Error) => counts.errors,
        Some(Severity::Warning) => counts.errors + counts.warnings,
        Some(Severity::Note) => counts.errors + counts.warnings + counts.notes,
        None => 0,
    };
    if failed == 0 {
        Status::Clean
    } else {
        Status::Errors
    }
}

/// What a file or a pipe holds; `None` for a folder.
fn load(path: &Path) -> Result<Option<Vec<u8>>> {
    let trouble = |error: std::io::Error| {
        let told = Error::environment(format!("could not read `{}`", path.display()));
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => told,
            _ => told.hint("name the buildspec: `buildspec validate FILE`"),
        }
        .because(error)
    };
    // Looked at before it is opened: opening a device can do something.
    let metadata = path.metadata().map_err(trouble)?;
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Ok(None);
    }
    if !kind.is_file() && !kind.is_fifo() {
        return Err(trouble(std::io::Error::other("it is no file and no pipe")));
    }
    let file = std::fs::File::open(path).map_err(trouble)?;
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    read_some(file, size).map(Some).map_err(trouble)
}

/// As much as anything is looked for in, and a byte more; there are probably `size` bytes.
fn read_some(from: impl Read, size: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size.min(LARGEST) + 1);
    from.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_all(stdin: &mut dyn Read) -> Result<Vec<u8>> {
    read_some(stdin, 0)
        .map_err(|error| Error::environment("could not read the standard input").because(error))
}

/// The file keeps its permissions and, when it is a link, stays one.
fn store(input: &Input, text: &str) -> Result<()> {
    let Input::Path(path) = input else {
        return Err(Error::usage("--fix can't change the standard input")
            .hint("`--fix --dry-run` shows what it would change"));
    };
    write(path, text)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| {
        Error::environment(format!("could not write `{}`", path.display())).because(error)
    })
}

#[cfg(test)]
mod kept;
#[cfg(test)]
mod tests;
