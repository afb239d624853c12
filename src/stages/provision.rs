//! `PROVISIONING`: a container or the host, with the source in it.

use std::pin::Pin;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Script;
#[cfg(feature = "docker")]
use crate::engine::event::Wait;
use crate::engine::event::{Event, Progress};
use crate::engine::phase::{Context, PhaseType, Status};
use crate::env::mask::Rewriter;
use crate::error::{Error, Result};
use crate::lfs;
use crate::options::RuntimeKind;
use crate::run::{Build, Halt};
use crate::runtime::host::{self, Host};
use crate::runtime::place::Place;
use crate::runtime::session::Supervisor;
use crate::script::Layout;
#[cfg(feature = "docker")]
use crate::survey::Survey;

/// Where the build will run, and the way to it.
pub(crate) struct Provisioned {
    pub(crate) place: Place,
    supervisor: Supervisor,
    layout: Layout,
    remarks: Vec<Event<'static>>,
}

/// Provisioning under way. It is never dropped half way: a request that the engine is working on would make something
/// that nobody removes. Who wants it to end cancels `cancel` and waits.
pub(crate) struct Underway {
    pub(crate) cancel: CancellationToken,
    pub(crate) work: Pin<Box<dyn Future<Output = Result<Provisioned>>>>,
}

impl std::fmt::Debug for Underway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Underway")
    }
}

impl Build<'_> {
    /// Starts what the build will run in; nothing is started for a buildspec that `CodeBuild` refuses.
    pub(crate) async fn provision(&mut self, script: &Script) -> Result<Option<Supervisor>, Halt> {
        self.journal.enter(PhaseType::Provisioning);
        let supervisor = if script.refused.is_some() {
            None
        } else {
            Some(self.make_place().await?)
        };
        self.journal.leave(Status::Succeeded, Context::default());
        Ok(supervisor)
    }

    async fn make_place(&mut self) -> Result<Supervisor, Halt> {
        let cancel = CancellationToken::new();
        let (told, mut news) = mpsc::unbounded_channel();
        let work = match self.options.runtime {
            RuntimeKind::Host => self.host(cancel.clone()),
            RuntimeKind::Docker => self.docker(cancel.clone(), told),
        };
        let underway = self.underway.insert(Underway { cancel, work });
        let made = loop {
            tokio::select! {
                made = underway.work.as_mut() => break made,
                Some(progress) = news.recv() => self.journal.emit(&Event::Progress(progress)),
            }
        };
        self.underway = None;
        let made = made?;
        self.place = Some(made.place);
        self.layout = made.layout;
        // The log of a build on the host reads as one from a container.
        self.journal.rewrite_by(Rewriter::new(self.place_in_log()));
        self.say_compute();
        self.say_pointers();
        for remark in &made.remarks {
            self.journal.emit(remark);
        }
        Ok(made.supervisor)
    }

    /// A file that Git LFS has not fetched looks like any other.
    fn say_pointers(&mut self) {
        let pointers = lfs::pointers(&self.source);
        if pointers.is_empty() {
            return;
        }
        self.journal.emit(&Event::Warning(format!(
            "pointers of Git LFS, not the files that they stand for: {} (`git lfs pull` fetches those)",
            pointers.join(", ")
        )));
    }

    /// What the build may use is worth a word when it runs out of it.
    fn say_compute(&mut self) {
        let Some(compute) = &self.options.container.compute else {
            return;
        };
        let name = &compute.name;
        let event = match (&compute.limits, self.options.runtime) {
            (Some(limits), RuntimeKind::Docker) => Event::Note(format!("{name}: {limits}")),
            (Some(limits), RuntimeKind::Host) => Event::Warning(format!(
                "{name}: without a container nothing holds the build to {limits}"
            )),
            (None, _) => Event::Warning(format!(
                "{name}: the project says neither CPUs nor memory, so there is no limit"
            )),
        };
        self.journal.emit(&event);
    }

    fn host(
        &self,
        cancel: CancellationToken,
    ) -> Pin<Box<dyn Future<Output = Result<Provisioned>>>> {
        let options = self.options;
        let like = self.layout.clone();
        let output = options.output.clone();
        let mut sources = vec![self.source.clone()];
        sources.extend(options.secondary.iter().map(|(_, folder)| folder.clone()));
        let path = options.host.path.clone();
        Box::pin(async move {
            let (root, layout) = Host::prepare(&like)?;
            let mut targets = vec![layout.source()];
            targets.extend(layout.secondary().map(|(_, folder)| folder));
            let copied = tokio::task::spawn_blocking(move || {
                sources.iter().zip(targets).try_for_each(|(from, to)| {
                    host::copy_source(from, to.as_ref(), &output, &|| cancel.is_cancelled())
                })
            });
            let copied = copied.await;
            if let Err(error) = copied.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
                host::remove(root.path()).ok();
                return Err(Error::environment(format!(
                    "the source can't be copied: {error}"
                )));
            }
            let (host, wire) = Host::start(root, &layout, path)?;
            let supervisor = Supervisor::new(wire).await;
            Ok(Provisioned {
                place: Place::Host(host),
                supervisor: supervisor
                    .map_err(|_| Error::environment("the host's /bin/sh ended at once"))?,
                layout,
                remarks: Vec::new(),
            })
        })
    }

    #[cfg(not(feature = "docker"))]
    fn docker(
        &self,
        _: CancellationToken,
        _: Told,
    ) -> Pin<Box<dyn Future<Output = Result<Provisioned>>>> {
        Box::pin(async {
            Err(Error::usage("this binary was built without Docker")
                .hint("run with --runtime host"))
        })
    }

    #[cfg(feature = "docker")]
    fn docker(
        &mut self,
        cancel: CancellationToken,
        mut told: Told,
    ) -> Pin<Box<dyn Future<Output = Result<Provisioned>>>> {
        use crate::runtime::docker::{Container, Engine, Whose, remove_all};
        let survey = Survey::of(&self.source, &self.options.output);
        self.top = crate::edits::Top::of(&self.source);
        let plan = self.plan(&survey);
        let remarks = remarks(self.options, &survey);
        let host = self.options.host.engine.clone();
        let (sender, receiver) = tokio::sync::oneshot::channel::<Engine>();
        self.sweep = Some(tokio::spawn(async move {
            let Ok(engine) = receiver.await else {
                return Ok(0);
            };
            let found = engine.leftovers(Whose::DeadAndNotKept).await?;
            Ok(remove_all(&engine, found).await?.len())
        }));
        Box::pin(async move {
            let engine = tokio::select! {
                engine = Engine::connect(&host) => engine?,
                () = cancel.cancelled() => return Err(Error::environment("stopped")),
            };
            let started = Container::start(&engine, &plan, &mut told, &cancel).await;
            // Not before: the engine has enough to do with the start.
            sender.send(engine.clone()).ok();
            let (container, supervisor, notes) = started?;
            Ok(Provisioned {
                place: Place::Docker(container),
                supervisor,
                layout: plan.layout,
                remarks: remarks
                    .into_iter()
                    .chain(notes.into_iter().map(|note| {
                        if note.warning {
                            Event::Warning(note.text)
                        } else {
                            Event::Note(note.text)
                        }
                    }))
                    .collect(),
            })
        })
    }

    #[cfg(feature = "docker")]
    fn plan(&self, survey: &Survey) -> crate::runtime::docker::Plan {
        use crate::runtime::docker::{Plan, Tree};
        let options = self.options;
        let mut trees = vec![Tree {
            name: String::new(),
            from: self.source.clone(),
            to: self.layout.source(),
            owned: vec![".git".to_owned()],
        }];
        let places = self.layout.secondary().map(|(_, place)| place);
        for ((id, folder), to) in options.secondary.iter().zip(places) {
            trees.push(Tree {
                name: format!("secondary-{id}"),
                from: folder.clone(),
                to,
                owned: vec![".git".to_owned()],
            });
        }
        if let Some(repository) = &survey.repository {
            trees.push(Tree {
                name: "git".to_owned(),
                from: repository.common.clone(),
                to: repository.common.to_string_lossy().into_owned(),
                owned: vec![repository.own.to_string_lossy().into_owned()],
            });
        }
        Plan {
            image: crate::image::reference(&options.image),
            pull: options.pull,
            platform: options.container.platform.clone(),
            layout: self.layout.clone(),
            trees,
            source_mode: options.source_mode,
            output: options.output.clone(),
            build_folder: self.folder.path.clone(),
            build: self.identity.uuid.clone(),
            privileged: options.privileged && !options.container.docker_socket,
            keep: options.container.keep,
            docker_socket: options.container.docker_socket,
            engine_socket: socket(&options.host.engine.host),
            network: options.network.clone(),
            limits: options
                .container
                .compute
                .as_ref()
                .and_then(|compute| compute.limits),
            add_hosts: options.container.add_hosts.clone(),
            excludes: options.container.excludes.clone(),
            volumes: options.container.volumes.clone(),
            credentials: options.container.credentials.clone(),
        }
    }
}

/// The engine's socket on its own machine. One that is reached over a network keeps it where engines do.
#[cfg(feature = "docker")]
fn socket(host: &str) -> String {
    host.strip_prefix("unix://")
        .unwrap_or("/var/run/docker.sock")
        .to_owned()
}

/// What the build will not see as the host does, and what it can do that a build should not.
#[cfg(feature = "docker")]
fn remarks(options: &crate::options::Options, survey: &Survey) -> Vec<Event<'static>> {
    use crate::runtime::docker::SourceMode;
    let mut remarks = Vec::new();
    if options.container.docker_socket {
        remarks.push(Event::Warning(
            "--docker-socket: the build has this engine, and through it can do what root can on the engine's machine; \
             what it makes there stays"
                .to_owned(),
        ));
    }
    let overlay = matches!(options.source_mode, SourceMode::Auto | SourceMode::Overlay);
    if overlay && !survey.submounts.is_empty() {
        let paths: Vec<String> = survey
            .submounts
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        remarks.push(Event::Warning(format!(
            "mounted below the source, and empty for the build: {} (--source-mode copy brings them along)",
            paths.join(", ")
        )));
    }
    if options.source_mode == SourceMode::Mount && !rustix::process::geteuid().is_root() {
        remarks.push(Event::Warning(
            "--source-mode mount: what the build writes into the source belongs to the container's root, and so to root \
             here unless the engine is rootless"
                .to_owned(),
        ));
    }
    remarks.extend(about_git(survey).map(Event::Warning));
    remarks
}

/// Why Git will not work in the build as it does here.
#[cfg(feature = "docker")]
fn about_git(survey: &Survey) -> impl Iterator<Item = String> {
    let stray = survey.stray.as_ref().map(|stray| {
        format!(
            "the source's .git is a file that points to {stray}: Git will not work in the build"
        )
    });
    let above = survey.above.as_ref().map(|top| {
        format!(
            "the source is a folder of the repository {}, which does not come along: Git will not work in the build. \
             CodeBuild has the whole of it: run from there, with -b FOLDER/buildspec.yml",
            top.display()
        )
    });
    let borrows: Vec<_> = survey
        .borrows
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let borrows = (!borrows.is_empty()).then(|| {
        format!(
            "the source's repository borrows objects from {} (.git/objects/info/alternates), which do not come along: Git \
             will not find all commits in the build. `git repack -a -d` and removing that file make it whole",
            borrows.join(", ")
        )
    });
    [stray, above, borrows].into_iter().flatten()
}

/// Hears of the work while the build waits for it.
type Told = mpsc::UnboundedSender<Progress>;

#[cfg(feature = "docker")]
impl crate::runtime::docker::Progress for Told {
    fn layer(&mut self, id: &str, status: &str, done: u64, total: u64) {
        let progress = Progress {
            wait: Wait::Pull,
            item: id.to_owned(),
            status: status.to_owned(),
            done,
            total,
        };
        self.send(progress).ok();
    }

    fn source(&mut self, done: u64) {
        let progress = Progress {
            wait: Wait::Source,
            item: String::new(),
            status: String::new(),
            done,
            total: 0,
        };
        self.send(progress).ok();
    }
}
