//! The mapping as lines of cells, one for each value of a column.

use super::{nullability, remarks};
use crate::described::{Column, ColumnValue, Described, Rule, Table};

/// The names of the cells of [`mapping_lines`], which do not change.
pub const MAPPING_HEADING: [&str; 20] = [
    "contract",
    "hash",
    "table",
    "rule",
    "row_path",
    "position",
    "column",
    "row",
    "type",
    "null",
    "remarks",
    "sources",
    "expression",
    "words",
    "lookups",
    "default",
    "otherwise",
    "example_read",
    "example_value",
    "example_document",
];

/// The lines of the mapping. Several texts in a cell are on lines of their own.
pub fn mapping_lines(described: &Described) -> Vec<[Option<String>; 20]> {
    let mut lines = Vec::new();
    for table in &described.tables {
        for (number, rule) in (1..).zip(&table.rules) {
            for column in &rule.columns {
                let of_value = |value| cells(described, table, number, rule, column, value);
                lines.extend(column.values.iter().map(of_value));
            }
        }
    }
    lines
}

fn cells(
    described: &Described,
    table: &Table,
    number: usize,
    rule: &Rule,
    column: &Column,
    value: &ColumnValue,
) -> [Option<String>; 20] {
    let joined = |texts: Vec<String>| Some(texts.join("\n")).filter(|text| !text.is_empty());
    let sources = value.sources.iter().map(|source| source.path.clone()).collect();
    let otherwise =
        value.consequences.iter().map(|found| format!("{}: {}", found.case, found.effect.name()));
    let example = value.example.as_ref();
    let read = |example: &crate::described::Example| {
        let read = example.read.iter();
        joined(read.map(|shown| format!("{} = {}", shown.path, shown.text)).collect())
    };
    [
        Some(described.name.clone()),
        Some(described.hash.clone()),
        Some(table.name.clone()),
        Some(number.to_string()),
        Some(rule.row_path.clone()),
        Some((column.position + 1).to_string()),
        Some(column.name.clone()),
        value.template.map(|template| (template + 1).to_string()),
        Some(column.sql_type.clone()),
        Some(nullability(column).to_owned()),
        joined(remarks(table, column)),
        joined(sources),
        value.expression.clone(),
        joined(value.words.clone()),
        joined(value.lookups.clone()),
        column.default.clone(),
        joined(otherwise.collect()),
        example.and_then(read),
        example.map(|example| example.value.clone()),
        example.map(|example| example.document.clone()),
    ]
}
