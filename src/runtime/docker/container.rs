//! One build's container: made, started, proved, ended.

use std::pin::Pin;
use std::time::Duration;

use bollard::container::{AttachContainerResults, LogOutput};
use bollard::errors::Error as Api;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptions, CreateContainerOptionsBuilder,
    RenameContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use futures_util::{Stream, StreamExt as _};
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use super::body::{Main, body};
use super::exec::Door;
use super::failure::{
    FOREIGN_PROGRAM, Failure, absent_image, create_failure, other_processor, start_failure,
};
use super::fence;
use super::leftovers::{Leftover, remove};
use super::overlay::Volumes;
use super::privileged::{self, Held, Privileges};
use super::set_up::{self, Proof};
use super::{Engine, Plan, Progress, Pull, Remark, SourceMode, refused, status};
use crate::error::{Error, Result};
use crate::runtime::session::Supervisor;
use crate::runtime::{Chunk, Lost, Wire};

/// A running container and what was made for it.
#[derive(Debug)]
pub struct Container {
    pub(super) engine: Engine,
    pub(super) id: String,
    /// The build's uuid.
    build: String,
    volumes: Volumes,
    /// The ways in that were opened besides the main process.
    door: Door,
    /// An ENTRYPOINT that goes on as the main process.
    held: Option<Held>,
    /// Without the files that are mounted, the engine hands out none of the container's.
    proof: Option<Proof>,
}

impl Container {
    /// Makes and starts the container, with the source in it by the best rung that works.
    ///
    /// Returns the supervisor's end and notes on the rung that was taken. Must not be dropped before it is done, or a
    /// request that is under way makes something that nobody knows of; `cancel` ends it soon.
    pub async fn start(
        engine: &Engine,
        plan: &Plan,
        progress: &mut dyn Progress,
        cancel: &CancellationToken,
    ) -> Result<(Self, Supervisor, Vec<Remark>)> {
        let mut work = Start {
            engine,
            plan,
            progress,
            cancel,
            main: Main {
                privileges: Privileges::Usual,
                entrypoint: Vec::new(),
            },
            said: Vec::new(),
        };
        if plan.pull == Pull::Always {
            work.pull().await?;
        }
        if plan.privileged {
            work.main = Main {
                privileges: Privileges::All,
                entrypoint: privileged::entrypoint(engine, plan, work.pull()).await?,
            };
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
            let mut went = work.try_rung(rung).await;
            if let Err(Failure::Privileges(why)) = &went {
                let Some(listed) = Privileges::that_are_there() else {
                    return Err(not_privileged(why));
                };
                notes.push(Remark::warning(format!(
                    "the engine can't give every privilege ({why}): the build has those that are there"
                )));
                work.main.privileges = listed;
                went = work.try_rung(rung).await;
            }
            match went {
                Ok((container, supervisor)) => {
                    notes.push(Remark::note(format!("source: {}", rung.describe())));
                    notes.append(&mut work.said);
                    return Ok((container, supervisor, notes));
                }
                Err(Failure::Rung(why)) => notes.push(Remark::note(format!(
                    "source: {} does not work here: {why}",
                    rung.describe()
                ))),
                Err(Failure::Privileges(why)) => return Err(not_privileged(&why)),
                Err(Failure::Fatal(error)) => return Err(error),
            }
        }
        let mut error = Error::environment("the source can't be brought into the container");
        error.hints = notes.into_iter().map(|note| note.text).collect();
        Err(error)
    }

    /// What the engine says of a container that is lost.
    pub async fn cause_of_death(&self) -> Death {
        // The stream may end a moment before the engine takes note of the death.
        for _ in 0..20 {
            let about = match self.engine.docker.inspect_container(&self.id, None).await {
                Ok(about) => about,
                Err(error) if status(&error) == Some(404) => return Death::Removed,
                Err(_) => return Death::Unknown,
            };
            let state = about.state.unwrap_or_default();
            if state.running != Some(true) {
                return Death::Died {
                    code: state.exit_code.unwrap_or_default(),
                    out_of_memory: state.oom_killed.unwrap_or_default(),
                };
            }
            // The container lives, but not the shell that a build with an ENTRYPOINT or another user runs in.
            if let Some(code) = self.door.ended().await {
                return Death::Died {
                    code,
                    out_of_memory: false,
                };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Death::Unknown
    }

    /// Removes the container and its volumes; nothing of the build is left on the engine.
    ///
    /// A container whose shell was let go ends by itself, which is sooner than to have it killed.
    pub async fn end(&self) -> Result<()> {
        let scratch = self.engine.remove_scratch(&self.volumes);
        if self.id.is_empty() {
            scratch.await;
            return Ok(());
        }
        let container = Leftover::Container(self.id.clone());
        let container = remove(&self.engine, &container);
        let removed = if self.ends_by_itself().await {
            tokio::join!(container, scratch).0?
        } else {
            let removed = container.await;
            scratch.await;
            removed?
        };
        if removed.is_empty() {
            // Who removed it may have left the volumes that go with it.
            self.engine.remove_volumes_of(&self.build).await?;
        }
        Ok(())
    }

    /// Leaves it running, under a name that says so; false where it does not run any more.
    pub async fn keep(&self, name: &str) -> Result<bool> {
        let about = self.engine.docker.inspect_container(&self.id, None).await;
        let runs =
            about.is_ok_and(|about| about.state.and_then(|state| state.running) == Some(true));
        if runs {
            let options = RenameContainerOptionsBuilder::default().name(name).build();
            let renamed = self.engine.docker.rename_container(&self.id, options).await;
            renamed.map_err(refused("the engine can't name the container that is kept"))?;
        }
        Ok(runs)
    }

    /// Whether nothing of it runs any more, within a second.
    async fn ends_by_itself(&self) -> bool {
        let options = WaitContainerOptionsBuilder::default()
            .condition("not-running")
            .build();
        let mut ended = self.engine.docker.wait_container(&self.id, Some(options));
        let ended = tokio::time::timeout(Duration::from_secs(1), ended.next()).await;
        // A status that is not 0 is an error for bollard, and an end for us.
        matches!(
            ended,
            Ok(Some(Ok(_) | Err(Api::DockerContainerWaitError { .. })))
        )
    }

    /// The way in, beside its supervisor.
    pub fn door(&self) -> Door {
        Door::new(&self.engine, &self.id)
    }

    /// The engine's id of it.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn early_death(&self, lost: &Lost) -> Error {
        let cause = lost
            .0
            .as_ref()
            .map_or_else(|| "it ended at once".to_owned(), ToString::to_string);
        if cause.contains(FOREIGN_PROGRAM) {
            return other_processor("the container's image");
        }
        Error::environment(format!("container {} can't be spoken to: {cause}", self.id))
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
        let AttachContainerResults { output, input } =
            attached.map_err(refused("the engine can't attach to the container"))?;
        Ok(wire(input, output))
    }
}

/// Both ends of an attached stream.
pub(super) fn wire(
    input: Pin<Box<dyn AsyncWrite + Send>>,
    output: impl Stream<Item = Result<LogOutput, Api>> + Send + 'static,
) -> Wire {
    let output = output.filter_map(|frame| {
        std::future::ready(match frame {
            Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => {
                Some(Ok(Chunk::Output(message)))
            }
            Ok(LogOutput::StdErr { message }) => Some(Ok(Chunk::Supervisor(message))),
            Ok(LogOutput::StdIn { .. }) => None,
            Err(error) => Some(Err(std::io::Error::other(error))),
        })
    });
    Wire {
        input,
        output: Box::pin(output),
    }
}

/// A start under way.
struct Start<'a> {
    engine: &'a Engine,
    plan: &'a Plan,
    progress: &'a mut dyn Progress,
    cancel: &'a CancellationToken,
    main: Main,
    /// Of a copy under way.
    said: Vec<Remark>,
}

impl Start<'_> {
    async fn pull(&mut self) -> Result<()> {
        tokio::select! {
            pulled = self.engine.pull(self.plan, self.progress) => pulled,
            () = self.cancel.cancelled() => Err(stopped()),
        }
    }

    async fn try_rung(&mut self, rung: Rung) -> Result<(Container, Supervisor), Failure> {
        let volumes = self.volumes(rung).await?;
        let mut container = Container {
            engine: self.engine.clone(),
            id: String::new(),
            build: self.plan.build.clone(),
            volumes,
            door: Door::new(self.engine, ""),
            held: None,
            proof: None,
        };
        match self.bring_up(&mut container, rung).await {
            Ok(supervisor) => Ok((container, supervisor)),
            Err(failure) => {
                container.end().await.ok();
                Err(failure)
            }
        }
    }

    async fn volumes(&mut self, rung: Rung) -> Result<Volumes, Failure> {
        let (engine, plan) = (self.engine, self.plan);
        Ok(match rung {
            Rung::Overlay { redirect } => match engine.overlay_volumes(plan, redirect).await {
                // The mask is made with the image: without it nothing can be said about the rung.
                Err(error)
                    if plan.pull != Pull::Never && error.message.contains("No such image") =>
                {
                    self.pull().await?;
                    engine.overlay_volumes(plan, redirect).await
                }
                other => other,
            }
            .map_err(|error| {
                absent_image(plan, &error).map_or(Failure::Rung(error.message), Failure::Fatal)
            })?,
            Rung::Copy => Volumes::plain(plan),
            Rung::Mount => Volumes::default(),
        })
    }

    async fn create(&mut self, rung: Rung, body: ContainerCreateBody) -> Result<String, Failure> {
        let options = self.plan.platform.as_deref().map(|platform| {
            CreateContainerOptionsBuilder::default()
                .platform(platform)
                .build()
        });
        let create = |options: Option<CreateContainerOptions>, body| {
            self.engine.docker.create_container(options, body)
        };
        let created = match create(options.clone(), body.clone()).await {
            Err(error) if status(&error) == Some(404) && self.plan.pull != Pull::Never => {
                self.pull().await?;
                self.engine.docker.create_container(options, body).await
            }
            other => other,
        };
        let created = created.map_err(|error| create_failure(self.plan, rung, &error))?;
        Ok(created.id)
    }

    async fn bring_up(
        &mut self,
        container: &mut Container,
        rung: Rung,
    ) -> Result<Supervisor, Failure> {
        let proof = match rung {
            Rung::Copy => None,
            _ => Some(Proof::make(self.plan)?),
        };
        let mut body = body(
            self.plan,
            rung,
            &container.volumes,
            proof.as_ref(),
            &self.main,
        );
        if !self.engine.is_podman {
            body.networking_config =
                fence::around(self.plan.network.as_deref(), self.engine.host());
        }
        let (engine, plan) = (self.engine, self.plan);
        let (created, made) = tokio::join!(
            self.create(rung, body),
            engine.make_scratch(&container.volumes, &plan.build)
        );
        container.id = created?;
        container.door = Door::new(self.engine, &container.id);
        made.map_err(|error| Failure::Rung(error.message))?;
        if rung == Rung::Copy {
            self.engine
                .upload_commands(&container.id, self.plan)
                .await?;
            for tree in &self.plan.trees {
                tokio::select! {
                    sent = self.engine.upload(&container.id, self.plan, tree, self.progress) => self.said.extend(sent?),
                    () = self.cancel.cancelled() => return Err(stopped().into()),
                }
            }
        }
        if self.cancel.is_cancelled() {
            return Err(stopped().into());
        }
        let wire = container.attach().await?;
        self.engine
            .docker
            .start_container(&container.id, None)
            .await
            .map_err(|error| start_failure(self.plan, rung, &error))?;
        let wire = if self.main.entrypoint.is_empty() {
            wire
        } else {
            tokio::select! {
                held = privileged::wait(wire, &self.main.entrypoint) => container.held = Some(held?),
                () = self.cancel.cancelled() => return Err(stopped().into()),
            }
            container.door.open("0").await?
        };
        let mut supervisor = Supervisor::new(wire)
            .await
            .map_err(|lost| container.early_death(&lost))?;
        // An image's shell that never answers must not hold a user who wants to stop.
        tokio::select! {
            ready = self.set_up(container, rung, proof.as_ref(), &mut supervisor) => ready?,
            () = self.cancel.cancelled() => return Err(stopped().into()),
        }
        container.proof = proof;
        Ok(supervisor.with_door(container.door.clone()))
    }

    /// Makes the folders, gives the source to root, and proves that it is this host's source.
    async fn set_up(
        &self,
        container: &Container,
        rung: Rung,
        proof: Option<&Proof>,
        supervisor: &mut Supervisor,
    ) -> Result<(), Failure> {
        let plan = self.plan;
        let text = set_up::script(plan, rung, proof);
        let path = format!("{}/probe.sh", plan.layout.tmp());
        let mut printed = Vec::new();
        supervisor
            .run("/bin/sh", &path, &text, &mut printed)
            .await
            .map_err(|lost| container.early_death(&lost))?;
        let printed = String::from_utf8_lossy(&printed);
        let Some(answer) = printed.lines().last() else {
            return Err(Failure::Fatal(Error::environment(format!(
                "image {}: its /bin/sh does not run",
                plan.image
            ))));
        };
        match answer.split_once(' ').unwrap_or((answer, "")) {
            ("ready", _) => Ok(()),
            ("unmasked", _) => {
                for tree in &plan.trees {
                    self.engine.fill_mask(plan, tree).await?;
                }
                Err(Failure::Rung(
                    "the output directory was not hidden; it will be next time".to_owned(),
                ))
            }
            ("foreign", _) => Err(Failure::Rung(
                "the engine sees other files than this host".to_owned(),
            )),
            _ => Err(Failure::Fatal(Error::environment(format!(
                "the container can't be set up: {answer}"
            )))),
        }
    }
}

fn not_privileged(why: &str) -> Error {
    Error::environment(format!("the container can't have every privilege: {why}"))
        .hint("give the build the host's engine instead: --docker-socket")
}

fn stopped() -> Error {
    Error::environment("stopped")
}

/// How a container ended that should not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// It ended.
    Died { code: i64, out_of_memory: bool },
    /// Somebody removed it.
    Removed,
    /// It runs and only the connection is lost, or the engine does not answer.
    Unknown,
}

/// A way for the source into the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
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
