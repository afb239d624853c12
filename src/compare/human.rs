//! A comparison for people.

use super::{CommandComparison, Comparison, LineDifference, PhaseComparison, PhaseFacts};

/// Of each command, and of each phase's own lines, so many are shown.
const MOST_LINES: usize = 20;

/// The comparison as lines of text; phases and commands that are alike take little room or none.
pub fn render(comparison: &Comparison) -> String {
    let mut text = String::new();
    for phase in &comparison.phases {
        text.push_str(&format!("{:<17} {}\n", phase.phase, verdict(phase)));
        if phase.recorded.is_none() || phase.here.is_none() {
            continue;
        }
        show_lines(&mut text, "  ", &phase.lines);
        for command in phase.commands.iter().filter(|command| !command.same) {
            show_command(&mut text, command);
        }
        if let (Some(recorded), Some(here)) = (&phase.recorded, &phase.here)
            && (recorded.state == here.state && recorded.context != here.context)
        {
            text.push_str(&format!("  - {}\n", recorded.context.trim()));
            text.push_str(&format!("  + {}\n", here.context.trim()));
        }
    }
    text.push_str(if comparison.same {
        "The logs are alike but for times, ids and paths.\n"
    } else {
        "- is in the recorded log, + in the one from here.\n"
    });
    text
}

fn verdict(phase: &PhaseComparison) -> String {
    let took = |facts: &PhaseFacts| facts.seconds.map(seconds).unwrap_or_default();
    match (&phase.recorded, &phase.here) {
        (Some(_), None) => "did not begin here".to_owned(),
        (None, Some(_)) => "did not begin in the recorded build".to_owned(),
        (Some(a), Some(b)) if a.state != b.state => {
            format!(
                "{} recorded, {} here",
                or_cut_off(&a.state),
                or_cut_off(&b.state)
            )
        }
        (Some(a), Some(b)) => {
            let alike = if phase.same { "alike" } else { "differs" };
            let times = match (took(a), took(b)) {
                (a, b) if a.is_empty() || b.is_empty() => String::new(),
                (a, b) => format!(" ({a} recorded, {b} here)"),
            };
            format!("{}, {alike}{times}", or_cut_off(&a.state))
        }
        (None, None) => String::new(),
    }
}

fn or_cut_off(state: &str) -> &str {
    if state.is_empty() { "cut off" } else { state }
}

fn show_command(text: &mut String, command: &CommandComparison) {
    match (&command.recorded, &command.here) {
        (Some(only), None) => {
            text.push_str(&format!(
                "  command {} did not run here: {}\n",
                only.number, only.text
            ));
        }
        (None, Some(only)) => text.push_str(&format!(
            "  command {} ran only here: {}\n",
            only.number, only.text
        )),
        (Some(a), Some(b)) => {
            text.push_str(&format!("  command {}: {}\n", a.number, a.text));
            if a.text != b.text {
                text.push_str(&format!("    here it is {}: {}\n", b.number, b.text));
            }
            let how = |exit: &str| {
                if exit.is_empty() {
                    "succeeded".to_owned()
                } else {
                    exit.to_owned()
                }
            };
            if a.exit != b.exit {
                text.push_str(&format!(
                    "    {} recorded, {} here\n",
                    how(&a.exit),
                    how(&b.exit)
                ));
            }
            show_lines(text, "    ", &command.output);
        }
        (None, None) => {}
    }
}

fn show_lines(text: &mut String, indent: &str, lines: &[LineDifference]) {
    for line in lines.iter().take(MOST_LINES) {
        let why = line
            .reason
            .map(|why| format!("   ({why})"))
            .unwrap_or_default();
        if let Some(recorded) = &line.recorded {
            text.push_str(&format!("{indent}- {}{why}\n", visible(recorded)));
        }
        if let Some(here) = &line.here {
            text.push_str(&format!("{indent}+ {}{why}\n", visible(here)));
        }
    }
    if let Some(more @ 1..) = lines.len().checked_sub(MOST_LINES) {
        text.push_str(&format!("{indent}and {more} more\n"));
    }
}

/// A line in which blanks at the end can be seen, and that does nothing to a terminal.
fn visible(line: &str) -> String {
    let bare = line.trim_end_matches(' ');
    let harmless: String = bare
        .chars()
        .flat_map(|letter| -> Vec<char> {
            if letter.is_control() && letter != '\t' {
                letter.escape_default().collect()
            } else {
                vec![letter]
            }
        })
        .collect();
    harmless + &"␠".repeat(line.len() - bare.len())
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}
