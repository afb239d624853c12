//! Compute types and kinds of machine: what `CodeBuild` gives a build, and what can be had of it here.

use crate::error::{Error, Result};
use crate::project::file::Remark;
use crate::project::model::{Environment, EnvironmentType};

const GIB: u64 = 1024 * 1024 * 1024;

/// The names of the compute types for containers, the API's common beginning left out.
pub const NAMES: [&str; 5] = ["SMALL", "MEDIUM", "LARGE", "XLARGE", "2XLARGE"];

/// CPUs and GiB of each, from the API's reference and the guide's page on compute types (2026).
const LINUX: [(u32, u64); 5] = [(2, 4), (4, 8), (8, 16), (36, 72), (72, 144)];
const ARM: [(u32, u64); 5] = [(2, 4), (4, 8), (8, 16), (32, 64), (48, 96)];
/// Only SMALL and LARGE exist.
const GPU: [(u32, u64); 5] = [(4, 16), (4, 16), (32, 255), (32, 255), (32, 255)];

/// A compute type and what it limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compute {
    /// As the API names it.
    pub name: String,
    pub limits: Option<Limits>,
}

/// What a container may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub cpus: Option<u32>,
    /// Bytes.
    pub memory: Option<u64>,
}

/// What a build's environment comes to on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    pub compute: Option<Compute>,
    /// `linux/arm64` and its like, where it is another than this machine's.
    pub platform: Option<String>,
    pub remarks: Vec<Remark>,
}

/// Settles what a project's environment and `--compute-type` ask for. `image_given`: the user names the image himself.
///
/// # Errors
///
/// For a kind of machine that can't be had here, and for a compute type that is none.
pub fn settle(
    environment: &Environment,
    compute_type: Option<&str>,
    image_given: bool,
) -> Result<Machine> {
    let kind = environment.kind.as_ref().map(|kind| kind.value);
    let mut machine = Machine {
        platform: kind.and_then(platform),
        ..Machine::default()
    };
    if let Some(what) = kind.and_then(elsewhere) {
        let name = kind.map_or("", EnvironmentType::name);
        if !image_given {
            return Err(Error::usage(format!(
                "the project's environment is {name}: {what}, and this tool has containers of Linux only"
            ))
            .hint("--image IMAGE runs the buildspec in an image of Linux all the same"));
        }
        machine.remarks.push(Remark {
            warning: true,
            text: format!(
                "the project's environment is {name}: {what}; the build runs in a container of Linux instead"
            ),
        });
    }
    if kind == Some(EnvironmentType::LinuxGpuContainer) {
        machine.remarks.push(Remark {
            warning: true,
            text: "the project's environment is LINUX_GPU_CONTAINER: no GPU is handed over"
                .to_owned(),
        });
    }
    let named = compute_type.or_else(|| Some(environment.compute_type.as_ref()?.value.as_str()));
    machine.compute = match named {
        Some("ATTRIBUTE_BASED_COMPUTE" | "CUSTOM_INSTANCE_TYPE") => {
            Some(by_attributes(environment, named))
        }
        Some(name) => Some(by_name(name, kind)?),
        None => None,
    };
    Ok(machine)
}

/// What another machine than this one would be needed for.
fn platform(kind: EnvironmentType) -> Option<String> {
    use EnvironmentType as Kind;
    let arch = match kind {
        Kind::ArmContainer | Kind::ArmEc2 | Kind::ArmLambdaContainer => "arm64",
        Kind::LinuxContainer
        | Kind::LinuxGpuContainer
        | Kind::LinuxEc2
        | Kind::LinuxLambdaContainer => "amd64",
        _ => return None,
    };
    let here = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    (arch != here).then(|| format!("linux/{arch}"))
}

/// Why a kind of machine can't be had.
fn elsewhere(kind: EnvironmentType) -> Option<&'static str> {
    use EnvironmentType as Kind;
    match kind {
        Kind::WindowsContainer
        | Kind::WindowsServer2019Container
        | Kind::WindowsServer2022Container
        | Kind::WindowsEc2 => Some("it runs on Windows"),
        Kind::LinuxLambdaContainer | Kind::ArmLambdaContainer => {
            Some("it runs on Lambda, without root and with files below /tmp only")
        }
        Kind::MacArm => Some("it runs on macOS"),
        _ => None,
    }
}

fn by_name(name: &str, kind: Option<EnvironmentType>) -> Result<Compute> {
    use EnvironmentType as Kind;
    let upper = name.to_ascii_uppercase();
    if let Some(size) = upper.strip_prefix("BUILD_LAMBDA_") {
        let memory = size
            .strip_suffix("GB")
            .and_then(|size| size.parse::<u64>().ok());
        if let Some(memory) = memory {
            return Ok(Compute {
                name: upper.clone(),
                limits: Some(Limits {
                    cpus: None,
                    memory: Some(memory * GIB),
                }),
            });
        }
    }
    let size = upper.strip_prefix("BUILD_GENERAL1_").unwrap_or(&upper);
    let Some(at) = NAMES.iter().position(|known| *known == size) else {
        return Err(
            Error::usage(format!("there is no compute type {name}")).hint(format!(
                "there are BUILD_GENERAL1_{{{}}}, for Lambda BUILD_LAMBDA_{{1,2,4,8,10}}GB",
                NAMES.join(",")
            )),
        );
    };
    let table = match kind {
        Some(Kind::ArmContainer | Kind::ArmEc2) => ARM,
        Some(Kind::LinuxGpuContainer) => GPU,
        None if cfg!(target_arch = "aarch64") => ARM,
        _ => LINUX,
    };
    let (cpus, memory) = table[at];
    Ok(Compute {
        name: format!("BUILD_GENERAL1_{size}"),
        limits: Some(Limits {
            cpus: Some(cpus),
            memory: Some(memory * GIB),
        }),
    })
}

fn by_attributes(environment: &Environment, name: Option<&str>) -> Compute {
    let limits = environment.compute.as_ref().map(|compute| Limits {
        cpus: compute.vcpus.as_ref().map(|cpus| cpus.value),
        memory: compute
            .memory
            .as_ref()
            .map(|memory| u64::from(memory.value) * GIB),
    });
    Compute {
        name: name.unwrap_or_default().to_owned(),
        limits: limits.filter(|limits| limits.cpus.is_some() || limits.memory.is_some()),
    }
}

impl std::fmt::Display for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(cpus) = self.cpus {
            write!(f, "{cpus} CPUs")?;
        }
        if let Some(memory) = self.memory {
            let and = if self.cpus.is_some() { ", " } else { "" };
            write!(f, "{and}{} GiB of memory", memory / GIB)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Span, Spanned};

    fn environment(kind: Option<EnvironmentType>, compute_type: Option<&str>) -> Environment {
        Environment {
            kind: kind.map(|kind| Spanned::new(kind, Span::default())),
            compute_type: compute_type.map(|name| Spanned::new(name.to_owned(), Span::default())),
            ..Environment::default()
        }
    }

    #[test]
    fn compute_types_have_codebuilds_sizes() {
        use EnvironmentType as Kind;
        for (kind, name, cpus, memory) in [
            (Kind::LinuxContainer, "BUILD_GENERAL1_SMALL", 2, 4),
            (Kind::LinuxContainer, "build_general1_large", 8, 16),
            (Kind::LinuxContainer, "2xlarge", 72, 144),
            (Kind::ArmContainer, "xlarge", 32, 64),
            (Kind::LinuxGpuContainer, "BUILD_GENERAL1_SMALL", 4, 16),
        ] {
            let machine = settle(&environment(Some(kind), Some(name)), None, false).unwrap();
            let compute = machine.compute.unwrap();
            assert!(compute.name.starts_with("BUILD_GENERAL1_"));
            let limits = compute.limits.unwrap();
            assert_eq!(
                limits,
                Limits {
                    cpus: Some(cpus),
                    memory: Some(memory * GIB)
                }
            );
        }
        let flag = settle(&environment(None, Some("SMALL")), Some("medium"), false).unwrap();
        assert_eq!(flag.compute.unwrap().name, "BUILD_GENERAL1_MEDIUM");
        let none = settle(&environment(None, None), None, false).unwrap();
        assert_eq!(none, Machine::default());
        let error = settle(&environment(None, None), Some("huge"), false).unwrap_err();
        assert_eq!(error.message, "there is no compute type huge");
    }

    #[test]
    fn machines_that_cant_be_had_are_refused_or_warned_of() {
        use EnvironmentType as Kind;
        for (kind, word) in [
            (Kind::WindowsServer2022Container, "Windows"),
            (Kind::WindowsEc2, "Windows"),
            (Kind::ArmLambdaContainer, "Lambda"),
            (Kind::MacArm, "macOS"),
        ] {
            let environment = environment(Some(kind), None);
            let error = settle(&environment, None, false).unwrap_err();
            assert!(error.message.contains(kind.name()) && error.message.contains(word));
            let machine = settle(&environment, None, true).unwrap();
            assert!(machine.remarks[0].warning && machine.remarks[0].text.contains(word));
        }
        for kind in [Kind::LinuxContainer, Kind::ArmContainer, Kind::LinuxEc2] {
            let machine = settle(&environment(Some(kind), None), None, false).unwrap();
            assert!(machine.remarks.is_empty());
        }
    }

    #[test]
    fn another_processor_is_another_platform() {
        let platform = |kind| {
            settle(&environment(Some(kind), None), None, false)
                .unwrap()
                .platform
        };
        let (arm, amd) = (
            platform(EnvironmentType::ArmContainer),
            platform(EnvironmentType::LinuxContainer),
        );
        if cfg!(target_arch = "aarch64") {
            assert_eq!((arm, amd.as_deref()), (None, Some("linux/amd64")));
        } else {
            assert_eq!((arm.as_deref(), amd), (Some("linux/arm64"), None));
        }
    }
}
