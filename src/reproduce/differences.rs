//! What of a recorded build can't be the same on this machine, and what stands in its place.

use serde::Serialize;

use crate::env::git::without_password;
use crate::image;
use crate::options::Options;
use crate::project::build::Recorded;
use crate::project::model::{CacheType, EnvironmentType, SourceType};

/// One thing that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What the recorded build had.
    pub recorded: String,
    /// What this one has instead.
    pub here: String,
}

impl Difference {
    /// The same in other words.
    #[must_use]
    pub fn rewritten(&self, rewrite: impl Fn(&str) -> String) -> Self {
        Self {
            recorded: rewrite(&self.recorded),
            here: rewrite(&self.here),
        }
    }
}

/// How this tool writes down a value that it was not told to write down.
pub const HIDDEN: &str = "***";

/// Everything that differs, in the order of the record; `source` is what the source came to.
pub fn list(recorded: &Recorded, options: &Options, source: Option<Difference>) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |recorded: String, here: &str| {
        found.push(Difference {
            recorded,
            here: here.to_owned(),
        });
    };
    if recorded.status == "IN_PROGRESS" {
        add(
            format!(
                "the build was still in progress, in {}",
                recorded.current_phase
            ),
            "nothing is known of its end, so there is nothing to compare that with",
        );
    }
    if let (Some(then), Some(now)) = (recorded.region(), &options.host.region)
        && then != now
    {
        add(
            format!("the region {then}"),
            &format!("{now}, as --region says"),
        );
    }
    compute(recorded, options, &mut add);
    picture(recorded, options, &mut add);
    // A build of this tool had none of it either.
    if !recorded.is_own() {
        cloud(recorded, options, &mut add);
    }
    if recorded.batch.is_some() {
        add(
            "the build was part of a batch".to_owned(),
            "it runs alone: CODEBUILD_BATCH_BUILD_IDENTIFIER and what other builds of the batch exported is not in the record; -e sets it",
        );
    }
    if recorded.initiator.starts_with("GitHub-Hookshot/") && options.event.is_none() {
        add(
            "a webhook started the build".to_owned(),
            "CODEBUILD_WEBHOOK_* are not in the record: --event sets them",
        );
    }
    found.extend(source);
    sources(recorded, options, &mut found);
    for name in hidden_variables(recorded, options) {
        found.push(Difference {
            recorded: format!("the variable {name}"),
            here: format!("not set, as its value was not written down: -e {name}=VALUE"),
        });
    }
    found
}

/// What only the cloud has.
fn cloud(recorded: &Recorded, options: &Options, add: &mut impl FnMut(String, &str)) {
    let project = &recorded.project;
    if let Some(role) = &project.service_role {
        let here = match (&options.access.role, options.aws_credentials) {
            (Some(role), true) => format!("the role {role}"),
            (None, true) => "your own AWS credentials".to_owned(),
            (_, false) => "no AWS credentials: --aws-credentials gives the build yours, --assume-role those of a role".to_owned(),
        };
        add(format!("the service role {}", role.value), &here);
    }
    if let Some(id) = project.vpc.as_ref().and_then(|vpc| vpc.id.as_ref()) {
        add(
            format!("the network of {}", id.value),
            "this machine's: what only that network reaches is not reached; --network, --add-host",
        );
    }
    for system in &project.file_systems {
        let place = system
            .mount_point
            .as_ref()
            .map_or("?", |place| &place.value);
        add(
            format!("a file system of EFS at {place}"),
            "none: --volume SOURCE:TARGET mounts a folder",
        );
    }
    if let Some(kind) = project
        .cache
        .kind
        .as_ref()
        .filter(|kind| kind.value != CacheType::NoCache)
    {
        add(
            format!("a cache ({})", kind.value.name()),
            "none, so that nothing old decides",
        );
    }
}

fn compute(recorded: &Recorded, options: &Options, add: &mut impl FnMut(String, &str)) {
    let environment = &recorded.project.environment;
    match environment.kind.as_ref().map(|kind| kind.value) {
        Some(kind) if kind.is_windows() || kind == EnvironmentType::MacArm => {
            add(
                kind.name().to_owned(),
                "a container of Linux, as --image says",
            );
        }
        Some(kind) if kind.is_lambda() => add(
            kind.name().to_owned(),
            "a container: Lambda's paths below /tmp, its own user and its limits are not there",
        ),
        Some(EnvironmentType::LinuxGpuContainer) => {
            add(
                "a GPU".to_owned(),
                "none, unless the engine gives containers one",
            );
        }
        Some(kind @ (EnvironmentType::LinuxEc2 | EnvironmentType::ArmEc2)) => {
            add(
                kind.name().to_owned(),
                "a container instead of a machine of its own",
            );
        }
        _ => {}
    }
    let arm = environment
        .kind
        .as_ref()
        .is_some_and(|kind| kind.value.is_arm());
    if arm != cfg!(target_arch = "aarch64") && environment.kind.is_some() {
        let here = match (options.runtime, &options.container.platform) {
            (crate::options::RuntimeKind::Docker, Some(platform)) => {
                format!("{platform}, which the engine has to emulate where it isn't its own")
            }
            (crate::options::RuntimeKind::Docker, None) => {
                "this machine's: --platform emulates another".to_owned()
            }
            (crate::options::RuntimeKind::Host, _) => "this machine's".to_owned(),
        };
        let recorded = if arm { "64-bit ARM" } else { "x86-64" };
        add(format!("a processor of {recorded}"), &here);
    }
    if let Some(fleet) = &environment.fleet {
        add(format!("the fleet {}", fleet.value), "this machine");
    }
}

/// The image, where it is another one or has to be pulled by somebody who may.
fn picture(recorded: &Recorded, options: &Options, add: &mut impl FnMut(String, &str)) {
    let environment = &recorded.project.environment;
    let Some(image) = environment.image.as_ref().map(|image| image.value.as_str()) else {
        let here = match options.runtime {
            crate::options::RuntimeKind::Host => "this machine itself".to_owned(),
            crate::options::RuntimeKind::Docker => options.image.clone(),
        };
        add(
            "an image that the record does not name".to_owned(),
            &format!("{here}: --image names another"),
        );
        return;
    };
    if options.runtime == crate::options::RuntimeKind::Host {
        add(
            format!("the image {image}"),
            "this machine itself, as --runtime host says",
        );
    } else if options.image != image {
        add(
            format!("the image {image}"),
            &format!("{}, as --image says", options.image),
        );
    } else if image::reference(image) != image {
        add(
            format!("the image {image}"),
            &format!("{}, the same by its public name", image::reference(image)),
        );
    } else if image.starts_with("aws/codebuild/") {
        add(
            format!("the image {image}"),
            "an image of that name on this engine, since no registry has it: --image names another",
        );
    } else if image.contains(".dkr.ecr.") || environment.registry_credential.is_some() {
        add(
            format!("the image {image} of a private registry"),
            "the same, pulled with this machine's own logins (docker login): --image names another",
        );
    }
}

fn sources(recorded: &Recorded, options: &Options, found: &mut Vec<Difference>) {
    for source in &recorded.project.secondary_sources {
        let Some(id) = &source.identifier else {
            continue;
        };
        let id = &id.value;
        let location = source.location.as_ref();
        let location = location.map_or("", |location| location.value.as_str());
        let location = without_password(location);
        let version = recorded.project.secondary_version(id);
        let at = version.map_or_else(String::new, |version| format!(" at {}", version.value));
        let given = options.secondary.iter().find(|(given, _)| given == id);
        found.push(Difference {
            recorded: format!("the secondary source {id} ({location}{at})"),
            here: match given {
                Some((_, folder)) => format!("{} as it is now", folder.display()),
                None => format!("none: -s {id}=DIR says where it is"),
            },
        });
    }
}

/// Variables of which the record has no value, and the command line neither.
pub fn hidden_variables<'r>(
    recorded: &'r Recorded,
    options: &'r Options,
) -> impl Iterator<Item = &'r str> {
    let variables = recorded.project.environment.variables.iter();
    variables
        .filter(|variable| variable.value.value == HIDDEN)
        .map(|variable| variable.name.value.as_str())
        .filter(|name| !options.overrides.iter().any(|given| given.name == *name))
}

/// Whether a source is something that Git fetches.
pub fn is_git(kind: SourceType) -> bool {
    !matches!(
        kind,
        SourceType::S3 | SourceType::NoSource | SourceType::CodePipeline
    )
}
