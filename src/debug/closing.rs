//! What is left to say when the phases are over: break points that were never reached, commands that were edited.

use std::path::PathBuf;

use futures_util::future::select_all;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::desk::{Desk, Sane};
use super::edits;
use super::front::{Front, Gone, Said};
use crate::engine::event::Event;
use crate::engine::journal::Journal;
use crate::source::Source;

/// The edits of a build, to be written back once it has ended.
#[derive(Debug)]
pub(super) struct WriteBack {
    buildspec: Source,
    file: Option<PathBuf>,
    edited: Result<String, String>,
    diff: String,
    /// What ends this program at its last question; what came since the phases ended counts.
    ends: Vec<Signal>,
}

impl Desk {
    /// Says what is left to say at the end of the phases: break points that were never reached, and edits.
    pub fn close(&mut self, buildspec: &Source, file: Option<PathBuf>, journal: &mut Journal) {
        for point in self.breaks.unreached() {
            let text =
                format!("--break {point} was never reached: the build did not come that far");
            journal.emit(&Event::Warning(text));
        }
        if self.edits.is_empty() {
            return;
        }
        let edited = edits::apply(buildspec, &self.edits);
        let diff = match &edited {
            Ok(text) => edits::diff(buildspec.name(), buildspec.text(), text),
            Err(_) => edits::apart(buildspec, &self.edits),
        };
        let kept = self.facts.folder.join("edits.diff");
        let diff = self.facts.masks.rewrite(&diff);
        if let Err(error) = std::fs::write(&kept, &diff) {
            let text = format!("the edits can't be kept in {}: {error}", kept.display());
            journal.emit(&Event::Warning(text));
        }
        journal.emit(&Event::Warning(format!(
            "this build ran commands that were changed in the debugger: {}",
            kept.display()
        )));
        let ends = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        self.write_back = Some(WriteBack {
            buildspec: buildspec.clone(),
            file,
            edited,
            diff,
            ends: ends.into_iter().flat_map(signal).collect(),
        });
    }

    /// Shows the edits and offers to write them back. The build has ended: its time is not counted any more, and nothing
    /// of it sees the new text.
    pub async fn offer_edits(&mut self) {
        let Some(mut back) = self.write_back.take() else {
            return;
        };
        let _sane = self.terminal.clone().map(Sane);
        let Some(mut front) = self.front.take().filter(|front| !front.is_gone()) else {
            return;
        };
        let mut ends = std::mem::take(&mut back.ends);
        let ended = async {
            if ends.is_empty() {
                std::future::pending::<()>().await;
            }
            select_all(ends.iter_mut().map(|end| Box::pin(end.recv()))).await;
        };
        tokio::select! {
            biased;
            () = ended => {}
            _ = back.offer(&mut front) => {}
        }
        self.front = Some(front);
    }
}

impl WriteBack {
    /// Shows the edits, and puts them into the file if that is wanted.
    async fn offer(&self, front: &mut Front) -> Result<(), Gone> {
        front
            .say(format!("\nChanged for this run:\n{}", self.diff))
            .await?;
        let text = match &self.edited {
            Ok(text) => text,
            Err(why) => {
                return front
                    .sentence(&format!("It can't be written back: {why}"))
                    .await;
            }
        };
        let Some(file) = &self.file else {
            let why =
                "It can't be written back: the buildspec is no file of the source as it is now.";
            return front.sentence(why).await;
        };
        let question = format!("Write it to {}? [y/N] ", file.display());
        let answer = front.ask(&question, &[]).await?;
        if !matches!(&answer, Said::Line(line) if line.trim().eq_ignore_ascii_case("y")) {
            return Ok(());
        }
        let failed = match std::fs::read(file) {
            Ok(there) if there != self.buildspec.text().as_bytes() => {
                Some("the file has changed since the build began".to_owned())
            }
            Ok(_) => std::fs::write(file, text)
                .err()
                .map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        let text = match failed {
            None => "Written.\n".to_owned(),
            Some(why) => format!("{} is as it was: {why}\n", file.display()),
        };
        front.say(text).await
    }
}
