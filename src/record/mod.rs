//! What a build leaves in its folder: `build.log`, `events.jsonl`, `build.json`.

pub mod build;
pub mod json;
pub mod project;

use std::fs::File;
use std::io::{self, BufWriter, Write};

use jiff::Timestamp;

use crate::console::log;
use crate::engine::event::Event;
use crate::engine::journal::Watcher;
use crate::output::BuildFolder;

const BUFFER: usize = 128 * 1024;

/// Writes `build.log` and `events.jsonl`.
///
/// Output stands in the log alone; an event tells where: `offset` and `length` in bytes of `build.log`.
#[derive(Debug)]
pub struct Files {
    log: Counted<BufWriter<File>>,
    events: BufWriter<File>,
    /// Output since the last other event: when it began and where it stands.
    output: Option<(Timestamp, u64)>,
}

impl Files {
    /// Makes both files.
    pub fn create(folder: &BuildFolder) -> io::Result<Self> {
        let file = |name| {
            File::create_new(folder.file(name)).map(|file| BufWriter::with_capacity(BUFFER, file))
        };
        Ok(Self {
            log: Counted {
                inner: file("build.log")?,
                written: 0,
            },
            events: file("events.jsonl")?,
            output: None,
        })
    }

    fn close_output(&mut self) -> io::Result<()> {
        let Some((at, offset)) = self.output.take() else {
            return Ok(());
        };
        json::write_output_place(&mut self.events, at, offset, self.log.written - offset)
    }
}

impl Watcher for Files {
    fn event(&mut self, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
        if let Event::Output(_) = event {
            self.output.get_or_insert((at, self.log.written));
            return log::write(&mut self.log, at, event);
        }
        if let Event::Progress(_) = event {
            return Ok(());
        }
        self.close_output()?;
        json::write(&mut self.events, at, event)?;
        log::write(&mut self.log, at, event)?;
        if let Event::BuildEnded { .. } = event {
            self.idle()?;
        }
        Ok(())
    }

    fn idle(&mut self) -> io::Result<()> {
        self.log.flush()?;
        self.events.flush()
    }
}

#[derive(Debug)]
struct Counted<W> {
    inner: W,
    written: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
