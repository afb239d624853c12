//! A file that is in the work tree and not in the build's source, because Git ignores it.

use super::{Failed, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ignored-file",
    check,
};

/// So many of the last lines are looked at: each may ask Git.
const LINES: usize = 20;

fn check(failed: &Failed<'_>) -> Option<String> {
    let lines = failed.output.lines().rev().take(LINES);
    let path = lines
        .flat_map(paths)
        .find(|path| (failed.is_ignored)(path))?;
    Some(format!(
        "{path} is in your work tree, but Git ignores it, so that a build in the cloud does not have it either: \
         commit it with `git add -f {path}`, or let the build make it"
    ))
}

/// What a complaint of a missing file may name, seen from the source's folder: `cat: a/b: No such file or directory`,
/// `[Errno 2] No such file or directory: 'a/b'`, `ENOENT: no such file or directory, open 'a/b'`, `Can't open a/b`.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let lower = line.to_ascii_lowercase();
    let missing = [
        "no such file",
        "cannot find",
        "can't open",
        "does not exist",
        "not found",
    ];
    let speaks = missing.iter().any(|words| lower.contains(words));
    let words = line.split(|letter: char| letter.is_whitespace() || "'\"`,".contains(letter));
    words
        .filter(move |_| speaks)
        .map(|word| word.trim_matches(':').trim_end_matches('.'))
        .map(|word| inside(word).unwrap_or(word))
        .map(|word| word.strip_prefix("./").unwrap_or(word))
        .filter(|word| is_path(word))
}

/// A path below the source's folder in the build.
fn inside(word: &str) -> Option<&str> {
    let rest = word.strip_prefix("/codebuild/output/src")?;
    Some(rest.split_once("/src/")?.1)
}

fn is_path(word: &str) -> bool {
    let plain = |letter: char| letter.is_alphanumeric() || "._-+@/".contains(letter);
    word.len() <= 256
        && word.contains(['.', '/'])
        && !word.starts_with(['/', '-'])
        && word.chars().all(plain)
        && !word.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::super::tests::rules;

    #[test]
    fn finds_the_path_in_the_words_of_several_programs() {
        for line in [
            "cp: cannot stat './config/local.json': No such file or directory",
            "FileNotFoundError: [Errno 2] No such file or directory: 'config/local.json'",
            "Error: ENOENT: no such file or directory, open '/codebuild/output/src012345678/src/config/local.json'",
            "script.sh: 4: .: Can't open config/local.env",
        ] {
            assert_eq!(rules("make", 1, line), ["ignored-file"], "{line}");
        }
        for line in [
            "cat: src/main.c: No such file or directory",
            "reading config/local.json",
            "cat: ../config/local.json: No such file or directory",
        ] {
            assert_eq!(rules("make", 1, line), [""; 0], "{line}");
        }
    }
}
