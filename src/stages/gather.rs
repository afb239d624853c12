//! Bringing chosen files from the build's side to a folder of the host.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::artifacts::{self, Chosen, Failure, Request, Root, Selection, Tree, Unpacked};
use crate::buildspec::model::Artifacts;
use crate::engine::event::{Event, Progress, Wait};
use crate::engine::journal::Journal;
use crate::error::Error;
use crate::run::{Build, Halt};
use crate::runtime::Sink;
use crate::runtime::session::Session;
use crate::script;

impl Build<'_> {
    /// Decides which files a definition means, in the build's final state.
    pub(super) async fn choose(
        &mut self,
        definition: &Artifacts,
        identifier: Option<&str>,
        session: &mut Session,
    ) -> Result<Result<Selection, Failure>, Halt> {
        let values = session.variables(&Request::variables(definition)).await?;
        let lookup = |name: &str| {
            let found = values.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        let request = match Request::new(definition, identifier, lookup) {
            Ok(request) => request,
            Err(error) => return Ok(Err(error.into())),
        };
        let source = session.layout().source().into_bytes();
        let roots = request.roots(&source);
        let tree = list(&roots, session).await?;
        let selection = artifacts::select(&request, &source, &tree);
        for warning in selection.warnings.lines() {
            self.journal.emit(&Event::Warning(warning));
        }
        Ok(Ok(selection))
    }

    /// Writes the files below `folder`. A file that does not arrive ends the build: nothing is half collected in silence.
    pub(super) async fn fetch(
        &mut self,
        files: Vec<Chosen>,
        folder: PathBuf,
        session: &mut Session,
    ) -> Result<Unpacked, Halt> {
        let (travelling, unspeakable): (Vec<_>, Vec<_>) = files
            .into_iter()
            .partition(|file| !file.source.contains(&b'\n'));
        for file in &unspeakable {
            let name = artifacts::shown(&file.source);
            let text = format!("a file whose name holds a line break is left out: {name}");
            self.journal.emit(&Event::Warning(text));
        }
        let list = format!("{}/files.txt", session.layout().tmp());
        let names = travelling
            .iter()
            .map(|file| [b".", file.source.as_slice(), b"\n"].concat());
        session
            .put(&list, names.collect::<Vec<_>>().concat())
            .await?;
        // The archive is read while it is written; the build's side waits when this one does.
        let (sender, receiver) = mpsc::sync_channel(16);
        let target = folder.clone();
        let unpacking = tokio::task::spawn_blocking(move || {
            artifacts::unpack(Stream::new(receiver), &travelling, &target)
        });
        let mut sink = Pieces {
            sender: Some(sender),
            journal: &mut self.journal,
            bytes: 0,
            told: Instant::now(),
        };
        session
            .tell("/bin/sh", &archive_script(&list), &mut sink)
            .await?;
        drop(sink);
        let unpacked = unpacking
            .await
            .map_err(|error| Error::environment("files can't be unpacked").because(error))?;
        for warning in unpacked.warnings.lines() {
            self.journal.emit(&Event::Warning(warning));
        }
        let place = folder.display();
        if let Some(failure) = &unpacked.failure {
            let error = Error::environment(format!("files can't be written to {place}: {failure}"));
            return Err(Halt::Error(error));
        }
        if let Some(first) = unpacked.missing.first() {
            let (count, name) = (unpacked.missing.len(), artifacts::shown(first));
            return Err(Halt::Error(
                Error::environment(format!(
                    "{count} files did not arrive in {place}, {name} among them"
                ))
                .hint("the build's image needs a working `tar` and `tr`"),
            ));
        }
        Ok(unpacked)
    }
}

async fn list(roots: &[Root], session: &mut Session) -> Result<Tree, Halt> {
    let arguments: Vec<String> = Root::arguments(roots)
        .iter()
        .map(|argument| script::quote(&String::from_utf8_lossy(argument)))
        .collect();
    let text = format!(
        "exec 2>/dev/null\nset -- {}\n{}",
        arguments.join(" "),
        Root::SCRIPT
    );
    let (_, listing) = session.ask(&text).await?;
    Ok(Tree::parse(roots, &listing).map_err(|error| {
        Error::environment(format!("the build's files can't be listed: {error}"))
            .hint("the build's image needs a working `find`")
    })?)
}

/// Writes the listed files to standard output as one archive, links followed. Only GNU's and BSD's tar take names with
/// any letter.
fn archive_script(list: &str) -> String {
    let list = script::quote(list);
    format!(
        "exec 2>/dev/null\ncd / || exit\ncase $(tar --version) in\n\
         *GNU*|*bsdtar*) tr '\\n' '\\000' <{list} | tar -c -h --null --no-recursion -T - -f - ;;\n\
         *) tar -c -h -T {list} -f - ;;\nesac\n"
    )
}

/// Hands pieces of an archive to the thread that unpacks it.
struct Pieces<'a> {
    sender: Option<mpsc::SyncSender<Vec<u8>>>,
    journal: &'a mut Journal,
    bytes: u64,
    told: Instant,
}

impl Sink for Pieces<'_> {
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
        // The unpacking thread gives up when the disk is full; the rest of the archive is then read and dropped.
        if tokio::task::block_in_place(|| sender.send(piece)).is_err() {
            self.sender = None;
        }
    }
}

/// The other end of [`Pieces`].
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
