//! `--select` and `--ignore`: which rules count.

use crate::buildspec::keys;
use crate::diagnostic::rule::Rule;
use crate::diagnostic::{Finding, Severity};
use crate::error::{Error, Result};

/// Rules, by their names or groups.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Empty: all.
    select: Vec<String>,
    ignore: Vec<String>,
    rules: Vec<Rule>,
}

impl Selection {
    /// Settles names of rules, of groups and of severities; one that does not exist is wrong usage.
    pub fn new(select: &[String], ignore: &[String], rules: Vec<Rule>) -> Result<Self> {
        for name in select.iter().chain(ignore) {
            if !is_known(name, &rules) {
                return Err(unknown(name, &rules));
            }
        }
        Ok(Self {
            select: select.to_vec(),
            ignore: ignore.to_vec(),
            rules,
        })
    }

    /// The same rules, all of them selected.
    #[must_use]
    pub fn all(&self) -> Self {
        Self {
            rules: self.rules.clone(),
            ..Self::default()
        }
    }

    /// All rules, selected or not.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether findings of a rule are shown.
    pub fn has(&self, id: &str) -> bool {
        let rule = self.rules.iter().find(|rule| rule.id == id);
        let severity = rule.map_or(Severity::Warning, |rule| rule.severity);
        let group = rule.map_or("", |rule| rule.group);
        self.takes(id, group, severity)
    }

    /// Whether a finding is shown; its own severity counts, which may differ from its rule's.
    pub fn shows(&self, finding: &Finding) -> bool {
        let rule = self.rules.iter().find(|rule| rule.id == finding.rule);
        let group = rule.map_or("", |rule| rule.group);
        self.takes(finding.rule, group, finding.severity)
    }

    fn takes(&self, id: &str, group: &str, severity: Severity) -> bool {
        let named = |names: &[String]| {
            names
                .iter()
                .any(|name| name == id || name == group || name == severity.name() || name == "all")
        };
        (self.select.is_empty() || named(&self.select)) && !named(&self.ignore)
    }
}

fn is_known(name: &str, rules: &[Rule]) -> bool {
    let severities = [Severity::Error, Severity::Warning, Severity::Note];
    name == "all"
        || severities.iter().any(|severity| severity.name() == name)
        || rules
            .iter()
            .any(|rule| rule.id == name || rule.group == name)
}

/// No such rule.
pub fn unknown(name: &str, rules: &[Rule]) -> Error {
    let ids: Vec<&str> = rules.iter().map(|rule| rule.id).collect();
    let error = Error::usage(format!("there is no rule `{name}`"));
    match keys::did_you_mean(name, &ids) {
        Some(guess) => error.hint(format!("did you mean `{guess}`?")),
        None => error.hint("`buildspec validate --list-rules` shows all of them"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::*;

    fn selection(select: &[&str], ignore: &[&str]) -> Result<Selection> {
        let owned = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        Selection::new(&owned(select), &owned(ignore), catalogue::rules())
    }

    #[test]
    fn names_groups_and_severities() {
        let all = selection(&[], &[]).unwrap();
        assert!(all.has("version") && all.has("unknown-key"));
        let some = selection(&["error"], &["version"]).unwrap();
        assert!(some.has("phases") && !some.has("version") && !some.has("unknown-key"));
        let inline = selection(&["inline"], &["note"]).unwrap();
        assert!(inline.has("inline-one-line") && !inline.has("not-evaluated"));
    }

    #[test]
    fn names_that_do_not_exist() {
        let error = selection(&["unknown-keys"], &[]).unwrap_err();
        assert_eq!(error.hints, ["did you mean `unknown-key`?"]);
    }
}
