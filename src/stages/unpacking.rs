//! A thread that writes files while their archive still comes.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::artifacts::{self, Chosen, Rules, Unpacked};
use crate::engine::event::{Event, Progress, Wait};
use crate::engine::journal::Journal;
use crate::error::{Error, Result};
use crate::runtime::Sink;

/// Takes an archive piece by piece; whoever sends waits when the disk is slow.
pub(super) struct Unpacking<'a> {
    sender: Option<mpsc::SyncSender<Vec<u8>>>,
    work: JoinHandle<Unpacked>,
    journal: &'a mut Journal,
    bytes: u64,
    told: Instant,
}

impl<'a> Unpacking<'a> {
    pub(super) fn start(
        files: Vec<Chosen>,
        folder: PathBuf,
        rules: Rules,
        journal: &'a mut Journal,
    ) -> Self {
        let (sender, receiver) = mpsc::sync_channel(16);
        let work = tokio::task::spawn_blocking(move || {
            artifacts::unpack(Stream::new(receiver), &files, &folder, &rules)
        });
        Self {
            sender: Some(sender),
            work,
            journal,
            bytes: 0,
            told: Instant::now(),
        }
    }

    /// The archive is over.
    pub(super) async fn finish(self) -> Result<Unpacked> {
        drop(self.sender);
        let unpacked = self.work.await;
        unpacked.map_err(|error| Error::environment("files can't be unpacked").because(error))
    }
}

impl Sink for Unpacking<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if self.told.elapsed() > Duration::from_millis(100) {
            self.told = Instant::now();
            self.journal.emit(&Event::Progress(Progress {
                wait: Wait::Artifacts,
                item: String::new(),
                status: String::new(),
                done: self.bytes,
                total: 0,
            }));
        }
        let Some(sender) = &self.sender else { return };
        let piece = bytes.to_vec();
        // The thread gives up when the disk is full; the rest of the archive is then read and dropped.
        if tokio::task::block_in_place(|| sender.send(piece)).is_err() {
            self.sender = None;
        }
    }
}

/// The thread's end.
struct Stream {
    receiver: mpsc::Receiver<Vec<u8>>,
    piece: std::io::Cursor<Vec<u8>>,
}

impl Stream {
    fn new(receiver: mpsc::Receiver<Vec<u8>>) -> Self {
        Self {
            receiver,
            piece: std::io::Cursor::default(),
        }
    }
}

impl std::io::Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.receiver.recv() {
                Ok(piece) => self.piece = std::io::Cursor::new(piece),
                Err(_) => return Ok(0),
            }
        }
    }
}
