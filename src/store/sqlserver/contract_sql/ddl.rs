//! The DDL of the target tables.

use std::fmt::Write;

use super::names::{bracketed, column_list, fitted, literal, qualified, LONGEST_NAME};
use crate::contract::{ForeignKey, TargetColumn, TargetTable};
use crate::store::AlterTables;

/// One batch per target table, parents first: creates it unless it exists, as the property of a
/// pipeline, and adds missing nullable columns. A person must decide any other change.
pub fn target_ddl(
    pipeline: &str,
    schema: &str,
    targets: &[TargetTable],
    alter: AlterTables,
) -> Vec<String> {
    let batch = |table: &TargetTable| {
        let create = create_table(pipeline, schema, table, targets);
        create + &missing_columns(schema, table, alter)
    };
    targets.iter().map(batch).collect()
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

/// Adds the columns that an existing table does not have, unless the table is of others.
fn missing_columns(schema: &str, table: &TargetTable, alter: AlterTables) -> String {
    let name = literal(&qualified(schema, table));
    let additions: String = nullable_columns(table)
        .map(|column| {
            let (column, add) = (literal(&column.name), add_column(schema, table, column));
            format!(
                "
    IF COLUMNPROPERTY(OBJECT_ID({name}), {column}, 'ColumnId') IS NULL
    BEGIN
        {add}
    END;
"
            )
        })
        .collect();
    let condition = match alter {
        _ if additions.is_empty() => return String::new(),
        AlterTables::All => format!("OBJECT_ID({name}, N'U') IS NOT NULL"),
        AlterTables::Own => format!(
            "EXISTS
(
    SELECT 1
    FROM sys.extended_properties AS p
    WHERE p.class = 1
        AND p.major_id = OBJECT_ID({name})
        AND p.minor_id = 0
        AND p.name = N'xmlshred'
)"
        ),
    };
    format!("\nIF {condition}\nBEGIN{additions}END;\n")
}

/// The columns that an existing table can be given.
pub fn nullable_columns(table: &TargetTable) -> impl Iterator<Item = &TargetColumn> {
    table.columns.iter().filter(|c| !c.required && !c.is_generated() && !is_key(table, c))
}

/// The statement that gives a table a column.
pub fn add_column(schema: &str, table: &TargetTable, column: &TargetColumn) -> String {
    format!("ALTER TABLE {} ADD {};", qualified(schema, table), column_definition(table, column))
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
