//! Scans an XML file and looks at nothing, for `make bench`: what no reader can beat.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;

use quick_xml::events::Event;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("scan_xml FILE")?;
    let source = BufReader::with_capacity(64 * 1024, File::open(file)?);
    let mut reader = quick_xml::Reader::from_reader(source);
    let mut buffer = Vec::new();
    while reader.read_event_into(&mut buffer)? != Event::Eof {
        buffer.clear();
    }
    Ok(())
}
