//! `[document]`

use toml::de::DeValue;

use super::reader::Reader;
use super::section::{Section, Value};
use crate::contract::draft::{DocumentDraft, Located, Placed};
use crate::contract::expr::ast::{Origin, Path, Read};
use crate::contract::expr::check::{DocumentScope, DATE_PATTERN};
use crate::contract::model::Check;
use crate::diagnostic::Diagnostic;
use crate::value::datetime::DatePattern;
use crate::value::names::is_name;

const KEYS: [&str; 10] = [
    "root",
    "require",
    "key",
    "unwrap",
    "attribute_names",
    "white_space",
    "check",
    "date_formats",
    "date_match",
    "namespaces",
];

impl Reader<'_> {
    pub(super) fn document(&mut self, section: &Section<'_>) -> DocumentDraft {
        self.known_keys(section, &KEYS);
        let roots = self.required(section, "root").map_or(Vec::new(), |value| self.roots(value));
        let attribute_names =
            self.word(section, "attribute_names", &[("exact", false), ("ignore-case", true)]);
        let strip = self.word(section, "white_space", &[("keep", false), ("strip", true)]);
        let lenient = self.word(section, "date_match", &[("exact", false), ("lenient", true)]);
        let lenient = lenient.is_some_and(|word| word.value);
        let checks = [("needed", Check::Needed), ("full", Check::Full)];
        let check = self.word(section, "check", &checks);
        let require = section.get("require").map_or(Vec::new(), |value| {
            let paths = self.array("require", value).iter();
            paths.filter_map(|path| self.absolute_path("require", path)).collect()
        });
        let key = section.get("key").and_then(|value| self.absolute_path("key", value));
        let unwrap = section.get("unwrap").and_then(|value| self.unwrap(value));
        let patterns = section.get("date_formats").map_or(Vec::new(), |v| self.date_formats(v));
        let patterns: Vec<DatePattern> = match lenient {
            true => patterns.into_iter().map(DatePattern::lenient).collect(),
            false => patterns,
        };
        let namespaces = section.get("namespaces");
        let ignore_namespaces = namespaces.is_some_and(
            |value| matches!(value.get_ref(), DeValue::String(text) if text == "ignore"),
        );
        let namespaces = namespaces.filter(|_| !ignore_namespaces);
        let namespaces = namespaces.map_or(Some(Vec::new()), |value| self.namespaces(value));
        let prefixes = |all: &Prefixes| all.iter().map(|(prefix, _)| prefix.clone()).collect();
        let scope = DocumentScope {
            roots: roots.iter().map(|root| root.value.clone()).collect(),
            ignore_namespaces,
            prefixes: namespaces.as_ref().map(prefixes),
            date_formats: patterns.clone().into(),
        };
        DocumentDraft {
            roots,
            require,
            key,
            unwrap,
            ignore_case_attributes: attribute_names.is_some_and(|a| a.value),
            check: check.map(|c| c.value).unwrap_or_default(),
            strip: strip.is_some_and(|word| word.value),
            date_formats: patterns,
            namespaces: namespaces.unwrap_or_default(),
            ignore_namespaces,
            scope,
        }
    }

    /// One name of the root element, or several.
    fn roots(&mut self, value: &Value<'_>) -> Vec<Located<String>> {
        let DeValue::Array(names) = value.get_ref() else {
            return self.root(value).into_iter().collect();
        };
        if names.is_empty() {
            let hint = "name the root elements: `root = [\"order\", \"orders\"]`";
            self.report(Diagnostic::error(value.span(), "`root` is empty").hint(hint));
        }
        names.iter().filter_map(|name| self.root(name)).collect()
    }

    fn root(&mut self, value: &Value<'_>) -> Option<Located<String>> {
        let root = self.filled_string("root", value)?;
        let parts: Vec<_> = root.value.split(':').collect();
        if parts.len() <= 2 && parts.iter().all(|part| is_name(part)) {
            return Some(root);
        }
        let message = format!("`{}` is not an element name", root.value);
        let hint = match root.value.trim_start_matches('/') {
            name if is_name(name) => format!("write the name alone: `root = \"{name}\"`"),
            _ => "for example `root = \"Provenir\"`, with a prefix `p:catalog`".to_owned(),
        };
        self.report(Diagnostic::error(root.span, message).hint(hint));
        None
    }

    /// A path that does not depend on a row element.
    pub(super) fn absolute_path(&mut self, key: &str, value: &Value<'_>) -> Option<Placed<Path>> {
        let path = self.path(key, value)?;
        if path.broken || !matches!(path.tree.origin, Origin::Row { .. }) {
            return Some(path);
        }
        let message = format!("a path in `{key}` must begin at the document");
        let hint = format!("write `/root/{0}` or `//{0}`", path.tree.to_string().trim_matches('.'));
        let hint =
            if path.tree.steps.is_empty() { "begin with `/root/` or `//`".into() } else { hint };
        self.report(Diagnostic::error(path.whole(), message).hint(hint));
        None
    }

    /// A path to elements that hold XML as text.
    fn unwrap(&mut self, value: &Value<'_>) -> Option<Placed<Path>> {
        let path = self.absolute_path("unwrap", value)?;
        if path.broken || path.tree.read == Read::Text {
            return Some(path);
        }
        let message = "`unwrap` must be a path to elements, found one to an attribute";
        let hint = "name the element whose text is XML, such as `/Envelope/Body/Payload`";
        self.report(Diagnostic::error(path.whole(), message).hint(hint));
        None
    }

    fn date_formats(&mut self, value: &Value<'_>) -> Vec<DatePattern> {
        let mut patterns = Vec::new();
        for text in self.strings("date_formats", value) {
            match DatePattern::new(&text.value) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => {
                    let diagnostic = Diagnostic::error(text.span, error.to_string());
                    self.report(diagnostic.hint(DATE_PATTERN));
                }
            }
        }
        patterns
    }

    /// None when they cannot be read, so that no missing prefix is reported.
    fn namespaces(&mut self, value: &Value<'_>) -> Option<Prefixes> {
        const FORM: &str = "for example `namespaces = { p = \"urn:example:products\" }`";
        let section = self.section("namespaces", value, FORM)?;
        let mut namespaces = Vec::new();
        for (prefix, uris) in section.entries() {
            let name = prefix.value;
            let invalid = !name.is_empty() && !is_name(&name);
            if invalid || ["xml", "xmlns"].contains(&name.as_str()) {
                let message = format!("invalid prefix `{name}`");
                self.report(Diagnostic::error(prefix.span, message).hint(FORM));
                continue;
            }
            let uris: Vec<String> = match uris.get_ref() {
                DeValue::Array(all) if !all.is_empty() => {
                    let uris = all.iter().filter_map(|uri| self.filled_string("namespaces", uri));
                    uris.map(|uri| uri.value).collect()
                }
                _ => self
                    .filled_string("namespaces", uris)
                    .map(|uri| uri.value)
                    .into_iter()
                    .collect(),
            };
            namespaces.push((name, uris));
        }
        Some(namespaces)
    }
}

/// Prefixes and their URIs.
type Prefixes = Vec<(String, Vec<String>)>;
