//! The rung that copies: the source as a tar stream into a volume.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard::query_parameters::UploadToContainerOptionsBuilder;
use tokio::sync::mpsc;

use super::{Engine, Plan, Progress, Remark, Tree, refused};
use crate::error::{Error, Result};
use crate::excludes::{Excludes, FILE};

impl Engine {
    /// Sends a source, less what is hidden from builds, to its place in the container.
    pub(super) async fn upload(
        &self,
        container: &str,
        plan: &Plan,
        tree: &Tree,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Remark>> {
        let excludes = Excludes::read(&tree.from, &plan.excludes)?;
        let (sender, receiver) = mpsc::channel(16);
        let (source, output) = (tree.from.clone(), plan.output.clone());
        let packed_so_far = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&packed_so_far);
        let packing = tokio::task::spawn_blocking(move || {
            pack(
                &source,
                &output,
                &excludes,
                Pieces {
                    sender,
                    buffer: Vec::new(),
                    count,
                },
            )
        });
        let stream = futures_util::stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        let options = UploadToContainerOptionsBuilder::default()
            .path(&tree.to)
            .build();
        let body = bollard::body_try_stream(stream);
        let mut sending = std::pin::pin!(self.docker.upload_to_container(
            container,
            Some(options),
            body
        ));
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        let sent = loop {
            tokio::select! {
                sent = &mut sending => break sent,
                _ = ticks.tick() => progress.source(packed_so_far.load(Ordering::Relaxed)),
            }
        };
        let packed = packing
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        let packed = match packed {
            // The engine hung up on us: what it says is the reason.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && sent.is_err() => {
                Packed::default()
            }
            packed => packed.map_err(|error| {
                Error::environment(format!("the source can't be read: {error}"))
            })?,
        };
        sent.map_err(refused("the engine did not take the source"))?;
        Ok(packed.remarks(tree))
    }
}

impl Engine {
    /// Sends the commands that every build has.
    pub(super) async fn upload_commands(&self, container: &str, plan: &Plan) -> Result<()> {
        let archive = pack_commands(plan).map_err(|error| {
            Error::environment("the build's commands can't be packed").because(error)
        })?;
        let options = UploadToContainerOptionsBuilder::default().path("/").build();
        let body = bollard::body_full(archive.into());
        let sent = self
            .docker
            .upload_to_container(container, Some(options), body)
            .await;
        sent.map_err(refused("the engine did not take the build's commands"))
    }
}

fn pack_commands(plan: &Plan) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in crate::inside::COMMANDS {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(text.len() as u64);
        let path = format!("{}/{name}", plan.layout.bin());
        archive.append_data(&mut header, path.trim_start_matches('/'), text.as_bytes())?;
    }
    archive.into_inner()
}

/// Hands a stream over in pieces of 256 KiB.
struct Pieces {
    sender: mpsc::Sender<io::Result<bytes::Bytes>>,
    buffer: Vec<u8>,
    count: Arc<AtomicU64>,
}

const PIECE: usize = 256 * 1024;

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE + 4096));
        let length = piece.len() as u64;
        self.count.fetch_add(length, Ordering::Relaxed);
        self.sender
            .blocking_send(Ok(piece.into()))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// A copy of more bytes is worth a word: each build makes it anew.
const LARGE: u64 = 100_000_000;

/// What a copy came to.
#[derive(Debug, Default)]
struct Packed {
    /// Bytes of files, by what lies at the source's top.
    sizes: BTreeMap<PathBuf, u64>,
    left_out: usize,
}

impl Packed {
    fn remarks(&self, tree: &Tree) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.left_out > 0 {
            remarks.push(Remark::note(format!(
                "source: {} files and folders of {} were left out of the copy",
                self.left_out,
                tree.from.display()
            )));
        }
        let all: u64 = self.sizes.values().sum();
        if all > LARGE {
            let mut largest: Vec<_> = self.sizes.iter().collect();
            largest.sort_by_key(|(_, size)| std::cmp::Reverse(**size));
            let largest: Vec<String> = largest
                .iter()
                .take(3)
                .map(|(name, size)| format!("{} {} MB", name.display(), **size / 1_000_000))
                .collect();
            remarks.push(Remark::warning(format!(
                "the source had to be copied, all {} MB of it ({}): --exclude PATTERN or {FILE} leave out what the build does not need",
                all / 1_000_000,
                largest.join(", ")
            )));
        }
        remarks
    }
}

fn pack(source: &Path, output: &Path, excludes: &Excludes, pieces: Pieces) -> io::Result<Packed> {
    let mut packed = Packed::default();
    let mut archive = tar::Builder::new(pieces);
    let hidden = crate::hidden::paths(source, output);
    let relative = |path: &Path| path.strip_prefix(source).unwrap_or(path).to_path_buf();
    let walk = walkdir::WalkDir::new(source)
        .min_depth(1)
        .into_iter()
        .filter_entry(|entry| hidden.iter().all(|path| path != entry.path()));
    let mut walk = walk;
    while let Some(entry) = walk.next() {
        let entry = entry?;
        let path = relative(entry.path());
        if excludes.exclude(&path) {
            packed.left_out += 1;
            if entry.file_type().is_dir() && excludes.are_final() {
                walk.skip_current_dir();
            }
            continue;
        }
        if entry.file_type().is_file()
            && let Some(top) = path.iter().next()
        {
            *packed.sizes.entry(top.into()).or_default() += entry.metadata()?.len();
        }
        append(&mut archive, entry.path(), &path).map_err(|error| {
            // The engine hung up, which is about no file.
            if error.kind() == io::ErrorKind::BrokenPipe {
                return error;
            }
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
    }
    archive.into_inner()?.flush()?;
    Ok(packed)
}

fn append(archive: &mut tar::Builder<Pieces>, from: &Path, path: &PathBuf) -> io::Result<()> {
    let about = std::fs::symlink_metadata(from)?;
    let mut header = tar::Header::new_gnu();
    header.set_metadata(&about);
    // In a container of CodeBuild the source belongs to root.
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(u64::try_from(about.mtime()).unwrap_or(0));
    if about.is_symlink() {
        header.set_size(0);
        archive.append_link(&mut header, path, std::fs::read_link(from)?)
    } else if about.is_dir() {
        header.set_size(0);
        archive.append_data(&mut header, path, io::empty())
    } else if about.is_file() {
        archive.append_data(
            &mut header,
            path,
            Exactly {
                file: std::fs::File::open(from)?,
                left: about.len(),
            },
        )
    } else {
        // Sockets, pipes and devices are not part of a source.
        Ok(())
    }
}

/// A file that has exactly the length it was announced with, whatever happens to it meanwhile.
struct Exactly {
    file: std::fs::File,
    left: u64,
}

impl io::Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let buffer = &mut buffer[..room];
        let mut read = self.file.read(buffer)?;
        if read == 0 && room > 0 {
            buffer.fill(0);
            read = room;
        }
        self.left -= read as u64;
        Ok(read)
    }
}
