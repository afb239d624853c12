//! `--format`.

use std::io::{self, Write};

use super::{Looked, Options};
use crate::diagnostic::{Checked, Counts, github, human, json, junit, sarif};

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Human,
    Json,
    Sarif,
    GitHub,
    JUnit,
}

/// A file's part of the answer, for people; nothing in formats that need all files at once.
pub(super) fn file(file: &Checked, options: &Options) -> String {
    match options.format {
        Format::Human => human::render(&file.source, &file.findings, options.styled, options.width),
        _ => String::new(),
    }
}

/// Writes everything that was found; `mended` findings are gone already.
pub(super) fn write(
    looked: Vec<Looked>,
    mended: usize,
    options: &Options,
    output: &mut dyn Write,
) -> io::Result<()> {
    if options.format == Format::Human {
        for file in &looked {
            output.write_all(file.shown.as_bytes())?;
        }
        return output.write_all(summary(&looked, mended).as_bytes());
    }
    let files: Vec<Checked> = looked.into_iter().map(|file| file.checked).collect();
    output.write_all(render(&files, options).as_bytes())
}

/// All files at once, as formats for programs want them.
fn render(files: &[Checked], options: &Options) -> String {
    match options.format {
        Format::Human => String::new(),
        Format::Json => json::render(files),
        Format::Sarif => {
            let rules: Vec<_> = options
                .selection
                .rules()
                .iter()
                .filter(|rule| options.selection.has(rule.id))
                .copied()
                .collect();
            sarif::render(files, &rules)
        }
        Format::GitHub => github::render(files),
        Format::JUnit => junit::render(files, options.fail_on),
    }
}

/// `checked 2 files: 1 error, 0 warnings`.
fn summary(files: &[Looked], mended: usize) -> String {
    let buildspecs = || files.iter().map(|file| file.checked.buildspecs);
    let mut text = if buildspecs().all(|number| number == 1) {
        format!("checked {}", plural(files.len(), "file"))
    } else {
        let files = plural(files.len(), "file");
        format!(
            "checked {} in {files}",
            plural(buildspecs().sum(), "buildspec")
        )
    };
    let counts: Counts = files.iter().map(|file| file.counts).sum();
    if counts == Counts::default() {
        text.push_str(": nothing found");
    } else {
        let errors = plural(counts.errors, "error");
        text.push_str(&format!(
            ": {errors}, {}",
            plural(counts.warnings, "warning")
        ));
        if counts.notes > 0 {
            text.push_str(&format!(", {}", plural(counts.notes, "note")));
        }
    }
    if mended > 0 {
        text.push_str(&format!("; {mended} mended"));
    } else if counts.mendable > 0 {
        text.push_str(&format!(" (`--fix` can mend {})", counts.mendable));
    }
    text.push('\n');
    text
}

fn plural(number: usize, word: &str) -> String {
    match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    }
}
