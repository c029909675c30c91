//! The contract in a file: everything wrong with it is found at once, and has its place.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use super::json;
use super::legacy::{ElementType, Filter, Legacy, Mapping, Relationship, ROW_MAKERS};
use crate::diagnostic::{spelling, Diagnostic, Diagnostics};

/// Reads a contract, or reports everything wrong with it.
pub(super) fn read(text: &str, diagnostics: &mut Diagnostics) -> Option<Legacy> {
    let mut value = json::read(text, diagnostics)?;
    json::check_duplicates(text, text, diagnostics);
    clean(&mut value, true);
    let mut reader = Reader { text, diagnostics };
    reader.check(&mut value);
    let mut legacy = reader.decode(value)?;
    reader.number(&mut legacy);
    reader.check_filters(&legacy);
    (diagnostics.errors() == 0).then_some(legacy)
}

/// Takes out nulls, which were the same as nothing, and blanks around texts.
fn clean(value: &mut Value, trim: bool) {
    match value {
        Value::String(text) if trim => *text = text.trim().to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, trim)),
        Value::Object(entries) => {
            entries.retain(|_, value| !value.is_null());
            for (key, value) in entries {
                clean(value, trim && key != "enum_mappings");
            }
        }
        _ => {}
    }
}

struct Reader<'a, 'd> {
    text: &'a str,
    diagnostics: &'d mut Diagnostics,
}

impl<'a> Reader<'a, '_> {
    fn error(&mut self, span: Range<usize>, message: String, hint: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(span, message).hint(hint));
    }

    /// The items of the array at a path of keys, as they are written.
    fn items(&self, path: &[&str]) -> Vec<&'a str> {
        let list = path.iter().try_fold(self.text.trim(), |part, key| json::value(part, key));
        list.map_or_else(Vec::new, json::items)
    }

    /// Reports missing and unknown keys, and takes the unknown ones out.
    fn check(&mut self, contract: &mut Value) {
        let required = ["xml_root_element", "xml_application_path", "mappings"];
        self.section::<Legacy>("the contract", self.text.trim(), contract, &required);
        for (part, value) in self.pairs(contract, &["element_filtering", "filter_rules"]) {
            let required = ["element_type", "xml_child_path"];
            self.section::<Filter>("the filter rule", part, value, &required);
        }
        for (part, value) in self.pairs(contract, &["relationships"]) {
            let required = ["parent_table", "child_table", "foreign_key_column"];
            self.section::<Relationship>("the relationship", part, value, &required);
        }
        for (part, value) in self.pairs(contract, &["mappings"]) {
            let required = ["target_table", "data_type", "target_column"];
            // A row maker fills columns of its own.
            let types = value.get("mapping_type").map_or_else(String::new, Value::to_string);
            let makes_rows = ROW_MAKERS.iter().any(|maker| types.contains(maker));
            let required = &required[..required.len() - usize::from(makes_rows)];
            self.section::<Mapping>("the mapping", part, value, required);
        }
    }

    /// The items of an array as they are written, each with its value.
    fn pairs<'v>(&self, contract: &'v mut Value, path: &[&str]) -> Vec<(&'a str, &'v mut Value)> {
        let list = path.iter().try_fold(contract, |value, key| value.get_mut(key));
        let values = list.and_then(Value::as_array_mut).into_iter().flatten();
        self.items(path).into_iter().zip(values).collect()
    }

    fn section<T: DeserializeOwned>(
        &mut self,
        title: &str,
        part: &'a str,
        value: &mut Value,
        required: &[&str],
    ) {
        let span = json::span(self.text, part);
        let Value::Object(entries) = value else {
            let message = format!("{title}: expected an object, found {value}");
            self.error(span, message, "correct the value");
            *value = Value::Object(Map::new());
            return;
        };
        for key in required {
            match entries.get(*key) {
                None => {
                    let message = format!("{title} has no `{key}`");
                    self.error(span.start..span.start + 1, message, format!("add `\"{key}\": …`"));
                }
                Some(Value::String(text)) if text.is_empty() => {
                    let blank = json::value(part, key).unwrap_or(part);
                    let place = json::span(self.text, blank);
                    self.error(place, format!("`{key}` is blank"), "fill it in");
                }
                Some(_) => {}
            }
        }
        let known = known_keys::<T>();
        let known = || known.iter().map(String::as_str);
        for entry in json::entries(part) {
            if known().any(|key| key == entry.name) {
                continue;
            }
            if let Some(near) = spelling::nearest(&entry.name, known()) {
                let message =
                    format!("{title} has an unknown key `{}`, which is ignored", entry.name);
                let place = json::span(self.text, entry.key);
                let hint = format!("did you mean `{near}`?");
                self.diagnostics.push(Diagnostic::warning(place, message).hint(hint));
            }
        }
        entries.retain(|name, value| known().any(|key| key == name) && value != "");
    }

    /// Reports what serde refuses, takes it out and reads the rest again.
    fn decode(&mut self, mut value: Value) -> Option<Legacy> {
        loop {
            let error = match serde_path_to_error::deserialize(&value) {
                Ok(legacy) => return Some(legacy),
                Err(error) => error,
            };
            let path: Vec<&Segment> = error.path().iter().collect();
            let (mut part, mut name, mut depth) = (self.text.trim(), "the contract", 0);
            for (index, segment) in path.iter().enumerate() {
                let found = match segment {
                    Segment::Seq { index } => json::items(part).get(*index).copied(),
                    Segment::Map { key } => {
                        (name, depth) = (key, index);
                        json::value(part, key)
                    }
                    _ => None,
                };
                part = found.unwrap_or(part);
            }
            let (message, hint) = plain(&error.inner().to_string(), part);
            self.error(json::span(self.text, part), format!("`{name}`: {message}"), hint);
            let mut object = &mut value;
            for segment in &path[..depth] {
                object = match segment {
                    Segment::Seq { index } => object.get_mut(index)?,
                    Segment::Map { key } => object.get_mut(key)?,
                    _ => return None,
                };
            }
            object.as_object_mut()?.shift_remove(name)?;
        }
    }

    /// Gives the mappings their numbers and places.
    fn number(&mut self, legacy: &mut Legacy) {
        let parts = self.items(&["mappings"]);
        for (index, (mapping, part)) in legacy.mappings.iter_mut().zip(parts).enumerate() {
            mapping.index = index;
            mapping.start = json::span(self.text, part).start;
        }
        if let (true, Some(empty)) =
            (legacy.mappings.is_empty(), json::value(self.text, "mappings"))
        {
            let message = "the contract has no mappings".to_owned();
            self.error(
                json::span(self.text, empty),
                message,
                "add the mappings of the earlier system",
            );
        }
    }

    fn check_filters(&mut self, legacy: &Legacy) {
        let rules = &legacy.element_filtering.filter_rules;
        let parts = self.items(&["element_filtering", "filter_rules"]);
        let types = parts.into_iter().filter_map(|part| json::value(part, "element_type"));
        let places: Vec<_> = types.map(|part| json::span(self.text, part)).collect();
        for (index, (rule, place)) in rules.iter().zip(&places).enumerate() {
            let same = |other: &Filter| other.element_type == rule.element_type;
            if let Some(first) = rules[..index].iter().position(same) {
                let message = "duplicate filter rule for this type of element";
                let duplicate = Diagnostic::error(place.clone(), message)
                    .hint("keep one rule for each element_type")
                    .related(places[first].clone(), "first here");
                self.diagnostics.push(duplicate);
            }
            if legacy.filter(ElementType::Contact).is_none() {
                let message = "there is no filter rule for contacts, which contain these elements";
                let hint = "add one with `\"element_type\": \"contact\"`";
                self.diagnostics.push(Diagnostic::warning(place.clone(), message).hint(hint));
            }
        }
    }
}

/// The keys that a type reads, as serde names them to someone who uses another.
fn known_keys<T: DeserializeOwned>() -> Vec<String> {
    let error = serde_json::from_str::<T>(r#"{ "": 0 }"#).err();
    let message = error.map_or_else(String::new, |error| error.to_string());
    quoted(&message).skip(1).map(str::to_owned).collect()
}

/// The names that a message quotes: first the unknown one, then those to choose from.
fn quoted(message: &str) -> impl Iterator<Item = &str> + Clone {
    message.split('`').skip(1).step_by(2)
}

/// What serde says about a part, in the words of a contract, with a hint.
fn plain(message: &str, part: &str) -> (String, String) {
    let hint = || "correct the value".to_owned();
    if message.starts_with("unknown variant") {
        let found = quoted(message).next().unwrap_or_default();
        let near = spelling::suggestion(found, quoted(message).skip(1));
        return (format!("unknown value `{found}`"), near.unwrap_or_else(hint));
    }
    let expected = match message.rsplit_once("expected ") {
        Some((_, "a sequence")) => "an array",
        Some((_, expected)) => expected,
        None => return (message.to_owned(), hint()),
    };
    let found: String = part.chars().take(60).collect();
    (format!("expected {expected}, found {found}"), hint())
}
