//! Writes a draft as TOML.

use std::collections::BTreeSet;

use toml_writer::ToTomlKey;

use super::columns::lookup_name;
use super::namespaces::Namespaces;
use super::quoted::string;
use super::report::{schema_lines, Report};
use super::table::{Column, Table};
use super::{keys, steps};
use crate::diagnostic::is_unprintable;
use crate::figures::{count, counted};
use crate::profile::{NodeId, Profile};

pub(super) struct Writer<'p> {
    profile: &'p Profile,
    namespaces: &'p Namespaces,
    report: &'p Report,
    name: &'p str,
    /// The path of what looks like the application's id, and whether it is.
    key: Option<(String, bool)>,
    text: String,
}

/// Whether both patterns read the same text, as different dates.
fn conflict(a: &str, b: &str) -> bool {
    let form = |pattern: &str| {
        let mut form = pattern.replace(['d', 'M'], "x");
        while form.contains("xx") {
            form = form.replace("xx", "x");
        }
        form
    };
    form(a) == form(b) && a.chars().next() != b.chars().next()
}

impl<'p> Writer<'p> {
    pub(super) fn new(
        profile: &'p Profile,
        namespaces: &'p Namespaces,
        report: &'p Report,
        name: &'p str,
        key: Option<(String, bool)>,
    ) -> Self {
        Self { profile, namespaces, report, name, key, text: String::new() }
    }

    pub(super) fn write(mut self, root: NodeId, tables: &[Table]) -> String {
        let rests = self.report.rests();
        self.comment(&format!("Drafted by `xmlshred contract init` from {rests}."));
        self.line("[contract]");
        self.pair("name", self.name);
        self.line("");
        self.document(root, tables);
        self.lookups(tables);
        for (at, table) in tables.iter().enumerate() {
            self.table(tables, at, table);
        }
        self.remarks();
        self.text
    }

    fn document(&mut self, root: NodeId, tables: &[Table]) {
        self.line("[document]");
        let step = self.namespaces.step(self.profile, root);
        self.pair("root", &step);
        match self.key.clone() {
            Some((key, true)) => self.pair("key", &key),
            Some((key, false)) => {
                let why =
                    "differs in each document; for it to be checked against the application's id";
                self.comment(&format!("key = {}  # {why}", string(&key)));
            }
            None => {}
        }
        if tables.iter().flat_map(|table| &table.columns).any(|column| column.is_padded) {
            self.pair("white_space", "strip");
        }
        let formats: Vec<String> = shared_formats(tables).iter().map(|f| string(f)).collect();
        if !formats.is_empty() {
            self.line(&format!("date_formats = [{}]", formats.join(", ")));
        }
        let prefixes = self.namespaces.declared().iter();
        let declared: Vec<String> = prefixes
            .map(|(uri, prefix)| format!("{} = {}", prefix.to_toml_key(), string(uri)))
            .collect();
        if !declared.is_empty() {
            self.line(&format!("namespaces = {{ {} }}", declared.join(", ")));
        }
    }

    fn lookups(&mut self, tables: &[Table]) {
        for table in tables {
            for column in table.columns.iter().filter(|column| !column.lookup.is_empty()) {
                self.line("");
                let name = lookup_name(&table.name, column);
                self.line(&format!("[lookups.{}]", name.to_toml_key()));
                let codes = (1..).zip(&column.lookup);
                let codes = codes.map(|(number, code)| format!("{} = {number}", string(code)));
                let codes = codes.collect::<Vec<_>>().join(", ");
                self.line(&format!("values = {{ {codes} }}"));
            }
        }
    }

    fn table(&mut self, tables: &[Table], at: usize, table: &Table) {
        let (row, documents) = (&self.profile[table.node], self.report.documents);
        self.line("");
        if documents > 0 {
            self.comment(&format!(
                "{} in {}{}",
                counted(row.count, "row"),
                counted(documents, "document"),
                match row.most > 1 && !table.is_recursive {
                    true => format!(", at most {} in one parent", count(row.most)),
                    false if table.is_recursive => ", inside each other".to_owned(),
                    false => String::new(),
                }
            ));
        }
        self.line("[[tables]]");
        self.pair("name", &table.name);
        self.pair("each", &steps::absolute(self.profile, self.namespaces, table.node));
        let names = |names: &[String]| {
            let names: Vec<String> = names.iter().map(|name| string(name)).collect();
            names.join(", ")
        };
        let key = keys::primary_key(tables, at);
        self.line(&format!("primary_key = [{}]", names(&key)));
        self.pair("app_column", "app_id");
        if let Some(parent) = table.parent {
            let columns = match table.is_recursive {
                // Its row may lie in another of its own, so that only the document is sure.
                true => keys::primary_key(tables, parent).into_iter().take(1).collect(),
                false => keys::primary_key(tables, parent),
            };
            let fits = columns.len() == keys::primary_key(tables, parent).len();
            if fits {
                let (columns, parent) = (names(&columns), string(&tables[parent].name));
                self.line(&format!(
                    "foreign_key = {{ columns = [{columns}], references = {parent} }}"
                ));
            }
        }
        self.pair("on_existing", "replace");
        self.line("[tables.columns]");
        let shared = shared_formats(tables);
        let keys: Vec<String> =
            table.columns.iter().map(|column| column.name.to_toml_key()).collect();
        let width = keys.iter().map(|key| key.chars().count()).max().unwrap_or(0);
        for (column, key) in table.columns.iter().zip(keys) {
            let pad = width - key.chars().count();
            let line = format!("{key}{:pad$} = {{ {} }}", "", described(column, &shared));
            match &column.note {
                Some(note) => self.line(&format!("{line}  # {}", single_line(note))),
                None => self.line(&line),
            }
        }
    }

    /// What the types do not follow, and what is left out.
    fn remarks(&mut self) {
        if !self.report.outliers.is_empty() {
            self.line("");
            self.comment(
                "Values that the type of their column does not take; such documents fail:",
            );
        }
        for outlier in &self.report.outliers {
            let (some, of) = (count(outlier.count), count(outlier.of));
            let examples = outlier.examples.iter().map(|example| format!("{:?}", example.text));
            let examples = examples.collect::<Vec<_>>().join(", ");
            let (path, sql_type) = (&outlier.path, &outlier.sql_type);
            self.comment(&format!(
                "  {path} is {sql_type}: {some} of {of} not, such as {examples}"
            ));
        }
        if !self.report.left_out.is_empty() {
            self.line("");
            self.comment("Left out:");
        }
        for left_out in &self.report.left_out {
            self.comment(&format!("  {left_out}"));
        }
        let report = self.report;
        for (title, lines) in report.schema.iter().flat_map(schema_lines) {
            self.line("");
            self.comment(&format!("{title}:"));
            lines.iter().for_each(|line| self.comment(&format!("  {line}")));
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {}", string(value)));
    }

    fn comment(&mut self, text: &str) {
        self.line(&format!("# {}", single_line_indented(text)));
    }
}

/// The patterns that all dates share; one that reads dates which another reads differently is in
/// its columns instead.
fn shared_formats(tables: &[Table]) -> BTreeSet<String> {
    let all: BTreeSet<String> =
        tables.iter().flat_map(|table| &table.columns).flat_map(|c| c.dates.clone()).collect();
    let is_alone = |pattern: &String| !all.iter().any(|other| conflict(pattern, other));
    all.iter().filter(|pattern| is_alone(pattern)).cloned().collect()
}

fn described(column: &Column, shared: &BTreeSet<String>) -> String {
    let value = match column.dates.iter().all(|pattern| shared.contains(pattern)) {
        true => column.value.clone(),
        false => {
            let patterns = column.dates.iter().map(|pattern| pattern.replace('\'', "''"));
            let patterns = patterns.map(|pattern| format!(", '{pattern}'")).collect::<String>();
            let (path, sql_type) = (&column.value, column.sql_type);
            match column.has_iso {
                true => format!(
                    "COALESCE(TRY_CAST({path} AS {sql_type}), PARSE_DATE({path}{patterns}))"
                ),
                false => format!("PARSE_DATE({path}{patterns})"),
            }
        }
    };
    let sql_type = string(&column.sql_type.to_string());
    let required = if column.required { ", required = true" } else { "" };
    let default = column.default.as_ref().map_or(String::new(), |d| format!(", default = {d}"));
    format!("type = {sql_type}, value = {}{default}{required}", string(&value))
}

fn single_line(text: &str) -> String {
    let visible = text.replace(|c: char| c.is_control() || is_unprintable(c), " ");
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same, with the blanks at its begin.
fn single_line_indented(text: &str) -> String {
    let indent = text.len() - text.trim_start_matches(' ').len();
    format!("{:indent$}{}", "", single_line(text))
}
