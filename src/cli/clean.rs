//! `buildspec clean`.

use super::Exit;
use crate::error::Result;

/// Remove containers and volumes that earlier runs left on the engine.
///
/// Every run does this for builds whose process is dead, but for containers that were kept; --all takes those of living
/// builds too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  buildspec clean                what dead builds left, and what was kept
  buildspec clean --all          everything of this tool")]
pub(super) struct Arguments {
    /// Remove everything of this tool, the containers of builds that are running now included.
    #[arg(long)]
    all: bool,
}

#[cfg(feature = "docker")]
pub(super) fn execute(arguments: &Arguments) -> Result<Exit> {
    use crate::console::message;
    use crate::runtime::docker::{Engine, Whose, remove_all};
    super::block_on(async {
        let engine = Engine::connect(&super::engine::endpoint()?).await?;
        let whose = if arguments.all {
            Whose::All
        } else {
            Whose::Dead
        };
        let found = engine.leftovers(whose).await?;
        let removed = remove_all(&engine, found).await?;
        for leftover in &removed {
            message::answer(&format!("removed {leftover}\n"));
        }
        message::answer(&match removed.len() {
            0 => "nothing to remove\n".to_owned(),
            1 => "removed 1 object\n".to_owned(),
            count => format!("removed {count} objects\n"),
        });
        Ok(Exit::Success)
    })
}

#[cfg(not(feature = "docker"))]
pub(super) fn execute(_arguments: &Arguments) -> Result<Exit> {
    Ok(Exit::Success)
}
