//! Section `artifacts`.

use super::Decoder;
use super::value::is_empty_list;
use crate::buildspec::keys;
use crate::buildspec::model::{Artifacts, Lack, Text, Version};
use crate::source::Span;
use crate::yaml::{Entry, Node};

impl Decoder<'_> {
    pub(super) fn artifacts(&mut self, entry: &Entry, version: Version) -> Option<Artifacts> {
        if entry.value.is_null() {
            return None;
        }
        Some(self.artifact(&entry.value, entry.key.span, "artifacts", version))
    }

    fn artifact(
        &mut self,
        node: &Node,
        name_span: Span,
        path: &str,
        version: Version,
    ) -> Artifacts {
        let primary = path == "artifacts";
        let mut artifacts = Artifacts {
            name_span,
            ..Artifacts::default()
        };
        let mut lack = node
            .entries()
            .map(|_| Lack::Key)
            .or_else(|| node.is_null().then_some(Lack::Items));
        for entry in self.entries_around(node, path, "files") {
            let node = &entry.value;
            let key = entry.key.text().unwrap_or_default();
            let place = format_args!("{path}.{key}");
            match key {
                "files" => {
                    artifacts.files = self.texts(node, place);
                    lack = is_empty_list(node).then_some(Lack::Items);
                }
                "name" => artifacts.name = self.text(node, place),
                "discard-paths" => artifacts.discard_paths = self.flag(node, place),
                "base-directory" => artifacts.base_directory = self.text(node, place),
                "exclude-paths" => artifacts.exclude_paths = self.texts(node, place),
                "enable-symlinks" => artifacts.enable_symlinks = self.flag(node, place),
                "s3-prefix" => artifacts.s3_prefix = self.text(node, place),
                "secondary-artifacts" if primary => {
                    artifacts.secondary = self.secondary_artifacts(node, version);
                }
                "type" if version == Version::V0_1 => {}
                "type" if primary => {
                    self.unknown_key(Some("artifacts"), "section `artifacts`", entry, &[]);
                    if let Some(finding) = self.findings.last_mut() {
                        finding.help = vec![
                            "remove it: the project says what the artifact's type is, since version 0.2"
                                .to_owned(),
                        ];
                    }
                }
                _ => self.unknown_key(
                    Some("artifacts"),
                    &format!("section `{path}`"),
                    entry,
                    keys::ARTIFACTS,
                ),
            }
        }
        artifacts.lacks_files = lack;
        artifacts
    }

    fn secondary_artifacts(&mut self, node: &Node, version: Version) -> Vec<(Text, Artifacts)> {
        let section = "artifacts.secondary-artifacts";
        let mut secondary = Vec::new();
        for entry in self.entries(node, section) {
            if let Some(name) = self.name(entry, section) {
                let path = format!("{section}.{}", name.value);
                let artifacts = self.artifact(&entry.value, name.span, &path, version);
                secondary.push((name, artifacts));
            }
        }
        secondary
    }
}
