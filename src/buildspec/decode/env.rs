//! Sections `env`, `environment_variables` and `proxy`.

use super::Decoder;
use crate::buildspec::assumed;
use crate::buildspec::keys;
use crate::buildspec::model::{Env, Proxy, Shell};
use crate::diagnostic::Finding;
use crate::source::Spanned;
use crate::yaml::{Entry, Node};

const SHELL_NAMES: &str = "`bash` or `/bin/sh`, on Windows `powershell.exe` or `cmd.exe`";

impl Decoder<'_> {
    pub(super) fn env(&mut self, node: &Node) -> Env {
        let mut env = Env::default();
        for entry in self.entries(node, "env") {
            let node = &entry.value;
            match entry.key.text().unwrap_or_default() {
                "shell" => env.shell = self.shell(node),
                "variables" => env.variables = self.variables(node, "env.variables"),
                "parameter-store" => {
                    env.parameter_store = self.variables(node, "env.parameter-store");
                }
                "secrets-manager" => {
                    env.secrets_manager = self.variables(node, "env.secrets-manager");
                }
                "exported-variables" => {
                    env.exported_variables = self.texts(node, "env.exported-variables");
                }
                "git-credential-helper" => {
                    env.git_credential_helper = self.boolean(node, "env.git-credential-helper");
                }
                _ => self.unknown_env_key(entry),
            }
        }
        env
    }

    /// Version 0.1's name for the variables.
    pub(super) fn environment_variables(&mut self, node: &Node) -> Env {
        let mut env = Env::default();
        for entry in self.entries(node, keys::TOP_0_1) {
            match entry.key.text().unwrap_or_default() {
                "plaintext" => {
                    env.variables = self.variables(&entry.value, "environment_variables.plaintext");
                }
                _ => self.unknown_key(
                    Some(keys::TOP_0_1),
                    "section `environment_variables`",
                    entry,
                    &["plaintext"],
                ),
            }
        }
        env
    }

    fn unknown_env_key(&mut self, entry: &Entry) {
        let key = entry.key.text().unwrap_or_default();
        self.unknown_key(Some("env"), "section `env`", entry, keys::ENV);
        let is_variable = key.bytes().any(|byte| byte.is_ascii_uppercase())
            && entry.value.text().is_some()
            && keys::did_you_mean(key, keys::ENV).is_none();
        if let Some(finding) = self.findings.last_mut().filter(|_| is_variable) {
            finding.help = vec![format!(
                "if this is a variable, put it below `variables:`, indented: `{key}` is not set as it stands"
            )];
        }
    }

    fn shell(&mut self, node: &Node) -> Option<Spanned<Shell>> {
        let text = self.text(node, "env.shell")?;
        let known = |shells: &[(&str, Shell)]| {
            let found = shells.iter().find(|(name, _)| *name == text.value);
            found.map(|(_, shell)| Spanned::new(*shell, text.span))
        };
        if let Some(shell) = known(keys::SHELLS) {
            return Some(shell);
        }
        let shell = known(assumed::SHELLS);
        if shell.is_some() {
            self.report(
                Finding::warning(
                    "shell",
                    format!("`{}` is not a documented shell", text.value),
                    text.span,
                )
                .help(format!("write {SHELL_NAMES}")),
            );
        } else {
            self.wrong_value(&text, "env.shell", SHELL_NAMES);
        }
        shell
    }

    pub(super) fn proxy(&mut self, node: &Node) -> Option<Proxy> {
        let mut proxy = Proxy::default();
        for entry in self.entries(node, "proxy") {
            let node = &entry.value;
            match entry.key.text().unwrap_or_default() {
                "upload-artifacts" => {
                    proxy.upload_artifacts = self.boolean(node, "proxy.upload-artifacts");
                }
                "logs" => proxy.logs = self.boolean(node, "proxy.logs"),
                _ => self.unknown_key(Some("proxy"), "section `proxy`", entry, keys::PROXY),
            }
        }
        node.entries().map(|_| proxy)
    }
}
