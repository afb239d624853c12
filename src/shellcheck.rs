//! ShellCheck as a process: many commands, one run.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

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
/// One command with more text than this, in bytes, is not looked at.
const LONGEST: usize = 16 << 10;
/// Nor is one with more open brackets than this at once: each multiplies the time that ShellCheck takes.
const DEEPEST: usize = 40;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Report {
    comments: Vec<Comment>,
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
        let program = match self {
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
        match run(Command::new(program), scripts) {
            Ok(answer) => answer,
            Err(error) => Answer::Trouble(error.to_string()),
        }
    }
}

/// Each command is a file, called by its number; ShellCheck names it so.
fn run(mut command: Command, scripts: &Scripts) -> std::io::Result<Answer> {
    let folder = tempfile::Builder::new()
        .prefix("buildspec-shellcheck-")
        .tempdir()?;
    let names: Vec<String> = (0..scripts.texts.len())
        .map(|number| number.to_string())
        .collect();
    for (name, text) in names.iter().zip(&scripts.texts) {
        let text = if is_fit(text) { text } else { "" };
        std::fs::write(folder.path().join(name), text)?;
    }
    command
        .args([
            "--format=json1",
            "--severity=warning",
            "--shell",
            scripts.shell,
            "--",
        ])
        .args(&names)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = match command.spawn() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Answer::Nothing),
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
    Ok(match serde_json::from_slice::<Report>(&text?) {
        Ok(report) => Answer::Comments(report.comments),
        Err(_) => Answer::Trouble(format!(
            "it ended with {status} and without an answer; version 0.7 or later is needed"
        )),
    })
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
        let missing = Command::new("/nowhere/shellcheck");
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
