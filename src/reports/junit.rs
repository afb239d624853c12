//! `JUNITXML`: `testsuites`, `testsuite` (these nest) and `testcase`.
//!
//! The totals come from the suites' attributes: `CodeBuild` refuses a report whose attributes contradict each other
//! (`status count cannot be negative`), which it could not if it counted cases.

use std::borrow::Cow;

use super::cases::{Cases, Counts, Description};
use super::duration::seconds;
use super::fault::Fault;
use super::model::CaseStatus;
use super::open_case::{Message, OpenCase};
use super::xml::{Attributes, Element, Node, Xml};

/// Names of the root; an error names the last.
pub(super) const ROOTS: &[&str] = &["testsuites", "testsuite"];

/// Reads one document.
pub(super) fn read(xml: &mut Xml<'_>, cases: &mut Cases) -> Result<(), Fault> {
    let mut junit = Junit {
        cases,
        suites: vec![Suite::default()],
        case: OpenCase::default(),
        state: State::Outside,
        contradictions: 0,
    };
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => {
                let complete = junit.start(&element)?;
                drop(element);
                if complete {
                    xml.skip_end();
                }
            }
            Node::End(closing) => junit.end(closing.name())?,
            Node::Text(text) if matches!(junit.state, State::Outcome { heard: true, .. }) => {
                junit.case.message.push(&text);
            }
            Node::Text(_) | Node::Other => {}
        }
    }
    junit.finish();
    Ok(())
}

struct Junit<'a> {
    cases: &'a mut Cases,
    /// The open suites; the first stands for the document.
    suites: Vec<Suite>,
    case: OpenCase,
    state: State,
    contradictions: u64,
}

#[derive(Clone, Copy)]
enum State {
    Outside,
    /// Inside a case, with its status so far.
    Case(Option<CaseStatus>),
    /// Inside a case's `failure`, `error` or `skipped`.
    Outcome {
        status: CaseStatus,
        heard: bool,
    },
}

#[derive(Default)]
struct Suite {
    name: String,
    /// What the attributes say.
    declared: Option<Counts>,
    declared_nanos: Option<u64>,
    /// What the cases and inner suites say.
    counted: Counts,
    counted_nanos: u64,
}

impl Junit<'_> {
    /// Takes in a start tag; `true` where it was all of a case.
    fn start(&mut self, element: &Element<'_>) -> Result<bool, Fault> {
        let attributes = element.attributes();
        match (self.state, element.name()) {
            // Most cases are written so, and nothing of them has to be remembered until their end.
            (State::Outside, "testcase") if element.is_empty() => {
                let status = CaseStatus::Succeeded;
                end_case(
                    self.cases,
                    &mut self.suites,
                    status,
                    attributes,
                    &Message::default(),
                )?;
                return Ok(true);
            }
            (State::Outside, "testcase") => {
                self.case.begin(attributes);
                self.state = State::Case(None);
            }
            (State::Outside, "testsuite") => self.suites.push(Suite::new(attributes)?),
            (State::Case(before), name) => {
                if let Some(status) = outcome(name) {
                    self.outcome(before, status, attributes)?;
                }
            }
            _ => {}
        }
        Ok(false)
    }

    /// The first outcome of a case is the one that counts.
    fn outcome(
        &mut self,
        before: Option<CaseStatus>,
        status: CaseStatus,
        attributes: Attributes<'_>,
    ) -> Result<(), Fault> {
        let heard = before.is_none() && self.cases.keeps(status);
        if heard && let Some(message) = attributes.get("message")? {
            self.case.message.push_summary(&message);
        }
        self.state = State::Outcome {
            status: before.unwrap_or(status),
            heard,
        };
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), Fault> {
        match (self.state, name) {
            (State::Outcome { status, .. }, name) if outcome(name).is_some() => {
                self.state = State::Case(Some(status));
            }
            (State::Case(status), "testcase") => {
                self.state = State::Outside;
                let status = status.unwrap_or(CaseStatus::Succeeded);
                let attributes = self.case.attributes();
                end_case(
                    self.cases,
                    &mut self.suites,
                    status,
                    attributes,
                    &self.case.message,
                )?;
            }
            (State::Outside, "testsuite") => self.end_suite(),
            _ => {}
        }
        Ok(())
    }

    fn end_suite(&mut self) {
        let Some(suite) = self.suites.pop() else {
            return;
        };
        if suite
            .declared
            .is_some_and(|declared| declared != suite.counted)
        {
            if self.contradictions == 0 {
                self.cases.warn(format!(
                    "suite \"{}\" says {} but holds {}; CodeBuild believes what it says",
                    suite.name.chars().take(80).collect::<String>(),
                    show(&suite.declared.unwrap_or_default()),
                    show(&suite.counted),
                ));
            }
            self.contradictions += 1;
        }
        if let Some(outer) = self.suites.last_mut() {
            outer.counted.add(suite.declared.unwrap_or(suite.counted));
            outer.counted_nanos = outer
                .counted_nanos
                .saturating_add(suite.declared_nanos.unwrap_or(suite.counted_nanos));
        }
    }

    fn finish(mut self) {
        if self.contradictions > 1 {
            self.cases.warn(format!(
                "{} more suites contradict themselves",
                self.contradictions - 1
            ));
        }
        if let Some(document) = self.suites.pop() {
            self.cases.tally(document.counted, document.counted_nanos);
        }
    }
}

/// Takes in one case, with all that its element says.
fn end_case(
    cases: &mut Cases,
    suites: &mut [Suite],
    status: CaseStatus,
    attributes: Attributes<'_>,
    message: &Message,
) -> Result<(), Fault> {
    let Some(suite) = suites.last_mut() else {
        return Ok(());
    };
    let nanos = seconds(&attributes.text("time")?);
    suite.counted.count(status);
    suite.counted_nanos = suite.counted_nanos.saturating_add(nanos);
    cases.observe(status, nanos, || {
        Ok(Description {
            prefix: attributes.text("classname")?,
            name: attributes.text("name")?,
            suite: Cow::Borrowed(&suite.name),
            message: message.compose(),
            file: attributes.get("file")?,
            line: attributes.text("line")?.parse().ok(),
            key: None,
        })
    })
}

impl Suite {
    fn new(attributes: Attributes<'_>) -> Result<Self, Fault> {
        let declared = match attributes.get("tests")? {
            None => None,
            Some(tests) => Some(Counts {
                total: integer(&tests)?,
                failed: integer(&attributes.text("failures")?)?,
                errors: integer(&attributes.text("errors")?)?,
                skipped: match attributes.get("skipped")? {
                    Some(skipped) => integer(&skipped)?,
                    None => integer(&attributes.text("skip")?)?,
                },
                unknown: 0,
            }),
        };
        Ok(Self {
            name: attributes.text("name")?.into_owned(),
            declared,
            declared_nanos: attributes.get("time")?.map(|time| seconds(&time)),
            ..Self::default()
        })
    }
}

/// What an element inside a case says of it.
fn outcome(element: &str) -> Option<CaseStatus> {
    match element {
        "failure" => Some(CaseStatus::Failed),
        "error" => Some(CaseStatus::Error),
        "skipped" => Some(CaseStatus::Skipped),
        _ => None,
    }
}

/// A count as Go reads it: nothing is 0, anything but an integer an error.
fn integer(text: &str) -> Result<i64, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        Fault::Other(format!(
            "strconv.ParseInt: parsing {shown:?}: invalid syntax"
        ))
    })
}

fn show(counts: &Counts) -> String {
    format!(
        "{} tests, {} failures, {} errors, {} skipped",
        counts.total, counts.failed, counts.errors, counts.skipped
    )
}
