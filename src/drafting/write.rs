//! Writes a draft as TOML.

use std::collections::BTreeSet;

use toml_writer::ToTomlKey;

use super::block::{conflict, pair, single_line, Blocks};
use super::columns::lookup_name;
use super::namespaces::Namespaces;
use super::quoted::string;
use super::report::{schema_lines, Report};
use super::table::Table;
use crate::profile::{NodeId, Profile};

pub(super) struct Writer<'p> {
    profile: &'p Profile,
    namespaces: &'p Namespaces,
    report: &'p Report,
    name: &'p str,
    /// The schema of tables that exist.
    schema: Option<&'p str>,
    /// The path of what looks like the application's id, and whether it is.
    key: Option<(String, bool)>,
    text: String,
}

impl<'p> Writer<'p> {
    pub(super) fn new(
        profile: &'p Profile,
        namespaces: &'p Namespaces,
        report: &'p Report,
        name: &'p str,
        key: Option<(String, bool)>,
    ) -> Self {
        Self { profile, namespaces, report, name, schema: None, key, text: String::new() }
    }

    /// The same for tables of a schema.
    pub(super) fn in_schema(self, schema: Option<&'p str>) -> Self {
        Self { schema, ..self }
    }

    pub(super) fn write(mut self, root: NodeId, tables: &[Table]) -> String {
        let rests = self.report.rests();
        self.comment(&format!("Drafted by `xmlshred contract init` from {rests}."));
        self.line("[contract]");
        self.pair("name", self.name);
        if let Some(schema) = self.schema {
            self.pair("target_schema", schema);
        }
        self.line("");
        self.document(root, tables);
        self.lookups(tables);
        let blocks = Blocks {
            profile: self.profile,
            namespaces: self.namespaces,
            documents: self.report.documents,
            shared: shared_formats(tables),
        };
        (0..tables.len()).for_each(|at| self.text.push_str(&blocks.table(tables, at)));
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

    /// What the types do not follow, and what is left out.
    fn remarks(&mut self) {
        for (title, outliers) in self.report.fates() {
            if !outliers.is_empty() {
                self.line("");
                self.comment(&format!("Values that the type of their column {title}:"));
            }
            for outlier in outliers {
                let examples = outlier.examples.iter().map(|example| format!("{:?}", example.text));
                let examples = examples.collect::<Vec<_>>().join(", ");
                self.comment(&format!("  {outlier}, such as {examples}"));
            }
        }
        if !self.report.unfilled.is_empty() {
            self.line("");
            self.comment("Not filled:");
        }
        for unfilled in &self.report.unfilled {
            self.comment(&format!("  {unfilled}"));
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
        self.line(&pair(key, value));
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

/// The same, with the blanks at its begin.
fn single_line_indented(text: &str) -> String {
    let indent = text.len() - text.trim_start_matches(' ').len();
    format!("{:indent$}{}", "", single_line(text))
}
