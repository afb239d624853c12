//! Values in the API's shape become a project; what is not understood becomes a finding, and reading goes on.

use super::members::Members;
use super::model::{
    Artifacts, ArtifactsType, BatchConfig, Cache, CacheMode, CacheType, Compute, Environment,
    EnvironmentType, FileSystem, Logs, NamespaceType, Packaging, Project, Source, SourceType,
    SourceVersion, Variable, VariableType, Vpc,
};
use super::value::Value;
use crate::diagnostic::Finding;

/// Members of a project and of a build that mean nothing to a build on this machine.
const PASSED_OVER: &[&str] = &[
    "arn",
    "badge",
    "badgeEnabled",
    "concurrentBuildLimit",
    "created",
    "description",
    "lastModified",
    "projectVisibility",
    "publicProjectAlias",
    "resourceAccessRole",
    "tags",
    "triggers",
    "visibility",
    "webhook",
];

/// Reads a project.
pub(super) fn project(value: &Value, findings: &mut Vec<Finding>) -> Project {
    let mut of = Members::of(value, "the project", findings);
    of.pass_over(PASSED_OVER);
    whole(of, "name")
}

/// Reads what a build says of its project; `others` are members that only a build has.
#[cfg(feature = "run")]
pub(super) fn of_build(
    value: &Value,
    others: &[&'static str],
    findings: &mut Vec<Finding>,
) -> Project {
    let mut of = Members::of(value, "the build", findings);
    of.pass_over(others);
    whole(of, "projectName")
}

fn whole(mut of: Members<'_, '_>, name: &'static str) -> Project {
    let project = Project {
        name: of.project_name(name),
        source: of.member("source", source).unwrap_or_default(),
        secondary_sources: of.list("secondarySources", source),
        source_version: of.text("sourceVersion"),
        secondary_source_versions: of.list("secondarySourceVersions", source_version),
        artifacts: of.member("artifacts", artifacts).unwrap_or_default(),
        secondary_artifacts: of.list("secondaryArtifacts", artifacts),
        cache: of.member("cache", cache).unwrap_or_default(),
        environment: of.member("environment", environment).unwrap_or_default(),
        service_role: of.text("serviceRole"),
        timeout_in_minutes: of.number_in("timeoutInMinutes", 5, 2160),
        queued_timeout_in_minutes: of.number_in("queuedTimeoutInMinutes", 5, 480),
        encryption_key: of.text("encryptionKey"),
        vpc: of.member("vpcConfig", vpc),
        logs: of.member("logsConfig", logs).unwrap_or_default(),
        file_systems: of.list("fileSystemLocations", file_system),
        batch: of.member("buildBatchConfig", batch),
        auto_retry_limit: of.number("autoRetryLimit"),
    };
    of.end();
    project
}

fn source(value: &Value, findings: &mut Vec<Finding>) -> Source {
    let mut of = Members::of(value, "a source", findings);
    of.pass_over(&[
        "auth",
        "reportBuildStatus",
        "buildStatusConfig",
        "insecureSsl",
    ]);
    let source = Source {
        kind: of.name("type", SourceType::ALL, SourceType::name),
        location: of.text("location"),
        git_clone_depth: of.number("gitCloneDepth"),
        fetch_submodules: of
            .member("gitSubmodulesConfig", |value, findings| {
                let mut of = Members::of(value, "a source's submodules", findings);
                let fetch = of.flag("fetchSubmodules");
                of.end();
                fetch.is_some_and(|fetch| fetch.value)
            })
            .unwrap_or(false),
        buildspec: of.buildspec("buildspec"),
        identifier: of.text("sourceIdentifier"),
    };
    of.end();
    source
}

fn source_version(value: &Value, findings: &mut Vec<Finding>) -> SourceVersion {
    let mut of = Members::of(value, "a secondary source's version", findings);
    let version = SourceVersion {
        identifier: of.text("sourceIdentifier").unwrap_or_default(),
        version: of.text("sourceVersion").unwrap_or_default(),
    };
    of.end();
    version
}

fn artifacts(value: &Value, findings: &mut Vec<Finding>) -> Artifacts {
    let mut of = Members::of(value, "artifacts", findings);
    // Of a build that is over.
    of.pass_over(&["bucketOwnerAccess", "sha256sum", "md5sum"]);
    let artifacts = Artifacts {
        kind: of.name("type", ArtifactsType::ALL, ArtifactsType::name),
        location: of.text("location"),
        path: of.text("path"),
        namespace_type: of.name("namespaceType", NamespaceType::ALL, NamespaceType::name),
        name: of.text("name"),
        packaging: of.name("packaging", Packaging::ALL, Packaging::name),
        override_artifact_name: of.is_set("overrideArtifactName"),
        encryption_disabled: of.is_set("encryptionDisabled"),
        identifier: of.text("artifactIdentifier"),
    };
    of.end();
    artifacts
}

fn cache(value: &Value, findings: &mut Vec<Finding>) -> Cache {
    let mut of = Members::of(value, "the cache", findings);
    let kind = of.name("type", CacheType::ALL, CacheType::name);
    let location = of.text("location");
    let modes = of.texts("modes");
    let modes = modes
        .into_iter()
        .filter_map(|mode| of.named(&mode, CacheMode::ALL, CacheMode::name))
        .collect();
    let namespace = of.text("cacheNamespace");
    of.end();
    Cache {
        kind,
        location,
        modes,
        namespace,
    }
}

fn environment(value: &Value, findings: &mut Vec<Finding>) -> Environment {
    let mut of = Members::of(value, "the environment", findings);
    of.pass_over(&["dockerServer", "hostKernel"]);
    let environment = Environment {
        kind: of.name("type", EnvironmentType::ALL, EnvironmentType::name),
        image: of.text("image"),
        compute_type: of.text("computeType"),
        compute: of.member("computeConfiguration", compute),
        variables: of
            .list("environmentVariables", variable)
            .into_iter()
            .flatten()
            .collect(),
        privileged: of.flag("privilegedMode"),
        certificate: of.text("certificate"),
        registry_credential: of
            .member("registryCredential", |value, findings| {
                let mut of = Members::of(value, "the registry's credential", findings);
                of.pass_over(&["credentialProvider"]);
                let credential = of.text("credential");
                of.end();
                credential
            })
            .flatten(),
        image_pull_credentials_type: of.text("imagePullCredentialsType"),
        fleet: of
            .member("fleet", |value, findings| {
                let mut of = Members::of(value, "the fleet", findings);
                let fleet = of.text("fleetArn");
                of.end();
                fleet
            })
            .flatten(),
    };
    of.end();
    environment
}

fn compute(value: &Value, findings: &mut Vec<Finding>) -> Compute {
    let mut of = Members::of(value, "the compute configuration", findings);
    of.pass_over(&["machineType"]);
    let compute = Compute {
        vcpus: of.number("vCpu"),
        memory: of.number("memory"),
        disk: of.number("disk"),
        instance_type: of.text("instanceType"),
    };
    of.end();
    compute
}

/// `None` for the empty one of `--generate-cli-skeleton`.
fn variable(value: &Value, findings: &mut Vec<Finding>) -> Option<Variable> {
    let mut of = Members::of(value, "a variable", findings);
    let name = of.text("name");
    let text = of.variable_value(name.as_ref().map(|name| name.value.as_str()));
    let kind = of.name("type", VariableType::ALL, VariableType::name);
    of.end();
    Some(Variable {
        name: name?,
        value: text?,
        kind: kind.map_or(VariableType::Plaintext, |kind| kind.value),
    })
}

fn vpc(value: &Value, findings: &mut Vec<Finding>) -> Vpc {
    let mut of = Members::of(value, "the VPC", findings);
    let vpc = Vpc {
        id: of.text("vpcId"),
        subnets: of.texts("subnets"),
        security_groups: of.texts("securityGroupIds"),
    };
    of.end();
    vpc
}

fn logs(value: &Value, findings: &mut Vec<Finding>) -> Logs {
    let mut of = Members::of(value, "the logs", findings);
    let (group_name, stream_name) = of
        .member("cloudWatchLogs", |value, findings| {
            let mut of = Members::of(value, "CloudWatch's logs", findings);
            of.pass_over(&["status"]);
            let names = (of.text("groupName"), of.text("streamName"));
            of.end();
            names
        })
        .unwrap_or_default();
    let s3_location = of.member("s3Logs", |value, findings| {
        let mut of = Members::of(value, "the logs in S3", findings);
        of.pass_over(&["encryptionDisabled", "bucketOwnerAccess"]);
        let status = of.text("status");
        let location = of.text("location");
        of.end();
        location.filter(|_| status.is_none_or(|status| status.value == "ENABLED"))
    });
    of.end();
    Logs {
        group_name,
        stream_name,
        s3_location: s3_location.flatten(),
    }
}

fn file_system(value: &Value, findings: &mut Vec<Finding>) -> FileSystem {
    let mut of = Members::of(value, "a file system", findings);
    of.pass_over(&["type", "mountOptions"]);
    let system = FileSystem {
        location: of.text("location"),
        mount_point: of.text("mountPoint"),
        identifier: of.text("identifier"),
    };
    of.end();
    system
}

fn batch(value: &Value, findings: &mut Vec<Finding>) -> BatchConfig {
    let mut of = Members::of(value, "the batch configuration", findings);
    of.pass_over(&["batchReportMode"]);
    let (maximum_builds_allowed, compute_types_allowed) = of
        .member("restrictions", |value, findings| {
            let mut of = Members::of(value, "the batch's restrictions", findings);
            of.pass_over(&["fleetsAllowed"]);
            let both = (
                of.number("maximumBuildsAllowed"),
                of.texts("computeTypesAllowed"),
            );
            of.end();
            both
        })
        .unwrap_or_default();
    let config = BatchConfig {
        service_role: of.text("serviceRole"),
        combine_artifacts: of.is_set("combineArtifacts"),
        maximum_builds_allowed,
        compute_types_allowed,
        timeout_in_minutes: of.number("timeoutInMins"),
    };
    of.end();
    config
}
