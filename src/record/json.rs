//! Events as JSON, one object a line. The form is documented in `docs/events.md`; `v` is its version.

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::engine::event::Event;
use crate::engine::phase::Exit;

/// The version of the form.
pub const VERSION: u32 = 1;

/// Writes one event, but no progress; output as text, with U+FFFD for what is not UTF-8.
pub fn write(out: &mut impl Write, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
    let (name, members) = match event {
        Event::Message(text) => ("message", json!({ "text": text })),
        Event::Note(text) => ("note", json!({ "text": text })),
        Event::Warning(text) => ("warning", json!({ "text": text })),
        Event::ReportMade(document) => ("report_made", json!({ "report": document.report })),
        Event::PhaseEntered(phase) => ("phase_entered", json!({ "phase": phase })),
        Event::CommandStarted {
            phase,
            finally,
            number,
            text,
            place,
        } => (
            "command_started",
            json!({
                "phase": phase,
                "section": if *finally { "finally" } else { "commands" },
                "number": number,
                "command": text,
                "file": place.as_ref().map(|place| &place.file),
                "line": place.as_ref().map(|place| place.line),
                "column": place.as_ref().map(|place| place.column),
            }),
        ),
        Event::Output(bytes) => ("output", json!({ "text": String::from_utf8_lossy(bytes) })),
        Event::CommandEnded {
            text,
            exit,
            duration,
        } => {
            let (status, signal) = halves(*exit);
            let members = json!({ "command": text, "exit_status": status, "signal": signal, "seconds": duration.as_secs_f64() });
            ("command_ended", members)
        }
        Event::PhaseLeft {
            phase,
            status,
            context,
            duration,
        } => (
            "phase_left",
            json!({ "phase": phase, "status": status, "context": context, "seconds": duration.as_secs_f64() }),
        ),
        Event::Progress(_) => return Ok(()),
        Event::BuildStarted {
            number,
            runtime,
            image,
            source,
            folder,
            ..
        } => (
            "build_started",
            json!({ "number": number, "runtime": runtime, "image": image, "source": source, "folder": folder }),
        ),
        Event::Refused {
            place,
            message,
            help,
        } => (
            "buildspec_refused",
            json!({ "message": message, "help": help, "file": place.file, "line": place.line, "column": place.column }),
        ),
        Event::Finding {
            rule,
            severity,
            place,
            message,
            help,
        } => (
            "finding",
            json!({ "rule": rule, "severity": severity.name(), "message": message, "help": help, "file": place.file, "line": place.line, "column": place.column }),
        ),
        Event::ArtifactsCollected {
            identifier,
            location,
            files,
            bytes,
        } => (
            "artifacts_collected",
            json!({ "identifier": identifier, "location": location, "files": files, "bytes": bytes }),
        ),
        Event::Exported(variables) => {
            let variables = variables.iter();
            let variables: Vec<_> = variables
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect();
            ("variables_exported", json!({ "variables": variables }))
        }
        Event::Paused { .. } => ("paused", paused(event)),
        Event::Resumed(how) => ("resumed", json!({ "how": how })),
        Event::Hint { rule, text } => ("hint", json!({ "rule": rule, "text": text })),
        Event::BuildEnded { status, duration } => (
            "build_ended",
            json!({ "status": status, "seconds": duration.as_secs_f64() }),
        ),
    };
    write_members(out, at, name, members)
}

/// How it ended, as status or as signal.
fn halves(exit: Exit) -> (Option<u8>, Option<u8>) {
    match exit {
        Exit::Status(status) => (Some(status), None),
        Exit::Signal(signal) => (None, Some(signal)),
    }
}

fn paused(event: &Event<'_>) -> Value {
    let Event::Paused {
        phase,
        finally,
        number,
        why,
        waits,
    } = event
    else {
        return Value::Null;
    };
    json!({
        "phase": phase,
        "section": if *finally { "finally" } else { "commands" },
        "number": number,
        "why": why,
        "attach": waits,
    })
}

/// Writes where in `build.log` a stretch of output stands.
pub(super) fn write_output_place(
    out: &mut impl Write,
    at: Timestamp,
    offset: u64,
    length: u64,
) -> io::Result<()> {
    write_members(
        out,
        at,
        "output",
        json!({ "offset": offset, "length": length }),
    )
}

fn write_members(
    out: &mut impl Write,
    at: Timestamp,
    name: &str,
    members: Value,
) -> io::Result<()> {
    let mut object = json!({ "v": VERSION, "time": at.to_string(), "event": name });
    if let (Value::Object(object), Value::Object(members)) = (&mut object, members) {
        object.extend(members.into_iter().filter(|(_, value)| !value.is_null()));
    }
    serde_json::to_writer(&mut *out, &object)?;
    out.write_all(b"\n")
}
