//! `buildspec list`, `show` and `logs`: the builds that were kept.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use super::Exit;
use crate::builds::{self, Kept};
use crate::console::message;
use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// Where builds are kept.
    #[arg(
        short,
        long,
        default_value = ".buildspec",
        value_name = "DIR",
        env = "BUILDSPEC_OUTPUT"
    )]
    output: PathBuf,
}

impl Place {
    /// One of the builds: by number, by id, or the newest.
    pub(super) fn find(&self, name: Option<&str>) -> Result<Kept> {
        builds::find(&self.output, name)
    }
}

/// List the kept builds, the newest last.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  buildspec list                 the builds of this folder
  buildspec list --json          their records, as the API describes builds")]
pub(super) struct List {
    #[command(flatten)]
    place: Place,

    /// Print the records as one JSON array.
    #[arg(long)]
    json: bool,
}

/// Show a kept build: its phases and how they ended.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  buildspec show                 the newest build
  buildspec show 3               build 3")]
pub(super) struct Show {
    /// Its number or its id [default: the newest]
    build: Option<String>,

    #[command(flatten)]
    place: Place,

    /// Print the record itself, in the shape of the API's Build.
    #[arg(long)]
    json: bool,
}

/// Print the log of a kept build, in CodeBuild's own form.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  buildspec logs                 the log of the newest build
  buildspec logs 3 >build3.log   that of build 3, into a file")]
pub(super) struct Logs {
    /// Its number or its id [default: the newest]
    build: Option<String>,

    #[command(flatten)]
    place: Place,

    /// Go on as the log grows, until the build ends.
    #[arg(short, long)]
    follow: bool,
}

pub(super) fn list(arguments: &List) -> Result<Exit> {
    let all = builds::all(&arguments.place.output)?;
    if arguments.json {
        let records: Vec<_> = all.iter().map(|kept| &kept.record).collect();
        message::answer(&(pretty(&records)? + "\n"));
        return Ok(Exit::Success);
    }
    let mut text = String::new();
    for kept in &all {
        let project = kept.record["projectName"].as_str().unwrap_or_default();
        let line = format!(
            "{:>5}  {:<11} {}  {:>9}  {}",
            kept.number,
            kept.status(),
            kept.started(),
            duration(kept),
            message::harmless(project),
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    message::answer(&text);
    Ok(Exit::Success)
}

pub(super) fn show(arguments: &Show) -> Result<Exit> {
    let kept = arguments.place.find(arguments.build.as_deref())?;
    let text = if arguments.json {
        pretty(&kept.record)? + "\n"
    } else {
        describe(&kept)
    };
    message::answer(&text);
    Ok(Exit::Success)
}

fn describe(kept: &Kept) -> String {
    let record = &kept.record;
    let mut text = String::new();
    let lines = [
        (
            "build",
            record["id"].as_str().unwrap_or_default().to_owned(),
        ),
        ("number", kept.number.to_string()),
        ("status", kept.status().to_owned()),
        ("started", kept.started()),
        ("took", duration(kept)),
        (
            "image",
            record["environment"]["image"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ),
        (
            "version",
            record["resolvedSourceVersion"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ),
        ("folder", kept.folder.display().to_string()),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&row(&format!("{name:<8} "), &value));
    }
    text.push('\n');
    for (name, status, seconds, said) in kept.phases() {
        let seconds = seconds
            .map(|seconds| format!("{seconds} s"))
            .unwrap_or_default();
        text.push_str(&row(
            &format!("{name:<17} {status:<11} {seconds:>7}  "),
            said,
        ));
    }
    text
}

/// A line; what has several, as the message of a command of several lines, stays in its column.
fn row(head: &str, said: &str) -> String {
    let column = format!("\n{}", " ".repeat(head.len()));
    let said = message::harmless(said).replace('\n', &column);
    format!("{}\n", format!("{head}{said}").trim_end())
}

pub(super) fn logs(arguments: &Logs) -> Result<Exit> {
    let kept = arguments.place.find(arguments.build.as_deref())?;
    let failed = |error: std::io::Error| {
        Error::environment(format!("{} can't be read: {error}", kept.log().display()))
    };
    let mut log = File::open(kept.log()).map_err(failed)?;
    let mut piece = vec![0; 64 * 1024];
    loop {
        // Asked before the log is read, so that nothing comes after the last look.
        let running = arguments.follow && crate::output::is_taken(&kept.folder);
        loop {
            let length = log.read(&mut piece).map_err(failed)?;
            if length == 0 {
                break;
            }
            if !message::answer_bytes(&piece[..length]) {
                return Ok(Exit::Success);
            }
        }
        if !running {
            return Ok(Exit::Success);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn duration(kept: &Kept) -> String {
    kept.seconds()
        .map(|seconds| format!("{seconds:.1} s"))
        .unwrap_or_default()
}

fn pretty(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map_err(|error| Error::environment("the record can't be written").because(error))
}
