//! `CodeBuild`'s own lines (fidelity, section 1).

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::engine::event::Event;
use crate::engine::phase::PhaseType;

/// Writes what `CodeBuild` would print for an event, which for our own notes is nothing.
pub fn write(out: &mut impl Write, at: Timestamp, event: &Event<'_>) -> io::Result<()> {
    match event {
        Event::Message(text) => line(out, at, text),
        Event::PhaseEntered(phase) if phase.has_commands() => {
            line(out, at, &format!("Entering phase {phase}"))
        }
        Event::CommandStarted { text, .. } => line(out, at, &format!("Running command {text}")),
        Event::Output(bytes) => out.write_all(bytes),
        Event::CommandEnded { text, exit, .. } => {
            out.write_all(b"\n")?;
            if exit.success() {
                return Ok(());
            }
            line(
                out,
                at,
                &format!("Command did not exit successfully {text} {exit}"),
            )
        }
        Event::PhaseLeft {
            phase,
            status,
            context,
            ..
        } if is_logged(*phase) => {
            line(out, at, &format!("Phase complete: {phase} State: {status}"))?;
            line(
                out,
                at,
                &format!(
                    "Phase context status code: {} Message: {}",
                    context.code, context.message
                ),
            )
        }
        // What only this tool has to say.
        Event::BuildStarted { .. }
        | Event::PhaseEntered(_)
        | Event::PhaseLeft { .. }
        | Event::Note(_)
        | Event::Warning(_)
        | Event::Refused { .. }
        | Event::Finding { .. }
        | Event::Progress(_)
        | Event::ArtifactsCollected { .. }
        | Event::ReportMade(_)
        | Event::Exported(_)
        | Event::Hint { .. }
        | Event::Paused { .. }
        | Event::Resumed(_)
        | Event::BuildEnded { .. } => Ok(()),
    }
}

fn is_logged(phase: PhaseType) -> bool {
    phase.has_commands()
        || matches!(
            phase,
            PhaseType::DownloadSource | PhaseType::UploadArtifacts
        )
}

fn line(out: &mut impl Write, at: Timestamp, text: &str) -> io::Result<()> {
    writeln!(out, "[Container] {} {text}", stamp(at))
}

/// `YYYY/MM/DD HH:MM:SS.ffffff` in UTC.
fn stamp(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y/%m/%d %H:%M:%S.%6f")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::phase::{Context, Exit, Status};

    fn shown(event: &Event<'_>) -> String {
        let mut out = Vec::new();
        write(
            &mut out,
            Timestamp::from_microsecond(1_789_910_116_000_042).unwrap(),
            event,
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn prints_the_lines_of_a_success_and_a_failure() {
        let left = |status, context| Event::PhaseLeft {
            phase: PhaseType::Build,
            status,
            context,
            duration: std::time::Duration::ZERO,
        };
        assert_eq!(
            shown(&left(Status::Succeeded, Context::default())),
            "[Container] 2026/09/20 13:15:16.000042 Phase complete: BUILD State: SUCCEEDED\n\
             [Container] 2026/09/20 13:15:16.000042 Phase context status code:  Message: \n"
        );
        let ended = Event::CommandEnded {
            text: "docker build .".to_owned(),
            exit: Exit::Status(1),
            duration: std::time::Duration::ZERO,
        };
        assert_eq!(
            shown(&ended),
            "\n[Container] 2026/09/20 13:15:16.000042 Command did not exit successfully docker build . exit status 1\n"
        );
        assert_eq!(shown(&Event::PhaseEntered(PhaseType::UploadArtifacts)), "");
    }
}
