//! Flags become options, once: with the project's settings below them, and what the host says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Arguments, Mode, Packaging, Pull, Runtime};
use crate::error::{Error, Result};
use crate::options::{BuildspecFrom, HostFacts, Options, RuntimeKind};
use crate::project::file::{Reading, Remark};
use crate::{compute, image};

/// What a recorded build says, which counts instead of what this machine does.
pub(in crate::cli) struct AsRecorded {
    /// Instead of `--project`.
    pub(in crate::cli) reading: Reading,
    /// Above the environment's, below `--region`.
    pub(in crate::cli) region: Option<String>,
}

fn region(arguments: &Arguments, recorded: Option<&AsRecorded>) -> Option<String> {
    let named = arguments.aws.region.clone();
    named
        .or_else(|| recorded?.region.clone())
        .or_else(|| crate::cli::variable("AWS_REGION"))
        .or_else(|| crate::cli::variable("AWS_DEFAULT_REGION"))
}

/// Settles the flags, and what is `recorded` of a build that is to run again.
pub(in crate::cli) fn settle(
    arguments: Arguments,
    recorded: Option<AsRecorded>,
) -> Result<Options> {
    let source = source(&arguments.source)?;
    let output = match &arguments.output {
        Some(given) => absolute(given)?,
        None => own_output(&source)?,
    };
    let region = region(&arguments, recorded.as_ref());
    let stack = region.as_deref().unwrap_or("us-east-1");
    let mut reading = match recorded {
        Some(recorded) => recorded.reading,
        None => arguments.project.read(&output, stack)?,
    };
    let machine = compute::settle(
        &reading.project.environment,
        arguments.container.compute_type.as_deref(),
        arguments.image.is_some(),
    )?;
    reading.remarks.extend(machine.remarks.iter().cloned());
    let project = &reading.project;
    let buildspec = match &arguments.buildspec {
        Some(given) => buildspec(given, &source)?,
        None => crate::cli::project::buildspec(project)?,
    };
    let timeout = arguments.timeout.or_else(|| {
        let minutes = project.timeout_in_minutes.as_ref()?.value;
        Some(Duration::from_mins(minutes.into()))
    });
    if arguments.container.keep && matches!(arguments.runtime, Runtime::Host) {
        return Err(Error::usage(
            "--keep keeps a container, and --runtime host has none",
        ));
    }
    reading.remarks.extend(arguments.only_for_containers());
    let host = host_facts(arguments.runtime, region)?;
    let (mut overrides, remark) = arguments.network_of_host.proxies(&host.engine.host)?;
    reading.remarks.extend(remark);
    overrides.extend(arguments.aws.endpoints());
    overrides.extend(crate::cli::overrides::all(
        &arguments.env_file,
        &arguments.env,
    )?);
    let secondary = arguments.sources.secondary()?;
    no_source_keeps_builds(&output, &source, &secondary)?;
    Ok(Options {
        source,
        which: arguments.sources.which(),
        secondary,
        buildspec,
        runtime: match arguments.runtime {
            Runtime::Docker => RuntimeKind::Docker,
            Runtime::Host => RuntimeKind::Host,
        },
        image: arguments
            .image
            .or_else(|| Some(project.environment.image.clone()?.value))
            .unwrap_or_else(|| image::DEFAULT.to_owned()),
        #[cfg(feature = "docker")]
        pull: match arguments.pull {
            Pull::Missing => crate::runtime::docker::Pull::Missing,
            Pull::Always => crate::runtime::docker::Pull::Always,
            Pull::Never => crate::runtime::docker::Pull::Never,
        },
        #[cfg(feature = "docker")]
        source_mode: match arguments.source_mode {
            Mode::Auto => crate::runtime::docker::SourceMode::Auto,
            Mode::Overlay => crate::runtime::docker::SourceMode::Overlay,
            Mode::Copy => crate::runtime::docker::SourceMode::Copy,
            Mode::Mount => crate::runtime::docker::SourceMode::Mount,
        },
        privileged: arguments.privileged
            || project
                .environment
                .privileged
                .as_ref()
                .is_some_and(|privileged| privileged.value),
        network: arguments.network,
        container: arguments.container.settle(&machine)?,
        root_certificates: arguments.network_of_host.root_certificates()?,
        overrides,
        event: arguments.event,
        secrets: arguments.aws.secrets(&output)?,
        offline: arguments.aws.offline,
        access: arguments.aws.access(),
        aws_credentials: arguments.aws.aws_credentials,
        part: arguments.part.part(),
        artifacts: arguments.artifacts.as_deref().map(absolute).transpose()?,
        packaging: arguments.packaging.map(Packaging::settle),
        reports: arguments.reports.as_deref().map(absolute).transpose()?,
        output,
        keep_builds: arguments.keep_builds,
        timeout,
        debug: arguments.debugger.settle(),
        project: reading,
        replay: None,
        host,
    })
}

impl Arguments {
    /// One remark about flags that mean nothing to a build on the host.
    fn only_for_containers(&self) -> Option<Remark> {
        if !matches!(self.runtime, Runtime::Host) {
            return None;
        }
        let own = [
            ("--source-mode", !matches!(self.source_mode, Mode::Auto)),
            ("--pull", !matches!(self.pull, Pull::Missing)),
            ("--privileged", self.privileged),
            ("--network", self.network.is_some()),
        ];
        let given = own.into_iter().filter(|(_, given)| *given);
        let flags: Vec<_> = given
            .map(|(flag, _)| flag)
            .chain(self.container.given())
            .collect();
        (!flags.is_empty()).then(|| Remark {
            warning: true,
            text: format!(
                "without a container these mean nothing: {}",
                flags.join(", ")
            ),
        })
    }
}

/// No build may see where builds are kept, and of a source it sees all else.
fn no_source_keeps_builds(
    output: &Path,
    source: &Path,
    secondary: &[(String, PathBuf)],
) -> Result<()> {
    let mut sources = std::iter::once(source).chain(secondary.iter().map(|(_, folder)| &**folder));
    if sources.all(|folder| folder != output) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "--output {}: a source itself can't be where builds are kept, as no build may see those",
        output.display()
    ))
    .hint("name a folder in it"))
}

/// Where builds are kept when nobody says so. A source must not lead the tool elsewhere.
fn own_output(source: &Path) -> Result<PathBuf> {
    let output = source.join(crate::hidden::FOLDER);
    if output.is_symlink() {
        return Err(Error::usage(format!(
            "{} is a link: builds are kept in no place that a source leads to",
            output.display()
        ))
        .hint("if that is what you want, name it: --output .buildspec"));
    }
    Ok(output)
}

fn host_facts(runtime: Runtime, region: Option<String>) -> Result<HostFacts> {
    #[cfg(feature = "docker")]
    let engine = match runtime {
        Runtime::Docker => crate::cli::engine::endpoint()?,
        Runtime::Host => crate::options::Endpoint::default(),
    };
    #[cfg(not(feature = "docker"))]
    let engine = crate::options::Endpoint::default();
    let _ = runtime;
    Ok(HostFacts {
        engine,
        path: crate::cli::variable_os("PATH"),
        region,
        user: crate::cli::variable("USER").unwrap_or_default(),
    })
}

/// Absolute, links resolved.
fn source(given: &Path) -> Result<PathBuf> {
    let source = std::fs::canonicalize(given).map_err(|error| {
        Error::usage(format!("SOURCE {} can't be used: {error}", given.display()))
    })?;
    if !source.is_dir() {
        return Err(Error::usage(format!(
            "SOURCE {} is not a directory",
            given.display()
        ))
        .hint(
            "name the folder that holds the source; another buildspec is named with --buildspec",
        ));
    }
    Ok(source)
}

fn buildspec(given: &Path, source: &Path) -> Result<BuildspecFrom> {
    use std::io::Read as _;
    if given.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        read.map_err(|error| Error::environment("standard input can't be read").because(error))?;
        return Ok(BuildspecFrom::Inline(bytes));
    }
    Ok(match given.strip_prefix(source) {
        Ok(inside) => BuildspecFrom::Source(inside.to_path_buf()),
        Err(_) if given.is_absolute() => BuildspecFrom::Elsewhere(given.to_path_buf()),
        Err(_) => BuildspecFrom::Source(given.strip_prefix(".").unwrap_or(given).to_path_buf()),
    })
}

/// Absolute, with the links of what exists resolved, so that "below the source" can be told by names.
pub(in crate::cli) fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path)
        .map_err(|error| Error::usage(format!("{}: {error}", path.display())))?;
    for ancestor in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (std::fs::canonicalize(ancestor), path.strip_prefix(ancestor))
        {
            // Joining nothing would add a slash, with which no file can be opened.
            let whole = rest.as_os_str().is_empty();
            return Ok(if whole { real } else { real.join(rest) });
        }
    }
    Ok(path)
}
