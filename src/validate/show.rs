//! `--format`.

use super::Options;
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

/// Everything that was found; `mended` findings are gone already. `shown` has the part of each file.
pub(super) fn render(
    files: &[Checked],
    shown: &[String],
    mended: usize,
    options: &Options,
) -> String {
    match options.format {
        Format::Human => shown.concat() + &summary(files, mended),
        Format::Json => json::render(files),
        Format::Sarif => {
            let rules: Vec<_> = options
                .selection
                .rules()
                .iter()
                .filter(|rule| options.selection.has(rule.id))
                .cloned()
                .collect();
            sarif::render(files, &rules)
        }
        Format::GitHub => github::render(files),
        Format::JUnit => junit::render(files, options.fail_on),
    }
}

/// `checked 2 files: 1 error, 0 warnings`.
fn summary(files: &[Checked], mended: usize) -> String {
    let buildspecs: usize = files.iter().map(|file| file.buildspecs).sum();
    let mut text = if files.iter().all(|file| file.buildspecs == 1) {
        format!("checked {}", plural(files.len(), "file"))
    } else {
        let files = plural(files.len(), "file");
        format!("checked {} in {files}", plural(buildspecs, "buildspec"))
    };
    let counts = Counts::of(files);
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
    let mendable = files
        .iter()
        .flat_map(|file| &file.findings)
        .filter(|finding| !finding.edits.is_empty())
        .count();
    if mended > 0 {
        text.push_str(&format!("; {mended} mended"));
    } else if mendable > 0 {
        text.push_str(&format!(" (`--fix` can mend {mendable})"));
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
