//! A program that the image lacks.

use super::{Failed, Rule, curated, is_name};
use crate::engine::phase::Exit;

pub(super) const RULE: Rule = Rule {
    name: "command-not-found",
    check,
};

fn check(failed: &Failed<'_>) -> Option<String> {
    if failed.exit != Exit::Status(127) {
        return None;
    }
    let name = failed.output.lines().rev().find_map(name)?;
    // Words of bash under another shell have a hint of their own.
    if [
        "[[", "source", "shopt", "pushd", "popd", "declare", "function",
    ]
    .contains(&name)
    {
        return None;
    }
    let curated = match curated::has(name) {
        Some(true) if failed.image.starts_with("aws/codebuild/") => "",
        Some(true) => " (CodeBuild's own images have it)",
        Some(false) => " (CodeBuild's own images lack it, too)",
        None => "",
    };
    Some(if failed.in_container() {
        format!(
            "the image {} has no `{name}`{curated}: install it in the install phase, or name an image that has it with --image",
            failed.image
        )
    } else {
        format!(
            "this host has no `{name}` on its PATH{curated}: install it, or run in a container: --runtime docker"
        )
    })
}

/// `sh: 4: terraform: not found`, `bash: line 4: terraform: command not found`.
pub(super) fn name(line: &str) -> Option<&str> {
    let line = line.trim_end();
    let before = line
        .strip_suffix(": command not found")
        .or_else(|| line.strip_suffix(": not found"))?;
    let name = before.rsplit(": ").next()?;
    is_name(name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{rules, said};
    use super::*;

    #[test]
    fn names_the_program_in_every_shells_words() {
        for output in [
            "/codebuild/output/tmp/script.sh: line 4: terraform: command not found\n",
            "sh: terraform: not found\n",
        ] {
            let said = said("terraform plan", Exit::Status(127), output);
            assert!(said[0].1.contains("has no `terraform`"), "{said:?}");
        }
        assert_eq!(rules("x", 1, "sh: x: not found\n"), [""; 0]);
        assert_eq!(rules("x", 127, "404: page not found: not found\n"), [""; 0]);
    }
}
