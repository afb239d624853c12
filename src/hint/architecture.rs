//! A program for another processor.

use super::{Failed, Rule, line_with};

pub(super) const RULE: Rule = Rule {
    name: "architecture",
    check,
};

fn check(failed: &Failed<'_>) -> Option<String> {
    let lower = failed.output.to_ascii_lowercase();
    line_with(&lower, "exec format error")?;
    let here = std::env::consts::ARCH;
    Some(format!(
        "the program is built for another processor than this {here} one, or is a script without `#!`: \
         fetch it for {here}"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::tests::rules;

    #[test]
    fn knows_the_kernels_sentence() {
        for output in [
            "script.sh: 4: ./tool: Exec format error\n",
            "bash: line 4: ./tool: cannot execute binary file: Exec format error\n",
        ] {
            assert_eq!(rules("./tool", 126, output), ["architecture"]);
        }
    }
}
