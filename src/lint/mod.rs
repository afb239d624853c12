//! Rules: what CodeBuild takes, and what bites later.
//!
//! The reader reports what CodeBuild refuses; the rules here look at what it understood. One rule, one file.

mod artifacts_files;
mod base_directory;
mod bash_syntax;
mod cache_file;
mod context;
mod curl_pipe_shell;
mod deploy_after_failure;
mod discard_paths;
mod docker_password;
mod ecr_get_login;
mod empty_command;
mod exit_zero;
mod exported_variable;
mod float_version;
mod glued_commands;
mod limit;
mod literal_variable;
mod look_alike;
mod lost_failure;
mod lost_function;
mod lost_option;
mod old_version;
mod reader;
mod reference;
mod registry;
mod report_files;
mod reserved_name;
mod retry_pattern;
mod runtime;
pub mod runtimes;
mod secret_echo;
mod secret_literal;
pub(crate) mod shell;
pub mod shellcheck;
mod split_command;
mod tokens;
mod untrusted_input;

use crate::buildspec::Reading;
use crate::diagnostic::{Finding, Severity};
use crate::source::Source;
use context::{Context, Parsed};

pub use registry::{RULES, rule};

/// What the rules can be told besides the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The build's image, such as `aws/codebuild/standard:7.0`: its runtimes and its shell are known.
    pub image: Option<String>,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// CodeBuild refuses the file.
    Error,
    /// CodeBuild takes it, and it bites.
    Warning,
    /// It gives away a secret, or lets a stranger run something.
    Security,
}

/// One rule: how it is called, what it is for, and how it looks for it.
#[derive(Debug)]
pub struct Rule {
    /// Stable, such as `bash-syntax`.
    pub id: &'static str,
    /// Of most of its findings.
    pub severity: Severity,
    pub group: Group,
    /// One line, lower case, no full stop.
    pub summary: &'static str,
    /// Why it matters: whole sentences.
    pub why: &'static str,
    /// A piece of a buildspec that has it.
    pub before: &'static str,
    /// The same, mended.
    pub after: &'static str,
    /// `None` for what the reader reports itself.
    check: Option<Check>,
}

type Check = fn(&Context<'_>) -> Vec<Finding>;

/// Whether a rule finds all that it would find with everything it can be told: some depend on the image.
pub fn looks_for(rule: &str, options: &Options) -> bool {
    let image = options.image.as_deref();
    match rule {
        "runtime" => image.is_some(),
        "bash-syntax" => !image.is_some_and(bash_syntax::is_bash_as_sh),
        _ => true,
    }
}

/// What the rules find in a file that was read, in the order of the file.
pub fn check(source: &Source, reading: &Reading, options: &Options) -> Vec<Finding> {
    let scripts = Parsed::of(&reading.buildspec);
    let context = Context::new(source, &reading.buildspec, &scripts, options);
    let mut findings: Vec<Finding> = RULES
        .iter()
        .filter_map(|rule| rule.check)
        .flat_map(|check| check(&context))
        .collect();
    findings.sort_by_key(|finding| (finding.primary.span.start, finding.rule));
    // What stands behind an alias is visited once for each of its uses.
    findings.dedup_by(|one, other| one.rule == other.rule && one.primary == other.primary);
    findings
}

/// What the reader and the rules found, in the order of the file.
pub fn all(source: &Source, reading: &Reading, options: &Options) -> Vec<Finding> {
    let mut findings = reading.findings.clone();
    findings.extend(check(source, reading, options));
    findings.sort_by_key(|finding| finding.primary.span.start);
    // A phase behind an alias is read once for each of its uses.
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests;
