//! The terminal's end of the debugger: shows, reads lines, lends itself to a program inside, opens the editor.
//!
//! One thread shows what arrives, another reads what is typed, so that the end of the build is seen at any prompt.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::BytesMut;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustyline::error::ReadlineError;
use tokio::runtime::Handle;

use super::guard::Terminal;
use super::lines::{Lines, lines};
use super::modes::Modes;
use super::stops::{self, Now, Use};
use super::wire::{self, Frame, FromTerminal, ToTerminal};

/// How soon a new size, or the end of the program inside, is noticed.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// An editor has the terminal: Ctrl-C is meant for it.
static EDITING: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C is meant for a program that the debugger started on this terminal.
pub fn is_lent() -> bool {
    EDITING.load(Ordering::SeqCst)
}

/// What a terminal brings along.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// `TERM`.
    pub term: String,
    /// `VISUAL` or `EDITOR`, else `vi`: a command of the shell.
    pub editor: String,
    /// Where a text may lie while it is edited: the build's folder.
    pub folder: PathBuf,
}

/// How a build let go of the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It let nobody in.
    Refused(String),
    Bye(String),
    /// It is gone without a word.
    Gone,
}

enum Job {
    Ask { prompt: String, words: Vec<String> },
    Edit(String),
    Lend,
}

/// Serves a build until it lets go of the terminal.
///
/// `socket` leads to the build's desk; `runtime` listens to signals.
pub fn serve(
    mut socket: UnixStream,
    terminal: &Terminal,
    surroundings: Surroundings,
    runtime: Handle,
) -> io::Result<End> {
    let hello = FromTerminal::Hello {
        version: wire::VERSION.to_owned(),
        term: surroundings.term.clone(),
        size: terminal.size(),
    };
    // A build that lets nobody in has said so already, and does not listen.
    socket.write_all(&wire::told(&hello)).ok();
    let (jobs, orders) = mpsc::channel();
    let lent = Arc::new(AtomicBool::new(false));
    let keyboard = Keyboard {
        socket: socket.try_clone()?,
        terminal: terminal.clone(),
        surroundings,
        lent: Arc::clone(&lent),
        runtime,
        now: Now::default(),
    };
    // It may wait for a key for ever; the end of this process ends it.
    std::thread::spawn(move || keyboard.work(&orders));
    let end = show(&mut socket, terminal, &lent, &jobs);
    lent.store(false, Ordering::SeqCst);
    terminal.restore();
    // Tells the build that its last words have been shown; the keyboard's thread holds the socket, too.
    socket.shutdown(Shutdown::Both).ok();
    end
}

fn show(
    socket: &mut UnixStream,
    terminal: &Terminal,
    lent: &AtomicBool,
    jobs: &mpsc::Sender<Job>,
) -> io::Result<End> {
    let mut modes = Modes::default();
    let mut arrived = BytesMut::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        while let Some(frame) = wire::take(&mut arrived)? {
            let job = match frame {
                Frame::Bytes(bytes) => {
                    modes.follow(&bytes);
                    terminal.show(&bytes);
                    continue;
                }
                Frame::Told(ToTerminal::Say(text)) => {
                    terminal.show(text.as_bytes());
                    continue;
                }
                Frame::Told(ToTerminal::TakeBack) => {
                    terminal.show(modes.reset().as_bytes());
                    lent.store(false, Ordering::SeqCst);
                    continue;
                }
                Frame::Told(ToTerminal::Refuse(text)) => return Ok(End::Refused(text)),
                Frame::Told(ToTerminal::Bye(text)) => return Ok(End::Bye(text)),
                Frame::Told(ToTerminal::Ask { prompt, words }) => Job::Ask { prompt, words },
                Frame::Told(ToTerminal::Edit(text)) => Job::Edit(text),
                Frame::Told(ToTerminal::Lend) => {
                    lent.store(true, Ordering::SeqCst);
                    terminal.raw()?;
                    Job::Lend
                }
            };
            if jobs.send(job).is_err() {
                return Ok(End::Gone);
            }
        }
        let length = match socket.read(&mut piece) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        if length == 0 {
            terminal.show(modes.reset().as_bytes());
            return Ok(End::Gone);
        }
        arrived.extend_from_slice(&piece[..length]);
    }
}

struct Keyboard {
    socket: UnixStream,
    terminal: Terminal,
    surroundings: Surroundings,
    lent: Arc<AtomicBool>,
    runtime: Handle,
    now: Now,
}

impl Keyboard {
    fn work(mut self, orders: &mpsc::Receiver<Job>) {
        let mut lines = match lines(&self.terminal, &self.now) {
            Ok(lines) => lines,
            Err(error) => {
                self.terminal
                    .show(format!("the prompt can't be shown: {error}\r\n").as_bytes());
                self.socket.shutdown(Shutdown::Both).ok();
                return;
            }
        };
        // Where the prompt can't be drawn again, it is at least read on.
        let minding = lines.create_external_printer().map(|printer| {
            let terminal = self.terminal.clone();
            stops::mind(&self.runtime, terminal, self.now.clone(), printer)
        });
        self.answer(orders, &mut lines);
        if let Ok(minding) = minding {
            minding.abort();
        }
    }

    fn answer(&mut self, orders: &mpsc::Receiver<Job>, lines: &mut Lines) {
        while let Ok(job) = orders.recv() {
            let answer = match job {
                Job::Ask { prompt, words } => {
                    if let Some(helper) = lines.helper_mut() {
                        helper.words = words;
                    }
                    let line = lines.readline(&prompt);
                    self.now.set(Use::Nothing);
                    match line {
                        Ok(line) => {
                            lines.add_history_entry(line.trim()).ok();
                            FromTerminal::Line(line)
                        }
                        Err(ReadlineError::Interrupted) => FromTerminal::Interrupted,
                        Err(_) => FromTerminal::Closed,
                    }
                }
                Job::Edit(text) => match self.edit(&text) {
                    Ok(text) => FromTerminal::Edited(text),
                    Err(why) => FromTerminal::NotEdited(why),
                },
                Job::Lend => {
                    self.now.set(Use::Lent);
                    self.lend();
                    self.now.set(Use::Nothing);
                    self.terminal.restore();
                    FromTerminal::Back
                }
            };
            if self.socket.write_all(&wire::told(&answer)).is_err() {
                return;
            }
        }
    }

    /// Hands on every key and every change of size, until the program inside has ended.
    fn lend(&mut self) {
        let mut size = (0, 0);
        let mut keys = vec![0; 4096];
        while self.lent.load(Ordering::SeqCst) {
            let now = self.terminal.size();
            if now != size {
                size = now;
                let told = wire::told(&FromTerminal::Size(size));
                if self.socket.write_all(&told).is_err() {
                    return;
                }
            }
            let mut ready = [PollFd::new(self.terminal.tty(), PollFlags::IN)];
            // A signal that cuts this short is no reason to stop.
            if poll(&mut ready, Some(&TICK)).unwrap_or(0) == 0 {
                continue;
            }
            // What is typed from here on belongs to the next prompt.
            if !self.lent.load(Ordering::SeqCst) {
                return;
            }
            match self.terminal.tty().read(&mut keys) {
                Ok(length @ 1..) => {
                    if self
                        .socket
                        .write_all(&wire::bytes(&keys[..length]))
                        .is_err()
                    {
                        return;
                    }
                }
                // The terminal is gone; the build will hear of it by a signal.
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// Lets a person change a text in the editor.
    fn edit(&self, text: &str) -> Result<String, String> {
        let failed = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
        let file = tempfile::Builder::new()
            .prefix("command-")
            .suffix(".sh")
            .tempfile_in(&self.surroundings.folder)
            .map_err(|error| failed("the command can't be written down", &error))?;
        let ending = if text.ends_with('\n') { "" } else { "\n" };
        std::fs::write(file.path(), format!("{text}{ending}"))
            .map_err(|error| failed("the command can't be written down", &error))?;
        let editor = &self.surroundings.editor;
        let tty = || {
            let tty = self.terminal.tty().try_clone();
            tty.map_or_else(|_| Stdio::null(), Stdio::from)
        };
        EDITING.store(true, Ordering::SeqCst);
        let status = Command::new("/bin/sh")
            .arg("-c")
            .arg(format!("{editor} \"$1\""))
            .arg("sh")
            .arg(file.path())
            .stdin(tty())
            .stdout(tty())
            .stderr(tty())
            .status();
        EDITING.store(false, Ordering::SeqCst);
        self.terminal.restore();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) if status.code() == Some(127) => {
                return Err(format!(
                    "the editor `{editor}` is missing; name another in EDITOR"
                ));
            }
            Ok(status) => return Err(format!("the editor `{editor}` failed: {status}")),
            Err(error) => return Err(failed("the editor can't be started", &error)),
        }
        let mut edited = std::fs::read_to_string(file.path())
            .map_err(|error| failed("what the editor left can't be read", &error))?;
        if !ending.is_empty() && edited.ends_with('\n') {
            edited.pop();
        }
        Ok(edited)
    }
}
