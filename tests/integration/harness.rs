//! Runs the built binary in an emptied environment and keeps all that it says.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use regex::Regex;
use rustix::process::{Pid, Signal, kill_process_group};
use similar::TextDiff;
use tempfile::TempDir;

/// No build of a test may take longer.
const LIMIT: Duration = Duration::from_mins(1);

/// Where a build's commands run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runtime {
    Docker,
    Host,
}

impl Runtime {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Host => "host",
        }
    }
}

/// `buildspec run SOURCE`, not yet started. Further arguments go to `command`.
#[derive(Debug)]
pub(crate) struct Emulator {
    pub(crate) command: Command,
    pub(crate) limit: Duration,
    home: TempDir,
}

impl Emulator {
    pub(crate) fn run(source: &Path, runtime: Runtime) -> Self {
        Self::with_format(source, runtime, "codebuild")
    }

    pub(crate) fn with_format(source: &Path, runtime: Runtime, format: &str) -> Self {
        Self::verb(&["run"], source, runtime, format)
    }

    /// `buildspec reproduce BUILD SOURCE`.
    pub(crate) fn reproduce(build: &str, source: &Path, runtime: Runtime) -> Self {
        Self::verb(&["reproduce", build], source, runtime, "codebuild")
    }

    fn verb(verb: &[&str], source: &Path, runtime: Runtime, format: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_buildspec"));
        command
            .env_clear()
            .env("HOME", home.path())
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .args(verb)
            .args(["--log-format", format])
            .args(["--runtime", runtime.name()]);
        for name in ["PATH", "DOCKER_HOST"] {
            if let Some(value) = ambient(name) {
                command.env(name, value);
            }
        }
        if runtime == Runtime::Docker {
            command.env("BUILDSPEC_IMAGE", image());
        }
        command.arg(source);
        Self {
            command,
            limit: LIMIT,
            home,
        }
    }

    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let stdout = Reader::of(child.stdout.take().unwrap());
        let stderr = Reader::of(child.stderr.take().unwrap());
        Running {
            child,
            stdout,
            stderr,
            started: Instant::now(),
            limit: self.limit,
            _home: self.home,
        }
    }

    /// Starts it and waits for its end.
    #[track_caller]
    pub(crate) fn finish(self) -> Output {
        self.start().finish()
    }
}

/// A build under way.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) stdout: Reader,
    stderr: Reader,
    started: Instant,
    limit: Duration,
    _home: TempDir,
}

impl Running {
    /// Waits for the end, and panics when it does not come in time.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Output {
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            if self.started.elapsed() > self.limit {
                self.kill();
                panic!(
                    "still running after {:?}\n{}",
                    self.limit,
                    self.said("it had said")
                );
            }
            thread::sleep(Duration::from_millis(5));
        };
        let took = self.started.elapsed();
        let end = Instant::now();
        while !(self.stdout.thread.is_finished() && self.stderr.thread.is_finished()) {
            if end.elapsed() > Duration::from_secs(5) {
                self.kill();
                panic!(
                    "ended with {code:?}, but a process it left behind still holds its output\n{}",
                    self.said("it had said")
                );
            }
            thread::sleep(Duration::from_millis(5));
        }
        Output {
            code,
            stdout: self.stdout.so_far(),
            stderr: self.stderr.so_far(),
            took,
        }
    }

    fn kill(&mut self) {
        let group = Pid::from_child(&self.child);
        // An error means that the group is gone, which is what was asked for.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }

    fn said(&self, heading: &str) -> String {
        format!(
            "--- {heading} on stdout\n{}\n--- {heading} on stderr\n{}",
            String::from_utf8_lossy(&self.stdout.so_far()),
            String::from_utf8_lossy(&self.stderr.so_far())
        )
    }
}

/// Drains a pipe, so that the program never waits for its reader.
#[derive(Debug)]
pub(crate) struct Reader {
    bytes: Arc<Mutex<Vec<u8>>>,
    pub(crate) thread: JoinHandle<()>,
}

impl Reader {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        let thread = thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                shared.lock().unwrap().extend_from_slice(&chunk[..length]);
            }
        });
        Self { bytes, thread }
    }

    pub(crate) fn so_far(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }
}

/// What is left of a run.
#[derive(Debug)]
pub(crate) struct Output {
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) took: Duration,
}

impl Output {
    /// Standard error, for a failure's message.
    pub(crate) fn complaint(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// The log with what differs from build to build replaced.
///
/// A time stamp without its six digits is not replaced, and so shows up as a difference.
pub(crate) fn normalise(log: &[u8]) -> String {
    static RULES: LazyLock<[(Regex, &str); 3]> = LazyLock::new(|| {
        [
            (
                r"(?m)^\[Container\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} ",
                "[Container] <TS> ",
            ),
            (r"src\d+", "src<N>"),
            (r"took \d+\.\d{6} seconds", "took <S> seconds"),
        ]
        .map(|(pattern, replacement)| (Regex::new(pattern).unwrap(), replacement))
    });
    static COUNT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\[Container\] <TS>  [A-Z_]+: \d+ commands\n$").unwrap());

    let mut text = String::from_utf8_lossy(log).into_owned();
    for (pattern, replacement) in RULES.iter() {
        text = pattern.replace_all(&text, *replacement).into_owned();
    }
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    // CodeBuild prints these in random order.
    for block in lines.chunk_by_mut(|a, b| COUNT.is_match(a) && COUNT.is_match(b)) {
        block.sort_unstable();
    }
    lines.concat()
}

/// `None` when both are the same, otherwise a diff in which trailing blanks can be seen.
pub(crate) fn difference(what: &str, expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let mut text = format!("{what} differs (- expected, + actual)\n");
    let diff = TextDiff::from_lines(expected, actual);
    for line in diff.unified_diff().context_radius(3).to_string().lines() {
        let bare = line.trim_end_matches([' ', '\r', '\t']);
        let tail: String = line[bare.len()..]
            .chars()
            .map(|blank| match blank {
                '\r' => '␍',
                '\t' => '␉',
                _ => '␠',
            })
            .collect();
        // A line of the diff that is one blank is an empty line of context.
        let tail = if bare.is_empty() {
            tail.chars().skip(1).collect()
        } else {
            tail
        };
        writeln!(text, "{bare}{tail}").unwrap();
    }
    Some(text)
}

/// The image that the tests' builds run in.
pub(crate) fn image() -> String {
    ambient("BUILDSPEC_TEST_IMAGE").unwrap_or_else(|| "buildspec/base".to_owned())
}

/// Whether builds can run in containers here, or why not.
///
/// `BUILDSPEC_TEST_DOCKER` decides when it is set: `1` yes, anything else no.
pub(crate) fn docker() -> Result<(), String> {
    static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
    ANSWER
        .get_or_init(|| match ambient("BUILDSPEC_TEST_DOCKER").as_deref() {
            Some("1") => Ok(()),
            Some(other) => Err(format!("BUILDSPEC_TEST_DOCKER={other}")),
            None if !succeeds(&["version"]) => Err("`docker version` fails".to_owned()),
            None if !succeeds(&["image", "inspect", &image()]) => {
                Err(format!("image `{}` is missing", image()))
            }
            None => Ok(()),
        })
        .clone()
}

fn succeeds(arguments: &[&str]) -> bool {
    Command::new("docker")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Past libtest's capture: a test that did not run must be heard of.
pub(crate) fn say_loudly(text: &str) {
    let line = format!("\n*** {text} ***\n");
    // Nobody is left to tell when this fails.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// What the engine still holds of a build: containers, volumes and networks with its label.
pub(crate) fn leftovers(build: &str) -> Vec<String> {
    let label = format!("label=buildspec.build={build}");
    let kinds: [&[&str]; 3] = [
        &["ps", "-aq"],
        &["volume", "ls", "-q"],
        &["network", "ls", "-q"],
    ];
    kinds
        .iter()
        .flat_map(|kind| {
            let answer = Command::new("docker")
                .args(*kind)
                .args(["--filter", &label])
                .output()
                .unwrap();
            assert!(answer.status.success(), "docker {kind:?}: {answer:?}");
            String::from_utf8_lossy(&answer.stdout)
                .lines()
                .map(|id| format!("{} {id}", kind[0]))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests' own switches, read here only"
)]
pub(crate) fn ambient(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
