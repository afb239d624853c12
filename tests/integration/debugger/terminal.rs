//! The program on a real terminal: keys in, screen out.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use regex::bytes::Regex;
use rustix::termios::{LocalModes, OutputModes, Termios, tcgetattr};
use tempfile::TempDir;

use crate::harness::{Runtime, ambient, image};

/// The machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// A program on a terminal.
pub(super) struct Terminal {
    pty: Pty,
    pub(super) child: Child,
    seen: Arc<Mutex<Vec<u8>>>,
    /// So much of what was seen has been looked at.
    at: usize,
    _home: TempDir,
}

impl Terminal {
    /// Starts `buildspec` with these arguments.
    pub(super) fn start(arguments: &[&str], variables: &[(String, String)]) -> Self {
        Self::program(env!("CARGO_BIN_EXE_buildspec"), arguments, variables)
    }

    /// Starts any program.
    pub(super) fn program(
        program: &str,
        arguments: &[&str],
        variables: &[(String, String)],
    ) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let mut command = std::process::Command::new(program);
        command
            .env_clear()
            .env("HOME", home.path())
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("EDITOR", "false")
            .current_dir(home.path())
            .args(arguments);
        for name in ["PATH", "DOCKER_HOST"] {
            if let Some(value) = ambient(name) {
                command.env(name, value);
            }
        }
        command.envs(variables.iter().cloned());
        let child = Command::from(command).spawn(pts).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&seen);
        let mut reader = std::fs::File::from(rustix::io::dup(&pty).unwrap());
        thread::spawn(move || {
            let mut piece = vec![0; 64 * 1024];
            // The end of all programs on a terminal is an error to its other side.
            while let Ok(length @ 1..) = reader.read(&mut piece) {
                shared.lock().unwrap().extend_from_slice(&piece[..length]);
            }
        });
        Self {
            pty,
            child,
            seen,
            at: 0,
            _home: home,
        }
    }

    /// `buildspec run SOURCE` and the like.
    pub(super) fn of(
        verb: &str,
        source: &Path,
        runtime: Runtime,
        arguments: &[&str],
        variables: &[(String, String)],
    ) -> Self {
        let mut all = vec![verb, source.to_str().unwrap(), "--runtime", runtime.name()];
        all.extend(arguments);
        let mut variables = variables.to_vec();
        if runtime == Runtime::Docker {
            variables.push(("BUILDSPEC_IMAGE".to_owned(), image()));
        }
        Self::start(&all, &variables)
    }

    /// All that was shown, without what moves the cursor or colours.
    pub(super) fn screen(&self) -> String {
        String::from_utf8_lossy(&plain(&self.seen.lock().unwrap())).into_owned()
    }

    /// All that was shown, as it came.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until this is shown, after what was waited for before.
    #[track_caller]
    pub(super) fn expect(&mut self, text: &str) {
        let started = Instant::now();
        loop {
            let screen = plain(&self.seen.lock().unwrap());
            let rest = screen.get(self.at..).unwrap_or_default();
            if let Some(found) = memchr::memmem::find(rest, text.as_bytes()) {
                self.at += found + text.len();
                return;
            }
            if started.elapsed() > PATIENCE {
                self.child.kill().ok();
                let rest = String::from_utf8_lossy(rest).into_owned();
                panic!(
                    "`{text}` is not shown; there is\n{rest}\n--- of\n{}",
                    self.screen()
                );
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Types.
    pub(super) fn send(&mut self, keys: &[u8]) {
        self.pty.write_all(keys).unwrap();
    }

    /// Types a line.
    pub(super) fn line(&mut self, line: &str) {
        self.send(format!("{line}\r").as_bytes());
    }

    pub(super) fn resize(&self, rows: u16, columns: u16) {
        self.pty.resize(Size::new(rows, columns)).unwrap();
    }

    /// Waits for the program's end; its exit code.
    #[track_caller]
    pub(super) fn ends(&mut self) -> Option<i32> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            if started.elapsed() > PATIENCE {
                self.child.kill().ok();
                panic!("it does not end\n{}", self.screen());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn modes(&self) -> Termios {
        tcgetattr(&self.pty).unwrap()
    }

    /// Lines, echo, Ctrl-C and line ends are the terminal's own business, as before.
    pub(super) fn is_sane(&self) -> bool {
        let modes = self.modes();
        let local = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        modes.local_modes.contains(local) && modes.output_modes.contains(OutputModes::OPOST)
    }

    /// A shell's own line editing: keys come one by one, but Ctrl-C is a signal.
    pub(super) fn is_edited(&self) -> bool {
        let local = self.modes().local_modes;
        local.contains(LocalModes::ISIG) && !local.intersects(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Every key goes to a program as it is.
    pub(super) fn is_raw(&self) -> bool {
        let local = self.modes().local_modes;
        !local.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn plain(bytes: &[u8]) -> Vec<u8> {
    static ESCAPES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?-u)\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][0-9A-B]?").unwrap());
    ESCAPES.replace_all(bytes, &b""[..]).into_owned()
}
