//! Names and texts in generated T-SQL.

use crate::contract::TargetTable;

/// `name` between brackets.
pub fn bracketed(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// `text` as a Unicode literal.
pub fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// `#stage_<table>` between brackets.
pub fn stage_name(table: &TargetTable) -> String {
    bracketed(&format!("#stage_{}", table.name))
}

/// `[schema].[table]`
pub(super) fn qualified(schema: &str, table: &TargetTable) -> String {
    format!("{}.{}", bracketed(schema), bracketed(&table.name))
}

/// The name of the column with the application's id.
pub(super) fn app_column(table: &TargetTable) -> &str {
    &table.columns[table.app_column].name
}
