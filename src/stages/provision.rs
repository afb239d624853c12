//! `PROVISIONING`: a container or the host, with the source in it.

use super::Script;
use crate::engine::event::Event;
#[cfg(feature = "docker")]
use crate::engine::event::{Progress, Wait};
#[cfg(feature = "docker")]
use crate::engine::journal::Journal;
use crate::engine::phase::{Context, PhaseType, Status};
use crate::env::mask::Rewriter;
use crate::error::Error;
use crate::options::RuntimeKind;
use crate::run::{Build, Halt};
use crate::runtime::host::{self, Host};
use crate::runtime::place::Place;
use crate::runtime::session::Supervisor;

impl Build<'_> {
    /// Starts what the build will run in; nothing is started for a buildspec that `CodeBuild` refuses.
    pub(crate) async fn provision(&mut self, script: &Script) -> Result<Option<Supervisor>, Halt> {
        self.journal.enter(PhaseType::Provisioning);
        let supervisor = match self.options.runtime {
            _ if script.refused.is_some() => None,
            RuntimeKind::Host => Some(self.provision_host().await?),
            RuntimeKind::Docker => Some(self.provision_docker().await?),
        };
        self.journal.leave(Status::Succeeded, Context::default());
        Ok(supervisor)
    }

    async fn provision_host(&mut self) -> Result<Supervisor, Halt> {
        let number = self.layout.source_number();
        let (root, layout) = Host::prepare(number)?;
        let (from, to, without) = (
            self.options.source.clone(),
            layout.source(),
            self.options.output.clone(),
        );
        let copied =
            tokio::task::spawn_blocking(move || host::copy_source(&from, to.as_ref(), &without))
                .await;
        let copied = copied.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        copied
            .map_err(|error| Error::environment(format!("the source can't be copied: {error}")))?;
        let (host, wire) = Host::start(root, &layout, self.options.host.path.clone())?;
        self.place = Some(Place::Host(host));
        // The log of a build on the host reads as one from a container.
        self.journal.rewrite_by(Rewriter::new([(
            layout.root().to_owned(),
            "/codebuild".to_owned(),
        )]));
        self.layout = layout;
        Ok(Supervisor::new(wire).await?)
    }

    #[cfg(not(feature = "docker"))]
    async fn provision_docker(&mut self) -> Result<Supervisor, Halt> {
        Err(Halt::Error(
            Error::usage("this binary was built without Docker").hint("run with --runtime host"),
        ))
    }

    #[cfg(feature = "docker")]
    async fn provision_docker(&mut self) -> Result<Supervisor, Halt> {
        use crate::runtime::docker::{Container, Engine, Plan, remove_all};
        let options = self.options;
        let engine = Engine::connect(&options.host.docker_host).await?;
        let sweeper = engine.clone();
        self.sweep = Some(tokio::spawn(async move {
            let found = sweeper.leftovers(false).await?;
            remove_all(&sweeper, found).await
        }));
        let plan = Plan {
            image: crate::image::reference(&options.image),
            pull: options.pull,
            layout: self.layout.clone(),
            source: options.source.clone(),
            source_mode: options.source_mode,
            output: options.output.clone(),
            build_folder: self.folder.path.clone(),
            build: self.identity.uuid.clone(),
            privileged: options.privileged,
            network: options.network.clone(),
        };
        let mut progress = Told(&mut self.journal);
        let (container, supervisor, notes) =
            Container::start(&engine, &plan, &mut progress).await?;
        self.place = Some(Place::Docker(container));
        for note in notes {
            self.journal.emit(&Event::Note(note));
        }
        Ok(supervisor)
    }
}

/// Makes events of what the engine says about its work.
#[cfg(feature = "docker")]
struct Told<'a>(&'a mut Journal);

#[cfg(feature = "docker")]
impl crate::runtime::docker::Progress for Told<'_> {
    fn layer(&mut self, id: &str, status: &str, done: u64, total: u64) {
        self.0.emit(&Event::Progress(Progress {
            wait: Wait::Pull,
            item: id.to_owned(),
            status: status.to_owned(),
            done,
            total,
        }));
    }

    fn source(&mut self, done: u64) {
        self.0.emit(&Event::Progress(Progress {
            wait: Wait::Source,
            item: String::new(),
            status: String::new(),
            done,
            total: 0,
        }));
    }
}
