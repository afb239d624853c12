//! Section `reports`.

use super::Decoder;
use super::value::{Path, is_empty_list};
use crate::buildspec::keys;
use crate::buildspec::model::{Lack, ReportFormat, ReportGroup};
use crate::diagnostic::edit;
use crate::source::Spanned;
use crate::yaml::{Entry, Node};

impl Decoder<'_> {
    pub(super) fn reports(&mut self, node: &Node) -> Vec<ReportGroup> {
        let mut groups = Vec::new();
        for entry in self.entries(node, "reports") {
            groups.extend(self.report_group(entry));
        }
        groups
    }

    fn report_group(&mut self, entry: &Entry) -> Option<ReportGroup> {
        let name = self.name(entry, "reports")?;
        let path = format!("reports.{}", name.value);
        let path = path.as_str();
        let mut group = ReportGroup {
            name,
            ..ReportGroup::default()
        };
        let node = &entry.value;
        let mut lack = node
            .entries()
            .map(|_| Lack::Key)
            .or_else(|| node.is_null().then_some(Lack::Items));
        for entry in self.entries(node, path) {
            let node = &entry.value;
            let key = entry.key.text().unwrap_or_default();
            let path = format_args!("{path}.{key}");
            match key {
                "files" => {
                    group.files = self.texts(node, path);
                    lack = is_empty_list(node).then_some(Lack::Items);
                }
                "file-format" => {
                    if let Some(format) = self.format(node, path) {
                        group.file_format = format;
                    }
                }
                "base-directory" => group.base_directory = self.text(node, path),
                "discard-paths" => group.discard_paths = self.flag(node, path),
                _ => {
                    let place = format!("report group `{}`", group.name.value);
                    self.unknown_key(Some("reports"), &place, entry, keys::REPORT);
                }
            }
        }
        group.lacks_files = lack;
        Some(group)
    }

    fn format(&mut self, node: &Node, path: impl Path) -> Option<Spanned<ReportFormat>> {
        let text = self.text(node, path)?;
        let known = keys::REPORT_FORMATS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&text.value));
        if known.is_none() {
            let names: Vec<&str> = keys::REPORT_FORMATS.iter().map(|(name, _)| *name).collect();
            self.wrong_value(&text, path, &super::list(&names));
            let guess = keys::did_you_mean(&text.value, &names);
            if let (Some(guess), Some(finding)) = (guess, self.findings.last_mut()) {
                finding.help.insert(0, format!("did you mean `{guess}`?"));
                finding
                    .edits
                    .push(edit::rename(self.source.text(), text.span, guess));
            }
        }
        known.map(|(_, format)| Spanned::new(*format, text.span))
    }
}
