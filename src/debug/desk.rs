//! Stops the build and finds somebody to ask.

use std::cell::RefCell;
use std::os::unix::net;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::Settings;
use super::breaks::{BreakPoint, Breaks};
use super::closing::WriteBack;
use super::edits::Edit;
use super::front::{Front, Gone};
use super::guard::Terminal;
use super::inside::Inside;
use super::reception::Reception;
use super::scene::{Scene, Why};
use super::screen;
use super::texts::{self, State};
use crate::engine::event::Event;
use crate::engine::journal::Journal;
use crate::engine::pause::{Order, Pause, Stop};
use crate::engine::phase::{Exit, PhaseType};
use crate::env::mask::Rewriter;
use crate::runtime::Lost;
use crate::runtime::door::Door;
use crate::runtime::session::Session;
use crate::script::Layout;

/// What a command printed before it stopped is under way for this long at most.
const SETTLING: Duration = Duration::from_millis(100);

/// Why a talk ended without an order.
#[derive(Debug)]
pub(super) enum Left {
    Gone,
    Lost(Lost),
}

impl From<Gone> for Left {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<Lost> for Left {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// What the debugger of a build knows of it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The build's number.
    pub number: u64,
    /// Its folder.
    pub folder: PathBuf,
    /// The directory that keeps it.
    pub output: PathBuf,
    /// Hides secrets wherever the debugger shows values by itself.
    pub masks: Rewriter,
}

/// The debugger of one build.
#[derive(Debug)]
pub struct Desk {
    pub(super) settings: Settings,
    pub(super) facts: Facts,
    pub(super) layout: Layout,
    pub(super) shell: &'static str,
    pub(super) door: Door,
    pub(super) inside: Inside,
    pub(super) breaks: Breaks,
    pub(super) edits: Vec<Edit>,
    /// What is asked when the build has ended.
    pub(super) write_back: Option<WriteBack>,
    /// Something was shown that tells of secrets already.
    pub(super) warned: bool,
    pub(super) front: Option<Front>,
    /// None where the socket could not be made.
    reception: Option<Reception>,
    /// This process's own terminal, once it was needed.
    pub(super) terminal: Option<Terminal>,
    /// Whose variables are remembered.
    phase: Option<PhaseType>,
}

impl Desk {
    /// Readies the debugger of a session whose commands have not begun.
    pub async fn open(
        settings: &Settings,
        facts: Facts,
        door: Door,
        session: &Session,
        journal: &mut Journal,
    ) -> Result<Self, Lost> {
        let layout = session.layout().clone();
        let inside = Inside::open(&door, &layout, session.shell()).await?;
        if !inside.listens() {
            journal.emit(&Event::Warning(
                "codebuild-breakpoint can't stop this build: its image has no mkfifo".to_owned(),
            ));
        }
        let reception = Reception::open(&facts.folder)
            .inspect_err(|error| {
                let text = format!("nobody can attach to this build: {error}");
                journal.emit(&Event::Warning(text));
            })
            .ok();
        if settings.terminal
            && let Some(reception) = &reception
        {
            reception.busy().store(true, Ordering::SeqCst);
        }
        Ok(Self {
            breaks: Breaks::new(&settings.points, settings.on_failure, settings.step),
            settings: settings.clone(),
            facts,
            layout,
            shell: session.shell(),
            door,
            inside,
            edits: Vec::new(),
            write_back: None,
            warned: false,
            front: None,
            reception,
            terminal: None,
            phase: None,
        })
    }

    /// Asks whoever sits there what to do; nobody is waited for longer than `--hold`.
    async fn stand(
        &mut self,
        scene: Scene<'_>,
        journal: &RefCell<&mut Journal>,
    ) -> Result<Order, Lost> {
        let deadline = Instant::now() + self.settings.hold;
        journal.borrow_mut().idle();
        // Whatever ends this build meanwhile finds the terminal as it was.
        let _sane = self.own_terminal().map(Sane);
        loop {
            let waits = (!self.has_somebody()).then(|| self.invitation());
            journal.borrow_mut().emit(&Event::Paused {
                phase: scene.stop.run.phase,
                finally: scene.stop.run.finally,
                number: scene.stop.run.number,
                why: scene.why.to_string(),
                waits,
            });
            let Some(mut front) = self.somebody(deadline).await? else {
                journal.borrow_mut().emit(&Event::Warning(
                    "nobody came within the time of --hold: the build goes on".to_owned(),
                ));
                self.breaks.go_on();
                return Ok(Order::GoOn);
            };
            match self.talk(&mut front, &scene).await {
                Ok(order) => {
                    self.front = Some(front);
                    let how = shown(&order).to_owned();
                    journal.borrow_mut().emit(&Event::Resumed(how));
                    if order == Order::Skip {
                        say_what_is_skipped(&scene, &mut journal.borrow_mut());
                    }
                    return Ok(order);
                }
                // Somebody else may attach.
                Err(Left::Gone) => {}
                Err(Left::Lost(lost)) => {
                    front
                        .say("\nThe build's place is gone: its container died.\n")
                        .await
                        .ok();
                    self.front = Some(front);
                    return Err(lost);
                }
            }
        }
    }

    /// What one has to do to sit down here.
    fn invitation(&self) -> String {
        format!(
            "buildspec attach {} --output {}",
            self.facts.number,
            self.facts.output.display()
        )
    }

    fn has_somebody(&self) -> bool {
        self.settings.terminal || self.front.as_ref().is_some_and(|front| !front.is_gone())
    }

    fn own_terminal(&mut self) -> Option<Terminal> {
        if self.settings.terminal && self.terminal.is_none() {
            self.terminal = Terminal::open().ok();
            self.settings.terminal = self.terminal.is_some();
        }
        self.terminal.clone()
    }

    /// Whoever is there, or comes in time.
    async fn somebody(&mut self, deadline: Instant) -> Result<Option<Front>, Lost> {
        if let Some(front) = self.front.take().filter(|front| !front.is_gone()) {
            return Ok(Some(front));
        }
        if self.settings.terminal {
            if let Some(front) = self.sit_down().await {
                return Ok(Some(front));
            }
            self.settings.terminal = false;
            if let Some(reception) = &self.reception {
                reception.busy().store(false, Ordering::SeqCst);
            }
        }
        let Some(reception) = &mut self.reception else {
            return Ok(None);
        };
        let come = async {
            while let Some(front) = reception.next().await {
                if !front.is_gone() {
                    return Some(front);
                }
            }
            None
        };
        tokio::select! {
            front = come => Ok(front),
            () = tokio::time::sleep_until(deadline) => Ok(None),
            lost = self.inside.gone() => Err(lost),
        }
    }

    /// This process's own terminal, served by threads of their own.
    async fn sit_down(&mut self) -> Option<Front> {
        let terminal = self.own_terminal()?;
        let surroundings = self.settings.surroundings(self.facts.folder.clone());
        let (ours, theirs) = net::UnixStream::pair().ok()?;
        ours.set_nonblocking(true).ok()?;
        let ours = UnixStream::from_std(ours).ok()?;
        let runtime = Handle::current();
        std::thread::spawn(move || screen::serve(theirs, &terminal, surroundings, runtime));
        let present = self
            .reception
            .as_ref()
            .map(|reception| Arc::clone(reception.busy()));
        Front::meet(ours, present.unwrap_or_default()).await.ok()
    }

    /// A shell before any phase, on this process's terminal.
    pub async fn only_shell(&mut self, user: Option<&str>) -> Result<(), Lost> {
        let _sane = self.own_terminal().map(Sane);
        let Some(mut front) = self.sit_down().await else {
            return Ok(());
        };
        let state = self.shared();
        front
            .say("The build before its first phase; secrets are visible. `exit` ends it.\n")
            .await
            .ok();
        match self.lend_shell("shell", user, &state, &mut front).await {
            Ok(_) | Err(Left::Gone) => Ok(()),
            Err(Left::Lost(lost)) => Err(lost),
        }
    }

    /// Lets go of whoever sits there.
    pub async fn bid_farewell(&mut self, status: &str) {
        let waiting = self.reception.as_mut().and_then(Reception::waiting);
        let bye = if self.settings.terminal {
            String::new()
        } else {
            format!("build {} has ended: {status}", self.facts.number)
        };
        let mut front = self.front.take();
        if let Some(front) = &mut front {
            self.catch_up(front).await.ok();
        }
        for front in front.into_iter().chain(waiting) {
            front.bid_farewell(bye.clone()).await;
        }
        self.reception = None;
        self.release();
    }

    fn release(&mut self) {
        if let Some(terminal) = self.terminal.take() {
            terminal.release();
        }
    }

    fn shared(&self) -> State {
        State::saved(&self.layout)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.release();
    }
}

/// Sets the terminal back when it goes.
pub(super) struct Sane(pub(super) Terminal);

impl Drop for Sane {
    fn drop(&mut self) {
        self.0.restore();
    }
}

/// The log of a build without one of its commands must not pass for that of a whole one.
fn say_what_is_skipped(scene: &Scene<'_>, journal: &mut Journal) {
    let point = BreakPoint::from(scene.stop.run);
    let command = scene.stop.text.trim().lines().next().unwrap_or_default();
    let text = match scene.why {
        Why::Failed(_) => format!("counted as successful in the debugger: {point}: {command}"),
        _ => format!("left out in the debugger: {point}: {command}"),
    };
    journal.say(format!("buildspec: {text}"));
    journal.emit(&Event::Warning(text));
}

fn shown(order: &Order) -> &'static str {
    match order {
        Order::Run(_) => "run",
        Order::GoOn => "continue",
        Order::Skip => "skip",
        Order::Quit { .. } => "quit",
    }
}

impl Pause for Desk {
    async fn ask(
        &mut self,
        stop: Stop<'_>,
        failure: Option<Exit>,
        journal: &mut Journal,
    ) -> Result<Order, Lost> {
        if self.phase.replace(stop.run.phase) != Some(stop.run.phase) {
            let remember = texts::remember_phase(&self.layout);
            self.inside.ask(&remember).await?;
        }
        let why = match failure {
            None => self.breaks.before(stop.run.into()).map(Why::Before),
            Some(exit) => self.breaks.after_failure().then_some(Why::Failed(exit)),
        };
        let Some(why) = why else {
            return Ok(Order::GoOn);
        };
        let state = self.shared();
        self.stand(Scene { stop, why, state }, &RefCell::new(journal))
            .await
    }

    async fn during<T>(
        &mut self,
        stop: Stop<'_>,
        work: impl Future<Output = T>,
        journal: &RefCell<&mut Journal>,
    ) -> Result<Option<T>, Lost> {
        let mut work = pin!(work);
        loop {
            let id = tokio::select! {
                biased;
                result = &mut work => return Ok(Some(result)),
                id = self.inside.knock() => id,
            };
            tokio::select! {
                result = &mut work => return Ok(Some(result)),
                () = tokio::time::sleep(SETTLING) => {}
            }
            let scene = Scene {
                stop,
                why: Why::Waiting,
                state: State::waiting(&self.layout, &id),
            };
            if let Order::Quit { .. } = self.stand(scene, journal).await? {
                return Ok(None);
            }
            self.inside.ask(&texts::release(&self.layout, &id)).await?;
        }
    }
}
