//! What is left to say when the phases are over: break points that were never reached, commands that were edited.

use std::path::PathBuf;

use super::desk::{Desk, Sane};
use super::edits;
use super::front::{Front, Gone, Said};
use crate::engine::event::Event;
use crate::engine::journal::Journal;
use crate::source::Source;

impl Desk {
    /// Says what is left to say at the end of the phases: break points that were never reached, edits, and whether those
    /// are to be written back.
    pub async fn close(
        &mut self,
        buildspec: &Source,
        file: Option<PathBuf>,
        journal: &mut Journal,
    ) {
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
            Err(why) => format!("{why}\n"),
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
        journal.idle();
        let _sane = self.terminal.clone().map(Sane);
        let Some(mut front) = self.front.take().filter(|front| !front.is_gone()) else {
            return;
        };
        let said = write_back(&mut front, buildspec, edited, file, &diff).await;
        if let Ok(Some(warning)) = said {
            journal.emit(&Event::Warning(warning));
        }
        self.front = Some(front);
    }
}

/// Shows the edits, and puts them into the file if that is wanted; the outer error means that nobody is there.
async fn write_back(
    front: &mut Front,
    buildspec: &Source,
    edited: Result<String, String>,
    file: Option<PathBuf>,
    diff: &str,
) -> Result<Option<String>, Gone> {
    front
        .say(format!("\nChanged for this run:\n{diff}"))
        .await?;
    let (Ok(text), Some(file)) = (edited, file) else {
        front.say("It can't be written back by itself.\n").await?;
        return Ok(None);
    };
    let question = format!("Write it to {}? [y/N] ", file.display());
    let answer = front.ask(&question, &[]).await?;
    if !matches!(&answer, Said::Line(line) if line.trim().eq_ignore_ascii_case("y")) {
        return Ok(None);
    }
    let failed = match std::fs::read(&file) {
        Ok(there) if there != buildspec.text().as_bytes() => {
            Some("the file has changed since the build began".to_owned())
        }
        Ok(_) => std::fs::write(&file, text)
            .err()
            .map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    match failed {
        None => front.say("Written.\n").await?,
        Some(why) => {
            let text = format!("{} is as it was: {why}", file.display());
            front.say(format!("{text}\n")).await?;
            return Ok(Some(text));
        }
    }
    Ok(None)
}
