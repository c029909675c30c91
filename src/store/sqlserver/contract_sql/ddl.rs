//! The DDL of the target tables.

use std::fmt::Write;

use super::names::{bracketed, column_list, fitted, literal, qualified, LONGEST_NAME};
use crate::contract::{ForeignKey, TargetColumn, TargetTable};

/// One batch per target table, parents first: creates it unless it exists, as the property of a
/// pipeline.
pub fn target_ddl(pipeline: &str, schema: &str, targets: &[TargetTable]) -> Vec<String> {
    targets.iter().map(|table| create_table(pipeline, schema, table, targets)).collect()
}

fn create_table(
    pipeline: &str,
    schema: &str,
    table: &TargetTable,
    targets: &[TargetTable],
) -> String {
    let name = qualified(schema, table);
    let mut parts: Vec<String> =
        table.columns.iter().map(|column| column_definition(table, column)).collect();
    if !table.primary_key.is_empty() {
        let key = column_list(names(&table.primary_key));
        let constraint = bracketed(&primary_key_name(table));
        parts.push(format!("CONSTRAINT {constraint} PRIMARY KEY CLUSTERED ({key})"));
    }
    if let Some(foreign_key) = &table.foreign_key {
        let parent = targets.iter().find(|t| t.name.eq_ignore_ascii_case(&foreign_key.references));
        parts.push(format!(
            "CONSTRAINT {} FOREIGN KEY ({})\n            REFERENCES {}.{} ({})",
            bracketed(&foreign_key_name(table, foreign_key)),
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
    let _ = write!(
        sql,
        "
    EXEC sys.sp_addextendedproperty
        @name = N'xmlshred',
        @value = {},
        @level0type = 'SCHEMA',
        @level0name = {},
        @level1type = 'TABLE',
        @level1name = {};
END;
",
        literal(pipeline),
        literal(schema),
        literal(&table.name)
    );
    sql
}

/// The names of the constraints that a new table has.
pub fn constraint_names(table: &TargetTable) -> Vec<String> {
    let primary = (!table.primary_key.is_empty()).then(|| primary_key_name(table));
    let foreign = table.foreign_key.iter().map(|key| foreign_key_name(table, key));
    primary.into_iter().chain(foreign).collect()
}

fn primary_key_name(table: &TargetTable) -> String {
    fitted(format!("PK_{}", table.name), LONGEST_NAME)
}

fn foreign_key_name(table: &TargetTable, key: &ForeignKey) -> String {
    fitted(format!("FK_{}_{}", table.name, key.references), LONGEST_NAME)
}

fn is_key(table: &TargetTable, column: &TargetColumn) -> bool {
    table.primary_key.iter().any(|name| name.eq_ignore_ascii_case(&column.name))
}

/// Whether the contract has rows without a value in the column.
pub(super) fn may_be_null(table: &TargetTable, column: &TargetColumn) -> bool {
    !column.required && !column.is_generated() && !is_key(table, column)
}

fn column_definition(table: &TargetTable, column: &TargetColumn) -> String {
    let identity = if column.is_generated() { " IDENTITY(1, 1)" } else { "" };
    let null = if may_be_null(table, column) { "NULL" } else { "NOT NULL" };
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
