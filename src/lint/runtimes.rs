//! Which runtimes AWS's images have: the state of their repository in April 2026.

/// One image, or several of the same content.
#[derive(Debug)]
pub struct Image {
    /// What stands behind `aws/codebuild/`, with today's spelling.
    pub name: &'static str,
    /// Each runtime with the versions that are prepared, newest first.
    pub runtimes: &'static [(&'static str, &'static [&'static str])],
    /// Installs versions that it does not list.
    pub installs_others: bool,
}

const JAVA_ALL: &[&str] = &[
    "corretto25",
    "corretto21",
    "corretto17",
    "corretto11",
    "corretto8",
];
const GO_NEW: &[&str] = &["1.26", "1.25", "1.24"];
const GO_WIDE: &[&str] = &["1.26", "1.25", "1.24", "1.23", "1.22", "1.21", "1.20"];
const PYTHON_NEW: &[&str] = &["3.14", "3.13", "3.12", "3.11", "3.10"];
const PYTHON_WIDE: &[&str] = &["3.14", "3.13", "3.12", "3.11", "3.10", "3.9"];
const PHP_NEW: &[&str] = &["8.5", "8.4", "8.3", "8.2"];
const PHP_WIDE: &[&str] = &["8.5", "8.4", "8.3", "8.2", "8.1"];
const RUBY_NEW: &[&str] = &["4.0", "3.4", "3.3"];
const RUBY_WIDE: &[&str] = &["4.0", "3.4", "3.3", "3.2", "3.1"];
const NODE_NEW: &[&str] = &["24", "22"];
const NODE_WIDE: &[&str] = &["24", "22", "20", "18"];
const NET_NEW: &[&str] = &["10.0", "8.0"];
const NET_WIDE: &[&str] = &["10.0", "8.0", "6.0"];

type Runtimes = &'static [(&'static str, &'static [&'static str])];

/// What images of Ubuntu 22.04 and Amazon Linux 2023 share.
const WIDE: Runtimes = &[
    ("dotnet", NET_WIDE),
    ("golang", GO_WIDE),
    ("java", JAVA_ALL),
    ("nodejs", NODE_WIDE),
    ("php", PHP_NEW),
    ("python", PYTHON_WIDE),
    ("ruby", RUBY_WIDE),
];

/// The newest images.
const NEW: Runtimes = &[
    ("dotnet", NET_NEW),
    ("golang", GO_NEW),
    ("java", JAVA_ALL),
    ("nodejs", NODE_NEW),
    ("php", PHP_NEW),
    ("python", PYTHON_NEW),
    ("ruby", RUBY_NEW),
    ("rust", &["1.93"]),
];

/// Those that are no longer kept up.
const UNSUPPORTED: Runtimes = &[
    ("android", &["29", "28"]),
    ("docker", &["19", "18"]),
    ("dotnet", &["3.1"]),
    ("golang", &["1.14", "1.13", "1.12"]),
    ("java", &["corretto11", "corretto8"]),
    ("nodejs", &["12", "10"]),
    ("php", &["7.4", "7.3"]),
    ("python", &["3.9", "3.8", "3.7"]),
    ("ruby", &["2.7", "2.6"]),
];

const fn image(name: &'static str, runtimes: Runtimes) -> Image {
    Image {
        name,
        runtimes,
        installs_others: true,
    }
}

const fn closed(name: &'static str, runtimes: Runtimes) -> Image {
    Image {
        name,
        runtimes,
        installs_others: false,
    }
}

/// The images of Linux that AWS makes.
pub const IMAGES: &[Image] = &[
    image("standard:8.0", NEW),
    image("standard:7.0", WIDE),
    image(
        "standard:6.0",
        &[
            ("dotnet", &["6.0"]),
            ("golang", &["1.18"]),
            ("java", &["corretto17"]),
            ("nodejs", &["16"]),
            ("php", &["8.1"]),
            ("python", &["3.10"]),
            ("ruby", &["3.1"]),
        ],
    ),
    image(
        "standard:5.0",
        &[
            ("dotnet", &["5.0", "3.1"]),
            ("golang", &["1.16", "1.15"]),
            ("java", &["corretto11", "corretto8"]),
            ("nodejs", &["14", "12"]),
            ("php", &["8.0", "7.4", "7.3"]),
            ("python", &["3.9", "3.8", "3.7"]),
            ("ruby", &["2.7", "2.6"]),
        ],
    ),
    closed("standard:4.0", UNSUPPORTED),
    image("amazonlinux-x86_64-standard:6.0", NEW),
    image("amazonlinux-x86_64-standard:5.0", WIDE),
    image(
        "amazonlinux-x86_64-standard:4.0",
        &[
            ("docker", &["20"]),
            ("dotnet", &["6.0"]),
            ("golang", &["1.18"]),
            ("java", &["corretto17"]),
            ("nodejs", &["16"]),
            ("php", &["8.1"]),
            ("python", &["3.9"]),
            ("ruby", &["3.1"]),
        ],
    ),
    closed("amazonlinux-x86_64-standard:3.0", UNSUPPORTED),
    closed(
        "amazonlinux-x86_64-standard:corretto8",
        &[("java", &["corretto8"])],
    ),
    closed(
        "amazonlinux-x86_64-standard:corretto11",
        &[("java", &["corretto11"])],
    ),
    image(
        "amazonlinux-aarch64-standard:4.0",
        &[
            ("docker", &["23"]),
            ("dotnet", NET_NEW),
            ("golang", GO_NEW),
            ("java", JAVA_ALL),
            ("nodejs", NODE_NEW),
            ("php", PHP_NEW),
            ("python", PYTHON_NEW),
            ("ruby", RUBY_NEW),
            ("rust", &["1.94"]),
        ],
    ),
    image(
        "amazonlinux-aarch64-standard:3.0",
        &[
            ("docker", &["23"]),
            ("dotnet", NET_WIDE),
            ("golang", GO_WIDE),
            ("java", JAVA_ALL),
            ("nodejs", NODE_WIDE),
            ("php", PHP_WIDE),
            ("python", PYTHON_WIDE),
            ("ruby", RUBY_WIDE),
            ("rust", &["1.94"]),
        ],
    ),
    image(
        "amazonlinux-aarch64-standard:2.0",
        &[
            ("docker", &["19"]),
            ("dotnet", &["3.1"]),
            ("golang", &["1.14", "1.13", "1.12"]),
            ("java", &["corretto11", "corretto8"]),
            ("nodejs", &["12", "10"]),
            ("php", &["7.4", "7.3"]),
            ("python", &["3.9", "3.8", "3.7"]),
            ("ruby", &["2.7", "2.6"]),
        ],
    ),
];

/// The image that goes by this name in the project, on ECR Public, or before the renaming of 2024.
pub fn find(name: &str) -> Option<&'static Image> {
    let name = name
        .strip_prefix("aws/codebuild/")
        .or_else(|| name.strip_prefix("public.ecr.aws/codebuild/"))?;
    let rest = name.strip_prefix("amazonlinux2-");
    IMAGES.iter().find(|image| match rest {
        Some(rest) => image.name.strip_prefix("amazonlinux-") == Some(rest),
        None => image.name == name,
    })
}

impl Image {
    /// The versions of a runtime, newest first.
    pub fn versions(&self, runtime: &str) -> Option<&'static [&'static str]> {
        self.runtimes
            .iter()
            .find(|(name, _)| *name == runtime)
            .map(|(_, versions)| *versions)
    }
}

/// One of these versions, in any of the ways to write it: itself, `3.x`, `latest`.
pub fn lists(versions: &[&str], version: &str) -> bool {
    if version == "latest" || versions.contains(&version) {
        return true;
    }
    let Some(major) = version.strip_suffix(".x") else {
        return false;
    };
    versions.iter().any(|known| {
        known
            .strip_prefix(major)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// A version that is not prepared, but can be installed: `3.10.4` of Python, `corretto18` of Java.
pub fn is_custom(runtime: &str, version: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if runtime == "java" {
        return version.strip_prefix("corretto").is_some_and(number);
    }
    let parts: Vec<&str> = version.split('.').collect();
    let allowed = match runtime {
        "dotnet" | "php" | "ruby" => 3..=3,
        "golang" => 2..=3,
        "nodejs" | "python" => 1..=3,
        _ => return false,
    };
    allowed.contains(&parts.len()) && parts.iter().all(|part| number(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_go_by_several_names() {
        for name in [
            "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
            "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "public.ecr.aws/codebuild/amazonlinux-x86_64-standard:5.0",
        ] {
            assert_eq!(find(name).unwrap().name, "amazonlinux-x86_64-standard:5.0");
        }
        assert!(find("aws/codebuild/standard:7.0").is_some());
        assert!(find("node:22").is_none());
    }

    #[test]
    fn ways_to_write_a_version() {
        assert!(
            lists(PYTHON_NEW, "3.x")
                && lists(JAVA_ALL, "corretto17.x")
                && lists(NODE_NEW, "latest")
        );
        assert!(!lists(PYTHON_NEW, "3.9") && !lists(PYTHON_NEW, "2.x"));
        assert!(
            is_custom("python", "3.10.4")
                && is_custom("java", "corretto18")
                && is_custom("golang", "1.19")
        );
        assert!(
            !is_custom("java", "openjdk11")
                && !is_custom("ruby", "3.1")
                && !is_custom("docker", "20")
        );
    }
}
