//! A command that was killed.

use super::{Failed, Rule};
use crate::engine::phase::Exit;

pub(super) const RULE: Rule = Rule {
    name: "out-of-memory",
    check,
};

fn check(failed: &Failed<'_>) -> Option<String> {
    let killed = matches!(failed.exit, Exit::Status(137) | Exit::Signal(9));
    // A command that says so itself was not killed.
    if !killed || failed.command.contains("137") || failed.command.contains("kill") {
        return None;
    }
    Some(
        "killed, most likely for want of memory: see `dmesg | grep -i oom`, give the engine or `--compute-type` more memory, \
         or let the command use less (fewer jobs, a smaller heap)"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{rules, said};
    use crate::engine::phase::Exit;

    #[test]
    fn a_kill_that_nobody_asked_for() {
        assert_eq!(rules("npm run build", 137, "Killed\n"), ["out-of-memory"]);
        assert_eq!(said("", Exit::Signal(9), "").len(), 1);
        assert_eq!(rules("exit 137", 137, ""), [""; 0]);
        assert_eq!(rules("kill -9 $$", 137, ""), [""; 0]);
    }
}
