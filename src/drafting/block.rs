//! A table as TOML.

use std::collections::BTreeSet;

use toml_writer::ToTomlKey;

use super::namespaces::Namespaces;
use super::quoted::string;
use super::table::{Column, Existing, Table};
use super::{keys, steps};
use crate::contract::OnExisting;
use crate::figures::{count, counted};
use crate::profile::Profile;
use crate::screen::is_unprintable;
use crate::value::SqlType;

/// How tables are written.
pub(super) struct Blocks<'p> {
    pub(super) profile: &'p Profile,
    pub(super) namespaces: &'p Namespaces,
    /// Documents that all rows are of.
    pub(super) documents: u64,
    /// Patterns of dates that no column needs to repeat.
    pub(super) shared: BTreeSet<String>,
}

impl Blocks<'_> {
    /// A whole `[[tables]]`, behind an empty line.
    pub(super) fn table(&self, tables: &[Table], at: usize) -> String {
        let table = &tables[at];
        let mut lines = vec![String::new()];
        if self.documents > 0 {
            lines.push(format!("# {}", self.rows_of(table)));
        }
        lines.extend([
            "[[tables]]".to_owned(),
            pair("name", &table.name),
            pair("each", &steps::each(self.profile, self.namespaces, tables, at)),
        ]);
        match &table.existing {
            None => lines.extend(own_keys(tables, at)),
            Some(existing) => lines.extend(existing_keys(existing)),
        }
        lines.push(pair("on_existing", word(table.on_existing)));
        lines.push("[tables.columns]".to_owned());
        let keys: Vec<String> =
            table.columns.iter().map(|column| column.name.to_toml_key()).collect();
        let width = keys.iter().map(|key| key.chars().count()).max().unwrap_or(0);
        for (column, key) in table.columns.iter().zip(keys) {
            let pad = width - key.chars().count();
            let note = note(column).map_or(String::new(), |note| format!("  # {note}"));
            let settings = self.settings(column).join(", ");
            lines.push(format!("{key}{:pad$} = {{ {settings} }}{note}", ""));
        }
        for guess in table.existing.iter().flat_map(|existing| &existing.guesses) {
            let key = guess.name.to_toml_key();
            let note = note(guess).unwrap_or_default();
            lines.push(format!("# {key} = {{ {} }}  # {note}", self.settings(guess).join(", ")));
        }
        for row in &table.rows {
            lines.push("[[tables.rows]]".to_owned());
            lines.push(pair("when", &row.when));
            for (name, value) in &row.values {
                let column = table.columns.iter().find(|column| column.name == *name);
                let value = column.map(|column| self.read(value, column));
                lines.push(pair(&name.to_toml_key(), &value.unwrap_or_default()));
            }
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }

    /// What the rows of a table are, and how many.
    fn rows_of(&self, table: &Table) -> String {
        let row = &self.profile[table.node];
        if let Some(siblings) = &table.siblings {
            let names = siblings.nodes.iter().map(|(_, node)| self.profile[*node].written());
            let names: Vec<String> = names.collect();
            let (first, last) = (&names[0], &names[names.len() - 1]);
            return format!("{first} to {last} of {}", counted(row.count, "element"));
        }
        let rows = counted(row.count, "row");
        let documents = counted(self.documents, "document");
        match row.most > 1 && !table.is_recursive {
            true => format!("{rows} in {documents}, at most {} in one parent", count(row.most)),
            false if table.is_recursive => format!("{rows} in {documents}, inside each other"),
            false => format!("{rows} in {documents}"),
        }
    }

    /// The settings of a column.
    pub(super) fn settings(&self, column: &Column) -> Vec<String> {
        let mut settings = vec![pair("type", &column.sql_type.to_string())];
        if !column.value.is_empty() {
            settings.push(pair("value", &self.read(&column.value, column)));
        }
        if let Some(default) = &column.default {
            settings.push(format!("default = {default}"));
        }
        if column.required {
            settings.push("required = true".to_owned());
        }
        match (column.identity, column.value.is_empty()) {
            (false, _) => {}
            (true, true) => settings.push("identity = true".to_owned()),
            (true, false) => settings.push(pair("identity", "explicit")),
        }
        if column.is_null_on_error {
            settings.push(pair("on_error", "null"));
        }
        settings
    }

    /// A value that a column reads, with the patterns of its dates if not all dates have them.
    fn read(&self, value: &str, column: &Column) -> String {
        if column.dates.iter().all(|pattern| self.shared.contains(pattern)) {
            return value.to_owned();
        }
        parse_date(value, column.sql_type, &column.dates, column.has_iso)
    }
}

/// A date of one of these patterns, or also of ISO 8601.
pub(super) fn parse_date(
    value: &str,
    sql_type: SqlType,
    patterns: &[String],
    has_iso: bool,
) -> String {
    let patterns = patterns.iter().map(|pattern| pattern.replace('\'', "''"));
    let patterns = patterns.map(|pattern| format!(", '{pattern}'")).collect::<String>();
    match has_iso {
        true => format!("COALESCE(TRY_CAST({value} AS {sql_type}), PARSE_DATE({value}{patterns}))"),
        false => format!("PARSE_DATE({value}{patterns})"),
    }
}

/// The remark on a column.
pub(super) fn note(column: &Column) -> Option<String> {
    column.note.as_ref().map(|note| single_line(note))
}

/// The keys of a table of the draft's own.
fn own_keys(tables: &[Table], at: usize) -> Vec<String> {
    let mut lines = vec![
        format!("primary_key = [{}]", names(&keys::primary_key(tables, at))),
        pair("app_column", &tables[at].app.0),
    ];
    lines.extend(foreign_key(tables, at));
    lines
}

/// The keys of a table that exists.
fn existing_keys(existing: &Existing) -> Vec<String> {
    let mut lines = Vec::new();
    if !existing.primary_key.is_empty() {
        lines.push(format!("primary_key = [{}]", names(&existing.primary_key)));
    }
    lines.extend(existing.app_column.iter().map(|column| pair("app_column", column)));
    lines.extend(existing.foreign_key.iter().map(|(columns, parent)| reference(columns, parent)));
    lines
}

fn reference(columns: &[String], parent: &str) -> String {
    let (columns, parent) = (names(columns), string(parent));
    format!("foreign_key = {{ columns = [{columns}], references = {parent} }}")
}

/// The foreign key to the table around.
fn foreign_key(tables: &[Table], at: usize) -> Option<String> {
    let parent = tables[at].parent?;
    let key = keys::primary_key(tables, parent);
    // Its row may lie in another of its own, so that only the document is sure.
    let is_sure = !tables[at].is_recursive || key == [tables[at].app.0.as_str()];
    (is_sure && !key.is_empty()).then(|| reference(&key, &tables[parent].name))
}

fn names(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| string(name)).collect();
    names.join(", ")
}

fn word(on_existing: OnExisting) -> &'static str {
    match on_existing {
        OnExisting::Fail => "fail",
        OnExisting::Skip => "skip",
        OnExisting::Replace => "replace",
    }
}

/// Whether both patterns read the same text, as different dates.
pub(super) fn conflict(a: &str, b: &str) -> bool {
    let form = |pattern: &str| {
        let mut form = pattern.replace(['d', 'M'], "x");
        while form.contains("xx") {
            form = form.replace("xx", "x");
        }
        form
    };
    form(a) == form(b) && a.chars().next() != b.chars().next()
}

/// A key and its text.
pub(super) fn pair(key: &str, value: &str) -> String {
    format!("{key} = {}", string(value))
}

/// A text in one line, without what a terminal would follow.
pub(super) fn single_line(text: &str) -> String {
    let visible = text.replace(|c: char| c.is_control() || is_unprintable(c), " ");
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}
