//! `CUCUMBERJSON`: an array of features, each with its scenarios; one feature at a time is in memory.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::cases::{Cases, Description};
use super::duration::nanos;
use super::fault::Fault;
use super::input::Input;
use super::json;
use super::model::CaseStatus;
use super::open_case::Message;

/// Reads one document.
pub(super) fn read(input: &mut Input<'_>, cases: &mut Cases) -> Result<(), Fault> {
    json::read(input, Features(cases))
}

struct Features<'a>(&'a mut Cases);

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    name: String,
    uri: Option<String>,
    #[serde(default)]
    elements: Vec<Element>,
}

#[derive(Deserialize)]
struct Element {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    line: Option<u32>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    before: Vec<Step>,
    #[serde(default)]
    after: Vec<Step>,
}

/// A step, or a hook, which looks the same from here.
#[derive(Deserialize)]
struct Step {
    result: Option<StepResult>,
}

#[derive(Deserialize)]
struct StepResult {
    #[serde(default)]
    status: String,
    /// Nanoseconds; some writers give a fraction.
    duration: Option<f64>,
    error_message: Option<String>,
}

impl<'de> DeserializeSeed<'de> for Features<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of Cucumber features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut features: A) -> Result<(), A::Error> {
        while let Some(feature) = features.next_element::<Feature>()? {
            feature.record(self.0);
        }
        Ok(())
    }
}

impl Feature {
    fn record(&self, cases: &mut Cases) {
        // A background stands before each scenario that it belongs to; its failure is the scenario's.
        let mut outcome = Outcome::default();
        for element in &self.elements {
            outcome.add(element);
            if element.kind == "background" {
                continue;
            }
            let outcome = std::mem::take(&mut outcome);
            let recorded = cases.record(outcome.status(), outcome.nanos, || {
                Ok(Description {
                    prefix: self.name.as_str().into(),
                    name: element.name.as_str().into(),
                    suite: self.name.as_str().into(),
                    message: outcome.message.compose(),
                    file: self.uri.as_deref().map(Into::into),
                    line: element.line,
                    key: None,
                })
            });
            debug_assert!(recorded.is_ok(), "nothing above can fail");
        }
    }
}

#[derive(Default)]
struct Outcome {
    failed: bool,
    unknown: bool,
    skipped: bool,
    nanos: u64,
    message: Message,
}

impl Outcome {
    fn add(&mut self, element: &Element) {
        for step in &element.steps {
            let duration = step.result.as_ref().and_then(|result| result.duration);
            self.nanos = self.nanos.saturating_add(nanos(duration.unwrap_or(0.0)));
        }
        let steps = element.before.iter().chain(&element.steps);
        for result in steps
            .chain(&element.after)
            .filter_map(|step| step.result.as_ref())
        {
            match result.status.as_str() {
                "passed" => {}
                "failed" | "ambiguous" => self.failed = true,
                "undefined" | "pending" | "skipped" => self.skipped = true,
                _ => self.unknown = true,
            }
            if let Some(message) = &result.error_message {
                self.message.push(message);
                self.message.push("\n");
            }
        }
    }

    fn status(&self) -> CaseStatus {
        if self.failed {
            CaseStatus::Failed
        } else if self.unknown {
            CaseStatus::Unknown
        } else if self.skipped {
            CaseStatus::Skipped
        } else {
            CaseStatus::Succeeded
        }
    }
}
