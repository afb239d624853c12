//! What a person, a program and a build server's page get to see.

use std::path::Path;

use super::{Form, Look, show};
use crate::buildspec::model::ReportFormat;
use crate::reports::group::{BuildStamp, Group, Home};
use crate::reports::model::ReportDocument;

fn document(key: &str, format: ReportFormat, text: &str) -> ReportDocument {
    let home = Home {
        project: "shop".to_owned(),
        region: "eu-central-1".to_owned(),
        account: "123456789012".to_owned(),
    };
    let mut group = Group::new(key, format, &home);
    if !text.is_empty() {
        group.read("/src/report", &mut text.as_bytes());
    }
    let stamp = BuildStamp {
        arn: "arn:aws:codebuild:eu-central-1:123456789012:build/shop:u".to_owned(),
        uuid: "u".to_owned(),
        created: 1.0,
    };
    group.finish(&stamp).0
}

fn unit() -> ReportDocument {
    document("unit", ReportFormat::JunitXml, UNIT)
}

const UNIT: &str = "<testsuite name='s'>\
    <testcase classname='calc' name='adds' time='0.25'/>\
    <testcase classname='calc' name='divides' time='61.5' file='tests/calc.py' line='7'>\
    <failure message='expected 1&#10;got 2'>Traceback\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\n\
    line 8\ntests/calc.py:9: Wrong</failure></testcase>\
    <testcase name='calc::explodes'><error>calc.py:3: boom, 100%: \u{202e}x</error></testcase>\
    <testcase classname='calc' name='waits'><skipped/></testcase></testsuite>";

const COVERAGE: &str = "<coverage line-rate='0'>\
    <class filename='/w/src/a.py'><line number='1' hits='1'/><line number='2' hits='0'/></class>\
    <class filename='/w/src/deep/b.py'><line number='1' hits='0'/><line number='2' hits='0'/>\
    <line number='3' hits='1' branch='true' condition-coverage='50% (1/2)'/></class>\
    <class filename='/w/src/full.py'><line number='1' hits='1'/></class></coverage>";

fn plain(width: usize) -> Look {
    Look {
        color: false,
        width,
        unicode: false,
    }
}

fn human(document: ReportDocument, look: Look) -> String {
    show(&[document], Form::Human, look, Path::new(""))
}

#[test]
fn tests_for_people() {
    insta::assert_snapshot!(human(unit(), plain(100)));
}

#[test]
fn coverage_for_people() {
    let document = document("cov", ReportFormat::CoberturaXml, COVERAGE);
    insta::assert_snapshot!(human(document.clone(), plain(80)));
    let unicode = Look {
        color: true,
        unicode: true,
        ..plain(80)
    };
    let text = human(document, unicode);
    assert!(
        text.contains("\u{2588}") && text.contains("\u{1b}["),
        "{text}"
    );
}

#[test]
fn nothing_found() {
    let nothing = document("none", ReportFormat::JunitXml, "");
    assert_eq!(
        human(nothing.clone(), plain(80)),
        "report shop-none  INCOMPLETE\n  warning: report group none: no file matches, the report is INCOMPLETE\n"
    );
    assert_eq!(
        show(&[nothing], Form::GitHub, plain(80), Path::new("/w")),
        "::warning title=shop-none::report group none: no file matches, the report is INCOMPLETE\n"
    );
}

#[test]
fn names_neither_steer_the_terminal_nor_leave_its_width() {
    let long = "n".repeat(100_000);
    let text = format!(
        "<testsuite><testcase name='{long}' time='1'><failure>a\u{9b}31m\n{long}</failure></testcase></testsuite>"
    );
    let shown = human(document("u", ReportFormat::JunitXml, &text), plain(60));
    assert!(shown.lines().all(|line| line.len() <= 60), "{shown}");
    assert!(shown.contains("a\\u{9b}31m"), "{shown}");
}

#[test]
fn annotations() {
    let text = show(&[unit()], Form::GitHub, plain(80), Path::new("/work"));
    insta::assert_snapshot!(text);
}

#[test]
fn junit_comes_back_the_same() {
    let coverage = document("cov", ReportFormat::CoberturaXml, COVERAGE);
    let text = show(&[unit(), coverage], Form::JUnit, plain(80), Path::new(""));
    let mut again = document("unit", ReportFormat::JunitXml, &text);
    let mut before = unit();
    assert_eq!(again.details.warnings, Vec::<String>::new(), "{text}");
    // The one suite of the text has the group's name.
    for case in before.test_cases.iter_mut().chain(&mut again.test_cases) {
        case.test_suite_name.clear();
    }
    assert_eq!(again, before, "{text}");
}

#[test]
fn json_is_what_is_kept() {
    let text = show(&[unit()], Form::Json, plain(80), Path::new(""));
    let read: Vec<ReportDocument> = serde_json::from_str(&text).unwrap();
    assert_eq!(read, [unit()]);
}
