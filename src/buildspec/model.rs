//! What a buildspec says, as plain types. Every text keeps its place in the file.
//!
//! Nothing here is resolved: variables, references and patterns are as the author wrote them.

use crate::source::{Span, Spanned};

/// A text and where it stands.
pub type Text = Spanned<String>;

/// The whole file. Sections that are absent are empty or `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buildspec {
    pub version: Version,
    pub run_as: Option<Text>,
    pub env: Env,
    pub proxy: Option<Proxy>,
    pub batch: Option<Batch>,
    pub phases: Phases,
    /// In the file's order.
    pub reports: Vec<ReportGroup>,
    pub artifacts: Option<Artifacts>,
    pub cache: Option<Cache>,
}

/// The buildspec grammar's version: what state passes from one command to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// Each command in a shell of its own.
    V0_1,
    /// Directory and variables pass on.
    #[default]
    V0_2,
}

/// Section `env` (`environment_variables` in version 0.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Env {
    pub shell: Option<Spanned<Shell>>,
    pub variables: Vec<Variable>,
    /// Value: the parameter's name.
    pub parameter_store: Vec<Variable>,
    /// Value: the reference as written (`secret-id[:json-key[:version-stage[:version-id]]]`).
    pub secrets_manager: Vec<Variable>,
    pub exported_variables: Vec<Text>,
    pub git_credential_helper: Option<Spanned<bool>>,
}

/// The shells that `env.shell` knows on Linux.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shell {
    /// `/bin/sh`, the default.
    #[default]
    Sh,
    Bash,
    /// Windows only.
    PowerShell,
    /// Windows only.
    Cmd,
}

/// A name and its value as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: Text,
    pub value: Text,
}

/// Section `proxy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxy {
    pub upload_artifacts: Option<Spanned<bool>>,
    pub logs: Option<Spanned<bool>>,
}

/// The four phases; `None` when the file does not name one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Phases {
    pub install: Option<Phase>,
    pub pre_build: Option<Phase>,
    pub build: Option<Phase>,
    pub post_build: Option<Phase>,
}

/// One phase of the buildspec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Phase {
    /// The phase's key in the file.
    pub name_span: Span,
    pub run_as: Option<Text>,
    pub on_failure: Option<Spanned<OnFailure>>,
    /// `install` only. Value: the version's text as written (`3.10` stays `3.10`).
    pub runtime_versions: Vec<Variable>,
    pub commands: Vec<Command>,
    /// The key `commands`, when nothing stands below it.
    pub empty_commands: Option<Span>,
    pub finally: Vec<Command>,
}

/// One item of `commands` or `finally`: the text after YAML's folding, and where it stands.
pub type Command = Text;

/// Key `on-failure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnFailure {
    Abort,
    Continue,
    /// `RETRY`, `RETRY-count`, `RETRY-regex`, `RETRY-count-regex`.
    Retry {
        /// 0 to 100; 3 when not given.
        count: u32,
        /// `.*` when not given.
        regex: String,
    },
}

impl std::fmt::Display for OnFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Abort => f.write_str("ABORT"),
            Self::Continue => f.write_str("CONTINUE"),
            Self::Retry { count, regex } if regex == ".*" => write!(f, "RETRY-{count}"),
            Self::Retry { count, regex } => write!(f, "RETRY-{count}-{regex}"),
        }
    }
}

/// Section `artifacts`, and each of its `secondary-artifacts`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Artifacts {
    /// The section's key in the file.
    pub name_span: Span,
    pub files: Vec<Text>,
    /// Why `files` is empty, unless something of a wrong kind stands there.
    pub lacks_files: Option<Lack>,
    pub name: Option<Text>,
    pub discard_paths: bool,
    pub base_directory: Option<Text>,
    pub exclude_paths: Vec<Text>,
    pub enable_symlinks: bool,
    pub s3_prefix: Option<Text>,
    /// Identifier and what it collects, in the file's order; empty inside a secondary artifact.
    pub secondary: Vec<(Text, Self)>,
}

/// Why a required list is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Its key is not there.
    Key,
    /// Its key is there, and nothing below it.
    Items,
}

/// Section `cache`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cache {
    pub paths: Vec<Text>,
    pub key: Option<Text>,
    pub fallback_keys: Vec<Text>,
    pub action: Option<Spanned<CacheAction>>,
}

/// Key `cache.action`; absent means both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheAction {
    Restore,
    Save,
}

/// One entry of section `reports`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportGroup {
    /// A plain name, an ARN, or a `$VARIABLE`.
    pub name: Text,
    pub files: Vec<Text>,
    /// Why `files` is empty, unless something of a wrong kind stands there.
    pub lacks_files: Option<Lack>,
    /// `JUNITXML` when not given.
    pub file_format: Spanned<ReportFormat>,
    pub base_directory: Option<Text>,
    pub discard_paths: bool,
}

/// Key `file-format`, compared without case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReportFormat {
    #[default]
    JunitXml,
    CucumberJson,
    NunitXml,
    Nunit3Xml,
    TestNgXml,
    VisualStudioTrx,
    CloverXml,
    CoberturaXml,
    JacocoXml,
    SimpleCov,
}

/// Section `batch`: read so that it can be checked; a plain build ignores it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    pub fast_fail: bool,
    pub kind: Option<BatchKind>,
}

/// The four kinds of batch.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a buildspec has one")]
pub enum BatchKind {
    Graph(Vec<BatchTask>),
    List(Vec<BatchTask>),
    Matrix(BatchMatrix),
    Fanout {
        parallelism: Spanned<u32>,
        ignore_failure: bool,
    },
}

/// A task of `build-graph` or `build-list`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchTask {
    pub identifier: Text,
    pub buildspec: Option<Text>,
    pub debug_session: bool,
    pub depend_on: Vec<Text>,
    pub ignore_failure: bool,
    pub env: BatchEnv,
}

/// `env` of a batch task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchEnv {
    pub compute_type: Option<Text>,
    pub fleet: Option<Text>,
    pub image: Option<Text>,
    pub privileged_mode: Option<Spanned<bool>>,
    pub kind: Option<Text>,
    pub variables: Vec<Variable>,
}

/// `build-matrix`: what every build shares, and the lists whose product makes the builds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchMatrix {
    pub ignore_failure: bool,
    pub static_env: BatchEnv,
    pub buildspecs: Vec<Text>,
    pub compute_types: Vec<Text>,
    pub images: Vec<Text>,
    /// Name and the values it takes, in the file's order.
    pub variables: Vec<(Text, Vec<Text>)>,
}
