//! The stage: the temp tables from which `usp_LoadApps` loads the target tables.

use std::fmt::Write;

use super::names::{bracketed, stage_name};
use crate::contract::{TargetColumn, TargetTable, STAGE_APP_ID, STAGE_ROW};
use crate::value::SqlType;

/// The columns of the stage: all except those that the database numbers.
pub fn staged_columns(table: &TargetTable) -> impl Iterator<Item = (usize, &TargetColumn)> {
    table.columns.iter().enumerate().filter(|(_, column)| !column.is_generated())
}

/// The longest text of the stage with a length: the driver's bulk load is wrong for 2001 to 4000.
const LONGEST_TEXT: u16 = 2_000;

/// The type of a column's values in the stage: one of the few types for which bulk load is exact, and
/// wide enough that no value changes. A text has its column's length, which the worker has checked:
/// the server reserves memory by it.
pub fn stage_type(sql_type: SqlType) -> String {
    match sql_type {
        SqlType::Bit | SqlType::BigInt | SqlType::Decimal { .. } | SqlType::UniqueIdentifier => {
            sql_type.to_string()
        }
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => "int".into(),
        SqlType::Money => "decimal(19,4)".into(),
        SqlType::Float | SqlType::Real => "float".into(),
        SqlType::Date | SqlType::SmallDateTime => "datetime2(0)".into(),
        SqlType::DateTime => "datetime2(3)".into(),
        SqlType::Time(digits) | SqlType::DateTime2(digits) => format!("datetime2({digits})"),
        SqlType::VarBinary(_) => "varbinary(max)".into(),
        // yyyy-MM-ddThh:mm:ss.fffffff+hh:mm
        SqlType::DateTimeOffset(_) => stage_text(Some(33)),
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) => {
            stage_text(sql_type.max_chars())
        }
        SqlType::Xml => stage_text(None),
    }
}

/// The type of texts in the stage. In UTF-16 no text of a code page is longer than there.
pub fn stage_text(length: Option<u16>) -> String {
    match length.filter(|length| *length <= LONGEST_TEXT) {
        Some(length) => format!("nvarchar({length}) COLLATE DATABASE_DEFAULT"),
        None => "nvarchar(max) COLLATE DATABASE_DEFAULT".into(),
    }
}

/// The batch that creates the stage of every target table, once per connection.
pub fn stage_ddl(targets: &[TargetTable]) -> String {
    stage_ddl_of(targets, stage_type)
}

/// [`stage_ddl`] with other types than [`stage_type`]'s.
pub fn stage_ddl_of(targets: &[TargetTable], type_of: fn(SqlType) -> String) -> String {
    targets.iter().map(|table| stage_table(table, type_of)).collect::<Vec<_>>().join("\n")
}

fn stage_table(table: &TargetTable, type_of: fn(SqlType) -> String) -> String {
    let mut sql = format!("CREATE TABLE {}\n(\n", stage_name(table));
    let _ = writeln!(sql, "    {STAGE_APP_ID} bigint NULL,\n    {STAGE_ROW} bigint NULL,");
    for (_, column) in staged_columns(table) {
        let (name, stage_type) = (bracketed(&column.name), type_of(column.sql_type));
        let _ = writeln!(sql, "    {name} {stage_type} NULL,");
    }
    sql.truncate(sql.trim_end_matches(",\n").len());
    let _ = write!(
        sql,
        "\n);\n\nCREATE UNIQUE CLUSTERED INDEX IX_stage ON {} ({STAGE_APP_ID}, {STAGE_ROW});\n",
        stage_name(table)
    );
    sql
}
