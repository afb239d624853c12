//! `base-directory` that can't be what is meant.

use super::context::Context;
use super::{Group, Rule};
use crate::buildspec::model::Text;
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "base-directory",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "a `base-directory` in which the files can't be, or that nothing makes",
    why: "`files` are looked for below `base-directory`, so a folder that stands in both is looked for twice: `dist/dist`. `~` is not \
          expanded. One that no command names, while one with nearly the same name is made, is misspelt. When nothing is found, the build fails with `no matching base directory path found` or `no matching artifact \
          paths found`.",
    before: "artifacts:\n  base-directory: dist\n  files:\n    - dist/**/*",
    after: "artifacts:\n  base-directory: dist\n  files:\n    - '**/*'",
    check: Some(check),
};

/// Short names are near to anything.
/// Each is looked for in all commands; a project has 13 artifacts at most, and as many report groups as it likes.
const MOST_FOLDERS: usize = 60;
const SHORTEST: usize = 4;
/// Names of this length may differ by two letters.
const LONG: usize = 8;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let buildspec = context.buildspec;
    let artifacts = buildspec.artifacts.iter();
    let secondary = buildspec
        .artifacts
        .iter()
        .flat_map(|artifacts| artifacts.secondary.iter().map(|(_, it)| it));
    let artifacts = artifacts
        .chain(secondary)
        .map(|it| (it.base_directory.as_ref(), &it.files));
    let reports = buildspec
        .reports
        .iter()
        .map(|it| (it.base_directory.as_ref(), &it.files));
    artifacts
        .chain(reports)
        .take(MOST_FOLDERS)
        .filter_map(|(base, files)| look(base?, files).or_else(|| never_made(context, base?)))
        .collect()
}

/// Nothing in the commands is called like the folder, but something is nearly.
fn never_made(context: &Context<'_>, base: &Text) -> Option<Finding> {
    let name = base.value.trim_start_matches("./").split('/').next()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.len() < SHORTEST || !name.bytes().all(plain) || !context.is_unix() {
        return None;
    }
    if context.items.iter().any(|item| item.text.contains(name)) {
        return None;
    }
    let most = if name.len() < LONG { 1 } else { 2 };
    let is_near = |part: &str| {
        part.len() >= SHORTEST
            && (part.eq_ignore_ascii_case(name) || strsim::osa_distance(part, name) <= most)
    };
    let mut near = None;
    context.each_simple(|item, step| {
        let makes = step.simple.name() == Some("mkdir");
        for word in step.simple.arguments() {
            let text = word.literal().unwrap_or_default();
            let part = text.split('/').find(|part| is_near(part));
            if let Some(part) = part.filter(|_| near.is_none() && (makes || text.contains('/'))) {
                near = Some((part.to_owned(), context.place(item, word.range.clone())));
            }
        }
    });
    let (near, place) = near?;
    Some(
        Finding::warning(RULE.id, format!("no command makes `{name}`"), base.span)
            .related(place, "nearly the same name")
            .help(format!("did you mean `{near}`?")),
    )
}

fn look(base: &Text, files: &[Text]) -> Option<Finding> {
    if base.value.starts_with('~') {
        return Some(
            Finding::warning(
                RULE.id,
                "`~` is not expanded in `base-directory`",
                base.span,
            )
            .label("taken as a folder of that name")
            .help("write `/root` for the home folder"),
        );
    }
    let plain = base.value.trim_start_matches("./").trim_end_matches('/');
    if plain.is_empty() || plain == "." || plain.contains(['*', '$']) {
        return None;
    }
    let twice = |file: &&Text| {
        let file = file.value.trim_start_matches("./");
        file.strip_prefix(plain)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    // One that fits may be the one that is meant.
    if files.is_empty() || !files.iter().all(|file| twice(&file)) {
        return None;
    }
    let first = files.first()?;
    Some(
        Finding::warning(
            RULE.id,
            format!("`{}` is looked for in `{plain}/{plain}`", first.value),
            first.span,
        )
        .label("starts from `base-directory`")
        .related(base.span, "the folder that `files` start from")
        .help(format!(
            "remove `{plain}/` from `files`, or remove `base-directory`"
        )),
    )
}
