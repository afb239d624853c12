//! A variable that was never set, under `set -u`.

use super::{Failed, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unset-variable",
    check,
};

fn check(failed: &Failed<'_>) -> Option<String> {
    let name = failed.output.lines().rev().find_map(name)?;
    let set = format!("set it with -e {name}=VALUE, or below `env: variables:` in the buildspec");
    Some(if name.starts_with("CODEBUILD_") {
        format!("{name} exists only in some builds; {set}")
    } else {
        format!("{name} was never set; {set}")
    })
}

/// `sh: 4: STAGE: parameter not set`, `bash: line 4: STAGE: unbound variable`.
pub(super) fn name(line: &str) -> Option<&str> {
    let line = line.trim_end();
    let before = line
        .strip_suffix(": parameter not set")
        .or_else(|| line.strip_suffix(": unbound variable"))?;
    let name = before.rsplit(": ").next()?;
    let speakable = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let digit = name.starts_with(|first: char| first.is_ascii_digit());
    (speakable && !digit && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{rules, said};
    use crate::engine::phase::Exit;

    #[test]
    fn names_the_variable() {
        let output = "/codebuild/output/tmp/script.sh: 4: STAGE: parameter not set\n";
        assert_eq!(
            said("set -u; echo $STAGE", Exit::Status(2), output),
            [(
                "unset-variable",
                "STAGE was never set; set it with -e STAGE=VALUE, or below `env: variables:` in the buildspec"
                    .to_owned()
            )]
        );
        let bash = "script.sh: line 4: STAGE: unbound variable\n";
        assert_eq!(rules("x", 1, bash), ["unset-variable"]);
        assert_eq!(
            rules("x", 1, "script.sh: line 4: 1: unbound variable\n"),
            [""; 0]
        );
    }
}
