//! The members of one object of a definition; what is amiss with them becomes a finding, and reading goes on.

use super::model::Text;
use super::value::{Filled, Kind, Value};
use crate::diagnostic::{Finding, Severity};
use crate::source::{Span, Spanned};

/// The members of one object, each asked for once; `end` names those that nobody asked for.
pub(super) struct Members<'v, 'f> {
    what: &'static str,
    entries: &'v [(Spanned<String>, Value)],
    asked: Vec<&'static str>,
    findings: &'f mut Vec<Finding>,
}

impl<'v, 'f> Members<'v, 'f> {
    pub(super) fn of(value: &'v Value, what: &'static str, findings: &'f mut Vec<Finding>) -> Self {
        let entries = match &value.kind {
            Kind::Map(entries) => entries.as_slice(),
            Kind::Nothing => &[],
            Kind::Text(filled) if !filled.unknown.is_empty() => {
                note_unknown(what, filled, value.span, findings);
                &[]
            }
            Kind::Text(_) | Kind::List(_) => {
                let message = format!("{what} has to be keys and values; this is passed over");
                findings.push(warning(message, value.span));
                &[]
            }
        };
        Self {
            what,
            entries,
            asked: Vec::new(),
            findings,
        }
    }

    fn ask(&mut self, key: &'static str) -> Option<&'v Value> {
        self.asked.push(key);
        let (_, value) = self.entries.iter().find(|(name, _)| name.value == key)?;
        (!matches!(value.kind, Kind::Nothing)).then_some(value)
    }

    pub(super) fn pass_over(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// A text that is neither absent nor empty, which is how the API says "not set".
    pub(super) fn text(&mut self, key: &'static str) -> Option<Text> {
        let value = self.ask(key)?;
        let text = self.scalar(key, value)?;
        (!text.value.is_empty()).then_some(text)
    }

    fn scalar(&mut self, key: &str, value: &Value) -> Option<Text> {
        match &value.kind {
            Kind::Text(filled) if filled.unknown.is_empty() => {
                Some(Text::new(filled.text.clone(), value.span))
            }
            Kind::Text(filled) => {
                note_unknown(&format!("`{key}`"), filled, value.span, self.findings);
                None
            }
            Kind::Nothing => None,
            Kind::List(_) | Kind::Map(_) => {
                let message = format!("`{key}` has to be a text; this is passed over");
                self.findings.push(warning(message, value.span));
                None
            }
        }
    }

    pub(super) fn project_name(&mut self, key: &'static str) -> Option<Text> {
        let name = self.text(key)?;
        if is_name(&name.value) {
            return Some(name);
        }
        let message =
            "a project's name has 2 to 150 letters, digits, `-` and `_`; this is passed over";
        self.findings.push(warning(message.to_owned(), name.span));
        None
    }

    /// A variable's value: an empty one counts.
    pub(super) fn variable_value(&mut self, name: Option<&str>) -> Option<Text> {
        let value = self.ask("value")?;
        match &value.kind {
            Kind::Text(filled) if !filled.unknown.is_empty() => {
                let name = name.unwrap_or("...");
                let message = format!("the variable {name} is left out: {}", not_known(filled));
                self.findings
                    .push(warning(message, value.span).help(format!("-e {name}=VALUE sets it")));
                None
            }
            _ => self.scalar("value", value),
        }
    }

    /// A buildspec may have parts that are not known: they stay as they are written.
    pub(super) fn buildspec(&mut self, key: &'static str) -> Option<Text> {
        let value = self.ask(key)?;
        match &value.kind {
            Kind::Text(filled) if !filled.unknown.is_empty() && filled.text.contains('\n') => {
                let what = filled.unknown.join(", ");
                let message = format!("the buildspec is used without the value of {what}");
                self.findings
                    .push(warning(message, value.span).help(how_to_give(filled)));
                Some(Text::new(filled.text.clone(), value.span))
            }
            _ => {
                let text = self.scalar(key, value)?;
                (!text.value.trim().is_empty()).then_some(text)
            }
        }
    }

    pub(super) fn number(&mut self, key: &'static str) -> Option<Spanned<u32>> {
        let text = self.text(key)?;
        if let Ok(number) = text.value.trim().parse() {
            return Some(Spanned::new(number, text.span));
        }
        let message = format!("`{key}` has to be a number; this is passed over");
        self.findings.push(warning(message, text.span));
        None
    }

    pub(super) fn number_in(
        &mut self,
        key: &'static str,
        from: u32,
        to: u32,
    ) -> Option<Spanned<u32>> {
        let number = self.number(key)?;
        if (from..=to).contains(&number.value) {
            return Some(number);
        }
        let message = format!("`{key}` has to be {from} to {to}; this is passed over");
        self.findings.push(warning(message, number.span));
        None
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        let text = self.text(key)?;
        // Templates write `True` as well.
        match text.value.to_ascii_lowercase().as_str() {
            "true" => Some(Spanned::new(true, text.span)),
            "false" => Some(Spanned::new(false, text.span)),
            _ => {
                let message = format!("`{key}` has to be true or false; this is passed over");
                self.findings.push(warning(message, text.span));
                None
            }
        }
    }

    pub(super) fn is_set(&mut self, key: &'static str) -> bool {
        self.flag(key).is_some_and(|flag| flag.value)
    }

    pub(super) fn name<T: Copy>(
        &mut self,
        key: &'static str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<Spanned<T>> {
        let text = self.text(key)?;
        self.named(&text, all, name)
    }

    pub(super) fn named<T: Copy>(
        &mut self,
        text: &Text,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<Spanned<T>> {
        // Templates with `no_artifacts` were deployed.
        let found = all
            .iter()
            .find(|value| name(**value).eq_ignore_ascii_case(&text.value));
        if found.is_none() {
            let names: Vec<_> = all.iter().map(|value| name(*value)).collect();
            let message = format!("CodeBuild knows no {} here", text.value);
            let help = format!("one of {}", names.join(", "));
            self.findings.push(warning(message, text.span).help(help));
        }
        found.map(|value| Spanned::new(*value, text.span))
    }

    pub(super) fn member<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'v Value, &mut Vec<Finding>) -> T,
    ) -> Option<T> {
        let value = self.ask(key)?;
        Some(read(value, self.findings))
    }

    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&'v Value, &mut Vec<Finding>) -> T,
    ) -> Vec<T> {
        let Some(value) = self.ask(key) else {
            return Vec::new();
        };
        match &value.kind {
            Kind::List(items) => items
                .iter()
                .filter(|item| !matches!(item.kind, Kind::Nothing))
                .map(|item| read(item, self.findings))
                .collect(),
            Kind::Text(filled) if !filled.unknown.is_empty() => {
                note_unknown(&format!("`{key}`"), filled, value.span, self.findings);
                Vec::new()
            }
            _ => {
                let message = format!("`{key}` has to be a list; this is passed over");
                self.findings.push(warning(message, value.span));
                Vec::new()
            }
        }
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Vec<Text> {
        let Some(value) = self.ask(key) else {
            return Vec::new();
        };
        if let Kind::List(items) = &value.kind {
            return items
                .iter()
                .filter_map(|item| self.scalar(key, item))
                .collect();
        }
        self.scalar(key, value).into_iter().collect()
    }

    /// Names the members that nobody asked for: the API may have grown, or it is a slip.
    pub(super) fn end(self) {
        for (name, _) in self.entries {
            if !self.asked.contains(&name.value.as_str()) {
                let message = format!("`{}` of {} is not understood here", name.value, self.what);
                self.findings.push(note(message, name.span));
            }
        }
    }
}

/// Whether a project can have this name (spec 22.2).
pub(super) fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric();
    (2..=150).contains(&name.len())
        && name.bytes().next().is_some_and(letter)
        && name
            .bytes()
            .all(|byte| letter(byte) || byte == b'-' || byte == b'_')
}

/// Members without which the build would be another one.
const WEIGHTY: [&str; 6] = [
    "`buildspec`",
    "`environmentVariables`",
    "`image`",
    "`privilegedMode`",
    "`type`",
    "the environment",
];

fn note_unknown(what: &str, filled: &Filled, span: Span, findings: &mut Vec<Finding>) {
    let message = format!("{what} is passed over: {}", not_known(filled));
    let mut finding = note(message, span).help(how_to_give(filled));
    if WEIGHTY.contains(&what) {
        finding.severity = Severity::Warning;
    }
    findings.push(finding);
}

fn not_known(filled: &Filled) -> String {
    let verb = if filled.unknown.len() > 1 {
        "are"
    } else {
        "is"
    };
    format!("{} {verb} not known here", filled.unknown.join(", "))
}

fn how_to_give(filled: &Filled) -> String {
    let first = filled.unknown.first().map_or("NAME", String::as_str);
    let name = first.strip_prefix("var.").unwrap_or(first);
    format!("--parameter '{name}=VALUE' tells it")
}

fn note(message: String, span: Span) -> Finding {
    Finding::new("project", Severity::Note, message, span)
}

fn warning(message: String, span: Span) -> Finding {
    Finding::new("project", Severity::Warning, message, span)
}
