//! `buildspec attach`.

use std::io::ErrorKind;

use tokio::signal::unix::{SignalKind, signal};

use super::Exit;
use super::kept::Place;
use crate::console::message;
use crate::debug::guard::Terminal;
use crate::debug::reception;
use crate::debug::screen::{self, End, Surroundings};
use crate::error::{Error, Result};

/// Sit down at the debugger of a build that waits, from another terminal.
///
/// The prompt comes when the build stops. Ctrl-C while it runs leaves it alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  buildspec attach                         the newest build of this folder
  buildspec attach 3 --output ../app/.buildspec
                                           build 3 of another one

Exit status:
  0  the build let go of this terminal     2  no such build, no terminal
  4  the build has no debugger, or somebody sits there already")]
pub(super) struct Arguments {
    /// A build's number, its id, or `latest`.
    #[arg(default_value = "latest")]
    build: String,

    #[command(flatten)]
    place: Place,
}

pub(super) fn execute(arguments: &Arguments) -> Result<Exit> {
    let kept = arguments.place.find(Some(&arguments.build))?;
    let settings = super::debugger::settings();
    if !settings.terminal {
        return Err(Error::usage("attach needs a terminal"));
    }
    let number = kept.number;
    let socket = reception::knock(&kept.folder).map_err(|error| match error.kind() {
        _ if !kept.running => {
            Error::environment(format!("build {number} has ended: {}", kept.status()))
        }
        ErrorKind::NotFound => Error::environment(format!("build {number} has no debugger"))
            .hint("start it with --break, --break-on-failure, --step or --debug-session"),
        _ => Error::environment(format!("build {number} can't be reached")).because(error),
    })?;
    let failed = |error| Error::environment("the terminal can't be used").because(error);
    let terminal = Terminal::open().map_err(failed)?;
    message::print(&format!(
        "attached to build {number}: the prompt comes when it stops\n"
    ));
    let surroundings = Surroundings {
        term: settings.term,
        editor: settings.editor,
        folder: std::path::absolute(&kept.folder).map_err(failed)?,
    };
    super::block_on(async {
        let here = terminal.clone();
        let runtime = tokio::runtime::Handle::current();
        let served = tokio::task::spawn_blocking(move || {
            screen::serve(socket, &here, surroundings, runtime)
        });
        let ended = tokio::select! {
            served = served => served
                .unwrap_or_else(|error| Err(std::io::Error::other(error)))
                .map_err(failed),
            number = stopped() => {
                terminal.release();
                return Ok(if number == 2 { Exit::Success } else { Exit::Signal(number) });
            }
        };
        terminal.release();
        match ended? {
            End::Refused(why) => Err(Error::environment(why)),
            End::Bye(words) => {
                message::print(&format!("{words}\n"));
                Ok(Exit::Success)
            }
            End::Gone => Err(Error::environment(format!(
                "build {number} is gone: its process died"
            ))),
        }
    })
}

/// Resolves with the signal that ends this program; Ctrl-C in an editor is the editor's.
async fn stopped() -> i32 {
    let listen = |kind| signal(kind).ok();
    let (Some(mut interrupt), Some(mut terminate), Some(mut hang_up)) = (
        listen(SignalKind::interrupt()),
        listen(SignalKind::terminate()),
        listen(SignalKind::hangup()),
    ) else {
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => if !screen::is_lent() { return 2; },
            _ = terminate.recv() => return 15,
            _ = hang_up.recv() => return 1,
        }
    }
}
