//! The debugger around a build's commands: made ready before them, heard out after them.

use std::path::PathBuf;

use super::Script;
use crate::buildspec::Reading;
use crate::checkout::Which;
use crate::debug::Settings;
use crate::debug::breaks::{self, BreakPoint};
use crate::debug::desk::{Desk, Facts};
use crate::engine::phase::Status;
use crate::error::Error;
use crate::options::BuildspecFrom;
use crate::run::{Build, Halt};
use crate::runtime::session::Session;

impl Build<'_> {
    /// Where the build stops. A break point that no command stands at is a mistake, told before anything runs.
    pub(crate) fn break_points(&self, script: &Script) -> Result<Vec<BreakPoint>, Error> {
        let Some(settings) = &self.options.debug else {
            return Ok(Vec::new());
        };
        let phases = &script.reading.buildspec.phases;
        if let Some(text) = breaks::missing(&settings.points, phases) {
            return Err(Error::usage(format!("--break: {text}")));
        }
        let mut points = settings.points.clone();
        if let Some(sought) = &settings.sought {
            points.extend(sought.find(phases).map_err(|why| {
                Error::usage(format!("--to-failure: {why}")).hint(
                    "was it another buildspec? --buildspec names one, --break-on-failure stops where this one fails",
                )
            })?);
        }
        Ok(points)
    }

    pub(crate) async fn open_desk(
        &mut self,
        session: &Session,
        script: &Script,
    ) -> Result<(), Halt> {
        let points = self.break_points(script)?;
        let (Some(settings), Some(place)) = (&self.options.debug, &self.place) else {
            return Ok(());
        };
        let settings = &Settings {
            points,
            ..settings.clone()
        };
        let facts = Facts {
            number: self.folder.number,
            folder: self.folder.path.clone(),
            output: self.options.output.clone(),
            masks: self.masks.clone(),
        };
        let desk = Desk::open(settings, facts, place.door(), session, &mut self.journal).await?;
        self.desk = Some(desk);
        Ok(())
    }

    pub(crate) fn close_desk(&mut self, script: &Script) {
        let file = self.buildspec_file();
        if let Some(desk) = &mut self.desk {
            desk.close(&script.source, file, &mut self.journal);
        }
    }

    /// The file that the buildspec was read from, where a person could change it.
    fn buildspec_file(&self) -> Option<PathBuf> {
        let options = self.options;
        match &options.buildspec {
            BuildspecFrom::Source(_) if matches!(options.which, Which::Revision(_)) => None,
            BuildspecFrom::Source(path) => Some(options.source.join(path)),
            BuildspecFrom::Elsewhere(path) => Some(path.clone()),
            BuildspecFrom::Inline(_) => None,
        }
    }

    /// Nothing but a shell. A folder without a buildspec may have one, too.
    pub(crate) async fn only_shell(&mut self) -> Result<Status, Halt> {
        let mut script = self.read_buildspec();
        if script.location.is_none() {
            script.refused = None;
            script.reading = Reading::default();
        }
        let supervisor = self.provision(&script).await?;
        let session = self.download_source(&script, supervisor).await?;
        self.open_desk(&session, &script).await?;
        let user = script.reading.buildspec.run_as.as_ref();
        let user = user
            .map(|user| user.value.as_str())
            .filter(|user| *user != "root");
        if let Some(desk) = &mut self.desk {
            desk.only_shell(user).await?;
        }
        Ok(Status::Succeeded)
    }
}
