//! Section `phases`.

use super::root::near;
use super::value::found;
use super::{Decoder, list};
use crate::buildspec::model::{Command, OnFailure, Phase, Phases, Variable};
use crate::buildspec::{assumed, keys};
use crate::diagnostic::{Finding, Severity, edit};
use crate::source::{Span, Spanned};
use crate::yaml::{Entry, Kind, Node};

/// How often `RETRY` repeats when it does not say.
const RETRIES: u32 = 3;
const MOST_RETRIES: u32 = 100;
/// Of a file without indentation so many lines are shown; four phases have no more of their own.
const MOST_STRAYS: usize = 24;
/// CodeBuild's name for the list of commands in its sentence about them.
const COMMANDS: &str = "Commands";
const ON_FAILURE: &str = "`ABORT`, `CONTINUE`, `RETRY`, `RETRY-<count>`, `RETRY-<regex>` and `RETRY-<count>-<regex>`, with a count from 0 to 100";

/// These keys as they should stand.
fn sketch(strays: &[(String, Span)]) -> String {
    let keys: Vec<&str> = strays.iter().map(|(key, _)| key.as_str()).collect();
    let keys = match keys.iter().position(|key| keys::PHASES.contains(key)) {
        Some(first) => &keys[first..],
        None => &["build"],
    };
    let mut sketch = String::from("phases:");
    for (index, key) in keys.iter().enumerate() {
        let next = keys.get(index + 1);
        sketch += &match *key {
            "commands" | "finally" => format!("\n    {key}:\n      - ..."),
            "runtime-versions" => format!("\n    {key}:\n      ..."),
            "on-failure" => format!("\n    {key}: ..."),
            phase if next.is_none_or(|next| keys::PHASES.contains(next)) => {
                format!("\n  {phase}:\n    commands:\n      - ...")
            }
            phase => format!("\n  {phase}:"),
        };
    }
    sketch
}

impl Decoder<'_> {
    /// The phases of a file with these sections.
    pub(super) fn phases(&mut self, sections: &[Entry]) -> Phases {
        let mut phases = Phases::default();
        let section = sections
            .iter()
            .find(|entry| entry.key.text() == Some("phases"));
        let empty = |entry: &Entry| {
            entry.value.is_null() || entry.value.entries().is_some_and(<[Entry]>::is_empty)
        };
        let Some(section) = section.filter(|section| !empty(section)) else {
            self.no_phases(section, sections);
            return phases;
        };
        let entries = self.entries(&section.value, "phases");
        let of_phase = |entry: &Entry| {
            entry
                .key
                .text()
                .is_some_and(|key| keys::INSTALL.contains(&key))
        };
        let beside = entries.iter().any(of_phase);
        for (index, entry) in entries.iter().enumerate() {
            let slot = match entry.key.text().unwrap_or_default() {
                "install" => &mut phases.install,
                "pre_build" => &mut phases.pre_build,
                "build" => &mut phases.build,
                "post_build" => &mut phases.post_build,
                _ => {
                    let above = index.checked_sub(1).and_then(|index| entries.get(index));
                    self.unknown_phase(entry, above);
                    continue;
                }
            };
            *slot = Some(self.phase(entry, beside));
        }
        phases
    }

    fn no_phases(&mut self, section: Option<&Entry>, sections: &[Entry]) {
        let misspelt = near(sections, "phases");
        let strays = self.strays(sections);
        let batch = sections
            .iter()
            .find(|entry| entry.key.text() == Some("batch"));
        let (message, label) = match (section, strays.is_empty()) {
            (Some(_), false) => (
                "nothing is indented below `phases`",
                "empty, because what follows starts in the first column",
            ),
            (Some(_), true) => ("`phases` is empty", "no phase stands below it"),
            (None, false) => (
                "the buildspec has no `phases`, but phases outside of it",
                "belongs below `phases`",
            ),
            (None, true) => ("the buildspec has no `phases`", ""),
        };
        let span = match (section, strays.first()) {
            (Some(section), _) => section.key.span,
            (None, Some((_, stray))) => *stray,
            (None, None) => Span::default(),
        };
        let mut finding = Finding::error("phases", assumed::PHASES_MISSING, message, span)
            .label(label)
            .assumed();
        if let (true, None, Some(batch)) = (strays.is_empty(), misspelt, batch) {
            finding.severity = Severity::Warning;
            finding.message = String::from("without `phases` this is for batch builds only");
            finding.primary.span = batch.key.span;
            self.report(
                finding
                    .help("start it as a batch build, or build the buildspec of one of its tasks"),
            );
            return;
        }
        if let Some(misspelt) = misspelt.filter(|_| section.is_none()) {
            finding.primary.span = misspelt.key.span;
            self.explained
                .extend(misspelt.key.text().map(str::to_owned));
            self.report(
                finding
                    .label("did you mean `phases`?")
                    .help("write `phases:`")
                    .rename(self.source, "phases"),
            );
            return;
        }
        for (key, stray) in &strays {
            self.explained.push(key.clone());
            let is_phase = keys::PHASES.contains(&key.as_str());
            if *stray != span {
                let below = if is_phase { "`phases`" } else { "its phase" };
                finding = finding.related(*stray, format!("belongs below {below}"));
            }
        }
        self.report(finding.help(format!(
            "indent by two spaces for each level, four for `commands`:\n{}",
            sketch(&strays)
        )));
    }

    /// Phases and their keys that stand beside the sections, in the order of the file.
    fn strays(&self, sections: &[Entry]) -> Vec<(String, Span)> {
        let is_stray = |key: &str| {
            keys::PHASES.contains(&key) || keys::INSTALL.contains(&key) && key != "run-as"
        };
        let sections = sections
            .iter()
            .filter_map(|entry| Some((entry.key.text()?.to_owned(), entry.key.span)));
        // The tree has of each key the last one only.
        let others = self
            .twice
            .iter()
            .filter(|(_, span)| self.source.position(span.start).1 == 1)
            .cloned();
        let mut strays: Vec<(String, Span)> = sections
            .chain(others)
            .filter(|(key, _)| is_stray(key))
            .collect();
        strays.sort_by_key(|(_, span)| span.start);
        strays.dedup();
        strays.truncate(MOST_STRAYS);
        strays
    }

    fn unknown_phase(&mut self, entry: &Entry, above: Option<&Entry>) {
        let name = entry.key.text().unwrap_or_default();
        let mut finding = Finding::error(
            "phase-name",
            format!(
                "Invalid buildspec phase name: {name}. Expecting: build,install,post_build,pre_build"
            ),
            format!("`{name}` is not a phase"),
            entry.key.span,
        );
        let above = above.filter(|above| above.value.is_null());
        let above = above.and_then(|above| above.key.text());
        finding = if let Some(guess) = keys::did_you_mean(name, keys::PHASES) {
            finding
                .help(format!("did you mean `{guess}`?"))
                .rename(self.source, guess)
        } else if let (Some(above), true) = (above, keys::INSTALL.contains(&name)) {
            self.explained.push(name.to_owned());
            finding
                .label(format!(
                    "in the same column as `{above}`, so it is not part of it"
                ))
                .help(format!(
                    "indent `{name}` and what follows below `{above}` by two more spaces"
                ))
        } else if let Some(place) = keys::belongs(name) {
            finding.help(place)
        } else {
            finding.help(format!(
                "a buildspec has the phases {} and no others: put these commands into one of them",
                list(keys::PHASES)
            ))
        };
        self.report(finding);
    }

    /// `beside`: keys of a phase stand in the phases' column.
    fn phase(&mut self, entry: &Entry, beside: bool) -> Phase {
        let name = entry.key.text().unwrap_or_default();
        let path = format!("phases.{name}");
        let mut phase = Phase {
            name_span: entry.key.span,
            ..Phase::default()
        };
        if !matches!(entry.value.kind, Kind::Mapping(_) | Kind::Null) {
            self.wrong_kind(
                &entry.value,
                &path,
                "map",
                &["put the commands below a key `commands:`, indented"],
            );
            return phase;
        }
        let allowed = if name == "install" {
            keys::INSTALL
        } else {
            keys::PHASE
        };
        let section = entry;
        let before = self.findings.len();
        for entry in entry.value.entries().unwrap_or_default() {
            let node = &entry.value;
            match entry.key.text().unwrap_or_default() {
                "run-as" => phase.run_as = self.text(node, &format!("{path}.run-as")),
                "on-failure" => phase.on_failure = self.on_failure(node, &path),
                "runtime-versions" if name == "install" => {
                    phase.runtime_versions = self.runtime_versions(entry);
                }
                "commands" => {
                    phase.commands = self.commands(node, &path, COMMANDS);
                    let empty = match &node.kind {
                        Kind::Sequence(nodes) => nodes.is_empty(),
                        kind => *kind == Kind::Null,
                    };
                    phase.empty_commands = empty.then_some(entry.key.span);
                }
                "finally" => phase.finally = self.commands(node, &path, assumed::FINALLY),
                "steps" => self.steps(entry),
                _ => self.unknown_key(
                    Some(&name.to_ascii_uppercase()),
                    &format!("phase `{name}`"),
                    entry,
                    allowed,
                ),
            }
        }
        let has = |key: &str| section.value.get(key).is_some();
        let runs = has("commands") || has("steps") || name == "install" && has("runtime-versions");
        // A key that is misspelt, or that stands beside the phase, has been spoken of.
        if !runs && !beside && self.findings.len() == before {
            self.no_commands(section, name);
        }
        phase
    }

    /// CodeBuild's log says `No commands found for phase name`, and the build goes on.
    fn no_commands(&mut self, entry: &Entry, name: &str) {
        self.report(
            Finding::warning(
                "empty-command",
                format!("phase `{name}` has no `commands`"),
                entry.key.span,
            )
            .label("CodeBuild runs nothing here")
            .help("add `commands:` with a list of commands below it, or remove the phase"),
        );
    }

    /// CodeBuild knows steps with GitHub Actions; this tool can't run them.
    fn steps(&mut self, entry: &Entry) {
        self.report(
            Finding::warning(
                "steps",
                "CodeBuild runs these GitHub Actions, but this tool can't",
                entry.key.span,
            )
            .label("left out of a local build")
            .help("write `commands` for what a local build needs"),
        );
    }

    fn runtime_versions(&mut self, entry: &Entry) -> Vec<Variable> {
        let key = "runtime-versions";
        if let Kind::Sequence(items) = &entry.value.kind {
            let written = items.iter().find_map(|item| {
                let entry = item.entries()?.first()?;
                Some(format!("{}: {}", entry.key.text()?, entry.value.text()?))
            });
            let written = written.as_deref().unwrap_or("python: 3.12");
            let help = format!("write `{written}` without the `- ` in front");
            self.wrong_kind(&entry.value, key, "map", &[&help]);
            return Vec::new();
        }
        let versions = self.variables(&entry.value, key);
        if versions.is_empty() {
            self.report(
                Finding::warning("runtime-versions", "`runtime-versions` names no runtime", entry.key.span)
                    .help("add a line such as `nodejs: 22` below it, or remove it to take the image's own versions"),
            );
        }
        versions
    }

    /// `commands` or `finally`; `field` is CodeBuild's name for it.
    fn commands(&mut self, node: &Node, path: &str, field: &str) -> Vec<Command> {
        match &node.kind {
            Kind::Null => Vec::new(),
            Kind::Scalar { text, .. } => vec![Spanned::new(text.clone(), node.span)],
            Kind::Sequence(nodes) => nodes
                .iter()
                .enumerate()
                .map(|(index, node)| self.command(index, node, field))
                .collect(),
            Kind::Mapping(entries) => {
                let key = format!("{path}.{}", field.to_ascii_lowercase());
                let phase = entries
                    .iter()
                    .filter_map(|entry| entry.key.text())
                    .find(|key| keys::PHASES.contains(key));
                let help = match phase {
                    Some(phase) => format!("`{phase}` is a phase: indent it like the other phases"),
                    None => "begin each command with `- `".to_owned(),
                };
                self.wrong_kind(node, &key, "list of strings", &[&help]);
                Vec::new()
            }
        }
    }

    fn command(&mut self, index: usize, node: &Node, field: &str) -> Command {
        let text = match &node.kind {
            Kind::Null => String::new(),
            Kind::Scalar { text, .. } => text.clone(),
            Kind::Sequence(_) | Kind::Mapping(_) => {
                self.no_command(index, node, field);
                String::new()
            }
        };
        Spanned::new(text, node.span)
    }

    fn no_command(&mut self, index: usize, node: &Node, field: &str) {
        let line = self.line(node.span);
        let sentence = format!(
            "Expected {field}[{index}] to be of string type: found subkeys instead at line {line}, \
             value of the key tag on line {} might be empty",
            line.saturating_sub(1)
        );
        let written = self.command_text(node);
        let (why, label) = match found(node) {
            "list" if written.starts_with('[') => (
                "YAML reads a command that begins with `[` as a list",
                "a list",
            ),
            "list" => (
                "a command must be a text, and this is a list",
                "a list in the list of commands",
            ),
            _ if written.starts_with('{') => (
                "YAML reads a command that begins with `{` as keys and values",
                "keys and values",
            ),
            _ => (
                "YAML reads this command as a key and its value, because of a `:` that is followed by a space or ends the line",
                "not a text",
            ),
        };
        let mut finding = Finding::error("command", sentence, why, node.span).label(label);
        finding.assumed = field != COMMANDS;
        if let Some(colon) = node.entries().and_then(<[Entry]>::first)
            && !written.starts_with('{')
        {
            let at = colon.key.span.end;
            finding.primary = crate::diagnostic::Label {
                span: Span::new(at, at + 1),
                message: "this `:`".to_owned(),
            };
        }
        finding.edits.extend(self.quote(node));
        let step = node.entries().and_then(<[Entry]>::first);
        let step = step.and_then(|entry| Some((entry.key.text()?, entry.value.text()?)));
        let finding = match step {
            Some((key @ ("run" | "script"), command)) if !command.contains('\n') => {
                finding.help(format!(
                    "`{key}:` is no key of CodeBuild's: write the command alone, `- {command}`"
                ))
            }
            _ => finding.help(quoted(written, found(node) == "list")),
        };
        self.report(finding);
    }

    /// Quotes around a command in one line that is meant as a text: its first word is no key.
    fn quote(&self, node: &Node) -> Option<(Span, String)> {
        let written = self.command_text(node);
        let first = node.entries().and_then(<[Entry]>::first);
        let key = first.and_then(|entry| entry.key.text()).unwrap_or_default();
        let is_text = written.starts_with(['{', '[']) || key.contains(' ');
        let (line, column) = self.source.position(node.span.start);
        let start = self.source.line_start(line);
        let lead = self.source.text().get(start..node.span.start)?;
        if !is_text || lead.trim() != "-" {
            return None;
        }
        let dash = column.saturating_sub(1 + lead.trim_start().len());
        let span = Span::new(node.span.start, node.span.start + written.len());
        let line_end = edit::line_end(self.source.text(), span.end);
        Some((span, edit::quoted_or_block(written, dash, line_end)?))
    }

    /// A command as it stands in the file: where a ` #` is within the shell's quotes, it is YAML's comment and the command's text.
    fn command_text(&self, node: &Node) -> &str {
        let written = self.written(node);
        if written.contains('\n') || !edit::ends_in_quotes(written) {
            return written;
        }
        let line = self.source.text().get(node.span.start..);
        let line = line.and_then(|rest| rest.lines().next());
        line.map_or(written, str::trim_end)
    }

    /// A node as it stands in the file, with the `:` of a key without a value.
    fn written(&self, node: &Node) -> &str {
        let text = self.source.text();
        let end = node.span.end;
        let colon = text.get(end..).is_some_and(|rest| rest.starts_with(':'));
        text.get(node.span.start..end + usize::from(colon))
            .unwrap_or_default()
    }

    fn on_failure(&mut self, node: &Node, path: &str) -> Option<Spanned<OnFailure>> {
        let key = format!("{path}.on-failure");
        let text = self.text(node, &key)?;
        let value = parse_on_failure(&text.value);
        if value.is_none() {
            self.wrong_value(&text, &key, ON_FAILURE);
            let meant = ["ABORT", "CONTINUE"];
            let meant = meant
                .into_iter()
                .find(|word| word.eq_ignore_ascii_case(&text.value));
            if let (Some(meant), Some(finding)) = (meant, self.findings.last_mut()) {
                finding.help.insert(0, format!("did you mean `{meant}`?"));
                finding
                    .edits
                    .push(edit::rename(self.source.text(), text.span, meant));
            }
        }
        value.map(|value| Spanned::new(value, text.span))
    }
}

/// How to write a command so that YAML takes it as a text.
fn quoted(command: &str, is_list: bool) -> String {
    let command = command.trim_end();
    if is_list && !command.starts_with('[') {
        "remove one `- `: all commands are items of one list".to_owned()
    } else if command.contains('\n') {
        "write each command in a line of its own that begins with `- `, in quotes if it contains `: `"
            .to_owned()
    } else {
        let written = edit::quoted_or_block(command, 0, "\n").unwrap_or_default();
        let how = if written.starts_with('|') {
            "write it as a block"
        } else {
            "put quotes around the whole command"
        };
        format!("{how}:\n- {written}")
    }
}

fn parse_on_failure(text: &str) -> Option<OnFailure> {
    match text {
        "ABORT" => return Some(OnFailure::Abort),
        "CONTINUE" => return Some(OnFailure::Continue),
        _ => {}
    }
    let (word, rest) = text.split_at_checked(5)?;
    if !word.eq_ignore_ascii_case("RETRY") {
        return None;
    }
    let retry = |count: &str, regex: &str| {
        let count = count.parse().ok().filter(|count| *count <= MOST_RETRIES)?;
        let regex = regex.to_owned();
        Some(OnFailure::Retry { count, regex })
    };
    if rest.is_empty() {
        return Some(OnFailure::Retry {
            count: RETRIES,
            regex: ".*".to_owned(),
        });
    }
    let rest = rest.strip_prefix('-').filter(|rest| !rest.is_empty())?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match rest.split_once('-') {
        _ if is_number(rest) => retry(rest, ".*"),
        Some((count, regex)) if is_number(count) && !regex.is_empty() => retry(count, regex),
        _ => retry("3", rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_on_failure() {
        let retry = |count, regex: &str| {
            Some(OnFailure::Retry {
                count,
                regex: regex.to_owned(),
            })
        };
        for (text, expected) in [
            ("ABORT", Some(OnFailure::Abort)),
            ("CONTINUE", Some(OnFailure::Continue)),
            ("RETRY", retry(3, ".*")),
            ("retry", retry(3, ".*")),
            ("RETRY-4", retry(4, ".*")),
            ("RETRY-0", retry(0, ".*")),
            ("RETRY-100", retry(100, ".*")),
            ("RETRY-101", None),
            ("RETRY-99999999999", None),
            ("RETRY-invalid+", retry(3, "invalid+")),
            ("RETRY-8-invalid+", retry(8, "invalid+")),
            (
                "Retry-3-.*connection timed out.*",
                retry(3, ".*connection timed out.*"),
            ),
            (
                "Retry-.*Error: Unable to connect to database.*",
                retry(3, ".*Error: Unable to connect to database.*"),
            ),
            ("RETRY-3-", retry(3, "3-")),
            ("RETRY-", None),
            ("RETRY4", None),
            ("IGNORE", None),
            ("", None),
        ] {
            assert_eq!(parse_on_failure(text), expected, "{text}");
        }
    }
}
