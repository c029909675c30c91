//! The DDL of the target tables.

use std::fmt::Write;

use super::names::{bracketed, column_list, fitted, literal, qualified, LONGEST_NAME};
use crate::contract::{TargetColumn, TargetTable};

/// One batch per target table, parents first: creates it unless it exists.
pub fn target_ddl(schema: &str, targets: &[TargetTable]) -> Vec<String> {
    targets.iter().map(|table| target_table(schema, table, targets)).collect()
}

fn target_table(schema: &str, table: &TargetTable, targets: &[TargetTable]) -> String {
    let name = qualified(schema, table);
    let mut parts: Vec<String> =
        table.columns.iter().map(|column| column_definition(table, column)).collect();
    if !table.primary_key.is_empty() {
        let constraint = constraint(format!("PK_{}", table.name));
        let key = column_list(names(&table.primary_key));
        parts.push(format!("{constraint}PRIMARY KEY CLUSTERED ({key})"));
    }
    if let Some(foreign_key) = &table.foreign_key {
        let parent = targets.iter().find(|t| t.name.eq_ignore_ascii_case(&foreign_key.references));
        parts.push(format!(
            "{}FOREIGN KEY ({})\n            REFERENCES {}.{} ({})",
            constraint(format!("FK_{}_{}", table.name, foreign_key.references)),
            column_list(names(&foreign_key.columns)),
            bracketed(schema),
            bracketed(&foreign_key.references),
            column_list(names(parent.map_or(&[][..], |parent| &parent.primary_key))),
        ));
    }
    let mut sql = format!(
        "IF OBJECT_ID({}, N'U') IS NULL\nBEGIN\n    CREATE TABLE {name}\n    (\n        {}\n    );\n",
        literal(&name),
        parts.join(",\n        "),
    );
    if let Some(index) = app_index(table) {
        let _ = write!(sql, "\n    {index} ON {name} ({});\n", column_list(table.sought_columns()));
    }
    sql.push_str("END;\n");
    sql.push_str(&missing_columns(&name, table));
    sql
}

/// Adds missing nullable columns to an existing table; a person must decide any other change.
fn missing_columns(name: &str, table: &TargetTable) -> String {
    let added =
        table.columns.iter().filter(|c| !c.required && !c.is_generated() && !is_key(table, c));
    added
        .map(|column| {
            format!(
                "
IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID({})
        AND c.name = {}
)
BEGIN
    ALTER TABLE {name} ADD {};
END;
",
                literal(name),
                literal(&column.name),
                column_definition(table, column)
            )
        })
        .collect()
}

fn is_key(table: &TargetTable, column: &TargetColumn) -> bool {
    table.primary_key.iter().any(|name| name.eq_ignore_ascii_case(&column.name))
}

fn constraint(name: String) -> String {
    format!("CONSTRAINT {} ", bracketed(&fitted(name, LONGEST_NAME)))
}

fn column_definition(table: &TargetTable, column: &TargetColumn) -> String {
    let identity = if column.is_generated() { " IDENTITY(1, 1)" } else { "" };
    let null = if column.required || column.is_generated() || is_key(table, column) {
        "NOT NULL"
    } else {
        "NULL"
    };
    format!("{} {}{identity} {null}", bracketed(&column.name), column.sql_type)
}

/// Rows are deleted, and parents checked, by application: without an index that is a scan.
fn app_index(table: &TargetTable) -> Option<String> {
    let sought = table.sought_columns();
    let leads_key = table.primary_key.len() >= sought.len()
        && sought.iter().zip(&table.primary_key).all(|(a, b)| a.eq_ignore_ascii_case(b));
    (!leads_key).then(|| format!("CREATE NONCLUSTERED INDEX {}", app_index_name(table)))
}

/// The name of the index by which an application's rows are sought.
pub fn app_index_name(table: &TargetTable) -> String {
    let name = format!("IX_{}_{}", table.name, table.sought_columns().join("_"));
    bracketed(&fitted(name, LONGEST_NAME))
}

fn names(columns: &[String]) -> impl Iterator<Item = &str> {
    columns.iter().map(String::as_str)
}
