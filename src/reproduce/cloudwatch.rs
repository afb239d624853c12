//! A log as the AWS CLI prints its events: `aws logs get-log-events`, `filter-log-events`.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde::Deserialize;

use super::recorded_log::{self, LONG};
use crate::error::Result;

/// One page; several may follow each other in a file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Page {
    Whole {
        events: Vec<Event>,
    },
    /// `--query events`.
    Bare(Vec<Event>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    message: String,
    /// Only where many streams were looked through.
    #[serde(default)]
    log_stream_name: Option<String>,
}

/// The messages of a file of events, those of this stream where there are any; nothing where it is no such file.
///
/// # Errors
///
/// It can't be read.
pub fn read(path: &Path, stream: &str) -> Result<Option<String>> {
    let file = File::open(path).map_err(|error| recorded_log::unreadable(path, &error))?;
    let mut reader = BufReader::new(file);
    let begin = reader
        .fill_buf()
        .map_err(|error| recorded_log::unreadable(path, &error))?;
    let marked = begin.starts_with("\u{feff}".as_bytes());
    let begin = if marked { &begin[3..] } else { begin };
    let mut letters = begin.iter().filter(|byte| !byte.is_ascii_whitespace());
    // A log begins with `[Container]`.
    let is_json = match letters.next() {
        Some(b'{') => true,
        Some(b'[') => letters.next() == Some(&b'{'),
        _ => false,
    };
    if !is_json {
        return Ok(None);
    }
    if marked {
        reader.consume(3);
    }
    let pages = serde_json::Deserializer::from_reader(reader).into_iter::<Page>();
    let Ok(pages) = pages.collect::<Result<Vec<_>, _>>() else {
        return Ok(None);
    };
    let events: Vec<Event> = pages
        .into_iter()
        .flat_map(|page| match page {
            Page::Whole { events } | Page::Bare(events) => events,
        })
        .collect();
    let ours = |event: &&Event| event.log_stream_name.as_deref() == Some(stream);
    let log = if events.iter().any(|event| ours(&event)) {
        text(events.iter().filter(ours))
    } else {
        text(events.iter())
    };
    if log.len() as u64 <= LONG {
        return Ok(Some(log));
    }
    let cut = recorded_log::cut_down(&mut log.as_bytes());
    Ok(Some(
        cut.map_err(|error| recorded_log::unreadable(path, &error))?,
    ))
}

fn text<'e>(events: impl Iterator<Item = &'e Event>) -> String {
    let mut log = String::new();
    for event in events {
        let message = event.message.as_str();
        log.push_str(message.strip_suffix('\n').unwrap_or(message));
        log.push('\n');
    }
    log
}
