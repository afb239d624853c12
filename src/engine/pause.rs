//! The seam at which somebody may stop a build: before a command, while it runs, after it failed.

use std::cell::RefCell;

use super::event::Place;
use super::journal::Journal;
use super::machine::Run;
use super::phase::Exit;
use crate::runtime::Lost;

/// The command at which a build may stop.
#[derive(Clone, Copy, Debug)]
pub struct Stop<'a> {
    pub run: Run<'a>,
    /// What is run: the buildspec's text, or what somebody made of it.
    pub text: &'a str,
    /// Where it stands in the buildspec.
    pub place: &'a Place,
}

/// How a build goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Run the command with this text.
    Run(String),
    /// As if nobody had been asked: the command runs, or its failure counts.
    GoOn,
    /// As if the command had succeeded.
    Skip,
    /// End the build, with its artifacts or without.
    Quit { artifacts: bool },
}

/// Who may stop a build. The engine asks at each command and does what it is told.
#[expect(
    async_fn_in_trait,
    reason = "one program, one executor; no bound is needed"
)]
pub trait Pause {
    /// The command is about to run, or has failed: variables, directory and user are those of the next one.
    async fn ask(
        &mut self,
        stop: Stop<'_>,
        failure: Option<Exit>,
        journal: &mut Journal,
    ) -> Result<Order, Lost>;

    /// Waits for a command that runs; the command itself may ask to stop. `None` when the build is to end now.
    async fn during<T>(
        &mut self,
        stop: Stop<'_>,
        work: impl Future<Output = T>,
        journal: &RefCell<&mut Journal>,
    ) -> Result<Option<T>, Lost>;
}

/// Without a debugger nothing stops.
impl<P: Pause> Pause for Option<P> {
    async fn ask(
        &mut self,
        stop: Stop<'_>,
        failure: Option<Exit>,
        journal: &mut Journal,
    ) -> Result<Order, Lost> {
        match self {
            Some(debugger) => debugger.ask(stop, failure, journal).await,
            None => Ok(Order::GoOn),
        }
    }

    async fn during<T>(
        &mut self,
        stop: Stop<'_>,
        work: impl Future<Output = T>,
        journal: &RefCell<&mut Journal>,
    ) -> Result<Option<T>, Lost> {
        match self {
            Some(debugger) => debugger.during(stop, work, journal).await,
            None => Ok(Some(work.await)),
        }
    }
}
