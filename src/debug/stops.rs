//! Job control: after Ctrl-Z and `fg` the terminal is as the user's shell left it, and the prompt far up.

use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::Signal;
use rustix::termios::Termios;
use rustyline::ExternalPrinter;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::guard::Terminal;

/// What the terminal is used for, as far as it has to be made ready for that again.
#[derive(Clone, Debug, Default)]
pub(super) enum Use {
    #[default]
    Nothing,
    /// A line is being typed, in these modes.
    Line(Termios),
    /// A program inside has it.
    Lent,
}

/// What the terminal is used for just now.
#[derive(Clone, Debug, Default)]
pub(super) struct Now(Arc<Mutex<Use>>);

impl Now {
    pub(super) fn set(&self, what: Use) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    fn get(&self) -> Use {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Makes the terminal ready again after each stop.
pub(super) fn mind(
    runtime: &Handle,
    terminal: Terminal,
    now: Now,
    mut printer: impl ExternalPrinter + Send + 'static,
) -> JoinHandle<()> {
    runtime.spawn(async move {
        let Ok(mut continued) = signal(SignalKind::from_raw(Signal::CONT.as_raw())) else {
            return;
        };
        while continued.recv().await.is_some() {
            match now.get() {
                Use::Nothing => {}
                Use::Line(modes) => {
                    terminal.set(&modes);
                    // Whatever is printed, the prompt and what was typed come after it.
                    printer.print(String::new()).ok();
                }
                Use::Lent => {
                    terminal.raw().ok();
                }
            }
        }
    })
}
