//! All rules, in one list.

use super::{
    Rule, artifacts_files, base_directory, bash_syntax, cache_file, curl_pipe_shell,
    deploy_after_failure, discard_paths, docker_password, ecr_get_login, empty_command, exit_zero,
    exported_variable, float_version, limit, literal_variable, lost_failure, lost_function,
    lost_option, old_version, reader, reference, report_files, reserved_name, retry_pattern,
    runtime, secret_echo, secret_literal, shellcheck, untrusted_input,
};

/// Every rule: first what the reader reports, then the rest by name.
pub static RULES: &[Rule] = &[
    reader::YAML_SYNTAX,
    reader::YAML_ALIAS,
    reader::YAML_MERGE,
    reader::YAML_DOCUMENTS,
    reader::YAML_TAG,
    reader::YAML_UNPLACEABLE,
    reader::NO_BUILDSPEC,
    reader::VERSION,
    reader::PHASES,
    reader::PHASE_NAME,
    reader::COMMAND,
    reader::WRONG_KIND,
    reader::WRONG_VALUE,
    reader::BATCH,
    reader::UNKNOWN_KEY,
    reader::DUPLICATE_KEY,
    reader::INDENTATION,
    reader::BOOLEAN,
    reader::EMPTY_ITEM,
    reader::SHELL,
    reader::RUNTIME_VERSIONS,
    reader::STEPS,
    reader::CACHE_FALLBACK_KEYS,
    artifacts_files::RULE,
    reference::RULE,
    report_files::RULE,
    base_directory::RULE,
    bash_syntax::RULE,
    cache_file::RULE,
    deploy_after_failure::RULE,
    discard_paths::RULE,
    ecr_get_login::RULE,
    empty_command::RULE,
    exit_zero::RULE,
    exported_variable::RULE,
    float_version::RULE,
    limit::RULE,
    literal_variable::RULE,
    lost_failure::RULE,
    lost_function::RULE,
    lost_option::RULE,
    old_version::RULE,
    reserved_name::RULE,
    retry_pattern::RULE,
    runtime::RULE,
    shellcheck::RULE,
    curl_pipe_shell::RULE,
    docker_password::RULE,
    secret_echo::RULE,
    secret_literal::RULE,
    untrusted_input::RULE,
];

/// The rule of that name.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}
