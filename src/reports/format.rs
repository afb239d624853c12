//! The formats: their names, and which reader reads which.

use std::io::BufRead;

use super::cases::Cases;
use super::coverage::Coverage;
use super::fault::{Fault, ReadError};
use super::input::Input;
use super::model::ReportType;
use super::xml::Xml;
use super::{clover, cobertura, cucumber, jacoco, junit, nunit, nunit3, simplecov, testng, trx};
use crate::buildspec::model::ReportFormat;

/// The name in a buildspec and in an auto-discovered group.
pub fn format_name(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::JunitXml => "JUNITXML",
        ReportFormat::CucumberJson => "CUCUMBERJSON",
        ReportFormat::NunitXml => "NUNITXML",
        ReportFormat::Nunit3Xml => "NUNIT3XML",
        ReportFormat::TestNgXml => "TESTNGXML",
        ReportFormat::VisualStudioTrx => "VISUALSTUDIOTRX",
        ReportFormat::CloverXml => "CLOVERXML",
        ReportFormat::CoberturaXml => "COBERTURAXML",
        ReportFormat::JacocoXml => "JACOCOXML",
        ReportFormat::SimpleCov => "SIMPLECOV",
    }
}

/// What a report of this format holds.
pub fn report_type(format: ReportFormat) -> ReportType {
    match format {
        ReportFormat::JunitXml
        | ReportFormat::CucumberJson
        | ReportFormat::NunitXml
        | ReportFormat::Nunit3Xml
        | ReportFormat::TestNgXml
        | ReportFormat::VisualStudioTrx => ReportType::Test,
        ReportFormat::CloverXml
        | ReportFormat::CoberturaXml
        | ReportFormat::JacocoXml
        | ReportFormat::SimpleCov => ReportType::CodeCoverage,
    }
}

/// What the files of one group say together. A group has one format, so that only one of the two fills.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) cases: Cases,
    pub(super) coverage: Coverage,
}

impl Results {
    /// Adds one file, and answers with what a reader of the report should know.
    ///
    /// What was read before an error stays; the report of a group with a broken file is not used.
    pub(super) fn read(
        &mut self,
        format: ReportFormat,
        path: &str,
        source: &mut dyn BufRead,
    ) -> Result<Vec<String>, ReadError> {
        let before = (self.cases.seen(), self.coverage.len());
        self.cases.begin_file(path);
        let mut input =
            Input::open(source).map_err(|error| Fault::Io(error).into_error(path, 1))?;
        let (read, line, replaced) = match format {
            ReportFormat::CucumberJson => {
                let read = cucumber::read(&mut input, &mut self.cases);
                (read, input.line(), input.replaced())
            }
            ReportFormat::SimpleCov => {
                let read = simplecov::read(&mut input, &mut self.coverage);
                (read, input.line(), input.replaced())
            }
            _ => {
                let mut xml = Xml::new(input, roots(format));
                let read = self.read_xml(format, &mut xml);
                (read, xml.line(), xml.replaced())
            }
        };
        read.map_err(|fault| fault.into_error(path, line))?;

        let mut warnings = self.cases.take_warnings();
        if replaced > 0 {
            warnings.push(format!(
                "{replaced} control characters replaced; CodeBuild may refuse the file"
            ));
        }
        if before == (self.cases.seen(), self.coverage.len()) {
            warnings.push(match report_type(format) {
                ReportType::Test => "holds no test case".to_owned(),
                ReportType::CodeCoverage => "holds no source file's coverage".to_owned(),
            });
        }
        for warning in &mut warnings {
            warning.insert_str(0, &format!("{path}: "));
        }
        Ok(warnings)
    }

    fn read_xml(&mut self, format: ReportFormat, xml: &mut Xml<'_>) -> Result<(), Fault> {
        match format {
            ReportFormat::JunitXml => junit::read(xml, &mut self.cases),
            ReportFormat::TestNgXml => testng::read(xml, &mut self.cases),
            ReportFormat::VisualStudioTrx => trx::read(xml, &mut self.cases),
            ReportFormat::NunitXml => nunit::read(xml, &mut self.cases),
            ReportFormat::Nunit3Xml => nunit3::read(xml, &mut self.cases),
            ReportFormat::CloverXml => clover::read(xml, &mut self.coverage),
            ReportFormat::CoberturaXml => cobertura::read(xml, &mut self.coverage),
            ReportFormat::JacocoXml => jacoco::read(xml, &mut self.coverage),
            ReportFormat::CucumberJson | ReportFormat::SimpleCov => Ok(()),
        }
    }
}

fn roots(format: ReportFormat) -> &'static [&'static str] {
    match format {
        ReportFormat::JunitXml => junit::ROOTS,
        ReportFormat::TestNgXml => testng::ROOTS,
        ReportFormat::VisualStudioTrx => trx::ROOTS,
        ReportFormat::NunitXml => nunit::ROOTS,
        ReportFormat::Nunit3Xml => nunit3::ROOTS,
        ReportFormat::CloverXml => clover::ROOTS,
        ReportFormat::CoberturaXml => cobertura::ROOTS,
        ReportFormat::JacocoXml => jacoco::ROOTS,
        ReportFormat::CucumberJson | ReportFormat::SimpleCov => &[],
    }
}
