//! The phases of a build and what can become of them, in the API's names.

use std::fmt;

use serde::Serialize;

/// `BuildPhase.phaseType` of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PhaseType {
    Submitted,
    Queued,
    Provisioning,
    DownloadSource,
    Install,
    PreBuild,
    Build,
    PostBuild,
    UploadArtifacts,
    Finalizing,
    Completed,
}

impl PhaseType {
    /// The four that a buildspec describes, in the order in which they run.
    pub const COMMANDS: [Self; 4] = [Self::Install, Self::PreBuild, Self::Build, Self::PostBuild];

    /// The name in the log and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Queued => "QUEUED",
            Self::Provisioning => "PROVISIONING",
            Self::DownloadSource => "DOWNLOAD_SOURCE",
            Self::Install => "INSTALL",
            Self::PreBuild => "PRE_BUILD",
            Self::Build => "BUILD",
            Self::PostBuild => "POST_BUILD",
            Self::UploadArtifacts => "UPLOAD_ARTIFACTS",
            Self::Finalizing => "FINALIZING",
            Self::Completed => "COMPLETED",
        }
    }

    /// The phase that somebody means who writes `build`, `BUILD`, `pre_build` or `pre-build`.
    pub fn with_commands(text: &str) -> Result<Self, String> {
        let name = text.replace('-', "_");
        Self::COMMANDS
            .into_iter()
            .find(|phase| phase.name().eq_ignore_ascii_case(&name))
            .ok_or_else(|| {
                let names = Self::COMMANDS.map(Self::name).join(", ");
                format!("no phase is called `{text}`; there are {names}")
            })
    }

    /// Whether a buildspec can name it.
    pub fn has_commands(self) -> bool {
        Self::COMMANDS.contains(&self)
    }
}

impl fmt::Display for PhaseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The status of a phase and of a build (`StatusType` of the API).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    InProgress,
    Succeeded,
    Failed,
    Fault,
    TimedOut,
    Stopped,
}

impl Status {
    /// The name in the log and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Fault => "FAULT",
            Self::TimedOut => "TIMED_OUT",
            Self::Stopped => "STOPPED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `PhaseContext` of the API: why a phase ended as it did. Both parts are empty after success.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Context {
    #[serde(rename = "statusCode")]
    pub code: String,
    pub message: String,
}

impl Context {
    /// A context with its status code, such as `CLIENT_ERROR`.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It ended by itself with this status.
    Status(u8),
    /// A signal ended the shell that ran it.
    Signal(u8),
}

impl Exit {
    /// Success, and nothing else, lets the phase go on.
    pub fn success(self) -> bool {
        self == Self::Status(0)
    }
}

/// In the words of Go's `os.ProcessState`, which `CodeBuild`'s agent prints (signals: by inference, spec 11.3).
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "exit status {status}"),
            Self::Signal(number) => match signal_name(*number) {
                Some(name) => write!(f, "signal: {name}"),
                None => write!(f, "signal: signal {number}"),
            },
        }
    }
}

/// Go's names of Linux's signals (`syscall.Signal.String`).
fn signal_name(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        _ => return None,
    })
}
