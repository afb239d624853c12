//! Values in the API's shape become a project; what is not understood becomes a finding, and reading goes on.

use super::model::{
    Artifacts, ArtifactsType, BatchConfig, Cache, CacheMode, CacheType, Compute, Environment,
    EnvironmentType, FileSystem, Logs, NamespaceType, Packaging, Project, Source, SourceType,
    SourceVersion, Text, Variable, VariableType, Vpc,
};
use super::value::{Filled, Kind, Value};
use crate::diagnostic::{Finding, Severity};
use crate::source::{Span, Spanned};

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

/// The members of one object, each asked for once; `end` names those that nobody asked for.
pub(super) struct Members<'v, 'f> {
    what: &'static str,
    entries: &'v [(Spanned<String>, Value)],
    asked: Vec<&'static str>,
    findings: &'f mut Vec<Finding>,
}

impl<'v, 'f> Members<'v, 'f> {
    pub(super) fn of(value: &'v Value, what: &'static str, findings: &'f mut Vec<Finding>) -> Self {
        let entries = match &value.kind {
            Kind::Map(entries) => entries.as_slice(),
            Kind::Nothing => &[],
            Kind::Text(filled) if !filled.unknown.is_empty() => {
                note_unknown(what, filled, value.span, findings);
                &[]
            }
            Kind::Text(_) | Kind::List(_) => {
                let message = format!("{what} has to be keys and values; this is passed over");
                findings.push(warning(message, value.span));
                &[]
            }
        };
        Self {
            what,
            entries,
            asked: Vec::new(),
            findings,
        }
    }

    fn ask(&mut self, key: &'static str) -> Option<&'v Value> {
        self.asked.push(key);
        let (_, value) = self.entries.iter().find(|(name, _)| name.value == key)?;
        (!matches!(value.kind, Kind::Nothing)).then_some(value)
    }

    pub(super) fn pass_over(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// A text that is neither absent nor empty, which is how the API says "not set".
    pub(super) fn text(&mut self, key: &'static str) -> Option<Text> {
        let value = self.ask(key)?;
        let text = self.scalar(key, value)?;
        (!text.value.is_empty()).then_some(text)
    }

    fn scalar(&mut self, key: &str, value: &Value) -> Option<Text> {
        match &value.kind {
            Kind::Text(filled) if filled.unknown.is_empty() => {
                Some(Text::new(filled.text.clone(), value.span))
            }
            Kind::Text(filled) => {
                note_unknown(&format!("`{key}`"), filled, value.span, self.findings);
                None
            }
            Kind::Nothing => None,
            Kind::List(_) | Kind::Map(_) => {
                let message = format!("`{key}` has to be a text; this is passed over");
                self.findings.push(warning(message, value.span));
                None
            }
        }
    }

    fn project_name(&mut self, key: &'static str) -> Option<Text> {
        let name = self.text(key)?;
        if is_name(&name.value) {
            return Some(name);
        }
        let message =
            "a project's name has 2 to 150 letters, digits, `-` and `_`; this is passed over";
        self.findings.push(warning(message.to_owned(), name.span));
        None
    }

    /// A variable's value: an empty one counts.
    fn variable_value(&mut self, name: Option<&str>) -> Option<Text> {
        let value = self.ask("value")?;
        match &value.kind {
            Kind::Text(filled) if !filled.unknown.is_empty() => {
                let name = name.unwrap_or("...");
                let message = format!("the variable {name} is left out: {}", not_known(filled));
                self.findings
                    .push(warning(message, value.span).help(format!("-e {name}=VALUE sets it")));
                None
            }
            _ => self.scalar("value", value),
        }
    }

    /// A buildspec may have parts that are not known: they stay as they are written.
    fn buildspec(&mut self, key: &'static str) -> Option<Text> {
        let value = self.ask(key)?;
        match &value.kind {
            Kind::Text(filled) if !filled.unknown.is_empty() && filled.text.contains('\n') => {
                let what = filled.unknown.join(", ");
                let message = format!("the buildspec is used without the value of {what}");
                self.findings
                    .push(warning(message, value.span).help(how_to_give(filled)));
                Some(Text::new(filled.text.clone(), value.span))
            }
            _ => {
                let text = self.scalar(key, value)?;
                (!text.value.trim().is_empty()).then_some(text)
            }
        }
    }

    pub(super) fn number(&mut self, key: &'static str) -> Option<Spanned<u32>> {
        let text = self.text(key)?;
        if let Ok(number) = text.value.trim().parse() {
            return Some(Spanned::new(number, text.span));
        }
        let message = format!("`{key}` has to be a number; this is passed over");
        self.findings.push(warning(message, text.span));
        None
    }

    fn number_in(&mut self, key: &'static str, from: u32, to: u32) -> Option<Spanned<u32>> {
        let number = self.number(key)?;
        if (from..=to).contains(&number.value) {
            return Some(number);
        }
        let message = format!("`{key}` has to be {from} to {to}; this is passed over");
        self.findings.push(warning(message, number.span));
        None
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        let text = self.text(key)?;
        // Templates write `True` as well.
        match text.value.to_ascii_lowercase().as_str() {
            "true" => Some(Spanned::new(true, text.span)),
            "false" => Some(Spanned::new(false, text.span)),
            _ => {
                let message = format!("`{key}` has to be true or false; this is passed over");
                self.findings.push(warning(message, text.span));
                None
            }
        }
    }

    fn is_set(&mut self, key: &'static str) -> bool {
        self.flag(key).is_some_and(|flag| flag.value)
    }

    fn name<T: Copy>(
        &mut self,
        key: &'static str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<Spanned<T>> {
        let text = self.text(key)?;
        self.named(&text, all, name)
    }

    fn named<T: Copy>(
        &mut self,
        text: &Text,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<Spanned<T>> {
        // Templates with `no_artifacts` were deployed.
        let found = all
            .iter()
            .find(|value| name(**value).eq_ignore_ascii_case(&text.value));
        if found.is_none() {
            let names: Vec<_> = all.iter().map(|value| name(*value)).collect();
            let message = format!("CodeBuild knows no {} here", text.value);
            let help = format!("one of {}", names.join(", "));
            self.findings.push(warning(message, text.span).help(help));
        }
        found.map(|value| Spanned::new(*value, text.span))
    }

    pub(super) fn member<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'v Value, &mut Vec<Finding>) -> T,
    ) -> Option<T> {
        let value = self.ask(key)?;
        Some(read(value, self.findings))
    }

    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&'v Value, &mut Vec<Finding>) -> T,
    ) -> Vec<T> {
        let Some(value) = self.ask(key) else {
            return Vec::new();
        };
        match &value.kind {
            Kind::List(items) => items
                .iter()
                .filter(|item| !matches!(item.kind, Kind::Nothing))
                .map(|item| read(item, self.findings))
                .collect(),
            Kind::Text(filled) if !filled.unknown.is_empty() => {
                note_unknown(&format!("`{key}`"), filled, value.span, self.findings);
                Vec::new()
            }
            _ => {
                let message = format!("`{key}` has to be a list; this is passed over");
                self.findings.push(warning(message, value.span));
                Vec::new()
            }
        }
    }

    fn texts(&mut self, key: &'static str) -> Vec<Text> {
        let Some(value) = self.ask(key) else {
            return Vec::new();
        };
        if let Kind::List(items) = &value.kind {
            return items
                .iter()
                .filter_map(|item| self.scalar(key, item))
                .collect();
        }
        self.scalar(key, value).into_iter().collect()
    }

    /// Names the members that nobody asked for: the API may have grown, or it is a slip.
    pub(super) fn end(self) {
        for (name, _) in self.entries {
            if !self.asked.contains(&name.value.as_str()) {
                let message = format!("`{}` of {} is not understood here", name.value, self.what);
                self.findings.push(note(message, name.span));
            }
        }
    }
}

/// Whether a project can have this name (spec 22.2).
pub(super) fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric();
    (2..=150).contains(&name.len())
        && name.bytes().next().is_some_and(letter)
        && name
            .bytes()
            .all(|byte| letter(byte) || byte == b'-' || byte == b'_')
}

/// Members without which the build would be another one.
const WEIGHTY: [&str; 6] = [
    "`buildspec`",
    "`environmentVariables`",
    "`image`",
    "`privilegedMode`",
    "`type`",
    "the environment",
];

fn note_unknown(what: &str, filled: &Filled, span: Span, findings: &mut Vec<Finding>) {
    let message = format!("{what} is passed over: {}", not_known(filled));
    let mut finding = note(message, span).help(how_to_give(filled));
    if WEIGHTY.contains(&what) {
        finding.severity = Severity::Warning;
    }
    findings.push(finding);
}

fn not_known(filled: &Filled) -> String {
    let verb = if filled.unknown.len() > 1 {
        "are"
    } else {
        "is"
    };
    format!("{} {verb} not known here", filled.unknown.join(", "))
}

fn how_to_give(filled: &Filled) -> String {
    let first = filled.unknown.first().map_or("NAME", String::as_str);
    let name = first.strip_prefix("var.").unwrap_or(first);
    format!("--parameter '{name}=VALUE' tells it")
}

fn note(message: String, span: Span) -> Finding {
    Finding::new("project", Severity::Note, message, span)
}

fn warning(message: String, span: Span) -> Finding {
    Finding::new("project", Severity::Warning, message, span)
}
