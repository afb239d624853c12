//! `VISUALSTUDIOTRX`: `UnitTestResult` elements; the classes stand apart, in `UnitTest` elements after them.

use std::collections::HashMap;

use super::cases::{Cases, Description};
use super::duration::seconds;
use super::fault::Fault;
use super::model::CaseStatus;
use super::open_case::OpenCase;
use super::xml::{Attributes, Node, Xml};

/// Names of the root.
pub(super) const ROOTS: &[&str] = &["TestRun"];

/// Reads one document.
pub(super) fn read(xml: &mut Xml<'_>, cases: &mut Cases) -> Result<(), Fault> {
    // A data-driven test's result holds the results of its rows.
    let mut open: Vec<OpenCase> = Vec::new();
    let mut definitions: HashMap<String, Definition> = HashMap::new();
    let mut definition = None;
    let (mut in_error, mut in_message) = (false, false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.name() {
                "UnitTestResult" => {
                    let mut case = OpenCase::default();
                    case.begin(element.attributes());
                    open.push(case);
                }
                "ErrorInfo" => in_error = true,
                "Message" => in_message = in_error,
                "UnitTest" => {
                    definition = Some((
                        element.attributes().text("id")?.to_lowercase(),
                        Definition::new(element.attributes())?,
                    ));
                }
                "TestMethod" => {
                    if let Some((_, definition)) = &mut definition {
                        definition.class = class(&element.attributes().text("className")?);
                    }
                }
                _ => {}
            },
            Node::Text(text) if in_message => {
                if let Some(case) = open.last_mut() {
                    case.message.push(&text);
                }
            }
            Node::End(closing) => match closing.name() {
                "Message" => in_message = false,
                "ErrorInfo" => in_error = false,
                "UnitTest" => definitions.extend(definition.take()),
                "UnitTestResult" => {
                    if let Some(case) = open.pop() {
                        end_case(&case, cases)?;
                    }
                }
                _ => {}
            },
            Node::Text(_) | Node::Other => {}
        }
    }
    cases.resolve(|id| {
        let definition = definitions.get(id)?;
        Some((&definition.class, &definition.assembly))
    });
    Ok(())
}

struct Definition {
    class: String,
    assembly: String,
}

impl Definition {
    fn new(attributes: Attributes<'_>) -> Result<Self, Fault> {
        let storage = attributes.text("storage")?;
        let assembly = storage.rsplit(['/', '\\']).next().unwrap_or_default();
        Ok(Self {
            class: String::new(),
            assembly: assembly.to_owned(),
        })
    }
}

/// Visual Studio writes `Namespace.Class, Assembly, Version=...`.
fn class(name: &str) -> String {
    name.split(',').next().unwrap_or_default().to_owned()
}

fn end_case(case: &OpenCase, cases: &mut Cases) -> Result<(), Fault> {
    let attributes = case.attributes();
    let nanos = time_span(&attributes.text("duration")?);
    cases.record(status(attributes)?, nanos, || {
        Ok(Description {
            name: attributes.text("testName")?,
            message: case.message.compose(),
            key: Some(attributes.text("testId")?.to_lowercase().into()),
            ..Description::default()
        })
    })
}

fn status(attributes: Attributes<'_>) -> Result<CaseStatus, Fault> {
    Ok(match &*attributes.text("outcome")? {
        "Passed" => CaseStatus::Succeeded,
        "Failed" => CaseStatus::Failed,
        "NotExecuted" => CaseStatus::Skipped,
        "Error" | "Aborted" | "Timeout" => CaseStatus::Error,
        _ => CaseStatus::Unknown,
    })
}

/// `[days.]hh:mm:ss[.fffffff]` in nanoseconds.
fn time_span(text: &str) -> u64 {
    let parts: Vec<&str> = text.trim().split(':').collect();
    let &[hours, minutes, rest] = parts.as_slice() else {
        return 0;
    };
    let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
    let whole = |text: &str| text.parse::<u64>().unwrap_or(0);
    let minutes = (whole(days) * 24 + whole(hours)) * 60 + whole(minutes);
    (minutes * 60 * 1_000_000_000).saturating_add(seconds(rest))
}

#[cfg(test)]
mod tests {
    use super::time_span;

    #[test]
    fn time_spans() {
        assert_eq!(time_span("00:00:00.0010000"), 1_000_000);
        assert_eq!(time_span("1.02:03:04"), 93_784_000_000_000);
        assert_eq!(time_span("soon"), 0);
        assert_eq!(time_span("99999999999999999999:0:0"), 0);
    }
}
