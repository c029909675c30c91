//! The mapping from source to target as a document: a page, Markdown, and lines for CSV.

mod columns;
mod csv;
mod diagram;
mod markdown;
mod page;

pub use csv::{mapping_lines, MAPPING_HEADING};
pub use markdown::mapping_markdown;
pub use page::mapping_page;

use crate::described::{Column, ColumnValue, Samples, Table};
use crate::figures::counted;

/// `required`, or what a null becomes or is.
fn nullability(column: &Column) -> &'static str {
    match (column.is_generated, column.required) {
        (true, _) => "generated",
        (false, true) => "required",
        (false, false) => "nullable",
    }
}

/// What is special about a column beside its type.
fn remarks(table: &Table, column: &Column) -> Vec<String> {
    let is_in = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
    let mut remarks = Vec::new();
    if is_in(&table.primary_key) {
        remarks.push("primary key".to_owned());
    }
    if let Some(key) = table.foreign_key.as_ref().filter(|key| is_in(&key.columns)) {
        remarks.push(format!("refers to {}", key.references));
    }
    if column.is_explicit {
        remarks.push("identity, with the value of the document".to_owned());
    }
    if column.keeps_blank {
        remarks.push("blank text stays".to_owned());
    }
    remarks
}

/// `row 2`, where the value is that of a row template.
fn template(value: &ColumnValue) -> Option<String> {
    value.template.map(|number| format!("row {}", number + 1))
}

/// What a table is made of, as names with their values.
fn facts(table: &Table) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if !table.primary_key.is_empty() {
        facts.push(("primary key", table.primary_key.join(", ")));
    }
    if let Some(key) = &table.foreign_key {
        facts.push(("foreign key", format!("{} to {}", key.columns.join(", "), key.references)));
    }
    facts.push((
        "application's id",
        table.app_column.clone().unwrap_or_else(|| "that of the parent's row".to_owned()),
    ));
    facts.push(("existing rows", table.on_existing.to_owned()));
    facts
}

/// Where the examples come from.
fn sampled(samples: &Samples) -> String {
    format!(
        "Examples are from {}, of which {} could be mapped.",
        counted(samples.documents, "sample document"),
        samples.mapped
    )
}
