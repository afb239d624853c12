//! `runtime-versions`: the image's own recipes, run within `DOWNLOAD_SOURCE` (fidelity 1.3, rows 12 and 13).

use std::time::Instant;

use super::download_source::YAML_FILE_ERROR;
use crate::artifacts::{expand, variables_in};
use crate::buildspec::model::Buildspec;
use crate::engine::event::Event;
use crate::engine::failure_context;
use crate::engine::journal::Journal;
use crate::engine::phase::{Context, PhaseType};
use crate::run::{Build, Halt};
use crate::runtime::session::Session;
use crate::runtime::{Executor as _, Sink};
use crate::runtimes::{CATALOGUE, Catalogue, Install, Wish};
use crate::script::quote;

/// What a recipe for versions that are not listed finds its version in.
const VERSION: &str = "VERSION";

impl Build<'_> {
    /// Says which runtimes are selected and installs them; images without a catalogue have none to select.
    pub(super) async fn select_runtimes(
        &mut self,
        buildspec: &Buildspec,
        session: &mut Session,
    ) -> Result<(), Halt> {
        let wishes = wishes(buildspec, session).await?;
        let Some(catalogue) = self.catalogue(session).await? else {
            if !wishes.is_empty() {
                self.journal.say("Skipping install of runtimes. Runtime version selection is not supported by this build image");
            }
            return Ok(());
        };
        let selection = catalogue.select(&wishes);
        for line in selection.lines {
            self.journal.say(line);
        }
        if let Some(refusal) = selection.refusal {
            return Err(Halt::Invalid(Context::new(YAML_FILE_ERROR, refusal)));
        }
        let mut number = 0;
        for install in &selection.installs {
            self.install(install, &mut number, session).await?;
        }
        Ok(())
    }

    /// The image's; `None` where it has none that can be read.
    async fn catalogue(&mut self, session: &mut Session) -> Result<Option<Catalogue>, Halt> {
        let file = format!("{}/{CATALOGUE}", session.layout().root());
        if !session.has(&file).await? {
            return Ok(None);
        }
        let (_, text) = session.ask(&format!("cat {}\n", quote(&file))).await?;
        match Catalogue::read(&String::from_utf8_lossy(&text)) {
            Ok(catalogue) => Ok(Some(catalogue)),
            Err(why) => {
                self.journal.emit(&Event::Warning(format!(
                    "the image's catalogue of runtimes can't be read: {why}"
                )));
                Ok(None)
            }
        }
    }

    async fn install(
        &mut self,
        install: &Install,
        number: &mut usize,
        session: &mut Session,
    ) -> Result<(), Halt> {
        let before = match &install.version {
            Some(version) => {
                let before = session.variable(VERSION).await?;
                session.set_variable(VERSION, version).await?;
                before
            }
            None => None,
        };
        for command in &install.commands {
            *number += 1;
            run(command, *number, session, &mut self.journal).await?;
        }
        if install.version.is_some() {
            match before {
                Some(value) => session.set_variable(VERSION, &value).await?,
                None => session.unset_variable(VERSION).await?,
            }
        }
        Ok(())
    }
}

/// What the buildspec asks for, its variables replaced.
async fn wishes(buildspec: &Buildspec, session: &mut Session) -> Result<Vec<Wish>, Halt> {
    let wanted = buildspec.phases.install.iter();
    let wanted: Vec<_> = wanted
        .flat_map(|install| &install.runtime_versions)
        .collect();
    let mut names: Vec<String> = wanted
        .iter()
        .flat_map(|wish| variables_in(&wish.value.value))
        .collect();
    names.sort_unstable();
    names.dedup();
    let values = session.variables(&names).await?;
    let lookup = |name: &str| {
        let known = values.iter().find(|(known, _)| known == name);
        known.map(|(_, value)| value.clone())
    };
    Ok(wanted
        .iter()
        .map(|wish| Wish {
            runtime: wish.name.value.clone(),
            version: expand(&wish.value.value, lookup),
        })
        .collect())
}

/// Runs one command of a recipe, in the words of those of a phase.
async fn run(
    command: &str,
    number: usize,
    session: &mut Session,
    journal: &mut Journal,
) -> Result<(), Halt> {
    journal.emit(&Event::CommandStarted {
        phase: PhaseType::DownloadSource,
        finally: false,
        number,
        text: command.to_owned(),
        place: None,
    });
    let started = Instant::now();
    let exit = session.execute(command, &mut Output(journal)).await?;
    journal.emit(&Event::CommandEnded {
        text: command.to_owned(),
        exit,
        duration: started.elapsed(),
    });
    if exit.success() {
        Ok(())
    } else {
        Err(Halt::Failed(failure_context(command, exit)))
    }
}

struct Output<'a>(&'a mut Journal);

impl Sink for Output<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.emit(&Event::Output(bytes));
    }

    fn idle(&mut self) {
        self.0.idle();
    }
}
