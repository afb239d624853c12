//! Bash's own syntax in a shell that is none.

use super::{Failed, Rule, line_with};

pub(super) const RULE: Rule = Rule {
    name: "bash-syntax",
    check,
};

/// What dash and busybox say, and what it was.
const WORDS: [(&str, &str); 8] = [
    ("[[: not found", "`[[ ]]`"),
    ("source: not found", "`source`"),
    ("shopt: not found", "`shopt`"),
    ("pushd: not found", "`pushd`"),
    ("declare: not found", "`declare`"),
    (
        "Syntax error: \"(\" unexpected",
        "an array or a bash function",
    ),
    ("Syntax error: redirection unexpected", "`<<<` or `<( )`"),
    ("Illegal option -o pipefail", "`set -o pipefail`"),
];

fn check(failed: &Failed<'_>) -> Option<String> {
    let said = |(sentence, _): &&(&str, &str)| line_with(failed.output, sentence).is_some();
    let (_, what) = WORDS.iter().find(said)?;
    Some(format!(
        "{what} is bash, and commands run in sh: set `shell: bash` below `env:` in the buildspec"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{rules, said};
    use crate::engine::phase::Exit;

    #[test]
    fn names_what_only_bash_knows() {
        assert_eq!(
            said(
                "[[ -f x ]]",
                Exit::Status(127),
                "/codebuild/output/tmp/script.sh: 4: [[: not found\n"
            ),
            [(
                "bash-syntax",
                "`[[ ]]` is bash, and commands run in sh: set `shell: bash` below `env:` in the buildspec"
                    .to_owned()
            )]
        );
        for output in [
            "script.sh: 4: Syntax error: \"(\" unexpected\n",
            "script.sh: 4: source: not found\n",
            "script.sh: 4: set: Illegal option -o pipefail\n",
        ] {
            assert_eq!(rules("x", 2, output), ["bash-syntax"]);
        }
    }
}
