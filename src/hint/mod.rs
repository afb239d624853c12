//! What a person could try after a failure: one rule, one file, one line in the registry.
//!
//! A rule sees what the failed command was and what it printed last, and is a pure function. It speaks only when it
//! is sure of the cause: a wrong hint costs more time than none.

mod architecture;
mod bash_syntax;
mod command_not_found;
mod credentials;
mod curated;
mod docker_daemon;
mod ignored_file;
mod not_executable;
mod out_of_memory;
mod unset_variable;

use crate::engine::phase::Exit;

/// A command that failed.
#[derive(Clone, Copy)]
pub struct Failed<'a> {
    /// Its text; empty where nobody knows which one it was.
    pub command: &'a str,
    pub exit: Exit,
    /// The end of what it printed.
    pub output: &'a str,
    /// As the user named it.
    pub image: &'a str,
    /// `docker` or `host`.
    pub runtime: &'a str,
    /// Whether a path, as seen from the source's folder, names a file that is there on this host and that Git ignores.
    pub is_ignored: &'a dyn Fn(&str) -> bool,
}

impl std::fmt::Debug for Failed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failed")
            .field("command", &self.command)
            .field("exit", &self.exit)
            .finish_non_exhaustive()
    }
}

impl Failed<'_> {
    fn in_container(&self) -> bool {
        self.runtime == "docker"
    }
}

/// A rule knows its name and when to speak.
struct Rule {
    name: &'static str,
    check: fn(&Failed<'_>) -> Option<String>,
}

const RULES: [Rule; 9] = [
    bash_syntax::RULE,
    command_not_found::RULE,
    docker_daemon::RULE,
    credentials::RULE,
    architecture::RULE,
    out_of_memory::RULE,
    not_executable::RULE,
    ignored_file::RULE,
    unset_variable::RULE,
];

/// The names of the rules that have something to say, with their sentences; the most telling first.
pub fn after(failed: &Failed<'_>) -> Vec<(&'static str, String)> {
    let said = |rule: &Rule| (rule.check)(failed).map(|text| (rule.name, text));
    RULES.iter().filter_map(said).collect()
}

/// The program that a shell did not find, when a line of output says so.
pub fn missing_program(line: &str) -> Option<&str> {
    command_not_found::name(line)
}

/// The variable that was never set, when a line of output says so.
pub fn unset_variable(line: &str) -> Option<&str> {
    unset_variable::name(line)
}

/// The first line of an output that contains a text, without blanks around it.
fn line_with<'a>(output: &'a str, text: &str) -> Option<&'a str> {
    let mut lines = output.lines().rev();
    lines.find(|line| line.contains(text)).map(str::trim)
}

/// Whether a text is a name such as a command has.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "._+-[]".contains(letter))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// What all rules say about a command that ran in `debian:12`.
    pub(super) fn said(command: &str, exit: Exit, output: &str) -> Vec<(&'static str, String)> {
        after(&Failed {
            command,
            exit,
            output,
            image: "debian:12",
            runtime: "docker",
            is_ignored: &|path| path.starts_with("config/"),
        })
    }

    /// The names of the rules that speak.
    pub(super) fn rules(command: &str, status: u8, output: &str) -> Vec<&'static str> {
        let said = said(command, Exit::Status(status), output);
        said.into_iter().map(|(rule, _)| rule).collect()
    }

    #[test]
    fn an_ordinary_failure_gets_no_hint() {
        let output = "FAILED tests/test_app.py::test_home - assert 404 == 200\n";
        assert_eq!(rules("pytest", 1, output), [""; 0]);
        assert_eq!(rules("exit 127", 127, ""), [""; 0]);
    }

    #[test]
    fn names_differ() {
        let mut names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
    }

    /// `fixtures/hints/<rule>.txt`: command and exit, what was printed, and after `==>` what the rule says of it.
    #[test]
    fn each_rule_says_what_its_fixture_expects() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hints");
        for rule in RULES {
            let file = folder.join(rule.name).with_extension("txt");
            let text = fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let (head, rest) = text.split_once("\n\n").unwrap();
            let (output, expected) = rest.split_once("==>").unwrap();
            let (command, exit) = head.rsplit_once('\n').unwrap();
            let exit = match exit.split_once(' ').unwrap() {
                ("status", number) => Exit::Status(number.parse().unwrap()),
                ("signal", number) => Exit::Signal(number.parse().unwrap()),
                other => panic!("{other:?}"),
            };
            let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
            let expected = expected.replace("ARCH", std::env::consts::ARCH);
            assert_eq!(said(command, exit, output), [(rule.name, expected)]);
        }
    }
}
