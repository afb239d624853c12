//! `UPLOAD_ARTIFACTS`: what the build made goes to the output directory.

use std::path::PathBuf;
use std::sync::mpsc;

use crate::artifacts::{self, Chosen, Failure, Request, Root, Tree};
use crate::buildspec::model::{Artifacts, Buildspec};
use crate::engine::event::Event;
use crate::engine::phase::{Context, PhaseType, Status};
use crate::error::Error;
use crate::record::build::{BuildArtifacts, ExportedVariable};
use crate::run::{Build, Halt};
use crate::runtime::Sink;
use crate::runtime::session::Session;
use crate::script;

/// What one artifact came to: nothing, or why the phase fails.
type Collected = Result<(), Failure>;

impl Build<'_> {
    /// Collects artifacts and exported variables; whether the phase succeeded.
    pub(crate) async fn upload_artifacts(
        &mut self,
        buildspec: &Buildspec,
        session: &mut Session,
    ) -> Result<bool, Halt> {
        self.journal.enter(PhaseType::UploadArtifacts);
        self.export_variables(buildspec, session).await?;
        let collected = match &buildspec.artifacts {
            Some(artifacts) => self.collect_all(artifacts, session).await?,
            None => Ok(()),
        };
        if collected.is_ok() {
            self.discover_reports();
        }
        let (status, context) = match &collected {
            Ok(()) => (Status::Succeeded, Context::default()),
            Err(failure) => (Status::Failed, Context::new(failure.code, &failure.message)),
        };
        self.journal.leave(status, context);
        Ok(collected.is_ok())
    }

    async fn export_variables(
        &mut self,
        buildspec: &Buildspec,
        session: &mut Session,
    ) -> Result<(), Halt> {
        let names: Vec<String> = buildspec
            .env
            .exported_variables
            .iter()
            .map(|name| name.value.clone())
            .collect();
        let mut values = session.variables(&names).await?;
        values.retain(|(_, value)| !value.is_empty());
        let mut exported = Vec::new();
        for name in names {
            let value = values.iter().find(|(known, _)| *known == name);
            let problem = match value {
                _ if name.starts_with("AWS_") => "names that begin with AWS_ can't be exported",
                None => "it has no value",
                Some((_, value)) if self.masks.rewrite(value) != *value => "it holds a secret",
                Some((_, value)) => {
                    let value = value.clone();
                    exported.push(ExportedVariable { name, value });
                    continue;
                }
            };
            self.journal.emit(&Event::Warning(format!(
                "exported-variables: {name} is left out: {problem}"
            )));
        }
        self.record
            .change(|build| build.exported_environment_variables = exported);
        Ok(())
    }

    async fn collect_all(
        &mut self,
        artifacts: &Artifacts,
        session: &mut Session,
    ) -> Result<Collected, Halt> {
        let folder = self
            .options
            .artifacts
            .clone()
            .unwrap_or_else(|| self.folder.file("artifacts"));
        let place = BuildArtifacts {
            location: folder.display().to_string(),
            artifact_identifier: None,
        };
        if let Err(failure) = self.collect(artifacts, None, folder, session).await? {
            return Ok(Err(failure));
        }
        self.record.change(|build| build.artifacts = Some(place));
        for (identifier, secondary) in &artifacts.secondary {
            let folder = self
                .folder
                .file("secondary-artifacts")
                .join(file_name(&identifier.value));
            let place = BuildArtifacts {
                location: folder.display().to_string(),
                artifact_identifier: Some(identifier.value.clone()),
            };
            if let Err(failure) = self
                .collect(secondary, Some(&identifier.value), folder, session)
                .await?
            {
                return Ok(Err(failure));
            }
            self.record
                .change(|build| build.secondary_artifacts.push(place));
        }
        Ok(Ok(()))
    }

    async fn collect(
        &mut self,
        definition: &Artifacts,
        identifier: Option<&str>,
        folder: PathBuf,
        session: &mut Session,
    ) -> Result<Collected, Halt> {
        let values = session.variables(&Request::variables(definition)).await?;
        let lookup = |name: &str| {
            values
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        };
        let request = match Request::new(definition, identifier, lookup) {
            Ok(request) => request,
            Err(error) => return Ok(Err(error.into())),
        };
        let source = session.layout().source().into_bytes();
        let roots = request.roots(&source);
        let tree = list(&roots, session).await?;
        let selection = artifacts::select(&request, &source, &tree);
        for line in selection.log {
            self.journal.say(line);
        }
        for warning in selection.warnings.lines() {
            self.journal.emit(&Event::Warning(warning));
        }
        if let Some(failure) = selection.failure {
            return Ok(Err(failure));
        }
        self.fetch(selection.files, folder, session).await
    }

    async fn fetch(
        &mut self,
        files: Vec<Chosen>,
        folder: PathBuf,
        session: &mut Session,
    ) -> Result<Collected, Halt> {
        let (travelling, unspeakable): (Vec<_>, Vec<_>) = files
            .into_iter()
            .partition(|file| !file.source.contains(&b'\n'));
        for file in &unspeakable {
            let name = artifacts::shown(&file.source);
            self.journal.emit(&Event::Warning(format!(
                "a file whose name holds a line break is left out: {name}"
            )));
        }
        let list = format!("{}/files.txt", session.layout().tmp());
        let names: Vec<u8> = travelling
            .iter()
            .flat_map(|file| [b".", file.source.as_slice(), b"\n"].concat())
            .collect();
        session.put(&list, names).await?;
        // The archive is read while it is written; the build's side waits when this one does.
        let (sender, receiver) = mpsc::sync_channel(16);
        let target = folder.clone();
        let unpacking = tokio::task::spawn_blocking(move || {
            artifacts::unpack(Stream::new(receiver), &travelling, &target)
        });
        let mut sink = Pieces(Some(sender));
        session
            .tell("/bin/sh", &archive_script(&list), &mut sink)
            .await?;
        drop(sink);
        let unpacked = unpacking
            .await
            .map_err(|error| Error::environment("artifacts can't be unpacked").because(error))?;
        for warning in unpacked.warnings.lines() {
            self.journal.emit(&Event::Warning(warning));
        }
        if let Some(failure) = unpacked.failure {
            return Err(Halt::Error(Error::environment(format!(
                "artifacts can't be written to {}: {failure}",
                folder.display()
            ))));
        }
        if let Some(first) = unpacked.missing.first() {
            let count = unpacked.missing.len();
            let name = artifacts::shown(first);
            return Err(Halt::Error(
                Error::environment(format!(
                    "{count} files of the artifact did not arrive, {name} among them"
                ))
                .hint("the build's image needs a working `tar` and `tr`"),
            ));
        }
        Ok(Ok(()))
    }

    /// The lines about reports that nobody listed; the reports themselves are not read yet.
    fn discover_reports(&mut self) {
        for line in [
            "Set report auto-discover timeout to 5 seconds",
            "Expanding base directory path:  .",
            "Assembling file list",
            "Expanding .",
            "Expanding file paths for base directory .",
            "Assembling file list",
            "Expanding **/*",
            "No matching auto-discover report paths found",
            "Report auto-discover file discovery took 0.000000 seconds",
        ] {
            self.journal.say(line);
        }
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

/// An identifier as one component of a path.
fn file_name(identifier: &str) -> String {
    identifier
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || "_-".contains(letter) {
                letter
            } else {
                '_'
            }
        })
        .collect()
}

/// Hands pieces of an archive to the thread that unpacks it.
struct Pieces(Option<mpsc::SyncSender<Vec<u8>>>);

impl Sink for Pieces {
    fn write(&mut self, bytes: &[u8]) {
        let Some(sender) = &self.0 else { return };
        let piece = bytes.to_vec();
        // The unpacking thread gives up when the disk is full; the rest of the archive is then read and dropped.
        if tokio::task::block_in_place(|| sender.send(piece)).is_err() {
            self.0 = None;
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
