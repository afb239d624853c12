//! `NUNIT3XML`: `test-run`, then `test-suite` (these nest) and `test-case`.

use super::cases::{Cases, Description};
use super::duration::seconds;
use super::fault::Fault;
use super::model::CaseStatus;
use super::open_case::OpenCase;
use super::xml::{Attributes, Node, Xml};

/// Names of the root.
pub(super) const ROOTS: &[&str] = &["test-run"];

/// Reads one document.
pub(super) fn read(xml: &mut Xml<'_>, cases: &mut Cases) -> Result<(), Fault> {
    let mut suites: Vec<String> = Vec::new();
    let mut case = OpenCase::default();
    // Assertions have messages as well; only the outcome's own is the case's.
    let (mut in_outcome, mut in_message) = (false, false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.name() {
                "test-suite" => suites.push(element.attributes().text("name")?.into_owned()),
                "test-case" => case.begin(element.attributes()),
                "failure" | "reason" => in_outcome = true,
                "message" => in_message = in_outcome,
                _ => {}
            },
            Node::Text(text) if in_message => case.message.push(&text),
            Node::End(closing) => match closing.name() {
                "message" => in_message = false,
                "failure" | "reason" => in_outcome = false,
                "test-case" => {
                    let suite = suites.last().map_or("", String::as_str);
                    end_case(&case, suite, cases)?;
                }
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

fn end_case(case: &OpenCase, suite: &str, cases: &mut Cases) -> Result<(), Fault> {
    let attributes = case.attributes();
    let nanos = seconds(&attributes.text("duration")?);
    cases.record(status(attributes)?, nanos, || {
        Ok(Description {
            prefix: attributes.text("classname")?,
            name: attributes.text("name")?,
            suite: suite.into(),
            message: case.message.compose(),
            ..Description::default()
        })
    })
}

fn status(attributes: Attributes<'_>) -> Result<CaseStatus, Fault> {
    Ok(match &*attributes.text("result")? {
        "Passed" => CaseStatus::Succeeded,
        "Failed" if attributes.text("label")? == "Error" => CaseStatus::Error,
        "Failed" => CaseStatus::Failed,
        "Skipped" => CaseStatus::Skipped,
        _ => CaseStatus::Unknown,
    })
}
