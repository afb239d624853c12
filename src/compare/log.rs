//! A log's text as phases and commands.

use std::sync::LazyLock;

use jiff::civil::DateTime;
use regex::Regex;

use super::normal::{STAMP, normal};

/// A line of the agent's: what docker-compose puts before it, the kind of machine, the time, the text.
static AGENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"^\[(?:Container|Instance)\] ({STAMP}|\d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{{6}})?) (.*)$"
    ))
});

/// What AWS's local agent has before each line.
static COMPOSE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:agent|build)_1  \| ?"));

/// What `aws logs tail` has before each line.
static TAIL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)? (?:\S+ )??(?P<rest>\[Container\] )")
});
static TAIL_PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)? (?:[0-9a-zA-Z./-]*[0-9a-f]{8}-[0-9a-f-]{27} )?",
    )
});

static COMPLETE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^Phase complete: (\w+) State: (\w+)$"));

static COUNT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ [A-Z_]+: \d+ commands$"));

static FOLDER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(CODEBUILD_SRC_DIR(?:_\w+)?)=(/codebuild/output/src<N>/src(?:/[\w.@-]+)*)$")
});

#[expect(clippy::expect_used, reason = "the patterns are constants, and tested")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of ours")
}

/// A whole log.
#[derive(Debug)]
pub(super) struct Log<'a> {
    pub(super) phases: Vec<Phase<'a>>,
    /// Folders of sources and the names that stand for them, the longest first.
    folders: Vec<(String, String)>,
}

/// One phase as the log has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase<'a> {
    pub(super) name: String,
    /// Whether the log says when it began.
    entered: bool,
    pub(super) state: &'a str,
    /// What follows `Phase context status code:`, with the lines that belong to it.
    pub(super) context: String,
    /// The agent's own lines, apart from those above and those about commands.
    pub(super) lines: Vec<String>,
    pub(super) commands: Vec<Command<'a>>,
    began: Option<DateTime>,
    ended: Option<DateTime>,
}

/// One command as the log has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Command<'a> {
    /// Its first line.
    pub(super) title: &'a str,
    /// The rest of its text, and what it printed.
    pub(super) body: Vec<String>,
    /// What follows `Command did not exit successfully`.
    pub(super) complaint: String,
    began: Option<DateTime>,
    ended: Option<DateTime>,
}

impl Command<'_> {
    /// `exit status 1`, or nothing.
    pub(super) fn exit(&self) -> &str {
        let from = |words: &str| self.complaint.rfind(words);
        let start = from(" exit status ").max(from(" signal: "));
        start.map_or("", |start| self.complaint[start..].trim())
    }

    pub(super) fn seconds(&self) -> Option<f64> {
        between(self.began, self.ended)
    }
}

impl Phase<'_> {
    pub(super) fn seconds(&self) -> Option<f64> {
        between(self.began, self.ended)
    }
}

/// A line of the agent's and what follows it up to the next.
struct Entry<'a> {
    at: Option<DateTime>,
    text: &'a str,
    body: Vec<String>,
}

impl<'a> Log<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let entries = entries(text);
        let mut folders: Vec<_> = entries
            .iter()
            .filter_map(|entry| {
                let text = normal(entry.text, true, &[]);
                let found = FOLDER.captures(&text)?;
                Some((found[2].to_owned(), format!("<{}>", &found[1])))
            })
            .collect();
        folders.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.len()));
        let mut phases = phases(entries);
        for phase in &mut phases {
            for block in phase
                .lines
                .chunk_by_mut(|a, b| COUNT.is_match(a) && COUNT.is_match(b))
            {
                block.sort_unstable();
            }
        }
        Self { phases, folders }
    }

    /// A text of this log with nothing in it that is this log's alone.
    pub(super) fn normal(&self, text: &str, agent: bool) -> String {
        normal(text, agent, &self.folders)
    }
}

fn entries(text: &str) -> Vec<Entry<'_>> {
    let tailed = text.lines().next().is_some_and(|line| TAIL.is_match(line));
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for line in text.split_inclusive('\n') {
        // A last line without an end is another line than one with it.
        let (mut line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, ""),
            None => (line, "\\ no newline"),
        };
        let composed = COMPOSE.find(line).map(|found| found.end());
        let tailed = TAIL_PREFIX
            .find(line)
            .filter(|_| tailed)
            .map(|found| found.end());
        line = &line[composed.or(tailed).unwrap_or(0)..];
        match AGENT.captures(line) {
            Some(found) => {
                entries.push(Entry {
                    at: time(found.get(1).map_or("", |stamp| stamp.as_str())),
                    text: found.get(2).map_or("", |text| text.as_str()),
                    body: Vec::new(),
                });
                if !end.is_empty() {
                    push(&mut entries, end.to_owned());
                }
            }
            None => push(&mut entries, format!("{line}{end}")),
        }
    }
    entries
}

fn push(entries: &mut Vec<Entry<'_>>, line: String) {
    if entries.is_empty() {
        entries.push(Entry {
            at: None,
            text: "",
            body: Vec::new(),
        });
    }
    if let Some(last) = entries.last_mut() {
        last.body.push(line);
    }
}

fn phases(entries: Vec<Entry<'_>>) -> Vec<Phase<'_>> {
    let mut phases: Vec<Phase<'_>> = Vec::new();
    let mut open = false;
    let mut wants_context = false;
    for entry in entries {
        if let Some(command) = phases
            .last_mut()
            .and_then(|phase| phase.commands.last_mut())
        {
            command.ended = command.ended.or(entry.at);
        }
        if let Some(context) = entry.text.strip_prefix("Phase context status code:")
            && std::mem::take(&mut wants_context)
            && let Some(phase) = phases.last_mut()
        {
            let mut body = entry.body;
            if phase.state == "SUCCEEDED" {
                // There is no message: this is what something in the background printed.
                phase.lines.append(&mut body);
            }
            body.insert(0, context.to_owned());
            phase.context = body.join("\n");
            continue;
        }
        wants_context = false;
        if let Some(name) = entry.text.strip_prefix("Entering phase ") {
            phases.push(Phase {
                name: name.to_owned(),
                entered: true,
                began: entry.at,
                lines: entry.body,
                ..Phase::default()
            });
            open = true;
            continue;
        }
        if !open {
            let name = if phases.is_empty() {
                "DOWNLOAD_SOURCE"
            } else {
                "UPLOAD_ARTIFACTS"
            };
            phases.push(Phase {
                name: name.to_owned(),
                began: entry.at,
                ..Phase::default()
            });
            open = true;
        }
        let Some(phase) = phases.last_mut() else {
            continue;
        };
        if let Some(found) = COMPLETE.captures(entry.text)
            && let (Some(name), Some(state)) = (found.get(1), found.get(2))
            && (name.as_str() == phase.name || !phase.entered)
            && entry.body.is_empty()
        {
            // A log that begins in the middle tells the phase at its end.
            name.as_str().clone_into(&mut phase.name);
            phase.state = state.as_str();
            phase.ended = entry.at;
            (open, wants_context) = (false, true);
            continue;
        }
        if let Some(title) = entry.text.strip_prefix("Running command ") {
            phase.commands.push(Command {
                title,
                body: entry.body,
                began: entry.at,
                ..Command::default()
            });
            continue;
        }
        if let Some(complaint) = entry
            .text
            .strip_prefix("Command did not exit successfully ")
            && let Some(command) = phase.commands.last_mut()
            && command.complaint.is_empty()
        {
            let mut body = entry.body;
            body.insert(0, complaint.to_owned());
            command.complaint = body.join("\n");
            continue;
        }
        phase.lines.push(entry.text.to_owned());
        phase.lines.extend(entry.body);
    }
    phases
}

fn time(stamp: &str) -> Option<DateTime> {
    ["%Y/%m/%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S"]
        .iter()
        .find_map(|form| DateTime::strptime(form, stamp).ok())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of a build are far below 2^52"
)]
fn between(from: Option<DateTime>, to: Option<DateTime>) -> Option<f64> {
    let span = to?.duration_since(from?);
    Some(span.as_micros() as f64 / 1e6)
}
