//! The time and memory that a large file takes.

use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write as _};
use std::time::Duration;

use super::{home, stamp};
use crate::buildspec::model::ReportFormat;
use crate::reports::group::Group;

/// Run by hand, in release mode: `cargo test --release --lib reports -- --ignored --nocapture`.
#[test]
#[ignore = "writes and reads 200 MB"]
fn a_million_cases_take_little_more_than_a_scan() {
    let mut file = tempfile::tempfile().unwrap();
    let mut out = BufWriter::new(&mut file);
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
            writeln!(out, "><failure message=\"expected &lt;1&gt;\">at Test.java:{number}</failure></testcase>").unwrap();
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
    // The best of several runs: other processes' use of the caches only ever adds time.
    let (mut bare, mut read) = (Duration::MAX, Duration::MAX);
    for _ in 0..7 {
        let start = on_cpu();
        scan(&mut rewound(&mut file));
        bare = bare.min(on_cpu().saturating_sub(start));

        let start = on_cpu();
        let mut group = Group::new("unit", ReportFormat::JunitXml, &home());
        group.read("/big.xml", &mut rewound(&mut file));
        let (document, error) = group.finish(&stamp());
        read = read.min(on_cpu().saturating_sub(start));
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

/// The time that this thread has had a processor: other processes do not count.
fn on_cpu() -> Duration {
    let times = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(times.split(' ').next().unwrap().parse().unwrap())
}
