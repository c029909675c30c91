//! The reader's way through the TOML, and what it reports on it.

use std::collections::HashSet;
use std::ops::Range;

use toml::de::DeValue;

use super::section::{self, Section, Value};
use crate::contract::draft::Located;
use crate::contract::identifier::{invalid_name, invalid_title};
use crate::contract::string_map::StringMap;
use crate::diagnostic::{spelling, Diagnostic, Diagnostics};
use crate::value::Decimal;

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) diagnostics: &'a mut Diagnostics,
    /// Lines on which the TOML is broken: what else is wrong there only follows from it.
    pub(super) toml_errors: HashSet<usize>,
    /// Parts of the file may have been lost.
    pub(super) lossy: bool,
    pub(super) maps: Vec<StringMap>,
}

impl Reader<'_> {
    pub(super) fn toml_error(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(self.text.len()..self.text.len());
        let word = self.text.get(span.clone()).unwrap_or("");
        let diagnostic = if error.message().starts_with("duplicate key") {
            let hint = match word {
                "tables" => "begin each table with `[[tables]]`, in two pairs of brackets",
                _ => "keep one of the two",
            };
            Diagnostic::error(span.clone(), format!("duplicate key `{word}`")).hint(hint)
        } else {
            self.lossy = true;
            let message = format!("invalid TOML: {}", error.message());
            let diagnostic = Diagnostic::error(span.clone(), message);
            match error.message().contains("must be quoted") {
                true => diagnostic.hint("put an expression in quotes: `value = \"@name\"`"),
                false => diagnostic,
            }
        };
        self.diagnostics.push(diagnostic);
        self.toml_errors.insert(self.diagnostics.position(span.start).0);
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        let is_shown = self.toml_errors.is_empty() || {
            let (line, _) = self.diagnostics.position(diagnostic.span.start);
            !self.toml_errors.contains(&line)
        };
        if is_shown {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports what may only look wrong because something before it was lost.
    pub(super) fn report_absent(&mut self, diagnostic: Diagnostic) {
        if !self.lossy {
            self.report(diagnostic);
        }
    }

    /// Reports keys that mean nothing, unless they may belong to a header that was lost.
    pub(super) fn known_keys(&mut self, section: &Section<'_>, known: &[&str]) {
        for (key, _) in section.entries() {
            if !known.contains(&key.value.as_str()) {
                let message = format!("unknown key `{}` in {}", key.value, section.title);
                let hint = spelling::suggestion(&key.value, known.iter().copied());
                self.report_absent(Diagnostic::error(key.span, message).maybe_hint(hint));
            }
        }
    }

    pub(super) fn required<'v>(
        &mut self,
        section: &Section<'v>,
        key: &str,
    ) -> Option<&'v Value<'v>> {
        let found = section.get(key);
        if found.is_none() {
            let message = format!("missing `{key}` in {}", section.title);
            let span = section.span.clone();
            self.report_absent(Diagnostic::error(span, message).maybe_hint(section::example(key)));
        }
        found
    }

    pub(super) fn required_section<'v>(
        &mut self,
        root: &Section<'v>,
        key: &'static str,
        title: &'static str,
    ) -> Option<Section<'v>> {
        let Some(value) = root.get(key) else {
            let message = format!("missing `{title}`");
            self.report_absent(Diagnostic::error(0..0, message).maybe_hint(section::example(key)));
            return None;
        };
        self.section(key, value, title).map(|section| section.titled(title.to_owned()))
    }

    pub(super) fn section<'v>(
        &mut self,
        key: &str,
        value: &'v Value<'v>,
        hint: &str,
    ) -> Option<Section<'v>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(table, value.span(), key)),
            _ => {
                self.wrong_type(key, value, "a table", hint);
                None
            }
        }
    }

    pub(super) fn wrong_type(&mut self, key: &str, value: &Value<'_>, wanted: &str, hint: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        let message = format!("`{key}` must be {wanted}, found {found}");
        self.report(Diagnostic::error(value.span(), message).hint(hint));
    }

    pub(super) fn string(&mut self, key: &str, value: &Value<'_>) -> Option<Located<String>> {
        match value.get_ref() {
            DeValue::String(text) => {
                Some(Located { value: text.clone().into_owned(), span: value.span() })
            }
            _ => {
                let example = section::example(key).unwrap_or_else(|| "put it in quotes".into());
                self.wrong_type(key, value, "a string", &example);
                None
            }
        }
    }

    pub(super) fn filled_string(
        &mut self,
        key: &str,
        value: &Value<'_>,
    ) -> Option<Located<String>> {
        let string = self.string(key, value)?;
        if string.value.trim().is_empty() {
            let message = format!("`{key}` is blank");
            let span = string.span;
            self.report(Diagnostic::error(span, message).maybe_hint(section::example(key)));
            return None;
        }
        Some(string)
    }

    /// A name of a table, column or schema in the database.
    pub(super) fn identifier(&mut self, value: &Value<'_>) -> Option<Located<String>> {
        let name = self.string("name", value)?;
        self.check_identifier(&name.value, &name.span).then_some(name)
    }

    pub(super) fn check_identifier(&mut self, name: &str, span: &Range<usize>) -> bool {
        let invalid = invalid_name(name);
        if let Some((message, hint)) = invalid {
            self.report(Diagnostic::error(span.clone(), message).hint(hint));
        }
        invalid.is_none()
    }

    /// The contract's own name.
    pub(super) fn title(&mut self, value: &Value<'_>) -> Option<Located<String>> {
        let name = self.filled_string("name", value)?;
        if let Some((message, hint)) = invalid_title(&name.value) {
            self.report(Diagnostic::error(name.span, message).hint(hint));
            return None;
        }
        Some(name)
    }

    pub(super) fn boolean(&mut self, section: &Section<'_>, key: &str) -> Option<Located<bool>> {
        let value = section.get(key)?;
        match value.get_ref() {
            DeValue::Boolean(boolean) => Some(Located { value: *boolean, span: value.span() }),
            _ => {
                self.wrong_type(key, value, "true or false", "write it without quotes");
                None
            }
        }
    }

    /// One of several words, each with what it means.
    pub(super) fn word<T: Copy>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<Located<T>> {
        let string = self.string(key, section.get(key)?)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == string.value) {
            return Some(Located { value: *meaning, span: string.span });
        }
        let message = format!("invalid value `{}` for `{key}`", string.value);
        let hint = spelling::suggestion(&string.value, words.iter().map(|(word, _)| *word));
        self.report(Diagnostic::error(string.span, message).maybe_hint(hint));
        None
    }

    pub(super) fn array<'v>(&mut self, key: &str, value: &'v Value<'v>) -> &'v [Value<'v>] {
        match value.get_ref() {
            DeValue::Array(array) => array,
            _ => {
                self.wrong_type(key, value, "an array", "put it in brackets: `[…]`");
                &[]
            }
        }
    }

    pub(super) fn strings(&mut self, key: &str, value: &Value<'_>) -> Vec<Located<String>> {
        self.array(key, value).iter().filter_map(|item| self.string(key, item)).collect()
    }

    /// An array of strings that has at least one.
    pub(super) fn names(
        &mut self,
        key: &str,
        value: &Value<'_>,
    ) -> Option<Located<Vec<Located<String>>>> {
        let names = self.strings(key, value);
        if matches!(value.get_ref(), DeValue::Array(array) if array.is_empty()) {
            let message = format!("`{key}` is empty");
            self.report(
                Diagnostic::error(value.span(), message).hint("name a column, or leave it out"),
            );
        }
        (!names.is_empty()).then(|| Located { value: names, span: value.span() })
    }

    pub(super) fn decimal(&mut self, value: &Value<'_>) -> Option<Decimal> {
        let DeValue::Float(float) = value.get_ref() else { return None };
        let decimal = Decimal::parse(float.as_str()).ok();
        if decimal.is_none() {
            let message = "invalid number";
            let hint = "write it with digits and a point, at most 38 digits: `0.25`";
            self.report(Diagnostic::error(value.span(), message).hint(hint));
        }
        decimal
    }

    pub(super) fn integer(&mut self, value: &Value<'_>) -> Option<i64> {
        let DeValue::Integer(integer) = value.get_ref() else { return None };
        let parsed = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        if parsed.is_none() {
            let message = "number out of range";
            let hint = "use a number from -9223372036854775808 to 9223372036854775807";
            self.report(Diagnostic::error(value.span(), message).hint(hint));
        }
        parsed
    }
}
