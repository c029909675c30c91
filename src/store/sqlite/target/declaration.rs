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
    if column.is_generated() {
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
    column.required || column.is_generated() || is_key(table, &column.name)
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
        if table.columns.iter().filter(|column| column.is_generated()).count() > 1 {
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

/// `CREATE TABLE` for a target, with the comment that it is ours.
///
/// An identity column is SQLite's row id, and a primary key beside it is a unique constraint. A
/// table with a key and no identity has no row id: there SQLite refuses null in the key, where it
/// would otherwise generate a value for a single integer column.
pub fn create_table(contract: &Contract, table: &TargetTable) -> String {
    let identity = table.columns.iter().find(|column| column.is_generated());
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
        "CREATE TABLE {} ( -- created by xmlshred\n    {}\n) STRICT{}",
        quoted(&table.name),
        lines.join(",\n    "),
        if without_rowid { ", WITHOUT ROWID" } else { "" }
    )
}

fn declare_column(table: &TargetTable, column: &TargetColumn) -> String {
    let name = quoted(&column.name);
    let storage = storage_type(column);
    if column.is_generated() {
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
    let owned = |name: &str| name.to_owned();
    let mut wanted: Vec<Vec<String>> =
        vec![table.sought_columns().into_iter().map(owned).collect()];
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

/// The condition for the rows of application `?1`: by its own column, or by the rows of its parent.
pub fn is_app(table: &TargetTable, targets: &[TargetTable]) -> String {
    where_app(table, targets, "= ?1")
}

/// As [`is_app`], with another condition on the application.
fn where_app(table: &TargetTable, targets: &[TargetTable], condition: &str) -> String {
    let sought = quoted_list(table.sought_columns());
    match table.parent(targets) {
        Some(parent) if table.app_column.is_none() => format!(
            "({sought}) IN (SELECT {} FROM {} WHERE {})",
            quoted_list(parent.primary_key.iter().map(String::as_str)),
            quoted(&parent.name),
            where_app(parent, targets, condition),
        ),
        _ => format!("{sought} {condition}"),
    }
}

/// The view of all rows of the targets with the application that each belongs to, as on SQL Server.
pub const ROWS_VIEW: &str = "vw_TargetRows";

/// Terms of one compound SELECT at most; SQLite allows 500.
const MOST_TERMS: usize = 400;

/// The statement that creates [`ROWS_VIEW`].
pub fn create_rows_view(contract: &Contract) -> String {
    let targets = &contract.targets;
    let term = |(ordinal, table): (usize, &TargetTable)| {
        let lineage = table.lineage(targets);
        let app_id = quoted(lineage[lineage.len() - 1].sought_columns()[0]);
        let joins = lineage.windows(2).enumerate().map(|(at, pair)| {
            let key = pair[0].foreign_key.iter().flat_map(|key| &key.columns);
            let on: Vec<String> = key
                .zip(&pair[1].primary_key)
                .map(|(ours, theirs)| {
                    format!("p{at}.{} = p{}.{}", quoted(ours), at + 1, quoted(theirs))
                })
                .collect();
            format!("\nINNER JOIN {} AS p{} ON {}", quoted(&pair[1].name), at + 1, on.join(" AND "))
        });
        format!(
            "SELECT {ordinal} AS table_ordinal, '{}' AS table_name, p{}.{app_id} AS app_id\n\
             FROM {} AS p0{}",
            table.name.replace('\'', "''"),
            lineage.len() - 1,
            quoted(&table.name),
            joins.collect::<String>(),
        )
    };
    let terms: Vec<String> = targets.iter().enumerate().map(term).collect();
    let parts: Vec<String> =
        terms.chunks(MOST_TERMS).map(|terms| terms.join("\nUNION ALL\n")).collect();
    let all = match parts.as_slice() {
        [only] => only.clone(),
        parts => {
            let part = |part: &String| format!("SELECT * FROM (\n{part}\n)");
            parts.iter().map(part).collect::<Vec<_>>().join("\nUNION ALL\n")
        }
    };
    format!("CREATE VIEW {ROWS_VIEW} AS -- created by xmlshred\n{all}")
}

/// The statements that touch one application's rows in a target.
pub struct RowStatements {
    /// Inserts one row; parameters are the columns of `bound`, in that order.
    pub insert: String,
    /// Indexes of the table's columns that a row has a value for: all except the identity.
    pub bound: Vec<usize>,
    /// The type of the column with the application's id, maybe a parent's.
    pub app_type: SqlType,
    /// Deletes the application's rows.
    pub delete: String,
    /// Counts the application's rows.
    pub count: String,
    /// Finds one row of the application.
    pub exists: String,
    /// Finds one row of an application from `?1` to `?2`; only for integers, whose order it needs.
    pub exists_between: Option<String>,
    /// Reads the application's rows: the contract's columns, in their order.
    pub read: String,
}

impl RowStatements {
    pub fn new(table: &TargetTable, targets: &[TargetTable]) -> Self {
        let bound: Vec<usize> =
            (0..table.columns.len()).filter(|i| !table.columns[*i].is_generated()).collect();
        let columns = quoted_list(bound.iter().map(|i| table.columns[*i].name.as_str()));
        let places: Vec<String> = (1..=bound.len()).map(|place| format!("?{place}")).collect();
        let name = quoted(&table.name);
        let is_app = is_app(table, targets);
        let app_type = table.app_type(targets);
        let is_between = where_app(table, targets, "BETWEEN ?1 AND ?2");
        Self {
            insert: format!("INSERT INTO {name} ({columns}) VALUES ({})", places.join(", ")),
            bound,
            app_type,
            delete: format!("DELETE FROM {name} WHERE {is_app}"),
            count: format!("SELECT count(*) FROM {name} WHERE {is_app}"),
            exists: format!("SELECT 1 FROM {name} WHERE {is_app} LIMIT 1"),
            exists_between: app_type
                .is_integer()
                .then(|| format!("SELECT 1 FROM {name} WHERE {is_between} LIMIT 1")),
            read: format!(
                "SELECT {} FROM {name} WHERE {is_app}",
                quoted_list(table.columns.iter().map(|column| column.name.as_str()))
            ),
        }
    }
}
