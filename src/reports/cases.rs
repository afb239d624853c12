//! Test cases of a group, in bounded memory: all are counted, at most 500 are kept, failed ones first.

use std::borrow::Cow;

use super::fault::Fault;
use super::model::{
    CaseLocation, CaseStatus, MAX_CASES, MAX_MESSAGE, MAX_NAME, ReportStatus, SlowCase, TestCase,
    TestSummary,
};

/// How many slow cases are remembered.
const SLOWEST: usize = 5;

/// How many cases ended how. Signed, as a file's own totals may contradict each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) total: i64,
    pub(super) failed: i64,
    pub(super) errors: i64,
    pub(super) skipped: i64,
    pub(super) unknown: i64,
}

impl Counts {
    /// Counts one case.
    pub(super) fn count(&mut self, status: CaseStatus) {
        self.total += 1;
        match status {
            CaseStatus::Succeeded => {}
            CaseStatus::Failed => self.failed += 1,
            CaseStatus::Error => self.errors += 1,
            CaseStatus::Skipped => self.skipped += 1,
            CaseStatus::Unknown => self.unknown += 1,
        }
    }

    /// Adds another total.
    pub(super) fn add(&mut self, other: Self) {
        self.total = self.total.saturating_add(other.total);
        self.failed = self.failed.saturating_add(other.failed);
        self.errors = self.errors.saturating_add(other.errors);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.unknown = self.unknown.saturating_add(other.unknown);
    }

    fn of(&self, status: CaseStatus) -> i64 {
        match status {
            CaseStatus::Succeeded => [self.failed, self.errors, self.skipped, self.unknown]
                .into_iter()
                .fold(self.total, i64::saturating_sub),
            CaseStatus::Failed => self.failed,
            CaseStatus::Error => self.errors,
            CaseStatus::Skipped => self.skipped,
            CaseStatus::Unknown => self.unknown,
        }
    }
}

/// What a format says of one case, asked for only when the case is kept.
#[derive(Debug, Default)]
pub(super) struct Description<'a> {
    pub(super) prefix: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) suite: Cow<'a, str>,
    pub(super) message: Cow<'a, str>,
    pub(super) file: Option<Cow<'a, str>>,
    pub(super) line: Option<u32>,
    /// A key under which the format tells prefix and suite later.
    pub(super) key: Option<Cow<'a, str>>,
}

/// All cases of a group.
#[derive(Debug, Default)]
pub(super) struct Cases {
    path: String,
    counts: Counts,
    nanos: u64,
    seen: u64,
    failed: Vec<Kept>,
    others: Vec<Kept>,
    slowest: Vec<SlowCase>,
    warnings: Vec<String>,
}

#[derive(Debug)]
struct Kept {
    order: u64,
    case: TestCase,
    location: Option<(String, Option<u32>)>,
    key: Option<String>,
}

/// What is left of a group's cases when all files are read.
#[derive(Debug)]
pub(super) struct Summed {
    pub(super) summary: TestSummary,
    pub(super) status: ReportStatus,
    pub(super) truncated: bool,
    pub(super) cases: Vec<TestCase>,
    pub(super) locations: Vec<CaseLocation>,
    pub(super) slowest: Vec<SlowCase>,
}

impl Cases {
    /// The cases that follow come from this file.
    pub(super) fn begin_file(&mut self, path: &str) {
        path.clone_into(&mut self.path);
    }

    /// How many cases have been seen so far.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Remembers something a reader of the report should know.
    pub(super) fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// The warnings since the last call.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Adds to the totals.
    pub(super) fn tally(&mut self, counts: Counts, nanos: u64) {
        self.counts.add(counts);
        self.nanos = self.nanos.saturating_add(nanos);
    }

    /// Counts one case and keeps it if it is to be kept.
    pub(super) fn record<'a>(
        &mut self,
        status: CaseStatus,
        nanos: u64,
        describe: impl FnOnce() -> Result<Description<'a>, Fault>,
    ) -> Result<(), Fault> {
        self.counts.count(status);
        self.nanos = self.nanos.saturating_add(nanos);
        self.observe(status, nanos, describe)
    }

    /// Keeps one case if it is to be kept, without counting it: for formats that bring their own totals.
    pub(super) fn observe<'a>(
        &mut self,
        status: CaseStatus,
        nanos: u64,
        describe: impl FnOnce() -> Result<Description<'a>, Fault>,
    ) -> Result<(), Fault> {
        self.seen += 1;
        let keep = self.keeps(status);
        let slow = nanos > 0
            && (self.slowest.len() < SLOWEST
                || self
                    .slowest
                    .last()
                    .is_some_and(|last| nanos > last.duration_in_nano_seconds));
        if !keep && !slow {
            return Ok(());
        }
        let description = describe()?;
        if slow {
            self.remember_slow(&description, nanos);
        }
        if keep {
            self.keep(status, nanos, &description);
        }
        Ok(())
    }

    /// Whether a case of this status would be kept, so that its message is worth gathering.
    pub(super) fn keeps(&self, status: CaseStatus) -> bool {
        if status.is_failure() {
            self.failed.len() < MAX_CASES
        } else {
            self.failed.len() + self.others.len() < MAX_CASES
        }
    }

    /// Tells prefix and suite of the cases that were kept under a key.
    pub(super) fn resolve<'a>(&mut self, find: impl Fn(&str) -> Option<(&'a str, &'a str)>) {
        for kept in self.failed.iter_mut().chain(&mut self.others) {
            let Some((prefix, suite)) = kept.key.take().and_then(|key| find(&key)) else {
                continue;
            };
            prefix.clone_into(&mut kept.case.prefix);
            suite.clone_into(&mut kept.case.test_suite_name);
        }
    }

    fn remember_slow(&mut self, description: &Description<'_>, nanos: u64) {
        let place = self
            .slowest
            .partition_point(|slow| slow.duration_in_nano_seconds >= nanos);
        self.slowest.truncate(SLOWEST - 1);
        self.slowest.insert(
            place,
            SlowCase {
                prefix: clip(&description.prefix, MAX_NAME),
                name: clip(&description.name, MAX_NAME),
                duration_in_nano_seconds: nanos,
            },
        );
    }

    fn keep(&mut self, status: CaseStatus, nanos: u64, description: &Description<'_>) {
        let kept = Kept {
            order: self.seen,
            case: TestCase {
                report_arn: String::new(),
                test_raw_data_path: self.path.clone(),
                prefix: clip(&description.prefix, MAX_NAME),
                name: clip(&description.name, MAX_NAME),
                status,
                duration_in_nano_seconds: nanos,
                message: clip(&description.message, MAX_MESSAGE),
                test_suite_name: clip(&description.suite, MAX_NAME),
                expired: 0.0,
            },
            location: description
                .file
                .as_ref()
                .map(|file| (clip(file, MAX_NAME), description.line)),
            key: description.key.as_ref().map(|key| clip(key, MAX_NAME)),
        };
        if status.is_failure() {
            self.failed.push(kept);
            self.others
                .truncate(MAX_CASES.saturating_sub(self.failed.len()));
        } else {
            self.others.push(kept);
        }
    }

    /// The totals and the kept cases. `Err` where a total is negative, in the words of the service.
    pub(super) fn finish(self) -> Result<Summed, &'static str> {
        let mut status_counts = std::collections::BTreeMap::new();
        for status in CaseStatus::ALL {
            let count = u64::try_from(self.counts.of(status)).map_err(
                |_| "InvalidInputException: Test summary: status count cannot be negative",
            )?;
            status_counts.insert(status, count);
        }
        let truncated = self.seen > MAX_CASES as u64;
        let failed = !self.failed.is_empty() || self.counts.failed > 0 || self.counts.errors > 0;
        let mut kept = self.failed;
        kept.extend(self.others);
        if !truncated {
            kept.sort_by_key(|kept| kept.order);
        }
        let mut locations = Vec::new();
        for (case, kept) in kept.iter_mut().enumerate() {
            if let Some((file, line)) = kept.location.take() {
                locations.push(CaseLocation { case, file, line });
            }
        }
        Ok(Summed {
            summary: TestSummary {
                total: u64::try_from(self.counts.total).unwrap_or(0),
                status_counts,
                duration_in_nano_seconds: self.nanos,
            },
            status: if failed {
                ReportStatus::Failed
            } else {
                ReportStatus::Succeeded
            },
            truncated,
            cases: kept.into_iter().map(|kept| kept.case).collect(),
            locations,
            slowest: self.slowest,
        })
    }
}

/// The beginning of a text, at most so many characters.
fn clip(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
