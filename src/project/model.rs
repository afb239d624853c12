//! A project as plain types (spec 22.2). What a definition does not say is `None` or empty.

use crate::source::Spanned;

/// A text and where it stands.
pub type Text = Spanned<String>;

/// Names that the API gives to the values of a member.
macro_rules! named {
    ($(#[$about:meta])* $kind:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind { $($(#[$doc])* $variant,)* }

        impl $kind {
            /// Every value, in the API's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As the API writes it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

named! {
    /// Where a source comes from.
    SourceType {
        CodeCommit = "CODECOMMIT",
        CodePipeline = "CODEPIPELINE",
        GitHub = "GITHUB",
        GitLab = "GITLAB",
        GitLabSelfManaged = "GITLAB_SELF_MANAGED",
        S3 = "S3",
        Bitbucket = "BITBUCKET",
        GitHubEnterprise = "GITHUB_ENTERPRISE",
        NoSource = "NO_SOURCE",
    }
}

named! {
    /// What a build runs in.
    EnvironmentType {
        WindowsContainer = "WINDOWS_CONTAINER",
        LinuxContainer = "LINUX_CONTAINER",
        LinuxGpuContainer = "LINUX_GPU_CONTAINER",
        ArmContainer = "ARM_CONTAINER",
        WindowsServer2019Container = "WINDOWS_SERVER_2019_CONTAINER",
        WindowsServer2022Container = "WINDOWS_SERVER_2022_CONTAINER",
        LinuxLambdaContainer = "LINUX_LAMBDA_CONTAINER",
        ArmLambdaContainer = "ARM_LAMBDA_CONTAINER",
        LinuxEc2 = "LINUX_EC2",
        ArmEc2 = "ARM_EC2",
        WindowsEc2 = "WINDOWS_EC2",
        MacArm = "MAC_ARM",
    }
}

named! {
    /// What a variable's value is.
    VariableType {
        Plaintext = "PLAINTEXT",
        ParameterStore = "PARAMETER_STORE",
        SecretsManager = "SECRETS_MANAGER",
    }
}

named! {
    /// Where artifacts go.
    ArtifactsType {
        CodePipeline = "CODEPIPELINE",
        S3 = "S3",
        NoArtifacts = "NO_ARTIFACTS",
    }
}

named! {
    /// How artifacts are packed.
    Packaging {
        None = "NONE",
        Zip = "ZIP",
    }
}

named! {
    /// Whether the build's id is a folder in the artifacts' path.
    NamespaceType {
        None = "NONE",
        BuildId = "BUILD_ID",
    }
}

named! {
    /// Where a cache is kept.
    CacheType {
        NoCache = "NO_CACHE",
        S3 = "S3",
        Local = "LOCAL",
    }
}

named! {
    /// What a local cache keeps.
    CacheMode {
        DockerLayer = "LOCAL_DOCKER_LAYER_CACHE",
        Source = "LOCAL_SOURCE_CACHE",
        Custom = "LOCAL_CUSTOM_CACHE",
    }
}

/// A project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    pub name: Option<Text>,
    pub source: Source,
    pub secondary_sources: Vec<Source>,
    /// The primary source's: a commit, branch, tag or `pr/<n>`.
    pub source_version: Option<Text>,
    pub secondary_source_versions: Vec<SourceVersion>,
    pub artifacts: Artifacts,
    pub secondary_artifacts: Vec<Artifacts>,
    pub cache: Cache,
    pub environment: Environment,
    pub service_role: Option<Text>,
    /// 5 to 2160; 60 where it is not said.
    pub timeout_in_minutes: Option<Spanned<u32>>,
    /// 5 to 480; 480 where it is not said.
    pub queued_timeout_in_minutes: Option<Spanned<u32>>,
    /// A key's ARN or `alias/<name>`; `alias/aws/s3` where it is not said.
    pub encryption_key: Option<Text>,
    pub vpc: Option<Vpc>,
    pub logs: Logs,
    pub file_systems: Vec<FileSystem>,
    pub batch: Option<BatchConfig>,
    /// Additional tries of a failed build.
    pub auto_retry_limit: Option<Spanned<u32>>,
}

/// A source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub kind: Option<Spanned<SourceType>>,
    /// A clone's URL, or `bucket/key`.
    pub location: Option<Text>,
    /// 0, absent and more than 25 are a full clone.
    pub git_clone_depth: Option<Spanned<u32>>,
    pub fetch_submodules: bool,
    /// A path in the source, an ARN in S3, or the text of a buildspec; an empty one counts as absent.
    pub buildspec: Option<Text>,
    /// A secondary source's name in `CODEBUILD_SRC_DIR_<id>`.
    pub identifier: Option<Text>,
}

/// Which version of a secondary source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceVersion {
    pub identifier: Text,
    pub version: Text,
}

/// Artifacts' place and form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    pub kind: Option<Spanned<ArtifactsType>>,
    /// The bucket.
    pub location: Option<Text>,
    /// A path in the bucket, before the name.
    pub path: Option<Text>,
    /// `NONE` where it is not said.
    pub namespace_type: Option<Spanned<NamespaceType>>,
    pub name: Option<Text>,
    /// `NONE` where it is not said.
    pub packaging: Option<Spanned<Packaging>>,
    /// The buildspec's `artifacts.name` counts instead of `name`.
    pub override_artifact_name: bool,
    pub encryption_disabled: bool,
    /// A secondary artifact's name in the buildspec.
    pub identifier: Option<Text>,
}

/// A project's cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cache {
    /// `NO_CACHE` where it is not said.
    pub kind: Option<Spanned<CacheType>>,
    /// `bucket/prefix`.
    pub location: Option<Text>,
    pub modes: Vec<Spanned<CacheMode>>,
    pub namespace: Option<Text>,
}

/// What a build runs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    pub kind: Option<Spanned<EnvironmentType>>,
    pub image: Option<Text>,
    /// `BUILD_GENERAL1_SMALL` and others; which there are is not judged here.
    pub compute_type: Option<Text>,
    pub compute: Option<Compute>,
    pub variables: Vec<Variable>,
    pub privileged: Option<Spanned<bool>>,
    pub certificate: Option<Text>,
    /// The secret with the registry's user and password.
    pub registry_credential: Option<Text>,
    /// `CODEBUILD` or `SERVICE_ROLE`.
    pub image_pull_credentials_type: Option<Text>,
    /// The ARN of a reserved fleet.
    pub fleet: Option<Text>,
}

/// `computeConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compute {
    pub vcpus: Option<Spanned<u32>>,
    /// GiB.
    pub memory: Option<Spanned<u32>>,
    /// GB.
    pub disk: Option<Spanned<u32>>,
    pub instance_type: Option<Text>,
}

/// A variable; of a secret kind, `value` is the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: Text,
    pub value: Text,
    pub kind: VariableType,
}

/// The network that a build has in the cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vpc {
    pub id: Option<Text>,
    pub subnets: Vec<Text>,
    pub security_groups: Vec<Text>,
}

/// Where logs go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logs {
    /// `/aws/codebuild/<project>` where it is not said.
    pub group_name: Option<Text>,
    /// The build's uuid where it is not said; before it where it is.
    pub stream_name: Option<Text>,
    /// `bucket/prefix`, where logs go there too.
    pub s3_location: Option<Text>,
}

/// A file system of EFS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSystem {
    pub location: Option<Text>,
    pub mount_point: Option<Text>,
    /// `CODEBUILD_<identifier>` in upper case holds the mount point.
    pub identifier: Option<Text>,
}

/// `buildBatchConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchConfig {
    pub service_role: Option<Text>,
    pub combine_artifacts: bool,
    pub maximum_builds_allowed: Option<Spanned<u32>>,
    pub compute_types_allowed: Vec<Text>,
    pub timeout_in_minutes: Option<Spanned<u32>>,
}

impl EnvironmentType {
    /// Runs Windows.
    pub const fn is_windows(self) -> bool {
        matches!(
            self,
            Self::WindowsContainer
                | Self::WindowsServer2019Container
                | Self::WindowsServer2022Container
                | Self::WindowsEc2
        )
    }

    /// Runs in Lambda: other paths, no privileges, no root.
    pub const fn is_lambda(self) -> bool {
        matches!(self, Self::LinuxLambdaContainer | Self::ArmLambdaContainer)
    }

    /// Runs on 64-bit ARM.
    pub const fn is_arm(self) -> bool {
        matches!(
            self,
            Self::ArmContainer | Self::ArmLambdaContainer | Self::ArmEc2 | Self::MacArm
        )
    }
}

impl Source {
    /// `CODEBUILD_SOURCE_REPO_URL`.
    pub fn url(&self) -> Option<String> {
        let location = &self.location.as_ref()?.value;
        match self.kind.as_ref().map(|kind| kind.value) {
            Some(SourceType::NoSource | SourceType::CodePipeline) => None,
            Some(SourceType::S3) if !location.starts_with("s3://") => {
                Some(format!("s3://{location}"))
            }
            _ => Some(location.clone()),
        }
    }

    /// Where a source from Git lies below `src` in the cloud: `/github.com/<owner>/<name>` (spec 19.2).
    ///
    /// Seen for GitHub and `CodeCommit`; the others are taken to be alike.
    pub fn folder(&self) -> Option<String> {
        use SourceType as Kind;
        match self.kind.as_ref()?.value {
            Kind::S3 | Kind::CodePipeline | Kind::NoSource => return None,
            _ => {}
        }
        let location = self.location.as_ref()?.value.as_str();
        let address = location
            .split_once("://")
            .map_or(location, |(_, rest)| rest);
        let address = address.rsplit_once('@').map_or(address, |(_, rest)| rest);
        let address = address
            .strip_suffix(".git")
            .unwrap_or(address)
            .replace(':', "/");
        let plain = |name: &str| {
            let known = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
            !name.is_empty() && name != ".." && name.chars().all(known)
        };
        let names: Vec<_> = address.trim_end_matches('/').split('/').collect();
        (names.len() > 1 && names.iter().all(|name| plain(name)))
            .then(|| format!("/{}", names.join("/")))
    }

    /// The text of an inline buildspec, or a path: what has a line break is a text.
    pub fn inline_buildspec(&self) -> Option<&str> {
        let text = &self.buildspec.as_ref()?.value;
        is_inline(text).then_some(text)
    }

    /// The buildspec's path in the source.
    pub fn buildspec_path(&self) -> Option<&str> {
        let text = self.buildspec.as_ref()?.value.trim();
        (!text.is_empty() && !is_inline(text)).then_some(text)
    }
}

/// What has a line break, or begins as JSON does, is the text of a buildspec.
fn is_inline(text: &str) -> bool {
    let text = text.trim();
    text.contains('\n') || text.starts_with('{')
}

impl Project {
    /// The version of a secondary source.
    pub fn secondary_version(&self, identifier: &str) -> Option<&Text> {
        self.secondary_source_versions
            .iter()
            .find(|version| version.identifier.value == identifier)
            .map(|version| &version.version)
    }
}
