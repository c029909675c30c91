//! `[lookups.name]`

use toml::de::DeValue;

use super::reader::Reader;
use super::section::{self, Section, Value};
use crate::contract::draft::LookupDraft;
use crate::contract::identifier::NameIndex;
use crate::contract::model::{Lookup, LookupValue, MatchMode, OnMissing};
use crate::diagnostic::Diagnostic;

const KEYS: [&str; 6] =
    ["match", "on_blank", "blank_value", "on_unmapped", "unmapped_value", "values"];

pub(super) const LOOKUPS: &str = "a lookup is a table: `[lookups.name]`";

const MATCH_MODES: [(&str, MatchMode); 3] = [
    ("exact", MatchMode::Exact),
    ("ignore-case", MatchMode::IgnoreCase),
    ("exact-then-ignore-case", MatchMode::ExactThenIgnoreCase),
];

#[derive(Clone, Copy)]
enum Missing {
    Null,
    Error,
    Value,
}

impl Reader<'_> {
    pub(super) fn lookups(&mut self, lookups: &Section<'_>) -> Vec<LookupDraft> {
        let mut drafts: Vec<LookupDraft> = Vec::new();
        let mut index = NameIndex::default();
        for (name, value) in lookups.entries() {
            let other = index.insert(&name.value, drafts.len());
            if let Some(other) = other.and_then(|other| drafts.get(other)) {
                let message = format!("duplicate lookup `{}`", name.value);
                let twice = Diagnostic::error(name.span.clone(), message)
                    .hint("rename one: case does not tell lookups apart")
                    .related(other.name.clone(), "first here");
                self.report(twice);
            }
            let title = format!("[lookups.{}]", name.value);
            if let Some(section) = self.section(&title, value, LOOKUPS) {
                let section = section.titled(title);
                let lookup = self.lookup(name.value, &section);
                drafts.push(LookupDraft { name: name.span, lookup });
            }
        }
        drafts
    }

    fn lookup(&mut self, name: String, section: &Section<'_>) -> Lookup {
        self.known_keys(section, &KEYS);
        let match_mode = self.word(section, "match", &MATCH_MODES).map(|m| m.value);
        let match_mode = match_mode.unwrap_or_default();
        let on_blank = self.on_missing(section, "on_blank", "blank_value");
        let on_unmapped = self.on_missing(section, "on_unmapped", "unmapped_value");
        let values = self.required(section, "values").map_or(Vec::new(), |value| {
            let entries = self.section("values", value, "for example `[lookups.name.values]`");
            entries.map_or(Vec::new(), |entries| self.entries(&entries, match_mode))
        });
        let lookup = Lookup {
            name,
            match_mode,
            on_blank: on_blank.unwrap_or(OnMissing::Null),
            on_unmapped: on_unmapped.unwrap_or(OnMissing::Error),
            values,
        };
        self.mixed_kinds(&lookup, section);
        lookup
    }

    fn on_missing(
        &mut self,
        section: &Section<'_>,
        key: &str,
        value_key: &str,
    ) -> Option<OnMissing> {
        let words = [("null", Missing::Null), ("error", Missing::Error), ("value", Missing::Value)];
        let word = self.word(section, key, &words);
        let value = section.get(value_key);
        match (word.as_ref().map(|w| w.value), value) {
            (Some(Missing::Value), Some(value)) => {
                Some(OnMissing::Value(self.lookup_value(value_key, value)?))
            }
            (Some(Missing::Value), None) => {
                let span = word.map_or(section.span.clone(), |w| w.span);
                let message = format!("missing `{value_key}` for `{key} = \"value\"`");
                let missing = Diagnostic::error(span, message);
                self.report_absent(missing.maybe_hint(section::example(value_key)));
                None
            }
            (word, Some(value)) => {
                self.lookup_value(value_key, value);
                if word.is_some() || section.get(key).is_none() {
                    let message = format!("`{value_key}` has no effect here");
                    let hint = format!("add `{key} = \"value\"`");
                    self.report(Diagnostic::error(value.span(), message).hint(hint));
                }
                None
            }
            (Some(Missing::Error), None) => Some(OnMissing::Error),
            (Some(Missing::Null), None) => Some(OnMissing::Null),
            (None, None) => None,
        }
    }

    fn entries(&mut self, section: &Section<'_>, mode: MatchMode) -> Vec<(String, LookupValue)> {
        let mut entries: Vec<(String, LookupValue)> = Vec::new();
        let mut index = NameIndex::default();
        for (key, value) in section.entries() {
            let folded = match mode {
                MatchMode::IgnoreCase => index.insert(&key.value, entries.len()),
                MatchMode::Exact | MatchMode::ExactThenIgnoreCase => None,
            };
            if let Some((other, _)) = folded.and_then(|folded| entries.get(folded)) {
                let message =
                    format!("`{}` and `{other}` are the same code ignoring case", key.value);
                let hint = "keep one, or write `match = \"exact\"`";
                self.report(Diagnostic::error(key.span.clone(), message).hint(hint));
            }
            if let Some(value) = self.lookup_value(&key.value, value) {
                entries.push((key.value, value));
            }
        }
        if section.is_empty() {
            let message = "a lookup without values";
            self.report_absent(
                Diagnostic::error(section.span.clone(), message)
                    .maybe_hint(section::example("values")),
            );
        }
        entries
    }

    fn lookup_value(&mut self, key: &str, value: &Value<'_>) -> Option<LookupValue> {
        match value.get_ref() {
            DeValue::String(text) => Some(LookupValue::Text(text.clone().into_owned())),
            DeValue::Integer(_) => self.integer(value).map(LookupValue::Integer),
            DeValue::Float(_) => self.decimal(value).map(LookupValue::Decimal),
            _ => {
                let hint = "write truth values as 1 and 0";
                self.wrong_type(key, value, "an integer, a decimal or text", hint);
                None
            }
        }
    }

    fn mixed_kinds(&mut self, lookup: &Lookup, section: &Section<'_>) {
        let is_text = |value: &LookupValue| matches!(value, LookupValue::Text(_));
        let texts = lookup.results().filter(|value| is_text(value)).count();
        if texts == 0 || texts == lookup.results().count() {
            return;
        }
        let message = format!("the lookup `{}` has numbers and text", lookup.name);
        let hint = "use one type for all values: a number in quotes is text";
        self.report(Diagnostic::warning(section.span.clone(), message).hint(hint));
    }
}

impl Lookup {
    /// Every value it can return.
    pub(crate) fn results(&self) -> impl Iterator<Item = &LookupValue> {
        let missing = [&self.on_blank, &self.on_unmapped].into_iter();
        let missing = missing.filter_map(|on_missing| match on_missing {
            OnMissing::Value(value) => Some(value),
            _ => None,
        });
        self.values.iter().map(|(_, value)| value).chain(missing)
    }
}
