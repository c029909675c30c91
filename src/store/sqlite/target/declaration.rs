//! Target tables in SQLite: declarations from the contract, and statements for their rows.

use crate::contract::{Contract, ForeignKey, TargetColumn, TargetTable};
use crate::store::{Result, StoreError};
use crate::value::SqlType;

/// Prefixes of the store's own names, which no target may have.
const RESERVED: [&str; 3] = ["app_xml", "processing_", "sqlite_"];

/// A name quoted for SQLite, with any characters.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quoted_list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// The type of a column in a STRICT table. Text keeps what no other type of SQLite does: all 38
/// digits of a decimal, and dates as ISO 8601, which sort and compare correctly.
pub fn storage_type(column: &TargetColumn) -> &'static str {
    if column.identity {
        return "INTEGER";
    }
    match column.sql_type {
        SqlType::Bit | SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            "INTEGER"
        }
        SqlType::Float | SqlType::Real => "REAL",
        SqlType::VarBinary(_) => "BLOB",
        SqlType::Decimal { .. }
        | SqlType::Money
        | SqlType::Date
        | SqlType::Time(_)
        | SqlType::DateTime
        | SqlType::SmallDateTime
        | SqlType::DateTime2(_)
        | SqlType::DateTimeOffset(_)
        | SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::UniqueIdentifier
        | SqlType::Xml => "TEXT",
    }
}

/// Whether the database must refuse null in this column: required, or part of the key.
pub fn not_null(table: &TargetTable, column: &TargetColumn) -> bool {
    column.required || column.identity || is_key(table, &column.name)
}

fn is_key(table: &TargetTable, column: &str) -> bool {
    table.primary_key.iter().any(|key| key.eq_ignore_ascii_case(column))
}

/// Refuses a contract that SQLite cannot declare, before anything is written.
pub fn check(contract: &Contract) -> Result<()> {
    contract.targets.iter().try_for_each(|table| {
        let refuse = |reason: String| Err(StoreError::Refused(reason));
        let name = table.name.to_ascii_lowercase();
        if RESERVED.iter().any(|reserved| name.starts_with(reserved)) {
            return refuse(format!(
                "the name of table {} is reserved for the store; choose another name",
                table.name
            ));
        }
        if table.columns.iter().filter(|column| column.identity).count() > 1 {
            return refuse(format!(
                "table {} has more than one identity column, and SQLite supports one; keep one",
                table.name
            ));
        }
        match &table.foreign_key {
            Some(key) if parent_key(contract, key).len() != key.columns.len() => refuse(format!(
                "the foreign key of table {} to table {} has {} columns, and the primary key there \
                 has {}; make the numbers equal",
                table.name,
                key.references,
                key.columns.len(),
                parent_key(contract, key).len()
            )),
            _ => Ok(()),
        }
    })
}

fn parent_key<'c>(contract: &'c Contract, key: &ForeignKey) -> &'c [String] {
    contract
        .targets
        .iter()
        .find(|parent| parent.name.eq_ignore_ascii_case(&key.references))
        .map_or(&[], |parent| &parent.primary_key)
}

/// `CREATE TABLE` for a target.
///
/// An identity column is SQLite's row id, and a primary key beside it is a unique constraint. A
/// table with a key and no identity has no row id: there SQLite refuses null in the key, where it
/// would otherwise generate a value for a single integer column.
pub fn create_table(contract: &Contract, table: &TargetTable) -> String {
    let identity = table.columns.iter().find(|column| column.identity);
    let mut lines: Vec<String> =
        table.columns.iter().map(|column| declare_column(table, column)).collect();
    let key = quoted_list(table.primary_key.iter().map(String::as_str));
    let identity_is_key =
        identity.is_some_and(|column| table.primary_key.len() == 1 && is_key(table, &column.name));
    match identity {
        _ if table.primary_key.is_empty() || identity_is_key => {}
        Some(_) => lines.push(format!("UNIQUE ({key})")),
        None => lines.push(format!("PRIMARY KEY ({key})")),
    }
    if let Some(foreign) = &table.foreign_key {
        lines.push(format!(
            "FOREIGN KEY ({}) REFERENCES {} ({})",
            quoted_list(foreign.columns.iter().map(String::as_str)),
            quoted(&foreign.references),
            quoted_list(parent_key(contract, foreign).iter().map(String::as_str)),
        ));
    }
    let without_rowid = identity.is_none() && !table.primary_key.is_empty();
    format!(
        "CREATE TABLE {} (\n    {}\n) STRICT{}",
        quoted(&table.name),
        lines.join(",\n    "),
        if without_rowid { ", WITHOUT ROWID" } else { "" }
    )
}

fn declare_column(table: &TargetTable, column: &TargetColumn) -> String {
    let name = quoted(&column.name);
    let storage = storage_type(column);
    if column.identity {
        return format!("{name} {storage} PRIMARY KEY AUTOINCREMENT");
    }
    match not_null(table, column) {
        true => format!("{name} {storage} NOT NULL"),
        false => format!("{name} {storage}"),
    }
}

/// `ALTER TABLE` that adds a nullable column.
pub fn add_column(table: &TargetTable, column: &TargetColumn) -> String {
    format!("ALTER TABLE {} ADD COLUMN {}", quoted(&table.name), declare_column(table, column))
}

/// Names of indexes with the statements that create them: by application and by parent, unless the
/// primary key starts with their columns. Replacing, skipping and deleting a parent use them.
pub fn create_indexes(table: &TargetTable) -> Vec<(String, String)> {
    let app_column = vec![table.columns[table.app_column].name.clone()];
    let mut wanted = vec![app_column];
    if let Some(foreign) = &table.foreign_key {
        wanted.push(foreign.columns.clone());
    }
    wanted.dedup_by(|a, b| same_names(a, b));
    wanted.retain(|columns| !starts_with(&table.primary_key, columns));
    wanted
        .iter()
        .map(|columns| {
            let name = format!("{}__{}", table.name, columns.join("_"));
            let statement = format!(
                "CREATE INDEX IF NOT EXISTS {} ON {} ({})",
                quoted(&name),
                quoted(&table.name),
                quoted_list(columns.iter().map(String::as_str)),
            );
            (name, statement)
        })
        .collect()
}

fn same_names(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && starts_with(a, b)
}

fn starts_with(longer: &[String], shorter: &[String]) -> bool {
    longer.len() >= shorter.len()
        && longer.iter().zip(shorter).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// The statements that touch one application's rows in a target.
pub struct RowStatements {
    /// Inserts one row; parameters are the columns of `bound`, in that order.
    pub insert: String,
    /// Indexes of the table's columns that a row has a value for: all except the identity.
    pub bound: Vec<usize>,
    /// Deletes the application's rows.
    pub delete: String,
    /// Counts the application's rows.
    pub count: String,
    /// Finds one row of the application.
    pub exists: String,
}

impl RowStatements {
    pub fn new(table: &TargetTable) -> Self {
        let bound: Vec<usize> =
            (0..table.columns.len()).filter(|i| !table.columns[*i].identity).collect();
        let columns = quoted_list(bound.iter().map(|i| table.columns[*i].name.as_str()));
        let places: Vec<String> = (1..=bound.len()).map(|place| format!("?{place}")).collect();
        let name = quoted(&table.name);
        let app_column = quoted(&table.columns[table.app_column].name);
        Self {
            insert: format!("INSERT INTO {name} ({columns}) VALUES ({})", places.join(", ")),
            bound,
            delete: format!("DELETE FROM {name} WHERE {app_column} = ?1"),
            count: format!("SELECT count(*) FROM {name} WHERE {app_column} = ?1"),
            exists: format!("SELECT 1 FROM {name} WHERE {app_column} = ?1 LIMIT 1"),
        }
    }
}
