//! The keys that each section knows, and what an unknown one may have been meant for.

use super::model::{ReportFormat, Shell};

/// The sections of the file.
pub const TOP: &[&str] = &[
    "version",
    "run-as",
    "env",
    "proxy",
    "batch",
    "phases",
    "reports",
    "artifacts",
    "cache",
];
/// What version 0.1 has besides.
pub const TOP_0_1: &str = "environment_variables";
pub const ENV: &[&str] = &[
    "shell",
    "variables",
    "parameter-store",
    "secrets-manager",
    "exported-variables",
    "git-credential-helper",
];
pub const PROXY: &[&str] = &["upload-artifacts", "logs"];
/// The phases, in the order in which they run.
pub const PHASES: &[&str] = &["install", "pre_build", "build", "post_build"];
pub const PHASE: &[&str] = &["run-as", "on-failure", "commands", "finally", "steps"];
pub const INSTALL: &[&str] = &[
    "run-as",
    "on-failure",
    "runtime-versions",
    "commands",
    "finally",
    "steps",
];
pub const ARTIFACTS: &[&str] = &[
    "files",
    "name",
    "discard-paths",
    "base-directory",
    "exclude-paths",
    "enable-symlinks",
    "s3-prefix",
    "secondary-artifacts",
];
pub const CACHE: &[&str] = &["paths", "key", "fallback-keys", "action"];
pub const REPORT: &[&str] = &["files", "file-format", "base-directory", "discard-paths"];
pub const BATCH: &[&str] = &[
    "fast-fail",
    "build-graph",
    "build-list",
    "build-matrix",
    "build-fanout",
];
pub const BATCH_TASK: &[&str] = &[
    "identifier",
    "buildspec",
    "debug-session",
    "depend-on",
    "ignore-failure",
    "env",
];
pub const BATCH_ENV: &[&str] = &[
    "compute-type",
    "fleet",
    "image",
    "privileged-mode",
    "type",
    "variables",
];
pub const MATRIX: &[&str] = &["static", "dynamic"];
pub const MATRIX_STATIC: &[&str] = &["ignore-failure", "env"];
pub const MATRIX_STATIC_ENV: &[&str] = &["privileged-mode", "type"];
pub const MATRIX_DYNAMIC: &[&str] = &["buildspec", "env"];
pub const MATRIX_DYNAMIC_ENV: &[&str] = &["compute-type", "image", "variables"];
pub const FANOUT: &[&str] = &["parallelism", "ignore-failure"];

/// The shells that `env.shell` knows.
pub const SHELLS: &[(&str, Shell)] = &[
    ("bash", Shell::Bash),
    ("/bin/sh", Shell::Sh),
    ("powershell.exe", Shell::PowerShell),
    ("cmd.exe", Shell::Cmd),
];

/// What `file-format` of a report group can be, in any case.
pub const REPORT_FORMATS: &[(&str, ReportFormat)] = &[
    ("JUNITXML", ReportFormat::JunitXml),
    ("CUCUMBERJSON", ReportFormat::CucumberJson),
    ("NUNITXML", ReportFormat::NunitXml),
    ("NUNIT3XML", ReportFormat::Nunit3Xml),
    ("TESTNGXML", ReportFormat::TestNgXml),
    ("VISUALSTUDIOTRX", ReportFormat::VisualStudioTrx),
    ("CLOVERXML", ReportFormat::CloverXml),
    ("COBERTURAXML", ReportFormat::CoberturaXml),
    ("JACOCOXML", ReportFormat::JacocoXml),
    ("SIMPLECOV", ReportFormat::SimpleCov),
];

/// What `env.type` of a batch task can be: `EnvironmentType` of the API.
pub const ENVIRONMENT_TYPES: &[&str] = &[
    "LINUX_CONTAINER",
    "ARM_CONTAINER",
    "LINUX_GPU_CONTAINER",
    "WINDOWS_CONTAINER",
    "WINDOWS_SERVER_2019_CONTAINER",
    "WINDOWS_SERVER_2022_CONTAINER",
    "LINUX_LAMBDA_CONTAINER",
    "ARM_LAMBDA_CONTAINER",
    "LINUX_EC2",
    "ARM_EC2",
    "WINDOWS_EC2",
    "MAC_ARM",
];

/// What `env.compute-type` of a batch task can be: `ComputeType` of the API.
pub const COMPUTE_TYPES: &[&str] = &[
    "BUILD_GENERAL1_SMALL",
    "BUILD_GENERAL1_MEDIUM",
    "BUILD_GENERAL1_LARGE",
    "BUILD_GENERAL1_XLARGE",
    "BUILD_GENERAL1_2XLARGE",
    "BUILD_LAMBDA_1GB",
    "BUILD_LAMBDA_2GB",
    "BUILD_LAMBDA_4GB",
    "BUILD_LAMBDA_8GB",
    "BUILD_LAMBDA_10GB",
    "ATTRIBUTE_BASED_COMPUTE",
    "CUSTOM_INSTANCE_TYPE",
];

/// The runtimes of AWS's images, of today and of old.
pub const RUNTIMES: &[&str] = &[
    "android", "docker", "dotnet", "golang", "java", "nodejs", "php", "python", "ruby", "rust",
];

/// The allowed key that looks most like `key`, if one is near enough.
pub fn did_you_mean<'a>(key: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let wanted = plain(key);
    let far = |candidate: &str| {
        let length = letters(candidate).count();
        let is_start = wanted.len() >= 4
            && wanted.len() <= length
            && letters(candidate)
                .zip(wanted.chars())
                .all(|(one, other)| one == other);
        if is_start {
            return Some(0);
        }
        let most = if wanted.len() < 3 {
            0
        } else {
            (length / 4).clamp(1, 3)
        };
        // The distance is no less than that of the lengths.
        if length.abs_diff(wanted.len()) > most {
            return None;
        }
        let candidate = plain(candidate);
        Some(strsim::osa_distance(&wanted, &candidate)).filter(|distance| *distance <= most)
    };
    allowed
        .iter()
        .filter(|candidate| **candidate != key)
        .filter_map(|candidate| Some((far(candidate)?, *candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Spelling without case and separators.
fn plain(key: &str) -> String {
    letters(key).collect()
}

fn letters(key: &str) -> impl Iterator<Item = char> {
    key.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .take(64)
}

/// Where a key that is unknown here would be known, as a sentence.
pub fn belongs(key: &str) -> Option<String> {
    if TOP.contains(&key) {
        return Some(format!(
            "`{key}` is a section of its own: start it in the first column, like `phases`"
        ));
    }
    if PHASES.contains(&key) {
        return Some(format!(
            "`{key}` is a phase: put it directly below `phases`, indented like the other phases"
        ));
    }
    let section = match key {
        "commands" | "finally" | "on-failure" => "a phase, such as `build`",
        "runtime-versions" => "phase `install`",
        key if RUNTIMES.contains(&key) => "`runtime-versions` of phase `install`",
        key if ENV.contains(&key) => "section `env`",
        key if CACHE.contains(&key) => "section `cache`",
        key if BATCH.contains(&key) => "section `batch`",
        "file-format" => "a report group of section `reports`",
        key if ARTIFACTS.contains(&key) => "section `artifacts`",
        "compute-type" | "image" | "privileged-mode" | "type" | "fleet" => {
            return Some(format!(
                "`{key}` is set in the CodeBuild project, or in `env` of a batch task; a plain build ignores it here"
            ));
        }
        _ => return None,
    };
    Some(format!("`{key}` belongs into {section}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses() {
        for (key, allowed, guess) in [
            ("post-build", PHASES, Some("post_build")),
            ("prebuild", PHASES, Some("pre_build")),
            ("POSTBUILD", PHASES, Some("post_build")),
            ("Commands", PHASE, Some("commands")),
            ("command", PHASE, Some("commands")),
            ("runtimeversion", INSTALL, Some("runtime-versions")),
            ("parameter_store", ENV, Some("parameter-store")),
            ("artifact", TOP, Some("artifacts")),
            ("phase", TOP, Some("phases")),
            ("exported", ENV, Some("exported-variables")),
            ("pats", CACHE, Some("paths")),
            ("deploy", PHASES, None),
            ("test", PHASES, None),
            ("", PHASES, None),
        ] {
            assert_eq!(did_you_mean(key, allowed), guess, "{key}");
        }
    }
}
