//! Line and branch coverage of a group, file by file; the same source file may come from several report files.

use std::collections::{BTreeMap, HashMap};

use super::model::{CodeCoverage, CodeCoverageSummary};

/// The coverage of all source files.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    files: Vec<(String, FileCounts)>,
    by_path: HashMap<String, FileId>,
}

/// A source file within its [`Coverage`].
#[derive(Clone, Copy, Debug)]
pub(super) struct FileId(usize);

/// What is known of one source file.
#[derive(Debug, Default)]
pub(super) struct FileCounts {
    lines: BTreeMap<u32, Line>,
    /// Totals of a format that names no lines, or no branches.
    total_lines: Part,
    total_branches: Part,
}

#[derive(Clone, Copy, Debug, Default)]
struct Line {
    hit: bool,
    branches: Part,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) covered: u64,
    pub(super) total: u64,
}

impl Part {
    /// Two counts of the same thing: covered is what either run covered, as far as counts can tell.
    fn merge(&mut self, other: Self) {
        self.total = self.total.max(other.total);
        self.covered = self.covered.max(other.covered).min(self.total);
    }

    fn add(&mut self, other: Self) {
        self.covered = self.covered.saturating_add(other.covered);
        self.total = self.total.saturating_add(other.total);
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "no source has 2^52 lines, and a percentage is shown with two digits"
    )]
    fn percentage(self) -> Option<f64> {
        (self.total > 0).then(|| self.covered as f64 * 100.0 / self.total as f64)
    }
}

impl FileCounts {
    /// A line that can be covered.
    pub(super) fn line(&mut self, number: u32, hit: bool) {
        self.lines.entry(number).or_default().hit |= hit;
    }

    /// The branches that start on a line.
    pub(super) fn branches_of(&mut self, number: u32, part: Part) {
        self.lines.entry(number).or_default().branches.merge(part);
    }

    /// A total that counts where no lines are given.
    pub(super) fn total_lines(&mut self, part: Part) {
        self.total_lines.merge(part);
    }

    /// A total that counts where no line has branches.
    pub(super) fn total_branches(&mut self, part: Part) {
        self.total_branches.merge(part);
    }

    fn lines(&self) -> Part {
        if self.lines.is_empty() {
            return self.total_lines;
        }
        Part {
            covered: self.lines.values().filter(|line| line.hit).count() as u64,
            total: self.lines.len() as u64,
        }
    }

    fn branches(&self) -> Part {
        let mut sum = Part::default();
        for line in self.lines.values() {
            sum.add(line.branches);
        }
        if sum.total == 0 {
            self.total_branches
        } else {
            sum
        }
    }
}

impl Coverage {
    /// The file of this path, new or known.
    pub(super) fn open(&mut self, path: &str) -> FileId {
        if let Some(id) = self.by_path.get(path) {
            return *id;
        }
        let id = FileId(self.files.len());
        self.files.push((path.to_owned(), FileCounts::default()));
        self.by_path.insert(path.to_owned(), id);
        id
    }

    /// The counts of a file that was opened here.
    pub(super) fn file(&mut self, id: FileId) -> &mut FileCounts {
        &mut self.files[id.0].1
    }

    /// How many source files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// The totals, and each file's counts, in the order of the paths.
    pub(super) fn finish(
        mut self,
        report_arn: &str,
        expired: f64,
    ) -> (CodeCoverageSummary, Vec<CodeCoverage>) {
        let uuid = report_arn.rsplit(':').next().unwrap_or_default();
        let (mut lines, mut branches) = (Part::default(), Part::default());
        let mut files = Vec::with_capacity(self.files.len());
        self.files.sort_by(|(left, _), (right, _)| left.cmp(right));
        for (index, (path, counts)) in self.files.into_iter().enumerate() {
            lines.add(counts.lines());
            branches.add(counts.branches());
            files.push(CodeCoverage {
                id: format!("{uuid}-{index}"),
                report_arn: report_arn.to_owned(),
                file_path: path,
                counts: summary(counts.lines(), counts.branches()),
                expired,
            });
        }
        (summary(lines, branches), files)
    }
}

fn summary(lines: Part, branches: Part) -> CodeCoverageSummary {
    CodeCoverageSummary {
        line_coverage_percentage: lines.percentage(),
        lines_covered: lines.covered,
        lines_missed: lines.total - lines.covered,
        branch_coverage_percentage: branches.percentage(),
        branches_covered: branches.covered,
        branches_missed: branches.total - branches.covered,
    }
}
