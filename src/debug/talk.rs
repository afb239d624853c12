//! The prompt: one verb after the other, until one of them lets the build go on.

use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::breaks::BreakPoint;
use super::desk::{Desk, Left};
use super::edits::Edit;
use super::front::{Front, Gone, Said};
use super::scene::{Scene, Why};
use super::texts::{self, State};
use super::verbs::{self, LOG_LINES, VERBS, Verb};
use crate::console::message::harmless;
use crate::engine::pause::Order;
use crate::runtime::Lost;
use crate::runtime::terminal::Program;

/// No more of the log is looked at.
const LOG_BYTES: u64 = 256 * 1024;

impl Desk {
    /// Talks until there is an order.
    pub(super) async fn talk(
        &mut self,
        front: &mut Front,
        scene: &Scene<'_>,
    ) -> Result<Order, Left> {
        let point = BreakPoint::from(scene.stop.run);
        self.catch_up(front).await?;
        front
            .say(format!("\nStopped at {point}: {}\n", scene.why))
            .await?;
        front.say(scene.place()).await?;
        if !std::mem::replace(&mut self.warned, true) {
            let text = "Secrets are visible in its shell. ? lists what can be done.\n";
            front.say(text).await?;
        }
        let words = self.words(front, scene).await?;
        loop {
            let prompt = format!("(debug) {point}> ");
            let said = tokio::select! {
                said = front.ask(&prompt, &words) => said?,
                lost = self.inside.gone() => return Err(lost.into()),
            };
            let line = match said {
                Said::Line(line) => line,
                Said::Interrupted => {
                    front
                        .say("`quit` ends the build, `continue` goes on.\n")
                        .await?;
                    continue;
                }
                Said::Closed => {
                    front.say("quit\n").await?;
                    "quit".to_owned()
                }
            };
            match verbs::parse(&line) {
                Ok(None) => {}
                Ok(Some(verb)) => {
                    if let Some(order) = self.follow(verb, front, scene).await? {
                        return Ok(order);
                    }
                }
                Err(why) => front.say(format!("{}\n", harmless(&why))).await?,
            }
        }
    }

    /// What may be completed: verbs, and the names of variables behind `env`.
    async fn words(&mut self, _front: &mut Front, scene: &Scene<'_>) -> Result<Vec<String>, Lost> {
        let mut words: Vec<String> = VERBS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        words.extend(["shell carry", "quit artifacts", "quit now"].map(str::to_owned));
        let now = self.inside.look(&scene.state).await?;
        words.extend(
            now.variables
                .into_keys()
                .map(|name| format!("env {}", harmless(&name))),
        );
        Ok(words)
    }

    async fn follow(
        &mut self,
        verb: Verb,
        front: &mut Front,
        scene: &Scene<'_>,
    ) -> Result<Option<Order>, Left> {
        let inside_command = scene.why == Why::Waiting;
        let refusal = match &verb {
            Verb::Retry if inside_command => "the command still runs: `continue` lets it go on",
            Verb::Retry if !matches!(scene.why, Why::Failed(_)) => {
                "nothing has failed here: `next` runs the command"
            }
            Verb::Edit | Verb::Skip | Verb::Carry | Verb::Shell { carry: true }
                if inside_command =>
            {
                "not inside a command that runs: `continue` first"
            }
            Verb::Quit {
                artifacts: Some(true),
            } if inside_command => {
                "there are no artifacts while a command runs: `quit now`, or `continue` first"
            }
            _ => "",
        };
        if !refusal.is_empty() {
            front.say(format!("{refusal}\n")).await?;
            return Ok(None);
        }
        match verb {
            Verb::Shell { carry } => return self.shell(carry, front, scene).await,
            Verb::Carry => self.carry(front).await?,
            Verb::Retry => {
                self.breaks.try_again();
                return Ok(Some(Order::Run(scene.stop.text.to_owned())));
            }
            Verb::Edit => return self.edit(front, scene).await,
            Verb::Next => {
                self.breaks.step();
                return Ok(Some(Order::GoOn));
            }
            Verb::Continue => {
                self.breaks.go_on();
                return Ok(Some(Order::GoOn));
            }
            Verb::Skip => return Ok(Some(Order::Skip)),
            Verb::Env(name) => {
                let text = self.env(name.as_deref(), scene).await?;
                front.say(text).await?;
            }
            Verb::Where => front.say(scene.whereabouts() + &scene.place()).await?,
            Verb::Log(lines) => {
                let text = self.log(lines);
                front.say(text).await?;
            }
            Verb::Quit { artifacts } => return quit(artifacts, inside_command, front).await,
            Verb::Help => {
                let columns = usize::from(front.size.1);
                front.say(verbs::help(columns)).await?;
            }
        }
        Ok(None)
    }

    /// A shell with exactly what the next command would see.
    async fn shell(
        &mut self,
        carry: bool,
        front: &mut Front,
        scene: &Scene<'_>,
    ) -> Result<Option<Order>, Left> {
        let name = BreakPoint::from(scene.stop.run).to_string();
        front
            .sentence("A shell in the build; secrets are visible. `exit` comes back here, `codebuild-resume` goes on.")
            .await?;
        let user = scene.stop.run.user;
        if !self.lend_shell(&name, user, &scene.state, front).await? {
            return Ok(None);
        }
        let (_, asked) = self
            .inside
            .ask(&texts::asked_to_resume(&self.layout))
            .await?;
        if scene.why == Why::Waiting {
            if asked == b"carry" {
                front
                    .sentence("--carry has no meaning here: the command that runs keeps its own directory and variables.")
                    .await?;
            }
        } else if carry || asked == b"carry" {
            self.carry(front).await?;
        } else {
            let text = self.left_in_the_shell(scene).await?;
            if !text.is_empty() {
                front.sentence(&text).await?;
            }
        }
        if asked.is_empty() {
            return Ok(None);
        }
        self.breaks.go_on();
        Ok(Some(Order::GoOn))
    }

    /// Gives the terminal to a shell; false when there is none to be had.
    pub(super) async fn lend_shell(
        &mut self,
        name: &str,
        user: Option<&str>,
        state: &State,
        front: &mut Front,
    ) -> Result<bool, Left> {
        let ready = texts::prepare_shell(&self.layout, state, name);
        self.inside.ask(&ready).await?;
        let program = Program {
            arguments: texts::shell(&self.layout, self.shell),
            user: user.map(str::to_owned),
            term: front.term.clone(),
            size: front.size,
        };
        let terminal = match self.door.terminal(&program).await {
            Ok(terminal) => terminal,
            Err(error) => {
                let text = format!("no shell: {}\n", harmless(&error.message));
                front.say(text).await?;
                return Ok(false);
            }
        };
        if let Err(gone) = front.lend(terminal).await {
            self.inside.ask(&texts::end_shell(&self.layout)).await?;
            return Err(gone.into());
        }
        Ok(true)
    }

    async fn left_in_the_shell(&mut self, scene: &Scene<'_>) -> Result<String, Lost> {
        let left = State::left(&self.layout);
        let (saved, _) = self.inside.ask(&format!("[ -s '{}' ]\n", left.env)).await?;
        if !saved.success() {
            return Ok(String::new());
        }
        let before = self.inside.look(&scene.state).await?;
        let after = self.inside.look(&left).await?;
        let changes = before.changes(&after);
        if changes.is_empty() {
            return Ok(String::new());
        }
        let subjects: Vec<_> = changes
            .iter()
            .map(|change| harmless(change.subject()))
            .collect();
        Ok(format!(
            "The shell changed {}. The next command won't see that, unless you `carry` it into the build.",
            subjects.join(", ")
        ))
    }

    async fn carry(&mut self, front: &mut Front) -> Result<(), Left> {
        let (carried, _) = self.inside.ask(&texts::carry(&self.layout)).await?;
        let text = if carried.success() {
            "Carried: the next command will have the shell's directory and variables.\n"
        } else {
            "There is nothing to carry: open a `shell`, change something, and `exit` it.\n"
        };
        Ok(front.say(text).await?)
    }

    async fn edit(&mut self, front: &mut Front, scene: &Scene<'_>) -> Result<Option<Order>, Left> {
        let text = scene.stop.text;
        let edited = tokio::select! {
            edited = front.edit(text) => edited?,
            lost = self.inside.gone() => return Err(lost.into()),
        };
        let new = match edited {
            Ok(new) if new == text => {
                front.say("Nothing was changed.\n").await?;
                return Ok(None);
            }
            Ok(new) if new.trim().is_empty() => {
                front
                    .say("An empty command is none: `skip` leaves it out.\n")
                    .await?;
                return Ok(None);
            }
            Ok(new) => new,
            Err(why) => {
                front.say(format!("{}\n", harmless(&why))).await?;
                return Ok(None);
            }
        };
        let at = BreakPoint::from(scene.stop.run);
        self.edits.retain(|edit| edit.at != at);
        if new != scene.stop.run.command.value {
            self.edits.push(Edit {
                at,
                span: scene.stop.run.command.span,
                was: scene.stop.run.command.value.clone(),
                now: new.clone(),
            });
        }
        self.breaks.try_again();
        Ok(Some(Order::Run(new)))
    }

    /// Values are masked: whoever looks over a shoulder sees the prompt, and a shell shows them to whoever asks.
    async fn env(&mut self, name: Option<&str>, scene: &Scene<'_>) -> Result<String, Lost> {
        let now = self.inside.look(&scene.state).await?;
        if now.variables.is_empty() {
            return Ok(
                "The build's shell is gone, and with it whoever could read its state.\n".to_owned(),
            );
        }
        let masked = |text: &str| harmless(&self.facts.masks.rewrite(text));
        if let Some(name) = name {
            return Ok(match now.variables.get(name) {
                Some(value) => format!("{name}={}\n", masked(value)),
                None => format!("{} is not set\n", harmless(name)),
            });
        }
        let began = State {
            env: texts::Files(&self.layout).phase(),
            dir: scene.state.dir.clone(),
        };
        let changes = self.inside.look(&began).await?.changes(&now);
        let mut text = format!("directory {}\n", masked(&now.directory));
        if changes.is_empty() {
            text.push_str("no variable has changed since the phase began\n");
        }
        for change in changes {
            text.push_str(&format!("{}\n", masked(&change.to_string())));
        }
        Ok(text)
    }

    /// Shows a terminal that is not the build's own what has been printed since it was last told.
    pub(super) async fn catch_up(&self, front: &mut Front) -> Result<(), Gone> {
        if self.settings.terminal {
            return Ok(());
        }
        // Who can't read it here is told when he asks for it.
        let Ok((bytes, end)) = self.read_log(front.seen) else {
            return Ok(());
        };
        let before = front.seen < end.saturating_sub(LOG_BYTES);
        front.seen = end;
        let (text, more) = last_lines(&bytes, LOG_LINES);
        if before || more {
            let told = format!("... more before these {LOG_LINES} lines, `log LINES` shows it\n");
            front.say(told).await?;
        }
        front.say(text).await
    }

    fn log(&self, lines: usize) -> String {
        match self.read_log(0) {
            Ok((bytes, _)) => last_lines(&bytes, lines).0,
            Err(error) => format!("the log can't be read: {error}\n"),
        }
    }

    /// The log from a place on, but for what is too much, and where it ends.
    fn read_log(&self, from: u64) -> io::Result<(Vec<u8>, u64)> {
        let mut file = std::fs::File::open(self.facts.folder.join("build.log"))?;
        let length = file.metadata()?.len();
        let from = from.max(length.saturating_sub(LOG_BYTES));
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok((bytes, length))
    }
}

/// The last lines, and whether there are more.
fn last_lines(bytes: &[u8], lines: usize) -> (String, bool) {
    let all: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let all = all.strip_suffix(&[&b""[..]]).unwrap_or(&all);
    let left_out = all.len().saturating_sub(lines);
    let last = all[left_out..].iter();
    let text = last.map(|line| crate::console::flat(line) + "\n").collect();
    (text, left_out > 0)
}

async fn quit(
    artifacts: Option<bool>,
    inside_command: bool,
    front: &mut Front,
) -> Result<Option<Order>, Left> {
    let artifacts = match artifacts {
        Some(artifacts) => artifacts,
        None if inside_command => false,
        None => {
            let question =
                "End the build: with its artifacts? [y]es, [n]o, or anything else to stay: ";
            match front.ask(question, &[]).await? {
                Said::Line(line) => match line.trim() {
                    "y" | "yes" => true,
                    "n" | "no" => false,
                    _ => return Ok(None),
                },
                Said::Interrupted => return Ok(None),
                Said::Closed => false,
            }
        }
    };
    Ok(Some(Order::Quit { artifacts }))
}
