//! A plan, for people or for programs.

use std::fmt::Write as _;

use super::message::{answer, harmless};
use super::text::{BOLD, DIM, NAME, WARN, count, seconds, width};
use super::{LogFormat, Style};
use crate::env::Level;
use crate::plan::{Collected, Command, PhasePlan, Plan, Reference, Variable};

/// A column of names is no wider.
const WIDEST_NAME: usize = 36;

/// Prints a plan on standard output, as JSON where the log would be.
pub fn print(plan: &Plan, format: LogFormat, style: Style) {
    answer(&match format {
        LogFormat::Json => serde_json::to_string_pretty(plan).unwrap_or_default() + "\n",
        LogFormat::Pretty | LogFormat::CodeBuild => show(plan, &style),
    });
}

fn show(plan: &Plan, style: &Style) -> String {
    let file = &plan.buildspec;
    let mut text = format!(
        "{}  version {}, {}\n",
        style.paint(BOLD, &harmless(&file.name)),
        file.version,
        file.shell
    );
    for remark in &file.remarks {
        let word = style.paint(WARN, "warning");
        let _ = writeln!(text, "  {word}: {}", style.wrap(&harmless(remark), 11));
    }
    for (name, value) in facts(plan) {
        row(style, &mut text, name, &value);
    }
    for phase in &plan.phases {
        text.push_str(&show_phase(style, phase, &file.name));
    }
    let mut given: Vec<&Variable> = plan.variables.iter().collect();
    given.sort_by_key(|variable| std::cmp::Reverse(variable.level));
    let set_by_codebuild = given.split_off(given.partition_point(|one| one.level > Level::BuiltIn));
    if let Some(left_out) = &plan.left_out {
        let left_out = style.wrap(left_out, 10);
        let _ = writeln!(text, "\n{} {left_out}", style.paint(WARN, "left out:"));
    }
    for (title, variables) in [
        ("variables", given),
        ("variables of CodeBuild", set_by_codebuild),
    ] {
        section(
            style,
            &mut text,
            title,
            &variables,
            |variable| &variable.name,
            |variable, room| show_variable(style, variable, room),
        );
    }
    section(
        style,
        &mut text,
        "asked for",
        &plan.references,
        |reference| &reference.name,
        |reference, _| show_reference(style, reference),
    );
    for (title, all) in [("artifacts", &plan.artifacts), ("reports", &plan.reports)] {
        let rows: Vec<(String, String)> = all.iter().map(show_collected).collect();
        section(
            style,
            &mut text,
            title,
            &rows,
            |(name, _)| name,
            |(_, what), room| style.fit(&harmless(what), room),
        );
    }
    text
}

fn facts(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(image) = &plan.image {
        let mut text = image.name.clone();
        if image.reference != image.name {
            let _ = write!(text, ", which is {}", image.reference);
        }
        text.push_str(match image.pull {
            "always" => ", fetched anew",
            "never" => ", never fetched",
            _ => ", fetched when missing",
        });
        facts.push(("image", text));
    }
    let privileged = plan.image.as_ref().is_some_and(|image| image.privileged);
    let privileged = if privileged { ", privileged" } else { "" };
    facts.push(("runtime", format!("{}{privileged}", plan.runtime)));
    for source in &plan.sources {
        let id = source.identifier.as_ref();
        let id = id.map(|id| format!("{id}: ")).unwrap_or_default();
        facts.push((
            "source",
            format!(
                "{id}{} ({}), by {}",
                source.folder,
                source.which,
                source.rungs.join(", else ")
            ),
        ));
    }
    if let Some(timeout) = plan.timeout_in_seconds {
        let timeout = std::time::Duration::from_secs(timeout);
        facts.push(("timeout", seconds(timeout)));
    }
    if plan.aws_credentials {
        facts.push(("AWS", "the build gets this host's credentials".to_owned()));
    }
    facts.push(("output", plan.output.clone()));
    facts
}

fn row(style: &Style, text: &mut String, name: &str, value: &str) {
    let name = style.paint(DIM, &format!("{name:<8}"));
    let _ = writeln!(text, "  {name} {}", style.wrap(&harmless(value), 11));
}

fn show_phase(style: &Style, phase: &PhasePlan, file: &str) -> String {
    let mut about = Vec::new();
    if !phase.runs {
        about.push("left out".to_owned());
    }
    about.extend(phase.run_as.iter().map(|user| format!("run-as {user}")));
    about.extend(
        phase
            .on_failure
            .iter()
            .map(|rule| format!("on-failure {rule}")),
    );
    about.extend(
        phase
            .runtime_versions
            .iter()
            .map(|(name, version)| format!("{name} {version}")),
    );
    if phase.commands.is_empty() {
        about.push("no commands".to_owned());
    }
    let paint = if phase.runs { BOLD } else { DIM };
    let mut text = format!(
        "\n{}  {}",
        style.paint(paint, phase.phase),
        style.paint(DIM, &harmless(&about.join(", ")))
    );
    text.truncate(text.trim_end().len());
    text.push('\n');
    for command in &phase.commands {
        text.push_str(&show_command(style, command, file));
    }
    if !phase.finally.is_empty() {
        let _ = writeln!(text, "  {}", style.paint(DIM, "finally"));
    }
    for command in &phase.finally {
        text.push_str(&show_command(style, command, file));
    }
    text
}

fn show_command(style: &Style, command: &Command, file: &str) -> String {
    let mut lines = command.text.trim().lines();
    let mut first = harmless(lines.next().unwrap_or_default());
    let more = lines.count();
    if more > 0 {
        let _ = write!(
            first,
            " {} {}",
            style.ellipsis(),
            count(more as u64, "more line")
        );
    }
    let place = format!("{}:{}", harmless(file), command.line);
    let room = style.edge().saturating_sub(width(&place) + 9);
    let first = style.fit(&first, room);
    // Off a terminal there is no edge to put the place at.
    let gap = if style.edge() == usize::MAX {
        0
    } else {
        room - width(&first)
    };
    let painted = style.paint(if command.runs { NAME } else { DIM }, &first);
    let skipped = if command.runs {
        " "
    } else {
        style.symbol("\u{2212}", "-")
    };
    format!(
        "{skipped} {:>3}  {painted}{:gap$}  {}\n",
        command.number,
        "",
        style.paint(DIM, &place)
    )
}

/// A titled list whose second column begins at the same place in each line.
fn section<T>(
    style: &Style,
    text: &mut String,
    title: &str,
    rows: &[T],
    name: impl Fn(&T) -> &String,
    value: impl Fn(&T, usize) -> String,
) {
    if rows.is_empty() {
        return;
    }
    let names = rows.iter().map(|row| width(&harmless(name(row))));
    let column = names
        .max()
        .unwrap_or(0)
        .min(WIDEST_NAME)
        .min(style.edge() / 2);
    let room = style.edge().saturating_sub(column + 4);
    let _ = writeln!(text, "\n{}", style.paint(BOLD, title));
    for row in rows {
        let name = harmless(name(row));
        let gap = column.saturating_sub(width(&name));
        let line = format!("  {name}{:gap$}  {}", "", value(row, room));
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn show_variable(style: &Style, variable: &Variable, room: usize) -> String {
    let value = match &variable.value {
        Some(value) => harmless(value).replace('\n', "\\n"),
        None => "(new for each build)".to_owned(),
    };
    if variable.level == Level::BuiltIn {
        return style.fit(&value, room);
    }
    let kind = match variable.kind {
        "PARAMETER_STORE" => "parameter-store ",
        "SECRETS_MANAGER" => "secrets-manager ",
        _ => "",
    };
    let level = style.paint(DIM, &format!("{:<9}", variable.level.name()));
    let value = style.fit(&format!("{kind}{value}"), room.saturating_sub(11).max(8));
    format!("{level}  {value}")
}

fn show_reference(style: &Style, reference: &Reference) -> String {
    let kind = match reference.kind {
        "PARAMETER_STORE" => "parameter-store",
        _ => "secrets-manager",
    };
    let told = match reference.told_by {
        "nobody" => style.paint(WARN, "told by nobody (--offline)"),
        "AWS" => "told by AWS".to_owned(),
        _ => "told by the secrets file".to_owned(),
    };
    format!("{kind}, {told}")
}

fn show_collected(collected: &Collected) -> (String, String) {
    let base = collected.base_directory.as_ref();
    let base = base
        .map(|base| format!(" below {base}"))
        .unwrap_or_default();
    let name = collected
        .name
        .clone()
        .unwrap_or_else(|| "(primary)".to_owned());
    (name, format!("{}{base}", collected.files.join(", ")))
}
