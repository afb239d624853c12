//! The terminal as it was: set back by us, and by a process beside us where we are killed.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use rustix::termios::{
    LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr,
};

use crate::beside;

/// The only argument of the process beside us, which is this program as well.
pub const WATCH: &str = "--watch-terminal";

/// The usual modes, without moving the cursor.
const USUAL: &str = "\x1b[?1047l\x1b[?1l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[0m";

/// This process's terminal.
#[derive(Clone, Debug)]
pub struct Terminal {
    tty: Arc<File>,
    saved: Termios,
    /// Waits for our end in a process of its own.
    watch: Arc<Watch>,
}

#[derive(Debug)]
struct Watch(Mutex<Option<Child>>);

impl Terminal {
    /// Takes note of how the terminal is.
    pub fn open() -> io::Result<Self> {
        let tty = File::options().read(true).write(true).open("/dev/tty")?;
        let saved = tcgetattr(&tty)?;
        Ok(Self {
            tty: Arc::new(tty),
            saved,
            watch: Arc::new(Watch::start()),
        })
    }

    /// The terminal itself.
    pub fn tty(&self) -> &File {
        &self.tty
    }

    /// The modes that it has now.
    pub fn modes(&self) -> io::Result<Termios> {
        Ok(tcgetattr(&self.tty)?)
    }

    /// Other modes.
    pub fn set(&self, modes: &Termios) {
        tcsetattr(&self.tty, OptionalActions::Now, modes).ok();
    }

    /// Every key goes through as it is.
    pub fn raw(&self) -> io::Result<()> {
        let mut raw = self.saved.clone();
        raw.make_raw();
        Ok(tcsetattr(&self.tty, OptionalActions::Drain, &raw)?)
    }

    /// As it was; any number of times.
    pub fn restore(&self) {
        tcsetattr(&self.tty, OptionalActions::Drain, &self.saved).ok();
    }

    /// As it was, for good: nobody need watch any more. Threads that still wait for a key may hold this terminal for
    /// ever, so that no `drop` could do it.
    pub fn release(&self) {
        self.restore();
        self.watch.end();
    }

    /// Rows and columns.
    pub fn size(&self) -> (u16, u16) {
        tcgetwinsize(&self.tty).map_or((24, 80), |size| (size.ws_row, size.ws_col))
    }

    /// Shows bytes. A terminal that is gone is nobody's error.
    pub fn show(&self, bytes: &[u8]) {
        (&*self.tty).write_all(bytes).ok();
    }
}

impl Watch {
    /// Without `/proc` or a shell on this host, nobody watches.
    fn start() -> Self {
        let child = beside::us(WATCH)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.ok();
        // It has to see the terminal before anybody changes it.
        if let Some(mut told) = child.as_mut().and_then(|child| child.stdout.take()) {
            told.read_exact(&mut [0]).ok();
        }
        Self(Mutex::new(child))
    }

    fn end(&self) {
        let child = self.0.lock().ok().and_then(|mut child| child.take());
        if let Some(mut child) = child {
            if let Some(mut input) = child.stdin.take() {
                input.write_all(b"\n").ok();
            }
            child.wait().ok();
        }
    }
}

/// The work of the process beside a debugger: standard input ends without a word when the debugger was killed.
///
/// The kernel closes what a process had open before it tells its parent of the end. So whoever waits to read is woken
/// before the user's shell is, which then draws its next prompt on a terminal that is as it was.
pub fn watch() -> io::Result<()> {
    let mut tty = File::options().read(true).write(true).open("/dev/tty")?;
    let saved = tcgetattr(&tty)?;
    let in_front = tcgetpgrp(&tty)?;
    File::from(io::stdout().as_fd().try_clone_to_owned()?).write_all(b"\n")?;
    if io::stdin().read(&mut [0])? > 0 {
        return Ok(());
    }
    // Where the debugger was the terminal's own session, there is nobody to come.
    let nobody_came = tcgetpgrp(&tty).map_or(true, |now| now == in_front);
    // A shell that came first has its own modes at its prompt, among which Ctrl-C is a signal: not so among ours.
    if nobody_came || !tcgetattr(&tty)?.local_modes.contains(LocalModes::ISIG) {
        tcsetattr(&tty, OptionalActions::Now, &saved)?;
    }
    let end = if nobody_came { "\x1b[?2004l\r\n" } else { "" };
    tty.write_all(format!("{USUAL}{end}").as_bytes())
}
