//! Reads one JUnit file as a build would, for `make bench`: `read_report FILE.xml`.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;

use buildspec::buildspec::model::ReportFormat;
use buildspec::reports::group::{BuildStamp, Group, Home};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("read_report FILE")?;
    let mut source = BufReader::with_capacity(64 * 1024, File::open(file)?);
    let home = Home {
        project: String::new(),
        region: String::new(),
        account: String::new(),
    };
    let mut group = Group::new("bench", ReportFormat::JunitXml, &home);
    group.read("/file", &mut source);
    let stamp = BuildStamp {
        arn: String::new(),
        uuid: String::new(),
        created: 0.0,
    };
    let (document, error) = group.finish(&stamp);
    match error {
        Some(error) => Err(error.into()),
        None if document.test_cases.is_empty() => Err("no test case".into()),
        None => Ok(()),
    }
}
