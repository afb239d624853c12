//! What the engine refuses, told apart: the next rung may work, or nothing will.

use bollard::errors::Error as Api;

use super::container::Rung;
use super::pull::missing;
use super::{Plan, Pull, reason, status};
use crate::error::Error;

/// Why a rung was not taken, or why nothing can be.
pub(super) enum Failure {
    /// The next rung may work.
    Rung(String),
    /// The engine has no such privileges to give.
    Privileges(String),
    Fatal(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

/// The engine lacks the image: fatal where it may not be pulled.
pub(super) fn absent_image(plan: &Plan, error: &Error) -> Option<Error> {
    error
        .message
        .contains("No such image")
        .then(|| not_there(plan))
}

fn not_there(plan: &Plan) -> Error {
    let why = if plan.pull == Pull::Never {
        "the engine lacks it, and --pull never was given"
    } else {
        "the engine lacks it although it was pulled"
    };
    missing(&plan.image, why)
}

pub(super) fn create_failure(plan: &Plan, rung: Rung, error: &Api) -> Failure {
    let why = reason(error);
    if status(error) == Some(404) && why.contains("No such image") {
        return Failure::Fatal(not_there(plan));
    }
    // A bind mount of a path that the engine does not have is refused here.
    if rung != Rung::Copy && why.contains("bind source path") {
        return Failure::Rung("the engine does not see this host's files".to_owned());
    }
    // Podman reads the mounts once more as text, in which a path must not have quotes.
    if rung != Rung::Copy && why.contains("specgen") {
        return Failure::Rung(why);
    }
    if why.contains("invalid reference format") || why.contains("must be lowercase") {
        let error = Error::usage(format!("`{}` is no name of an image: {why}", plan.image));
        return Failure::Fatal(error.hint(
            "an image is [REGISTRY/]NAME[:TAG] or NAME@sha256:DIGEST, its NAME in lower case",
        ));
    }
    Failure::Fatal(
        absent_network(plan, &why)
            .unwrap_or_else(|| Error::environment(format!("the container can't be made: {why}"))),
    )
}

/// `--network` names one that the engine lacks.
fn absent_network(plan: &Plan, why: &str) -> Option<Error> {
    let network = plan.network.as_ref()?;
    (why.contains("network") && why.contains("not found")).then(|| {
        Error::environment(format!("the engine has no network `{network}`"))
            .hint("`docker network ls` lists those that are there")
    })
}

/// How the kernel refuses a program; some engines answer so, others start the container and let it say so.
pub(super) const FOREIGN_PROGRAM: &str = "exec format error";

pub(super) fn other_processor(image: &str) -> Error {
    Error::environment(format!(
        "{image} is for another processor than this machine's"
    ))
    .hint("name an image for this machine, or install an emulator (qemu-user-static with binfmt)")
}

pub(super) fn start_failure(plan: &Plan, rung: Rung, error: &Api) -> Failure {
    let why = reason(error);
    if why.contains("/bin/sh") && (why.contains("no such file") || why.contains("not found")) {
        return Failure::Fatal(
            Error::environment(format!(
                "image {} has no /bin/sh: CodeBuild needs one to run commands",
                plan.image
            ))
            .hint("use an image with a shell; distroless and scratch images can't be build images"),
        );
    }
    if why.contains(FOREIGN_PROGRAM) {
        return Failure::Fatal(other_processor(&format!("image {}", plan.image)));
    }
    if plan.privileged && why.contains("unable to apply caps") {
        // Its own words come last.
        let words = "unable to apply caps: operation not permitted";
        return Failure::Privileges(if why.contains(words) {
            words.to_owned()
        } else {
            why
        });
    }
    if matches!(rung, Rung::Overlay { .. }) && why.contains("mount") {
        return Failure::Rung(why);
    }
    Failure::Fatal(
        absent_network(plan, &why).unwrap_or_else(|| {
            Error::environment(format!("the container can't be started: {why}"))
        }),
    )
}
