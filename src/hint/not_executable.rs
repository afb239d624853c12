//! A script without the mode bit.

use super::{Failed, Rule, line_with};
use crate::engine::phase::Exit;

pub(super) const RULE: Rule = Rule {
    name: "not-executable",
    check,
};

fn check(failed: &Failed<'_>) -> Option<String> {
    if failed.exit != Exit::Status(126) {
        return None;
    }
    let line = line_with(failed.output, "ermission denied")?;
    let before = line
        .strip_suffix(": Permission denied")
        .or_else(|| line.strip_suffix(": permission denied"))?;
    let script = before.rsplit(": ").next()?;
    let speakable = !script.is_empty() && !script.contains(char::is_control);
    speakable.then(|| {
        format!(
            "{script} is not executable: `git update-index --chmod=+x {script}` mends it for the cloud too, \
             or run it with its interpreter, as in `sh {script}`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{rules, said};
    use super::*;

    #[test]
    fn names_the_script() {
        let output = "/codebuild/output/tmp/script.sh: 4: ./deploy.sh: Permission denied\n";
        assert_eq!(
            said("./deploy.sh", Exit::Status(126), output),
            [(
                "not-executable",
                "./deploy.sh is not executable: `git update-index --chmod=+x ./deploy.sh` mends it for the \
                 cloud too, or run it with its interpreter, as in `sh ./deploy.sh`"
                    .to_owned()
            )]
        );
        assert_eq!(rules("cat /x", 1, "cat: /x: Permission denied\n"), [""; 0]);
    }
}
