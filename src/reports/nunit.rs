//! `NUNITXML`, `NUnit` 2: `test-results`, then `test-suite/results/test-case`, suites nested.

use super::cases::{Cases, Description};
use super::duration::seconds;
use super::fault::Fault;
use super::model::CaseStatus;
use super::open_case::OpenCase;
use super::xml::{Attributes, Node, Xml};

/// Names of the root.
pub(super) const ROOTS: &[&str] = &["test-results"];

/// Reads one document.
pub(super) fn read(xml: &mut Xml<'_>, cases: &mut Cases) -> Result<(), Fault> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut case = OpenCase::default();
    let (mut in_outcome, mut in_message) = (false, false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.name() {
                "test-suite" => suites.push(Suite::new(element.attributes())?),
                "test-case" => case.begin(element.attributes()),
                "failure" | "reason" => in_outcome = true,
                "message" => in_message = in_outcome,
                _ => {}
            },
            Node::Text(text) if in_message => case.message.push(&text),
            Node::End(closing) => match closing.name() {
                "message" => in_message = false,
                "failure" | "reason" => in_outcome = false,
                "test-case" => end_case(&case, &suites, cases)?,
                "test-suite" => {
                    suites.pop();
                }
                _ => {}
            },
            Node::Text(_) | Node::Other => {}
        }
    }
    Ok(())
}

struct Suite {
    name: String,
    is_fixture: bool,
}

impl Suite {
    fn new(attributes: Attributes<'_>) -> Result<Self, Fault> {
        Ok(Self {
            name: attributes.text("name")?.into_owned(),
            is_fixture: attributes.text("type")? == "TestFixture",
        })
    }
}

fn end_case(case: &OpenCase, suites: &[Suite], cases: &mut Cases) -> Result<(), Fault> {
    let attributes = case.attributes();
    let nanos = seconds(&attributes.text("time")?);
    let suite = suites.last().map_or("", |suite| suite.name.as_str());
    let fixture = suites.iter().rev().find(|suite| suite.is_fixture);
    cases.record(status(attributes)?, nanos, || {
        Ok(Description {
            prefix: fixture.map_or(suite, |fixture| &fixture.name).into(),
            name: attributes.text("name")?,
            suite: suite.into(),
            message: case.message.compose(),
            ..Description::default()
        })
    })
}

fn status(attributes: Attributes<'_>) -> Result<CaseStatus, Fault> {
    if attributes.text("executed")? == "False" {
        return Ok(CaseStatus::Skipped);
    }
    Ok(match &*attributes.text("result")? {
        "Success" => CaseStatus::Succeeded,
        "Failure" => CaseStatus::Failed,
        "Error" => CaseStatus::Error,
        "Ignored" | "Skipped" | "NotRunnable" | "Inconclusive" => CaseStatus::Skipped,
        // NUnit up to 2.4 has no results.
        _ => match &*attributes.text("success")? {
            "True" => CaseStatus::Succeeded,
            "False" => CaseStatus::Failed,
            _ => CaseStatus::Unknown,
        },
    })
}
