//! TOML to a draft: types of values, known keys, words to choose from, the syntax of expressions.

mod column;
mod document;
mod expression;
mod key;
mod lookup;
mod reader;
mod section;
mod table;

use std::collections::HashSet;

use toml::de::{DeTable, DeValue};

use self::key::KEYS;
use self::lookup::LOOKUPS;
use self::reader::Reader;
use self::section::Section;
use super::draft::{Draft, TableDraft};
use super::expr::check::DocumentScope;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Reads as much as can be read. What is wrong goes to `diagnostics`. None when the TOML itself is
/// broken, so that what is missing may only have been lost.
pub(super) fn read(text: &str, diagnostics: &mut Diagnostics) -> Option<Draft> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader =
        Reader { text, diagnostics, toml_errors: HashSet::new(), lossy: false, maps: Vec::new() };
    for error in &errors {
        reader.toml_error(error);
    }
    let draft = reader.contract(&Section::new(root.get_ref(), 0..0, "the contract"));
    (!reader.lossy).then_some(draft)
}

const CONTRACT: [&str; 5] = ["contract", "document", "lookups", "keys", "tables"];
const HEADER: [&str; 2] = ["name", "target_schema"];

/// The schema of a contract that names none.
/// The schema of target tables for which a contract names none.
pub const DEFAULT_SCHEMA: &str = "dbo";

impl Reader<'_> {
    fn contract(&mut self, root: &Section<'_>) -> Draft {
        self.known_keys(root, &CONTRACT);
        let header = self.required_section(root, "contract", "[contract]");
        let (mut name, mut target_schema) = (String::new(), DEFAULT_SCHEMA.to_owned());
        if let Some(header) = header {
            self.known_keys(&header, &HEADER);
            let read = self.required(&header, "name").and_then(|value| self.title(value));
            name = read.map_or(name, |n| n.value);
            let schema = header.get("target_schema").and_then(|v| self.identifier(v));
            target_schema = schema.map_or(target_schema, |s| s.value);
        }
        let document = match self.required_section(root, "document", "[document]") {
            Some(section) => self.document(&section),
            None => Default::default(),
        };
        let lookups = match root.get("lookups").and_then(|v| self.section("lookups", v, LOOKUPS)) {
            Some(section) => self.lookups(&section),
            None => Vec::new(),
        };
        let keys = match root.get("keys").and_then(|value| self.section("keys", value, KEYS)) {
            Some(section) => self.keys(&section, &lookups),
            None => Vec::new(),
        };
        let tables = self.tables(root, &document.scope);
        let maps = std::mem::take(&mut self.maps);
        Draft { name, target_schema, document, lookups, keys, tables, maps }
    }

    fn tables(&mut self, root: &Section<'_>, scope: &DocumentScope) -> Vec<TableDraft> {
        let Some(value) = root.get("tables") else {
            let end = self.text.len();
            let message = "missing `[[tables]]`";
            let hint = "describe at least one table";
            self.report_absent(Diagnostic::error(end..end, message).hint(hint));
            return Vec::new();
        };
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong_type("tables", value, "an array of tables", "begin each with `[[tables]]`");
            return Vec::new();
        };
        if array.is_empty() {
            let message = "`tables` is empty";
            let hint = "describe at least one: `[[tables]]`";
            self.report(Diagnostic::error(value.span(), message).hint(hint));
        }
        let mut tables = Vec::new();
        for value in array.iter() {
            let section = self.section("tables", value, "begin each with `[[tables]]`");
            tables.extend(section.map(|section| self.table(&section, scope)));
        }
        tables
    }
}
