//! Settled facts: what the command line, the environment and the terminal came to. Nothing below reads those again.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::env::event::Trigger;

/// Where the buildspec is.
#[derive(Clone, Debug)]
pub enum BuildspecFrom {
    /// A file in the source, relative to it.
    Source(PathBuf),
    /// A file elsewhere; in `CodeBuild`'s terms, inline.
    Elsewhere(PathBuf),
    /// Bytes that were piped in.
    Inline(Vec<u8>),
}

/// `--runtime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeKind {
    Docker,
    Host,
}

/// What `run` needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// Absolute, links resolved.
    pub source: PathBuf,
    /// Which of its files count.
    pub which: crate::checkout::Which,
    /// `-s`: identifier and folder, absolute.
    pub secondary: Vec<(String, PathBuf)>,
    pub buildspec: BuildspecFrom,
    /// What `--project` says, and remarks about it; an empty one where there is none.
    pub project: crate::project::file::Reading,
    pub runtime: RuntimeKind,
    /// As the user named it.
    pub image: String,
    #[cfg(feature = "docker")]
    pub pull: crate::runtime::docker::Pull,
    #[cfg(feature = "docker")]
    pub source_mode: crate::runtime::docker::SourceMode,
    pub privileged: bool,
    pub network: Option<String>,
    pub container: ContainerOptions,
    /// In PEM: what the build trusts besides its image's own.
    pub root_certificates: Option<String>,
    /// `-e` and `--env-file`, the later one wins.
    pub overrides: Vec<Override>,
    /// The build is to look as if this had started it.
    pub event: Option<Trigger>,
    pub secrets: SecretsFile,
    /// Never call AWS.
    pub offline: bool,
    pub access: Access,
    /// The build gets the credentials with which AWS is asked.
    pub aws_credentials: bool,
    /// Which of the buildspec's commands run.
    pub part: crate::engine::part::Part,
    /// Absolute.
    pub output: PathBuf,
    /// Absolute; inside the build's folder when not given.
    pub artifacts: Option<PathBuf>,
    /// Above the project's.
    pub packaging: Option<crate::project::model::Packaging>,
    /// Absolute; inside the build's folder when not given.
    pub reports: Option<PathBuf>,
    pub keep_builds: usize,
    pub timeout: Option<Duration>,
    /// Where to stop, and how to talk about it.
    pub debug: Option<crate::debug::Settings>,
    /// The recorded build that this one is to be like.
    pub replay: Option<Replay>,
    /// What the host's environment has to say.
    pub host: HostFacts,
}

/// What a recorded build was told of itself, which is told again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    pub number: Option<u64>,
    /// Empty where the record does not say.
    pub initiator: String,
    /// `CODEBUILD_SOURCE_VERSION`; empty where the record does not say.
    pub source_version: String,
    /// `CODEBUILD_RESOLVED_SOURCE_VERSION`; empty where the record does not say.
    pub resolved_source_version: String,
    /// Twelve digits.
    pub account: Option<String>,
}

/// Where values for references are looked for first.
#[derive(Clone, Debug)]
pub struct SecretsFile {
    /// Absolute.
    pub path: PathBuf,
    /// The user named it, and it has to be there.
    pub named: bool,
}

/// As whom to ask AWS, and where; without these the usual chain decides.
#[derive(Clone, Debug, Default)]
pub struct Access {
    pub profile: Option<String>,
    pub region: Option<String>,
    /// A role's ARN, to be assumed first.
    pub role: Option<String>,
    /// `--profile` or `AWS_PROFILE`, for messages.
    pub shown_profile: Option<String>,
}

/// Where an engine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// As `DOCKER_HOST` names it: `unix://`, `tcp://`, `ssh://`; empty means the default socket.
    pub host: String,
    /// Where the engine wants TLS.
    pub tls: Option<Tls>,
}

/// How an engine that wants TLS is spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Of `ca.pem`, `cert.pem` and `key.pem`, each of which may be absent.
    pub folder: PathBuf,
    /// The user asks for the engine's certificate not to be looked at.
    pub unverified: bool,
}

/// What is handed to the engine as it is.
#[derive(Clone, Debug, Default)]
pub struct ContainerOptions {
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    /// The compute type that was asked for.
    pub compute: Option<crate::compute::Compute>,
    /// `NAME:ADDRESS`.
    pub add_hosts: Vec<String>,
    /// `SOURCE:TARGET[:OPTIONS]`, a relative source made absolute.
    pub volumes: Vec<String>,
    /// The build gets the host's engine in place of one of its own.
    pub docker_socket: bool,
    /// The container stays after the build.
    pub keep: bool,
    /// What is left out where the source has to be copied, in the syntax of `.dockerignore`.
    pub excludes: Vec<String>,
    /// Logins of registries.
    pub credentials: crate::registry::Keyring,
}

/// One `-e`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub name: String,
    pub value: String,
    /// The value is the host's own, which the user did not write down: it is not written down by us either.
    pub passed_through: bool,
}

/// Read once, in `cli`.
#[derive(Clone, Debug, Default)]
pub struct HostFacts {
    /// Which engine.
    pub engine: Endpoint,
    /// `PATH`.
    pub path: Option<OsString>,
    /// `--region`, `AWS_REGION` or `AWS_DEFAULT_REGION`.
    pub region: Option<String>,
    /// `USER`, or empty.
    pub user: String,
}
