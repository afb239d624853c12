//! Names that CodeBuild keeps for itself.

use super::context::Context;
use super::{Group, Rule};
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "reserved-name",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "a variable whose name begins with `CODEBUILD_`",
    why: "Names that begin with `CODEBUILD_` are CodeBuild's own; its documentation says not to set them. What it does with such a variable \
          is not documented, and may change. Only `CODEBUILD_CONFIG_AUTO_DISCOVER` and `CODEBUILD_CONFIG_AUTO_DISCOVER_DIR` are meant \
          to be set.",
    before: "env:\n  variables:\n    CODEBUILD_STAGE: test",
    after: "env:\n  variables:\n    STAGE: test",
    check: Some(check),
};

const MEANT: &[&str] = &[
    "CODEBUILD_CONFIG_AUTO_DISCOVER",
    "CODEBUILD_CONFIG_AUTO_DISCOVER_DIR",
];

fn check(context: &Context<'_>) -> Vec<Finding> {
    let env = &context.buildspec.env;
    let references = env.parameter_store.iter().chain(&env.secrets_manager);
    context
        .plain_variables()
        .into_iter()
        .chain(references)
        .map(|variable| &variable.name)
        .filter(|name| {
            name.value.starts_with("CODEBUILD_") && !MEANT.contains(&name.value.as_str())
        })
        .map(|name| {
            Finding::warning(
                RULE.id,
                format!("`{}` is a name of CodeBuild's own", name.value),
                name.span,
            )
            .label("names with `CODEBUILD_` are reserved")
            .help("choose a name that does not begin with `CODEBUILD_`")
        })
        .collect()
}
