//! One build's container: made, started, proved, ended.

use std::collections::HashMap;

use bollard::container::LogOutput;
use bollard::errors::Error as Api;
use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountType,
    MountVolumeOptions,
};
use bollard::query_parameters::AttachContainerOptionsBuilder;
use futures_util::StreamExt as _;

use super::leftovers::{Leftover, remove};
use super::overlay::{Volumes, hidden, mask_name};
use super::pull::missing;
use super::{Engine, Plan, Progress, Pull, SourceMode, labels, reason, refused, status};
use crate::error::{Error, Result};
use crate::runtime::session::Supervisor;
use crate::runtime::{Chunk, Lost, Wire};
use crate::script;

/// Where the proof lies in the container.
const PROOF: &str = "/codebuild/readonly/.buildspec-proof";

/// A running container and what was made for it.
#[derive(Debug)]
pub struct Container {
    engine: Engine,
    id: String,
    volumes: Volumes,
}

/// Why a rung was not taken, or why nothing can be.
enum Failure {
    /// The next rung may work.
    Rung(String),
    Fatal(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

impl Container {
    /// Makes and starts the container, with the source in it by the best rung that works.
    ///
    /// Returns the supervisor's end and notes on the rung that was taken.
    pub async fn start(
        engine: &Engine,
        plan: &Plan,
        progress: &mut dyn Progress,
    ) -> Result<(Self, Supervisor, Vec<String>)> {
        if plan.pull == Pull::Always {
            engine.pull(&plan.image, progress).await?;
        }
        let rungs: &[Rung] = match plan.source_mode {
            SourceMode::Auto => &[
                Rung::Overlay { redirect: true },
                Rung::Overlay { redirect: false },
                Rung::Copy,
            ],
            SourceMode::Overlay => &[
                Rung::Overlay { redirect: true },
                Rung::Overlay { redirect: false },
            ],
            SourceMode::Copy => &[Rung::Copy],
            SourceMode::Mount => &[Rung::Mount],
        };
        let mut notes = Vec::new();
        for &rung in rungs {
            match Self::try_rung(engine, plan, rung, progress).await {
                Ok((container, supervisor)) => {
                    notes.push(format!("source: {}", rung.describe()));
                    return Ok((container, supervisor, notes));
                }
                Err(Failure::Rung(why)) => notes.push(format!(
                    "source: {} does not work here: {why}",
                    rung.describe()
                )),
                Err(Failure::Fatal(error)) => return Err(error),
            }
        }
        let mut error = Error::environment("the source can't be brought into the container");
        error.hints = notes;
        Err(error)
    }

    async fn try_rung(
        engine: &Engine,
        plan: &Plan,
        rung: Rung,
        progress: &mut dyn Progress,
    ) -> Result<(Self, Supervisor), Failure> {
        let volumes = match rung {
            Rung::Overlay { redirect } => match engine.overlay_volume(plan, redirect).await {
                // The mask is made with the image: without it nothing can be said about the rung.
                Err(error)
                    if plan.pull != Pull::Never && error.message.contains("No such image") =>
                {
                    engine.pull(&plan.image, progress).await?;
                    engine.overlay_volume(plan, redirect).await
                }
                other => other,
            }
            .map_err(|error| {
                absent_image(plan, &error).map_or(Failure::Rung(error.message), Failure::Fatal)
            })?,
            Rung::Copy => engine.plain_volume(plan).await?,
            Rung::Mount => Volumes::default(),
        };
        let mut container = Self {
            engine: engine.clone(),
            id: String::new(),
            volumes,
        };
        match container.bring_up(plan, rung, progress).await {
            Ok(supervisor) => Ok((container, supervisor)),
            Err(failure) => {
                container.end().await.ok();
                Err(failure)
            }
        }
    }

    async fn bring_up(
        &mut self,
        plan: &Plan,
        rung: Rung,
        progress: &mut dyn Progress,
    ) -> Result<Supervisor, Failure> {
        let proof = match rung {
            Rung::Copy => None,
            _ => Some(Proof::make(plan)?),
        };
        let body = body(plan, rung, &self.volumes, proof.as_ref());
        self.id = match self
            .engine
            .docker
            .create_container(None, body.clone())
            .await
        {
            Err(error) if status(&error) == Some(404) && plan.pull != Pull::Never => {
                self.engine.pull(&plan.image, progress).await?;
                self.engine.docker.create_container(None, body).await
            }
            other => other,
        }
        .map_err(|error| create_failure(plan, rung, &error))?
        .id;
        if rung == Rung::Copy {
            self.engine.upload_source(&self.id, plan, progress).await?;
        }
        let wire = self.attach().await?;
        self.engine
            .docker
            .start_container(&self.id, None)
            .await
            .map_err(|error| start_failure(plan, rung, &error))?;
        let mut supervisor = Supervisor::new(wire)
            .await
            .map_err(|lost| self.early_death(&lost))?;
        self.set_up(plan, rung, proof.as_ref(), &mut supervisor)
            .await?;
        Ok(supervisor)
    }

    /// Attached before it starts, so that no byte is lost and our death is its end.
    async fn attach(&self) -> Result<Wire> {
        let options = AttachContainerOptionsBuilder::default()
            .stream(true)
            .stdin(true)
            .stdout(true)
            .stderr(true)
            .build();
        let attached = self
            .engine
            .docker
            .attach_container(&self.id, Some(options))
            .await;
        let attached = attached.map_err(refused("the engine can't attach to the container"))?;
        let output = attached.output.filter_map(|frame| {
            std::future::ready(match frame {
                Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => {
                    Some(Ok(Chunk::Output(message)))
                }
                Ok(LogOutput::StdErr { message }) => Some(Ok(Chunk::Supervisor(message))),
                Ok(LogOutput::StdIn { .. }) => None,
                Err(error) => Some(Err(std::io::Error::other(error))),
            })
        });
        Ok(Wire {
            input: attached.input,
            output: Box::pin(output),
        })
    }

    /// Makes the folders, gives the source to root, and proves that it is this host's source.
    async fn set_up(
        &self,
        plan: &Plan,
        rung: Rung,
        proof: Option<&Proof>,
        supervisor: &mut Supervisor,
    ) -> Result<(), Failure> {
        let text = set_up_script(plan, rung, proof);
        let path = format!("{}/probe.sh", plan.layout.tmp());
        let mut printed = Vec::new();
        supervisor
            .run("/bin/sh", &path, &text, &mut printed)
            .await
            .map_err(|lost| self.early_death(&lost))?;
        let printed = String::from_utf8_lossy(&printed);
        let Some(answer) = printed.lines().last() else {
            return Err(Failure::Fatal(Error::environment(format!(
                "image {}: its /bin/sh does not run",
                plan.image
            ))));
        };
        match answer {
            "ready" => Ok(()),
            "unmasked" => {
                if let Some(hidden) = hidden(plan) {
                    self.engine
                        .fill_mask(plan, &mask_name(hidden), hidden)
                        .await?;
                }
                Err(Failure::Rung(
                    "the output directory was not hidden; it will be next time".to_owned(),
                ))
            }
            "foreign" => Err(Failure::Rung(
                "the engine sees other files than this host".to_owned(),
            )),
            other => Err(Failure::Fatal(Error::environment(format!(
                "the container can't be set up: {other}"
            )))),
        }
    }

    fn early_death(&self, lost: &Lost) -> Error {
        let cause = lost
            .0
            .as_ref()
            .map_or_else(|| "it ended at once".to_owned(), ToString::to_string);
        Error::environment(format!("container {} can't be spoken to: {cause}", self.id))
    }

    /// What the engine says of a container that is lost.
    pub async fn cause_of_death(&self) -> Death {
        let Ok(about) = self.engine.docker.inspect_container(&self.id, None).await else {
            return Death::Unknown;
        };
        let state = about.state.unwrap_or_default();
        if state.running == Some(true) {
            return Death::Unknown;
        }
        Death::Died {
            code: state.exit_code.unwrap_or_default(),
            out_of_memory: state.oom_killed.unwrap_or_default(),
        }
    }

    /// Removes the container and its volumes; nothing of the build is left on the engine.
    pub async fn end(&self) -> Result<()> {
        let removed = if self.id.is_empty() {
            Ok(())
        } else {
            remove(&self.engine, &Leftover::Container(self.id.clone())).await
        };
        self.engine.remove_volumes(&self.volumes.names).await;
        removed
    }

    /// The engine's id of it.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// How a container ended that should not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// It ended.
    Died { code: i64, out_of_memory: bool },
    /// It is gone, or it runs and only the connection is lost.
    Unknown,
}

/// A way for the source into the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rung {
    Overlay { redirect: bool },
    Copy,
    Mount,
}

impl Rung {
    fn describe(self) -> &'static str {
        match self {
            Self::Overlay { redirect: true } => {
                "overlay (nothing copied, nothing changed on the host)"
            }
            Self::Overlay { redirect: false } => {
                "overlay without redirect_dir (folders of the source can't be renamed)"
            }
            Self::Copy => "copy",
            Self::Mount => "mount (the build changes the host's files)",
        }
    }
}

/// A word in a file of this build's folder that the container has to show.
struct Proof {
    word: String,
    file: tempfile::TempPath,
}

impl Proof {
    fn make(plan: &Plan) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::environment(format!(
                "{} can't be written: {error}",
                plan.build_folder.display()
            ))
        };
        let word = uuid::Uuid::new_v4().simple().to_string();
        let file = tempfile::Builder::new()
            .prefix(".proof-")
            .tempfile_in(&plan.build_folder)
            .map_err(failed)?;
        std::fs::write(file.path(), format!("{word}\n")).map_err(failed)?;
        Ok(Self {
            word,
            file: file.into_temp_path(),
        })
    }
}

fn body(plan: &Plan, rung: Rung, volumes: &Volumes, proof: Option<&Proof>) -> ContainerCreateBody {
    let mut mounts = vec![match rung {
        Rung::Mount => bind(&plan.source.to_string_lossy(), &plan.layout.source(), false),
        _ => Mount {
            target: Some(plan.layout.source()),
            source: Some(volumes.source.clone()),
            typ: Some(MountType::VOLUME),
            volume_options: Some(MountVolumeOptions {
                no_copy: Some(true),
                ..MountVolumeOptions::default()
            }),
            ..Mount::default()
        },
    }];
    mounts.extend(proof.map(|proof| bind(&proof.file.to_string_lossy(), PROOF, true)));
    ContainerCreateBody {
        image: Some(plan.image.clone()),
        entrypoint: Some(
            ["/bin/sh", "-c", script::SUPERVISOR]
                .map(str::to_owned)
                .to_vec(),
        ),
        // CodeBuild ignores the image's USER.
        user: Some("0".to_owned()),
        working_dir: Some(plan.layout.readonly()),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        open_stdin: Some(true),
        stdin_once: Some(true),
        tty: Some(false),
        labels: Some(labels(&plan.build)),
        healthcheck: Some(HealthConfig {
            test: Some(vec!["NONE".to_owned()]),
            ..HealthConfig::default()
        }),
        host_config: Some(HostConfig {
            mounts: Some(mounts),
            // Variables and secrets are rewritten there after each command: in no layer, volume or commit.
            tmpfs: Some(HashMap::from([(
                plan.layout.tmp(),
                "rw,exec,mode=0755".to_owned(),
            )])),
            log_config: Some(HostConfigLogConfig {
                typ: Some("none".to_owned()),
                config: None,
            }),
            // The supervisor has to be PID 1, where no build can kill it.
            init: Some(false),
            privileged: Some(plan.privileged),
            network_mode: plan.network.clone(),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

fn bind(source: &str, target: &str, read_only: bool) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(source.to_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

fn set_up_script(plan: &Plan, rung: Rung, proof: Option<&Proof>) -> String {
    let (source, bin) = (
        script::quote(&plan.layout.source()),
        script::quote(&plan.layout.bin()),
    );
    let mut text = format!("PATH=$PATH:/usr/bin:/bin\nmkdir -p {bin} || exit\n");
    if let Some(proof) = proof {
        text.push_str(&format!(
            "IFS= read -r word < {PROOF}\n[ \"$word\" = {} ] || {{ echo foreign; exit; }}\n",
            proof.word
        ));
        // The proof shows this build's folder; where that lies elsewhere, the source's own names have to do.
        if !plan.output.starts_with(&plan.source) {
            for name in first_names(plan) {
                text.push_str(&format!("[ -e {source}/{name} ] || [ -L {source}/{name} ] || {{ echo foreign; exit; }}\n", name = script::quote(&name)));
            }
        }
    }
    if matches!(rung, Rung::Overlay { .. }) {
        if let Some(hidden) = hidden(plan).and_then(|hidden| hidden.to_str()) {
            text.push_str(&format!(
                "[ ! -e {source}/{} ] || {{ echo unmasked; exit; }}\n",
                script::quote(hidden)
            ));
        }
        // Git refuses a tree that belongs to someone else. Two inodes, never the whole tree.
        text.push_str(&format!(
            "if [ -e {source}/.git ]; then chown 0:0 {source} {source}/.git; else chown 0:0 {source}; fi\n"
        ));
    }
    text.push_str("echo ready\n");
    text
}

/// Some names in the source's top folder.
fn first_names(plan: &Plan) -> Vec<String> {
    let entries = std::fs::read_dir(&plan.source)
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .take(20)
        .collect()
}

fn absent_image(plan: &Plan, error: &Error) -> Option<Error> {
    error.message.contains("No such image").then(|| {
        missing(
            &plan.image,
            "the engine lacks it, and --pull never was given",
        )
    })
}

fn create_failure(plan: &Plan, rung: Rung, error: &Api) -> Failure {
    let why = reason(error);
    if status(error) == Some(404) && why.contains("No such image") {
        return Failure::Fatal(missing(
            &plan.image,
            "the engine lacks it, and --pull never was given",
        ));
    }
    // A bind mount of a path that the engine does not have is refused here.
    if rung != Rung::Copy && why.contains("bind source path") {
        return Failure::Rung("the engine does not see this host's files".to_owned());
    }
    Failure::Fatal(Error::environment(format!(
        "the container can't be made: {why}"
    )))
}

fn start_failure(plan: &Plan, rung: Rung, error: &Api) -> Failure {
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
    if matches!(rung, Rung::Overlay { .. }) && why.contains("mount") {
        return Failure::Rung(why);
    }
    Failure::Fatal(Error::environment(format!(
        "the container can't be started: {why}"
    )))
}
