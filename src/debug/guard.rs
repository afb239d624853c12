//! The terminal as it was: set back by us, and by somebody else where we are killed.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Set back whatever ended us: the usual modes, without moving the cursor.
const WATCH: &str = r#"exec 3<>/dev/tty || exit
trap '' HUP INT QUIT TERM TSTP TTIN TTOU
saved=$(stty -g <&3) || exit
echo || exit
exec >/dev/null
IFS= read -r _ && exit
stty "$saved" <&3
printf '\033[?1047l\033[?1l\033[?25h\033[?1000l\033[?1002l\033[?2004l\033[0m\r\n' >&3
"#;

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
    /// Without a shell or `stty` on this host, nobody watches.
    fn start() -> Self {
        use std::os::unix::process::CommandExt as _;
        let child = Command::new("/bin/sh")
            .args(["-c", WATCH])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
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
