//! Input that nobody should write, and the words for it.

use std::fmt::Write as _;

use super::{bad, fault, junit};
use crate::buildspec::model::ReportFormat;

#[test]
fn errors_in_codebuilds_words() {
    let xml = ReportFormat::JunitXml;
    assert_eq!(
        bad(xml, "<?xml version='1.0'?>\n<coverage/>"),
        "Error in UPLOAD_ARTIFACTS phase: [unit: [error processing report: \
         [/src/report: expected element type <testsuite> but have <coverage>]]]"
    );
    assert_eq!(
        bad(xml, "<testsuite tests='0' failures='3'/>"),
        "Error in UPLOAD_ARTIFACTS phase: [unit: [error processing report: \
         [InvalidInputException: Test summary: status count cannot be negative]]]"
    );
    for (text, expected) in [
        ("", "EOF"),
        (" \n ", "EOF"),
        ("hello", "EOF"),
        (
            "<testsuite>\n<testcase>",
            "XML syntax error on line 2: unexpected EOF",
        ),
        (
            "<testsuite>\n\n<testcase na",
            "XML syntax error on line 3: unexpected EOF",
        ),
        (
            "<testsuite>\n</testcase>",
            "XML syntax error on line 2: element <testsuite> closed by </testcase>",
        ),
        (
            "<testsuite><testcase name='&what;'/></testsuite>",
            "XML syntax error on line 1: invalid character entity &what;",
        ),
        (
            "<testsuite><testcase name=x/></testsuite>",
            "XML syntax error on line 1: unquoted or missing attribute value in element",
        ),
        (
            "<testsuite tests='many'/>",
            "strconv.ParseInt: parsing \"many\": invalid syntax",
        ),
    ] {
        assert_eq!(fault(xml, text), expected);
    }
    assert_eq!(
        fault(xml, b"<testsuite><testcase name='\xff'/></testsuite>"),
        "XML syntax error on line 1: invalid UTF-8"
    );
    assert_eq!(
        fault(xml, "<testsuite>".repeat(20_000)),
        "exceeded max depth"
    );

    let json = ReportFormat::CucumberJson;
    assert_eq!(fault(json, ""), "EOF");
    assert_eq!(
        fault(json, "<a/>"),
        "invalid character '<' looking for beginning of value"
    );
    assert_eq!(
        fault(json, "[{\"name\": \"a"),
        "unexpected end of JSON input"
    );
    assert_eq!(
        fault(json, "{}"),
        "invalid type: map, expected an array of Cucumber features at line 1 column 1"
    );
}

#[test]
fn entities_never_grow() {
    let mut bomb = String::from("<?xml version='1.0'?><!DOCTYPE testsuite [<!ENTITY a0 'ha'>");
    for level in 1..20 {
        let below = format!("&a{};", level - 1).repeat(10);
        write!(bomb, "<!ENTITY a{level} '{below}'>").unwrap();
    }
    let used = format!("{bomb}]><testsuite><testcase name='&a19;'/></testsuite>");
    assert_eq!(
        fault(ReportFormat::JunitXml, used),
        "XML syntax error on line 1: invalid character entity &a19;"
    );
    let unused = format!("{bomb}]><testsuite><testcase name='a'/></testsuite>");
    assert_eq!(junit(unused).test_cases.len(), 1);
}
