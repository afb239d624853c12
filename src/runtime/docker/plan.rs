//! What a container is made from: settled before the engine is asked for anything.

use std::path::PathBuf;

use crate::hidden;
use crate::script::Layout;

/// How the source gets into the container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceMode {
    /// Overlay where it works, else copy.
    #[default]
    Auto,
    /// The source as the lower layer of an overlay: nothing is copied, nothing on the host changes.
    Overlay,
    /// A tar stream into a volume.
    Copy,
    /// The source itself, writable: the build changes the host's files.
    Mount,
}

/// Whether an image may be fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pull {
    /// When the engine lacks it.
    #[default]
    Missing,
    Always,
    Never,
}

/// What is to be said of how the container was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Everybody should hear of it.
    pub warning: bool,
    pub text: String,
}

impl Remark {
    pub(super) fn note(text: impl Into<String>) -> Self {
        Self {
            warning: false,
            text: text.into(),
        }
    }

    pub(super) fn warning(text: impl Into<String>) -> Self {
        Self {
            warning: true,
            text: text.into(),
        }
    }
}

/// A folder of the host that the build sees.
#[derive(Clone, Debug)]
pub struct Tree {
    /// A part of its volumes' names; empty for the primary source.
    pub name: String,
    /// Absolute.
    pub from: PathBuf,
    /// Where it is in the container.
    pub to: String,
    /// What Git wants to belong to root, besides the top: paths below it that may be absent.
    pub owned: Vec<String>,
}

impl Tree {
    /// What of this folder the build must not see, as seen from it.
    pub(super) fn hidden(&self, plan: &Plan) -> Vec<PathBuf> {
        hidden::below(&self.from, &plan.output)
    }
}

/// What a container is made from.
#[derive(Clone, Debug)]
pub struct Plan {
    pub image: String,
    pub pull: Pull,
    /// `os/arch[/variant]`; the engine's own when not given.
    pub platform: Option<String>,
    pub layout: Layout,
    /// The primary source first.
    pub trees: Vec<Tree>,
    pub source_mode: SourceMode,
    /// Absolute; hidden from the build where it lies below a source.
    pub output: PathBuf,
    /// A folder of this build below `output`, for a short-lived proof that the engine sees this host's files.
    pub build_folder: PathBuf,
    /// The build's uuid.
    pub build: String,
    /// What the container may use.
    pub limits: Option<crate::compute::Limits>,
    /// The build gets an engine of its own, which the image's ENTRYPOINT starts.
    pub privileged: bool,
    /// The container stays after the build.
    pub keep: bool,
    /// The build gets the host's engine.
    pub docker_socket: bool,
    /// Where that one listens, on its own machine.
    pub engine_socket: String,
    pub network: Option<String>,
    /// As `docker run --add-host` takes them.
    pub add_hosts: Vec<String>,
    /// What is left out where the source has to be copied.
    pub excludes: Vec<String>,
    /// As `docker run --volume` takes them.
    pub volumes: Vec<String>,
    /// What the registries want to know, by host.
    pub credentials: crate::registry::Keyring,
}
