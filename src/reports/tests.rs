//! The readers on files that tools wrote, and on files that nobody should write.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::discover::sniff;
use super::group::{BuildStamp, Group, GroupError, GroupId, Home, discovered_key, phase_message};
use super::model::{CaseStatus, ReportDocument, ReportStatus};
use crate::buildspec::model::ReportFormat;

const FORMATS: [(&str, ReportFormat); 10] = [
    ("junit", ReportFormat::JunitXml),
    ("cucumber", ReportFormat::CucumberJson),
    ("nunit", ReportFormat::NunitXml),
    ("nunit3", ReportFormat::Nunit3Xml),
    ("testng", ReportFormat::TestNgXml),
    ("trx", ReportFormat::VisualStudioTrx),
    ("clover", ReportFormat::CloverXml),
    ("cobertura", ReportFormat::CoberturaXml),
    ("jacoco", ReportFormat::JacocoXml),
    ("simplecov", ReportFormat::SimpleCov),
];

fn home() -> Home {
    Home {
        project: "shop".to_owned(),
        region: "eu-central-1".to_owned(),
        account: "123456789012".to_owned(),
    }
}

fn stamp() -> BuildStamp {
    BuildStamp {
        arn: "arn:aws:codebuild:eu-central-1:123456789012:build/shop:u-u-i-d".to_owned(),
        uuid: "u-u-i-d".to_owned(),
        created: 1_556_906_956.318,
    }
}

fn read_all(format: ReportFormat, files: &[(&str, &[u8])]) -> (ReportDocument, Option<GroupError>) {
    let mut group = Group::new("unit", format, &home());
    for (path, mut bytes) in files.iter().copied() {
        group.read(path, &mut bytes);
    }
    group.finish(&stamp())
}

fn good(format: ReportFormat, bytes: impl AsRef<[u8]>) -> ReportDocument {
    let (document, error) = read_all(format, &[("/src/report", bytes.as_ref())]);
    assert_eq!(error, None);
    document
}

fn bad(format: ReportFormat, bytes: impl AsRef<[u8]>) -> String {
    let (document, error) = read_all(format, &[("/src/report", bytes.as_ref())]);
    assert_eq!(document.report.status, ReportStatus::Incomplete);
    phase_message(&[error.expect("an error")])
}

/// What went wrong with the one file, without the words around it.
fn fault(format: ReportFormat, bytes: impl AsRef<[u8]>) -> String {
    let message = bad(format, bytes);
    let inner = message
        .strip_prefix(
            "Error in UPLOAD_ARTIFACTS phase: [unit: [error processing report: [/src/report: ",
        )
        .and_then(|rest| rest.strip_suffix("]]]"));
    inner.expect("one file's error").to_owned()
}

fn junit(bytes: impl AsRef<[u8]>) -> ReportDocument {
    good(ReportFormat::JunitXml, bytes)
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/reports")
        .join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// A report as a table: what a reviewer of a snapshot wants to see.
fn table(document: &ReportDocument) -> String {
    let mut text = String::new();
    let report = &document.report;
    writeln!(text, "{:?}, truncated: {}", report.status, report.truncated).unwrap();
    if let Some(summary) = &report.test_summary {
        writeln!(
            text,
            "{} cases in {} ns: {:?}",
            summary.total, summary.duration_in_nano_seconds, summary.status_counts
        )
        .unwrap();
    }
    for (index, case) in document.test_cases.iter().enumerate() {
        writeln!(
            text,
            "\n{:?} [{}] [{}] [{}] {} ns",
            case.status,
            case.test_suite_name,
            case.prefix,
            case.name,
            case.duration_in_nano_seconds
        )
        .unwrap();
        for place in document
            .details
            .locations
            .iter()
            .filter(|l| l.case == index)
        {
            writeln!(text, "    at {}:{:?}", place.file, place.line).unwrap();
        }
        for line in case.message.lines().take(8) {
            writeln!(text, "    | {line}").unwrap();
        }
    }
    if let Some(summary) = &report.code_coverage_summary {
        writeln!(text, "{summary:?}").unwrap();
    }
    for file in &document.code_coverages {
        writeln!(text, "\n{} {:?}", file.file_path, file.counts).unwrap();
    }
    for warning in &document.details.warnings {
        writeln!(text, "\nwarning: {warning}").unwrap();
    }
    text
}

#[test]
fn files_that_tools_wrote() {
    for (folder, format) in FORMATS {
        for path in fixtures(folder) {
            let name = format!("{folder}_{}", path.file_stem().unwrap().display());
            let bytes = fs::read(&path).unwrap();
            assert_eq!(sniff(&mut bytes.as_slice()), Some(format), "{name}");
            insta::assert_snapshot!(name, table(&good(format, bytes)));
        }
    }
}

#[test]
fn the_same_in_utf16_and_in_small_pieces() {
    for (folder, format) in FORMATS {
        for path in fixtures(folder) {
            let text = fs::read_to_string(&path).unwrap();
            let expected = good(format, &text);
            let utf16: Vec<u8> = format!("\u{FEFF}{text}")
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            assert_eq!(sniff(&mut utf16.as_slice()), Some(format));
            assert_eq!(good(format, &utf16), expected);

            let mut pieces = BufReader::with_capacity(7, utf16.as_slice());
            let mut group = Group::new("unit", format, &home());
            group.read("/src/report", &mut pieces);
            assert_eq!(group.finish(&stamp()), (expected, None));
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_never_a_hang() {
    for (folder, format) in FORMATS {
        let bytes = fs::read(&fixtures(folder)[0]).unwrap();
        let end = bytes.trim_ascii_end().len();
        for cut in (0..end).step_by(37) {
            bad(format, &bytes[..cut]);
        }
    }
}

#[test]
fn every_other_format_is_refused_or_empty() {
    for (folder, format) in FORMATS {
        let bytes = fs::read(&fixtures(folder)[0]).unwrap();
        for (_, wrong) in FORMATS.into_iter().filter(|(_, wrong)| *wrong != format) {
            let (document, error) = read_all(wrong, &[("/src/report", &bytes)]);
            let empty = document.test_cases.is_empty() && document.code_coverages.is_empty();
            let same_root = [ReportFormat::CloverXml, ReportFormat::CoberturaXml];
            assert!(
                error.is_some() || (same_root.contains(&wrong) && same_root.contains(&format)),
                "{format:?} as {wrong:?}"
            );
            assert!(empty, "{format:?} as {wrong:?}");
        }
    }
}

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

#[test]
fn several_files_become_one_report() {
    let one = "<testsuite name='a' tests='2' failures='1' time='1.5'><testcase name='x'/>\
               <testcase name='y'><failure message='m'>t</failure></testcase></testsuite>";
    let two = "<testsuites><testsuite tests='1' skipped='1' time='0.001'>\
               <testcase name='z'><skipped/></testcase></testsuite></testsuites>";
    let (document, error) = read_all(
        ReportFormat::JunitXml,
        &[("/1.xml", one.as_bytes()), ("/2.xml", two.as_bytes())],
    );
    assert_eq!(error, None);
    let paths: Vec<&str> = document
        .test_cases
        .iter()
        .map(|case| case.test_raw_data_path.as_str())
        .collect();
    assert_eq!(paths, ["/1.xml", "/1.xml", "/2.xml"]);
    assert_eq!(document.test_cases[1].message, "m\nt");
    insta::assert_json_snapshot!(document.report);
}

#[test]
fn broken_files_are_all_named() {
    let (document, error) = read_all(
        ReportFormat::JunitXml,
        &[("/1", b""), ("/2", b"<testsuite/>"), ("/3", b"<a/>")],
    );
    assert!(document.test_cases.is_empty());
    assert_eq!(
        error.unwrap().to_string(),
        "unit: [error processing report: [/1: EOF /3: expected element type <testsuite> but have <a>]]"
    );
}

#[test]
fn no_file_is_incomplete_and_no_error() {
    let (document, error) = read_all(ReportFormat::CloverXml, &[]);
    assert_eq!(error, None);
    assert_eq!(document.report.status, ReportStatus::Incomplete);
    assert_eq!(
        document.details.warnings,
        ["report group unit: no file matches, the report is INCOMPLETE"]
    );
}

#[test]
fn totals_come_from_the_attributes() {
    let document = junit(
        "<testsuite name='s' tests='5' failures='1' errors='' skipped='1'>\
         <testcase name='a'/></testsuite>",
    );
    let summary = document.report.test_summary.unwrap();
    assert_eq!(summary.total, 5);
    assert_eq!(summary.status_counts[&CaseStatus::Succeeded], 3);
    assert_eq!(document.report.status, ReportStatus::Failed);
    assert_eq!(
        document.details.warnings,
        [
            "/src/report: suite \"s\" says 5 tests, 1 failures, 0 errors, 1 skipped but holds \
             1 tests, 0 failures, 0 errors, 0 skipped; CodeBuild believes what it says"
        ]
    );
}

#[test]
fn a_million_failures_keep_five_hundred() {
    let mut xml = String::from("<testsuite>");
    for number in 0..1_500 {
        let inside = if number % 2 == 1 { "<error/>" } else { "" };
        write!(
            xml,
            "<testcase name='{number}' time='{number}'>{inside}</testcase>"
        )
        .unwrap();
    }
    xml.push_str("</testsuite>");
    let document = junit(xml);
    assert!(document.report.truncated);
    assert_eq!(document.test_cases.len(), 500);
    assert!(
        document
            .test_cases
            .iter()
            .all(|case| case.status == CaseStatus::Error)
    );
    assert_eq!(document.report.test_summary.unwrap().total, 1_500);
    let slowest: Vec<&str> = document.details.slowest.iter().map(|s| &*s.name).collect();
    assert_eq!(slowest, ["1499", "1498", "1497", "1496", "1495"]);

    let mut xml = String::from("<testsuite>");
    for number in 0..600 {
        let inside = if number > 590 { "<failure/>" } else { "" };
        write!(xml, "<testcase name='{number}'>{inside}</testcase>").unwrap();
    }
    let document = junit(xml + "</testsuite>");
    let names: Vec<&str> = document.test_cases.iter().map(|case| &*case.name).collect();
    assert_eq!(names.len(), 500);
    assert_eq!(
        (names[0], names[8], names[9], names[499]),
        ("591", "599", "0", "490")
    );
}

#[test]
fn long_texts_are_clipped() {
    let long = "ä".repeat(100_000);
    let document = junit(format!(
        "<testsuite name='{long}'><testcase name='{long}' classname='{long}'>\
         <failure message='{long}'>{long}</failure></testcase></testsuite>"
    ));
    let case = &document.test_cases[0];
    assert_eq!(case.name.chars().count(), 1_000);
    assert_eq!(case.message.chars().count(), 5_000);
}

#[test]
fn control_characters_are_replaced() {
    let document = junit("<testsuite><testcase name='a\x1b[31m&#27;&#x0;'/></testsuite>");
    assert_eq!(document.test_cases[0].name, "a\u{FFFD}[31m\u{FFFD}\u{FFFD}");
    assert_eq!(
        document.details.warnings,
        ["/src/report: 1 control characters replaced; CodeBuild may refuse the file"]
    );
}

#[test]
fn coverage_merges_by_line() {
    let one = "<coverage line-rate='0'><class filename='a.py'><line number='1' hits='1'/>\
               <line number='2' hits='0' branch='true' condition-coverage='50% (1/2)'/></class>\
               <class filename='a.py'><line number='1' hits='0'/></class></coverage>";
    let two = "<coverage><class filename='a.py'><line number='2' hits='3' branch='true' \
               condition-coverage='100% (2/2)'/><line number='18446744073709551616' hits='1'/>\
               </class></coverage>";
    let (document, error) = read_all(
        ReportFormat::CoberturaXml,
        &[("/1", one.as_bytes()), ("/2", two.as_bytes())],
    );
    assert_eq!(error, None);
    insta::assert_json_snapshot!(document.code_coverages);
}

#[test]
fn names_and_arns() {
    let group = GroupId::new("unit", &home());
    assert_eq!(group.name, "shop-unit");
    assert_eq!(
        group.report_arn("1234"),
        "arn:aws:codebuild:eu-central-1:123456789012:report/shop-unit:1234"
    );
    let arn = "arn:aws:codebuild:us-east-1:210987654321:report-group/shared";
    let shared = GroupId::new(arn, &home());
    assert_eq!((&*shared.name, &*shared.arn), ("shared", arn));
    assert_eq!(
        discovered_key(ReportFormat::SimpleCov),
        "SIMPLECOV-AutoDiscovered"
    );
}

/// Run by hand, in release mode: `cargo test --release --lib reports -- --ignored --nocapture`.
#[test]
#[ignore = "writes and reads 200 MB"]
fn a_million_cases_take_little_more_than_a_scan() {
    use std::io::Write as _;
    use std::time::{Duration, Instant};

    let mut file = tempfile::tempfile().unwrap();
    let mut out = std::io::BufWriter::new(&mut file);
    write!(
        out,
        "<testsuites><testsuite name='big' tests='1000000' failures='100000'>"
    )
    .unwrap();
    for number in 0..1_000_000 {
        write!(
            out,
            "<testcase classname=\"org.example.shop.checkout.SomeLongClassNameTest{}\" \
             name=\"takes the money and runs with case number {number}\" time=\"0.00{}\" \
             file=\"src/test/java/org/example/shop/checkout/Test.java\"",
            number / 100,
            number % 10
        )
        .unwrap();
        if number % 10 == 0 {
            write!(out, "><failure message=\"expected &lt;1&gt;\">at Test.java:{number}</failure></testcase>\n").unwrap();
        } else {
            writeln!(out, "/>").unwrap();
        }
    }
    write!(out, "</testsuite></testsuites>").unwrap();
    out.flush().unwrap();
    drop(out);

    let rewound = |file: &mut fs::File| {
        std::io::Seek::rewind(file).unwrap();
        BufReader::with_capacity(64 * 1024, file.try_clone().unwrap())
    };
    // The best of several runs: other processes only ever add time.
    let (mut bare, mut read) = (Duration::MAX, Duration::MAX);
    for _ in 0..7 {
        let start = Instant::now();
        scan(&mut rewound(&mut file));
        bare = bare.min(start.elapsed());

        let start = Instant::now();
        let mut group = Group::new("unit", ReportFormat::JunitXml, &home());
        group.read("/big.xml", &mut rewound(&mut file));
        let (document, error) = group.finish(&stamp());
        read = read.min(start.elapsed());
        assert_eq!(error, None);
        assert_eq!(document.test_cases.len(), 500);
    }
    let size = file.metadata().unwrap().len() / 1_000_000;
    let times = read.as_secs_f64() / bare.as_secs_f64();
    println!("{size} MB: bare scan {bare:?}, read {read:?}, {times:.2} times");
    let status = fs::read_to_string("/proc/self/status").unwrap();
    println!(
        "{}",
        status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap()
    );
}

fn scan(source: &mut dyn BufRead) {
    let mut reader = quick_xml::Reader::from_reader(source);
    let mut buffer = Vec::new();
    while reader.read_event_into(&mut buffer).unwrap() != quick_xml::events::Event::Eof {
        buffer.clear();
    }
}
