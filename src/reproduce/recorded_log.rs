//! A log as it is compared: read, checked to be that of the build, and cut down where it is huge.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::error::{Error, Result};
use crate::project::build::Recorded;

/// Logs longer than this are cut down before they are compared.
pub const LONG: u64 = 16 << 20;

/// Of what one command printed, so many lines of a long log are compared.
const MOST_LINES: usize = 1000;

/// A text of more bytes has no more commands that are told apart.
const MOST_TEXT: usize = 16 << 20;

/// Longer lines are cut.
const MOST_BYTES: u64 = 16 << 10;

/// Seconds by which a log may begin before its build, or end after it: clocks differ.
const SLACK: f64 = 300.0;

/// The length of a log, in bytes.
///
/// # Errors
///
/// It can't be read.
pub fn length(path: &Path) -> Result<u64> {
    std::fs::metadata(path)
        .map(|about| about.len())
        .map_err(|error| unreadable(path, &error))
}

/// Reads a log; a `long` one keeps the agent's lines, and the first thousand of what each command printed.
///
/// # Errors
///
/// It can't be read.
pub fn read(path: &Path, long: bool) -> Result<String> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    if long {
        let text = cut_down(&mut reader).map_err(|error| unreadable(path, &error))?;
        return Ok(without_returns(text));
    }
    let mut bytes = Vec::new();
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    Ok(without_returns(
        String::from_utf8_lossy(&bytes).into_owned(),
    ))
}

/// A log whose own lines end as those of Windows do was saved there; what a command printed stays as it is otherwise.
fn without_returns(text: String) -> String {
    let agent = text
        .split_inclusive('\n')
        .find(|line| line.contains("[Container] "));
    if agent.is_some_and(|line| line.ends_with("\r\n")) {
        text.replace("\r\n", "\n")
    } else {
        text
    }
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::usage(format!("the log {} can't be read: {error}", path.display()))
}

/// The same text in bounded memory: how many lines are left out is said in their place.
pub fn cut_down(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    let mut lines = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .by_ref()
            .take(MOST_BYTES)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        if !line.ends_with(b"\n") && read as u64 == MOST_BYTES {
            let left_out = skip_line(reader)?;
            line.extend_from_slice(format!("[... {left_out} bytes]\n").as_bytes());
        }
        if is_agent(&line) && text.len() < MOST_TEXT {
            say_left_out(&mut text, lines);
            lines = 0;
        } else {
            lines += 1;
            if lines > MOST_LINES {
                continue;
            }
        }
        text.push_str(&String::from_utf8_lossy(&line));
    }
    say_left_out(&mut text, lines);
    Ok(text)
}

fn say_left_out(text: &mut String, lines: usize) {
    if lines > MOST_LINES {
        text.push_str(&format!("[... {} lines]\n", lines - MOST_LINES));
    }
}

fn skip_line(reader: &mut impl BufRead) -> std::io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = memchr::memchr(b'\n', buffer);
        let taken = end.map_or(buffer.len(), |end| end + 1);
        skipped += taken as u64;
        reader.consume(taken);
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

/// Lines that say which phase and which command it is; anything else may be what a command prints.
fn is_agent(line: &[u8]) -> bool {
    let begins = line.starts_with(b"[Container] ") || line.starts_with(b"[Instance] ");
    let head = &line[..line.len().min(100)];
    begins
        && [
            &b" Entering phase "[..],
            b" Running command ",
            b" Command did not exit ",
            b" Phase complete: ",
            b" Phase context ",
        ]
        .iter()
        .any(|words| memchr::memmem::find(head, words).is_some())
}

/// Refuses a log that another build has written: by its times, and by the phases that failed.
///
/// # Errors
///
/// The log is of another build, or none at all.
pub fn check(recorded: &Recorded, log: &str, name: &str) -> Result<()> {
    if !log.lines().any(|line| line.contains("[Container] ")) {
        return Err(Error::usage(format!(
            "{name} is no log of a build: no line begins with [Container]"
        )));
    }
    let other = |why: String| {
        Err(
            Error::usage(format!("{name} is the log of another build: {why}"))
                .hint(format!("the build is {}", recorded.id)),
        )
    };
    let mut times = log.lines().filter_map(time);
    if let (Some(first), Some(started), Some(ended)) =
        (times.next(), recorded.started, recorded.ended)
        && (first < started - SLACK || first > ended + SLACK)
    {
        return other("its times are not those of the build".to_owned());
    }
    for phase in &recorded.phases {
        let words = format!("Phase complete: {} State: ", phase.kind);
        let mut ends = log.lines().filter_map(|line| line.split_once(&words));
        if let Some((_, state)) = ends.next_back()
            && !phase.status.is_empty()
            && state.trim() != phase.status
        {
            let (kind, status) = (&phase.kind, &phase.status);
            return other(format!(
                "{kind} is {state} there, and {status} in the record"
            ));
        }
    }
    Ok(())
}

/// Seconds since the epoch, of a line that begins as the agent's do.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since the epoch fit 52 bits"
)]
fn time(line: &str) -> Option<f64> {
    let (_, rest) = line.split_once("[Container] ")?;
    let stamp = rest.get(..19)?;
    let time = DateTime::strptime("%Y/%m/%d %H:%M:%S", stamp).ok()?;
    let at = TimeZone::UTC.to_timestamp(time).ok()?;
    Some(at.as_millisecond() as f64 / 1000.0)
}
