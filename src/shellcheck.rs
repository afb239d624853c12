//! ShellCheck as a process: many commands, one run.

use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::FdFlags;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::lint::shellcheck::{Comment, Scripts};

/// Whether ShellCheck looks at commands, and which one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shellcheck {
    #[default]
    Never,
    /// The one on PATH, if there is one.
    Auto,
    /// This one; that it is not there is an error.
    Program(PathBuf),
}

/// What a run came to.
#[derive(Debug)]
pub enum Answer {
    /// There is no ShellCheck, or nothing for it to do.
    Nothing,
    Comments(Vec<Comment>),
    /// Why it did not look, as the end of a sentence.
    Trouble(String),
}

/// Commands with more text than this, in bytes, are no commands that a person wrote.
const LARGEST: usize = 256 << 10;
const MOST_SCRIPTS: usize = 2000;
/// One command with more text than this, in bytes, is not looked at: any pipe holds so much.
const LONGEST: usize = 16 << 10;
/// Nor is one with more open brackets than this at once: each multiplies the time that ShellCheck takes.
const DEEPEST: usize = 40;
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a process finds what it has open.
const PIPES: &str = "/dev/fd/";
static STARTING: Mutex<()> = Mutex::new(());

#[derive(Deserialize)]
struct Report {
    comments: Vec<Found>,
}

/// One finding, as format `json1` has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    file: String,
    line: usize,
    end_line: usize,
    column: usize,
    end_column: usize,
    code: u32,
    message: String,
}

impl Found {
    /// The finding with the number of its script instead of the pipe's.
    fn comment(self, numbers: &[RawFd]) -> Option<Comment> {
        let number: RawFd = self.file.strip_prefix(PIPES)?.parse().ok()?;
        Some(Comment {
            script: numbers.iter().position(|pipe| *pipe == number)?,
            line: self.line,
            end_line: self.end_line,
            column: self.column,
            end_column: self.end_column,
            code: self.code,
            message: self.message,
        })
    }
}

impl Shellcheck {
    /// A program that was named must be there.
    ///
    /// # Errors
    /// It can't be started.
    pub fn probe(&self) -> Result<()> {
        let Self::Program(program) = self else {
            return Ok(());
        };
        let status = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let message = || format!("`{}` is no ShellCheck that can be run", program.display());
        let help = "`--shellcheck never` leaves it out";
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(Error::environment(message()).hint(help)),
            Err(error) => Err(Error::environment(message()).hint(help).because(error)),
        }
    }

    /// Lets it look at all commands of a buildspec.
    pub fn look(&self, scripts: &Scripts) -> Answer {
        let program: PathBuf = match self {
            Self::Never => return Answer::Nothing,
            Self::Auto => "shellcheck".into(),
            Self::Program(program) => program.clone(),
        };
        if scripts.texts.is_empty() {
            return Answer::Nothing;
        }
        let size: usize = scripts.texts.iter().map(String::len).sum();
        if size > LARGEST || scripts.texts.len() > MOST_SCRIPTS {
            return Answer::Trouble("the commands are too much text for it".to_owned());
        }
        match run(&program, scripts) {
            Ok(answer) => answer,
            Err(error) => Answer::Trouble(error.to_string()),
        }
    }
}

/// As many commands as fit into one process without coming near to how many files it may have open.
const AT_ONCE: usize = 200;

fn run(program: &Path, scripts: &Scripts) -> io::Result<Answer> {
    let mut all = Vec::new();
    for (batch, texts) in scripts.texts.chunks(AT_ONCE).enumerate() {
        match run_once(Command::new(program), scripts.shell, texts)? {
            Answer::Comments(comments) => {
                all.extend(comments.into_iter().map(|comment| Comment {
                    script: batch * AT_ONCE + comment.script,
                    ..comment
                }));
            }
            other => return Ok(other),
        }
    }
    Ok(Answer::Comments(all))
}

/// Each command is a pipe, as of the shell's `<(...)`: nothing is written to any disk.
fn run_once(mut command: Command, shell: &str, texts: &[String]) -> io::Result<Answer> {
    let (child, numbers) = {
        // A process that another thread starts meanwhile would get these pipes too.
        let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let pipes = texts.iter().map(|text| filled_pipe(text));
        let pipes: Vec<PipeReader> = pipes.collect::<io::Result<_>>()?;
        let numbers: Vec<RawFd> = pipes.iter().map(AsRawFd::as_raw_fd).collect();
        command
            .args(["--format=json1", "--severity=warning", "--shell", shell])
            .args(numbers.iter().map(|number| format!("{PIPES}{number}")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        (command.spawn(), numbers)
    };
    let mut child = match child {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Answer::Nothing),
        child => child?,
    };
    let (sender, receiver) = mpsc::channel();
    if let Some(mut output) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let read = output.read_to_end(&mut text).map(|_| text);
            // Nobody listens any more when it took too long.
            let _ = sender.send(read);
        });
    }
    let output = receiver.recv_timeout(PATIENCE);
    if output.is_err() {
        child.kill()?;
    }
    let status = child.wait()?;
    let Ok(text) = output else {
        return Ok(Answer::Trouble(format!(
            "it took longer than {} seconds",
            PATIENCE.as_secs()
        )));
    };
    let Ok(report) = serde_json::from_slice::<Report>(&text?) else {
        return Ok(Answer::Trouble(format!(
            "it ended with {status} and without an answer; version 0.7 or later is needed"
        )));
    };
    let comments = report.comments.into_iter();
    Ok(Answer::Comments(
        comments
            .filter_map(|found| found.comment(&numbers))
            .collect(),
    ))
}

/// A pipe that holds a text to its end and that the next process gets.
fn filled_pipe(text: &str) -> io::Result<PipeReader> {
    let (reader, mut writer) = io::pipe()?;
    // Any pipe holds so much; if this one does not, that is an error and no endless wait.
    rustix::fs::fcntl_setfl(&writer, OFlags::NONBLOCK)?;
    writer.write_all(if is_fit(text) { text.as_bytes() } else { b"" })?;
    rustix::io::fcntl_setfd(&reader, FdFlags::empty())?;
    Ok(reader)
}

fn is_fit(text: &str) -> bool {
    let mut open = 0_usize;
    text.len() <= LONGEST
        && text.bytes().all(|byte| {
            match byte {
                b'(' | b'{' => open += 1,
                b')' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            open <= DEEPEST
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts(texts: &[&str]) -> Scripts {
        Scripts {
            shell: "dash",
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    #[test]
    fn without_a_program_nothing_is_said() {
        let missing = Path::new("/nowhere/shellcheck");
        assert!(matches!(
            run(missing, &scripts(&["make"])).unwrap(),
            Answer::Nothing
        ));
        let named = Shellcheck::Program("/nowhere/shellcheck".into());
        assert!(named.probe().is_err());
        assert!(matches!(
            Shellcheck::Never.look(&scripts(&["make"])),
            Answer::Nothing
        ));
    }

    #[test]
    fn another_program_and_too_much_text_are_trouble() {
        let named = Shellcheck::Program("true".into());
        assert!(matches!(
            named.look(&scripts(&["make"])),
            Answer::Trouble(_)
        ));
        assert!(is_fit("f() { echo $( (true) ); }") && !is_fit(&"(".repeat(41)));
        let long = "x".repeat(LARGEST + 1);
        assert!(matches!(named.look(&scripts(&[&long])), Answer::Trouble(_)));
    }
}
