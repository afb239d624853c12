//! References to secrets and parameters that lead nowhere.

use super::context::Context;
use super::{Group, Rule};
use crate::buildspec::model::Variable;
use crate::buildspec::secret::SecretReference;
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "reference",
    severity: Severity::Error,
    group: Group::Error,
    summary: "a reference to a secret or a parameter that can't be right",
    why: "A secret is `name:json-key:version-stage:version-id`, or an ARN of seven parts with the same behind it; of the last two, one can be \
          given. A wrong reference fails the build in DOWNLOAD_SOURCE, before its first command.",
    before: "env:\n  secrets-manager:\n    KEY: arn:aws:secretsmanager:eu-west-1:secret:db:key",
    after: "env:\n  secrets-manager:\n    KEY: arn:aws:secretsmanager:eu-west-1:123456789012:secret:db:key",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let env = &context.buildspec.env;
    let parameters = env.parameter_store.iter().filter_map(nothing);
    let secrets = env
        .secrets_manager
        .iter()
        .filter_map(|variable| nothing(variable).or_else(|| secret(variable)));
    parameters.chain(secrets).collect()
}

fn nothing(variable: &Variable) -> Option<Finding> {
    let Variable { name, value } = variable;
    value.value.trim().is_empty().then(|| {
        error(
            format!("`{}` refers to nothing: the build will fail", name.value),
            variable,
        )
        .help("write the name of what holds the value behind the `:`")
    })
}

fn secret(variable: &Variable) -> Option<Finding> {
    let Variable { name, value } = variable;
    // What a template fills in later may hold any number of colons.
    if value.value.contains(['$', '{']) {
        return None;
    }
    let (problem, severity) = match SecretReference::parse(&value.value) {
        Ok(reference) if reference.id.starts_with("arn:") && !is_secret(&reference.id) => (
            "is no ARN of a secret: `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`",
            Severity::Error,
        ),
        Ok(reference) if reference.version_stage.is_some() && reference.version_id.is_some() => (
            "gives both a version stage and a version id",
            Severity::Warning,
        ),
        Ok(_) => return None,
        Err(problem) => (problem, Severity::Error),
    };
    let finding = error(
        format!("the reference of `{}` {problem}", name.value),
        variable,
    );
    Some(
        Finding { severity, ..finding }
            .help(if problem.contains("ARN") {
                "an ARN is `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`; behind it can stand `:json-key:version-stage`"
            } else {
                "write `secret-id:json-key:version-stage`, or `secret-id:json-key::version-id`; all but the first part can be left out"
            }),
    )
}

/// `arn:aws:secretsmanager:eu-west-1:123456789012:secret:name`, in any partition.
fn is_secret(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    parts.get(2) == Some(&"secretsmanager") && parts.get(5) == Some(&"secret")
}

fn error(message: String, variable: &Variable) -> Finding {
    let span = if variable.value.value.is_empty() {
        variable.name.span
    } else {
        variable.value.span
    };
    Finding::new(RULE.id, Severity::Error, message, span)
}
