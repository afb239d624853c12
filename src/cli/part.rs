//! Flags of `run` for a look at a build without running it, and for running a part of it.

use crate::engine::part::{Part, Start};
use crate::engine::phase::PhaseType;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Parts")]
pub(super) struct PartArguments {
    /// Print what would run, where each variable's value comes from and what AWS would be asked for; run nothing.
    #[arg(long)]
    pub(super) plan: bool,

    /// Run only this phase: `install`, `pre_build`, `build` or `post_build`. Repeatable.
    #[arg(long, value_name = "PHASE", value_parser = PhaseType::with_commands, value_delimiter = ',')]
    phase: Vec<PhaseType>,

    /// Begin with this phase, or with its Nth command; what comes before is left out.
    #[arg(long, value_name = "PHASE[:N]")]
    from: Option<Start>,
}

impl PartArguments {
    /// The first of these flags that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--plan", self.plan),
            ("--phase", !self.phase.is_empty()),
            ("--from", self.from.is_some()),
        ];
        given.into_iter().find_map(|(flag, is)| is.then_some(flag))
    }

    pub(super) fn part(&self) -> Part {
        Part {
            phases: self.phase.clone(),
            from: self.from,
        }
    }
}
