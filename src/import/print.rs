//! The contract as TOML that a person would write.

use std::ops::Range;

use toml_writer::ToTomlKey;

use super::draft::{Column, Draft, Lookup, Row, Table};
use super::layout::Layout;
use super::legacy::EnumValue;
use super::lines::{self, toml_string as string, WIDTH};
use super::report::Report;
use super::{dates, sql};
use crate::contract::expr::parser::Names;

/// A part of the printed contract that can be left out when it turns out to be wrong. Outer parts
/// come before inner ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Lookup(usize),
    Table(usize),
    Row(usize, usize),
    Column(usize, usize),
}

/// The text, and the places of its parts, outer before inner.
pub(super) struct Printed {
    pub(super) text: String,
    pub(super) parts: Vec<(Range<usize>, Part)>,
}

/// Prints a contract; what the report has of failed mappings becomes comments.
pub(super) fn print(draft: &Draft, layout: &Layout<'_>, report: &Report) -> Printed {
    let mut printer = Printer { report, text: String::new(), parts: Vec::new() };
    printer.header(&draft.name, layout);
    for (index, lookup) in draft.lookups.iter().enumerate() {
        printer.part(Part::Lookup(index), |printer| printer.lookup(lookup));
    }
    for (index, table) in draft.tables.iter().enumerate() {
        printer.part(Part::Table(index), |printer| printer.table(index, table));
    }
    Printed { text: printer.text, parts: printer.parts }
}

struct Printer<'r> {
    report: &'r Report,
    text: String,
    parts: Vec<(Range<usize>, Part)>,
}

impl Printer<'_> {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref().trim_end());
        self.text.push('\n');
    }

    fn comment(&mut self, text: &str) {
        for line in lines::filled(text.split_whitespace(), WIDTH - 2) {
            self.line(format!("# {line}"));
        }
    }

    /// `key = "value"`, where there is a value.
    fn pair<'t>(&mut self, key: &str, value: impl Into<Option<&'t str>>) {
        if let Some(value) = value.into() {
            self.line(format!("{key} = {}", string(value)));
        }
    }

    fn part(&mut self, part: Part, write: impl FnOnce(&mut Self)) {
        let (index, start) = (self.parts.len(), self.text.len());
        self.parts.push((start..start, part));
        write(self);
        self.parts[index].0.end = self.text.len();
    }

    fn header(&mut self, name: &str, layout: &Layout<'_>) {
        let (legacy, id) = (layout.legacy, layout.id_attribute);
        let request = sql::path("", &layout.request, None);
        self.comment(
            "Translated by `xmlshred contract import`. A remark beside a column names what is \
             different on purpose; docs/import.md explains it, and what to check before the first \
             run.",
        );
        self.line("\n[contract]");
        self.pair("name", name);
        self.pair("target_schema", legacy.target_schema.as_deref());
        self.line("");
        let settings = legacy.source_settings();
        if !settings.is_empty() {
            self.comment("Where the documents are. Put these lines into xmlshred.toml:");
            settings.iter().for_each(|line| self.line(format!("# {line}")));
        }
        self.line("[document]");
        self.pair("root", legacy.xml_root_element.as_str());
        self.list("require", &[format!("{request}[@{id} > 0]/@{id}"), layout.application()]);
        let key = string(&format!("{request}/@{id}"));
        self.line(format!("key = {key}  # must be the id under which the document is stored"));
        self.pair("attribute_names", "ignore-case");
        self.pair("white_space", "strip");
        self.list("date_formats", &dates::PATTERNS.map(str::to_owned));
        self.line("date_match = \"lenient\"  # 61 seconds are 59; text after a time is ignored");
    }

    /// An array of strings, on one line where it fits.
    fn list(&mut self, key: &str, items: &[String]) {
        let strings: Vec<String> = items.iter().map(|item| string(item)).collect();
        let one_line = format!("{key} = [{}]", strings.join(", "));
        match one_line.chars().count() <= WIDTH {
            true => self.line(one_line),
            false => self.line(format!("{key} = [\n  {},\n]", strings.join(",\n  "))),
        }
    }

    fn lookup(&mut self, lookup: &Lookup) {
        let name = lookup.name.to_toml_key();
        self.line(format!("\n[lookups.{name}]\nmatch = \"exact-then-ignore-case\""));
        self.line(match lookup.otherwise.as_ref().map(lookup_value) {
            None => "on_blank = \"null\"\non_unmapped = \"null\"".to_owned(),
            Some(value) => format!(
                "on_blank = \"value\"\nblank_value = {value}\n\
                 on_unmapped = \"value\"\nunmapped_value = {value}"
            ),
        });
        self.line(format!("[lookups.{name}.values]"));
        let keys: Vec<String> = lookup.values.iter().map(|(code, _)| code.to_toml_key()).collect();
        let width = longest(&keys);
        for (key, (_, value)) in keys.iter().zip(&lookup.values) {
            self.line(format!("{key:width$} = {}", lookup_value(value)));
        }
    }

    fn table(&mut self, index: usize, table: &Table) {
        self.line("");
        self.comment(&table.about);
        self.line("[[tables]]");
        self.pair("name", table.name.as_str());
        self.pair("each", table.each.as_str());
        if !table.primary_key.is_empty() {
            self.list("primary_key", &table.primary_key);
        }
        if let Some(app_column) = &table.app_column {
            self.pair("app_column", app_column.as_str());
        }
        if let Some((column, parent)) = &table.foreign_key {
            let (column, parent) = (string(column), string(parent));
            self.line(format!("foreign_key = {{ columns = [{column}], references = {parent} }}"));
        }
        if let Some(where_) = &table.where_ {
            self.expression("where", where_, Names::Paths);
        }
        if let Some(distinct) = &table.distinct {
            let strings: Vec<String> = distinct.by.iter().map(|by| string(by)).collect();
            let (by, keep) = (strings.join(", "), distinct.keep);
            let prefer = distinct.prefer.as_ref().map(|e| format!(", prefer = {}", string(e)));
            let prefer = prefer.unwrap_or_default();
            self.line(format!("distinct = {{ by = [{by}], keep = \"{keep}\"{prefer} }}"));
        }
        if let Some(kept) = table.kept() {
            let names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
            self.expression("keep_when", &kept, Names::Columns(&names));
        }
        self.columns(index, table);
        for (number, row) in table.rows.iter().enumerate() {
            self.part(Part::Row(index, number), |printer| printer.row(row));
        }
    }

    fn columns(&mut self, index: usize, table: &Table) {
        self.line("[tables.columns]");
        let names: Vec<String> = table.columns.iter().map(|c| c.name.to_toml_key()).collect();
        let type_of = |column: &Column| format!("type = {}", string(&column.sql_type.to_string()));
        let types: Vec<String> = table.columns.iter().map(type_of).collect();
        let (name_width, type_width) = (longest(&names), longest(&types) + 1);
        for (number, column) in table.columns.iter().enumerate() {
            let (name, sql_type) = (&names[number], &types[number]);
            let keys = match column_keys(column) {
                keys if keys.is_empty() => sql_type.clone(),
                keys => format!("{:type_width$} {keys}", format!("{sql_type},")),
            };
            let note = column.note.as_deref().map(single_line);
            let note = note.map_or(String::new(), |note| format!("  # {note}"));
            self.part(Part::Column(index, number), |printer| {
                printer.line(format!("{name:name_width$} = {{ {keys} }}{note}"));
            });
        }
        for missing in self.report.missing(&table.name) {
            self.comment(&format!("NOT TRANSLATED: {missing}"));
        }
    }

    fn row(&mut self, row: &Row) {
        self.line("[[tables.rows]]");
        if let Some(when) = &row.when {
            self.expression("when", when, Names::Paths);
        }
        for (name, value) in &row.values {
            self.expression(&name.to_toml_key(), value, Names::Paths);
        }
    }

    fn expression(&mut self, key: &str, sql: &str, names: Names<'_>) {
        let width = (WIDTH + 15).saturating_sub(key.chars().count());
        self.line(format!("{key} = {}", toml(lines::expression(sql, names, width), 0)));
    }
}

fn longest(texts: &[String]) -> usize {
    texts.iter().map(|text| text.chars().count()).max().unwrap_or(0)
}

/// The keys behind a column's type.
fn column_keys(column: &Column) -> String {
    let value = column.value.as_deref().map(|value| format!("value = {}", written(value, 50, 4)));
    // A value of several lines reads best at the end.
    let (last, first) = match value {
        Some(value) if value.contains('\n') => (Some(value), None),
        value => (None, value),
    };
    let keys = [
        first,
        column.default.as_ref().map(|default| format!("default = {default}")),
        column.required.then(|| "required = true".to_owned()),
        column.truncate.then(|| "too_long = \"truncate\"".to_owned()),
        column.on_error_null.then(|| "on_error = \"null\"".to_owned()),
        column.identity.then(|| "identity = \"explicit\"".to_owned()),
        last,
    ];
    keys.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// An expression as a TOML string behind `before` characters.
fn written(sql: &str, before: usize, indent: usize) -> String {
    toml(lines::expression(sql, Names::Paths, WIDTH + 18 - before), indent)
}

/// One line as a string; several as a multi-line string, indented.
fn toml(lines: Vec<String>, indent: usize) -> String {
    if let [only] = lines.as_slice() {
        return string(only);
    }
    let lines = lines.iter().map(|line| {
        let quoted = string(line);
        format!("\n{:indent$}{}", "", &quoted[1..quoted.len() - 1])
    });
    format!("\"\"\"{}\"\"\"", lines.collect::<String>())
}

fn single_line(text: &str) -> String {
    let visible = text.replace(|c: char| c.is_control(), " ");
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lookup_value(value: &EnumValue) -> String {
    match value {
        EnumValue::Number(number) => match number.to_string() {
            text if number.is_i64() || !text.contains('e') && text.contains('.') => text,
            text => string(&text),
        },
        EnumValue::Text(text) => string(text),
    }
}
