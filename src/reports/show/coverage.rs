//! Coverage for people: a bar per directory, and the files that need tests most.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use super::look::{Look, grouped, one_line};
use crate::reports::model::{CodeCoverage, CodeCoverageSummary};

/// Columns of a bar.
const BAR: usize = 20;
/// Directories that get a bar.
const DIRECTORIES: usize = 20;
/// Files that are named.
const WORST: usize = 5;

/// Lines covered, and all lines.
#[derive(Clone, Copy, Default)]
struct Lines {
    covered: u64,
    total: u64,
}

impl Lines {
    fn of(counts: &CodeCoverageSummary) -> Self {
        Self {
            covered: counts.lines_covered,
            total: counts.lines_covered.saturating_add(counts.lines_missed),
        }
    }

    fn missed(self) -> u64 {
        self.total - self.covered
    }
}

/// Totals, directories, worst files.
pub(super) fn coverage(
    summary: &CodeCoverageSummary,
    files: &[CodeCoverage],
    look: Look,
    text: &mut String,
) {
    for (what, percentage, covered, missed) in [
        (
            "lines",
            summary.line_coverage_percentage,
            summary.lines_covered,
            summary.lines_missed,
        ),
        (
            "branches",
            summary.branch_coverage_percentage,
            summary.branches_covered,
            summary.branches_missed,
        ),
    ] {
        let Some(percentage) = percentage else {
            continue;
        };
        text.push_str(&format!(
            "  {what:<9} {percentage:>5.1} %  {} of {}\n",
            grouped(covered),
            grouped(covered.saturating_add(missed))
        ));
    }
    let base = common_directory(files);
    directories(files, base, look, text);
    worst(files, base, look, text);
}

fn directories(files: &[CodeCoverage], base: &str, look: Look, text: &mut String) {
    let mut directories: BTreeMap<&str, Lines> = BTreeMap::new();
    for file in files {
        let path = file.file_path.strip_prefix(base).unwrap_or(&file.file_path);
        let directory = path
            .rsplit_once('/')
            .map_or(".", |(directory, _)| directory);
        let lines = directories.entry(directory).or_default();
        let more = Lines::of(&file.counts);
        lines.covered = lines.covered.saturating_add(more.covered);
        lines.total = lines.total.saturating_add(more.total);
    }
    directories.retain(|_, lines| lines.total > 0);
    let mut shown: Vec<(&str, Lines)> = directories.into_iter().collect();
    let more = shown.len().saturating_sub(DIRECTORIES);
    if more > 0 {
        shown.sort_by_key(|(_, lines)| std::cmp::Reverse(lines.missed()));
        shown.truncate(DIRECTORIES);
        shown.sort_by_key(|(name, _)| *name);
    }
    let shown: Vec<(String, Lines)> = shown
        .into_iter()
        .map(|(name, lines)| (look.fit(&one_line(name), look.behind(60)), lines))
        .collect();
    let widest = shown
        .iter()
        .map(|(name, _)| name.width())
        .max()
        .unwrap_or(0);
    for (name, lines) in shown {
        let gap = widest - name.width();
        text.push_str(&format!(
            "  {name}{:gap$}  {}  {:>5.1} %  {} of {}\n",
            "",
            bar(lines, look),
            percentage(lines),
            grouped(lines.covered),
            grouped(lines.total)
        ));
    }
    if more > 0 {
        text.push_str(&format!("  and {more} directories more\n"));
    }
}

fn worst(files: &[CodeCoverage], base: &str, look: Look, text: &mut String) {
    let mut files: Vec<(&CodeCoverage, Lines)> = files
        .iter()
        .map(|file| (file, Lines::of(&file.counts)))
        .filter(|(_, lines)| lines.missed() > 0)
        .collect();
    files.sort_by(|(left, left_lines), (right, right_lines)| {
        percentage(*left_lines)
            .total_cmp(&percentage(*right_lines))
            .then(right_lines.missed().cmp(&left_lines.missed()))
            .then(left.file_path.cmp(&right.file_path))
    });
    if files.is_empty() {
        return;
    }
    text.push_str(&format!(
        "  {}\n",
        look.paint(Style::new().dimmed(), "worst files")
    ));
    for (file, lines) in files.into_iter().take(WORST) {
        let counts = format!("{} of {}", grouped(lines.covered), grouped(lines.total));
        let path = file.file_path.strip_prefix(base).unwrap_or(&file.file_path);
        let path = look.fit(&one_line(path), look.behind(14 + counts.len().max(12)));
        text.push_str(&format!(
            "    {:>5.1} %  {counts:>12}  {path}\n",
            percentage(lines)
        ));
    }
}

/// A full bar is for full coverage alone, an empty one for none.
fn bar(lines: Lines, look: Look) -> String {
    let share = u128::from(lines.covered) * BAR as u128 / u128::from(lines.total.max(1));
    let filled = usize::try_from(share).unwrap_or(0);
    let filled = filled.max(usize::from(lines.covered > 0));
    let empty = BAR.saturating_sub(filled);
    let color = match percentage(lines) {
        0.0..50.0 => AnsiColor::Red,
        50.0..80.0 => AnsiColor::Yellow,
        _ => AnsiColor::Green,
    };
    format!(
        "{}{}",
        look.paint(
            color.on_default(),
            &look.symbol("\u{2588}", "#").repeat(filled)
        ),
        look.symbol("\u{2591}", ".").repeat(empty)
    )
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn percentage(lines: Lines) -> f64 {
    lines.covered as f64 / lines.total.max(1) as f64 * 100.0
}

/// The directory, with its slash, that all absolute paths are in; nothing where paths are relative.
fn common_directory(files: &[CodeCoverage]) -> &str {
    let mut paths = files.iter().map(|file| file.file_path.as_str());
    let Some(first) = paths.next().filter(|path| path.starts_with('/')) else {
        return "";
    };
    let mut common = first.rfind('/').map_or("", |slash| &first[..=slash]);
    for path in paths {
        while !path.starts_with(common) {
            let shorter = common.trim_end_matches('/').rfind('/');
            common = shorter.map_or("", |slash| &common[..=slash]);
        }
    }
    common
}
