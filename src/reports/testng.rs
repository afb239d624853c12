//! `TESTNGXML`: `testng-results/suite/test/class/test-method`.

use super::cases::{Cases, Description};
use super::duration::nanos;
use super::fault::Fault;
use super::model::CaseStatus;
use super::open_case::OpenCase;
use super::xml::{Attributes, Node, Xml};

/// Names of the root.
pub(super) const ROOTS: &[&str] = &["testng-results"];

/// Reads one document.
pub(super) fn read(xml: &mut Xml<'_>, cases: &mut Cases) -> Result<(), Fault> {
    let (mut suite, mut class) = (String::new(), String::new());
    let mut case = OpenCase::default();
    let (mut in_exception, mut in_message) = (false, false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.name() {
                "test" => suite = element.attributes().text("name")?.into_owned(),
                "class" => class = element.attributes().text("name")?.into_owned(),
                "test-method" => case.begin(element.attributes()),
                "exception" => {
                    in_exception = true;
                    let class = element.attributes().text("class")?;
                    case.message.push_summary(&class);
                }
                "message" => in_message = in_exception,
                _ => {}
            },
            Node::Text(text) if in_message => case.message.push(&text),
            Node::End(closing) => match closing.name() {
                "message" => in_message = false,
                "exception" => in_exception = false,
                "test-method" => end_case(&case, &suite, &class, cases)?,
                _ => {}
            },
            Node::Text(_) | Node::Other => {}
        }
    }
    Ok(())
}

fn end_case(case: &OpenCase, suite: &str, class: &str, cases: &mut Cases) -> Result<(), Fault> {
    let attributes = case.attributes();
    if attributes.text("is-config")? == "true" {
        return Ok(());
    }
    let milliseconds: f64 = attributes.text("duration-ms")?.parse().unwrap_or(0.0);
    cases.record(status(attributes)?, nanos(milliseconds * 1e6), || {
        Ok(Description {
            prefix: class.into(),
            name: attributes.text("name")?,
            suite: suite.into(),
            message: case.message.compose(),
            ..Description::default()
        })
    })
}

fn status(attributes: Attributes<'_>) -> Result<CaseStatus, Fault> {
    Ok(match &*attributes.text("status")? {
        "PASS" => CaseStatus::Succeeded,
        "FAIL" => CaseStatus::Failed,
        "SKIP" => CaseStatus::Skipped,
        _ => CaseStatus::Unknown,
    })
}
