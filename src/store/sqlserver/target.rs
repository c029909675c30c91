//! The target tables as they are, held against the contract before the first row is written.

use super::connection::Connection;
use super::fault::Fault;
use super::record::Record;
use crate::contract::sql::{bracketed, literal};
use crate::contract::{Contract, TargetColumn, TargetTable};
use crate::store::{Result, StoreError};
use crate::value::SqlType;

/// Refuses a contract whose tables are not there or cannot hold its rows.
pub(super) fn check(connection: &mut Connection, contract: &Contract) -> Result<()> {
    for table in &contract.targets {
        let found = read(connection, &contract.target_schema, table)
            .map_err(|fault| fault.into_store_error(connection.settings().location()))?;
        if let Some(reason) = difference(table, &found) {
            return Err(StoreError::Drift { table: table.name.clone(), reason });
        }
    }
    Ok(())
}

/// A table of the catalog.
struct Found {
    columns: Vec<Actual>,
    /// Columns of the primary key, in its order.
    primary_key: Vec<String>,
    /// Tables that foreign keys refer to.
    parents: Vec<String>,
}

/// A column of the catalog.
struct Actual {
    name: String,
    type_name: String,
    /// In bytes; -1 is max.
    max_length: i64,
    precision: i64,
    scale: i64,
    is_nullable: bool,
    is_identity: bool,
    is_given: bool,
}

fn read(
    connection: &mut Connection,
    schema: &str,
    table: &TargetTable,
) -> std::result::Result<Found, Fault> {
    let object = literal(&format!("{}.{}", bracketed(schema), bracketed(&table.name)));
    let sets = connection.batch(&format!(
        "SELECT
    c.name,
    TYPE_NAME(c.system_type_id) AS type_name,
    CONVERT(int, c.max_length) AS max_length,
    CONVERT(int, c.precision) AS precision,
    CONVERT(int, c.scale) AS scale,
    CONVERT(int, c.is_nullable) AS is_nullable,
    CONVERT(int, c.is_identity) AS is_identity,
    CASE WHEN c.default_object_id <> 0 OR c.is_computed = 1 OR c.is_identity = 1 THEN 1 ELSE 0 END
        AS is_given
FROM sys.columns AS c
WHERE c.object_id = OBJECT_ID({object}, N'U');

SELECT COL_NAME(k.object_id, k.column_id) AS name
FROM sys.indexes AS i
INNER JOIN sys.index_columns AS k ON i.object_id = k.object_id AND i.index_id = k.index_id
WHERE i.object_id = OBJECT_ID({object}, N'U')
    AND i.is_primary_key = 1
ORDER BY k.key_ordinal;

SELECT OBJECT_NAME(f.referenced_object_id) AS name
FROM sys.foreign_keys AS f
WHERE f.parent_object_id = OBJECT_ID({object}, N'U');"
    ))?;
    let names = |set: Option<&Vec<Record>>| {
        let records = set.into_iter().flatten();
        records
            .map(|record| record.text("name").map(str::to_owned))
            .collect::<std::result::Result<Vec<_>, Fault>>()
    };
    Ok(Found {
        columns: sets
            .first()
            .into_iter()
            .flatten()
            .map(actual)
            .collect::<std::result::Result<_, _>>()?,
        primary_key: names(sets.get(1))?,
        parents: names(sets.get(2))?,
    })
}

fn actual(record: &Record) -> std::result::Result<Actual, Fault> {
    Ok(Actual {
        name: record.text("name")?.to_owned(),
        type_name: record.text("type_name")?.to_lowercase(),
        max_length: record.integer("max_length")?,
        precision: record.integer("precision")?,
        scale: record.integer("scale")?,
        is_nullable: record.integer("is_nullable")? == 1,
        is_identity: record.integer("is_identity")? == 1,
        is_given: record.integer("is_given")? == 1,
    })
}

/// What keeps the table from holding the contract's rows.
fn difference(table: &TargetTable, found: &Found) -> Option<String> {
    if found.columns.is_empty() {
        return Some("the table is not there, or this login may not see it".to_owned());
    }
    wrong_columns(table, &found.columns)
        .or_else(|| wrong_primary_key(table, &found.primary_key))
        .or_else(|| missing_foreign_key(table, &found.parents))
}

fn wrong_columns(table: &TargetTable, columns: &[Actual]) -> Option<String> {
    let find = |name: &str| columns.iter().find(|c| c.name.eq_ignore_ascii_case(name));
    let wrong = table.columns.iter().find_map(|column| match find(&column.name) {
        None => Some(format!("column {} is not there", column.name)),
        Some(actual) => {
            wrong_column(column, actual).or_else(|| null_refused(table, column, actual))
        }
    });
    let known = |name: &str| table.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
    let unfilled = columns.iter().find(|c| !c.is_nullable && !c.is_given && !known(&c.name));
    wrong.or_else(|| {
        unfilled.map(|column| {
            format!(
                "column {} is not in the contract, may not be null and has no default",
                column.name
            )
        })
    })
}

fn null_refused(table: &TargetTable, column: &TargetColumn, actual: &Actual) -> Option<String> {
    let key = table.primary_key.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
    let never_null = column.required || column.identity || key;
    (!actual.is_nullable && !never_null).then(|| {
        format!("column {} may not be null there, and may be in the contract", column.name)
    })
}

fn wrong_primary_key(table: &TargetTable, actual: &[String]) -> Option<String> {
    let wanted = &table.primary_key;
    let same = wanted.len() == actual.len()
        && wanted.iter().zip(actual).all(|(a, b)| a.eq_ignore_ascii_case(b));
    (!wanted.is_empty() && !same).then(|| {
        let has = if actual.is_empty() { "none".to_owned() } else { actual.join(", ") };
        format!("the primary key is {has}, and in the contract {}", wanted.join(", "))
    })
}

fn missing_foreign_key(table: &TargetTable, parents: &[String]) -> Option<String> {
    let foreign_key = table.foreign_key.as_ref()?;
    let there = parents.iter().any(|parent| parent.eq_ignore_ascii_case(&foreign_key.references));
    (!there).then(|| format!("there is no foreign key to table {}", foreign_key.references))
}

fn wrong_column(column: &TargetColumn, actual: &Actual) -> Option<String> {
    if column.identity != actual.is_identity {
        let (is, should) = match actual.is_identity {
            true => ("is", "is not"),
            false => ("is not", "is"),
        };
        return Some(format!(
            "column {} {is} an identity, and {should} in the contract",
            column.name
        ));
    }
    (!holds(column.sql_type, actual)).then(|| {
        format!(
            "column {} is {}, which does not hold every {} of the contract",
            column.name,
            shown(actual),
            column.sql_type
        )
    })
}

/// Whether a column holds every value of a type, unchanged.
fn holds(sql_type: SqlType, actual: &Actual) -> bool {
    let named = |names: &[&str]| names.contains(&actual.type_name.as_str());
    let bytes = |least: Option<u16>, per_char: i64| {
        actual.max_length == -1
            || least.is_some_and(|least| i64::from(least) * per_char <= actual.max_length)
    };
    match sql_type {
        SqlType::Bit => named(&["bit"]),
        SqlType::TinyInt => named(&["tinyint", "smallint", "int", "bigint"]),
        SqlType::SmallInt => named(&["smallint", "int", "bigint"]),
        SqlType::Int => named(&["int", "bigint"]),
        SqlType::BigInt => named(&["bigint"]),
        SqlType::Decimal { precision, scale } => {
            named(&["decimal", "numeric"])
                && actual.scale >= i64::from(scale)
                && actual.precision - actual.scale >= i64::from(precision) - i64::from(scale)
        }
        SqlType::Money => named(&["money"]),
        SqlType::Float => named(&["float"]),
        SqlType::Real => named(&["real", "float"]),
        SqlType::Date => named(&["date"]),
        SqlType::Time(digits) => named(&["time"]) && actual.scale >= i64::from(digits),
        SqlType::DateTime => named(&["datetime"]),
        SqlType::SmallDateTime => named(&["smalldatetime", "datetime"]),
        SqlType::DateTime2(digits) => named(&["datetime2"]) && actual.scale >= i64::from(digits),
        SqlType::DateTimeOffset(digits) => {
            named(&["datetimeoffset"]) && actual.scale >= i64::from(digits)
        }
        SqlType::Char(length) => {
            (named(&["char", "varchar"]) && bytes(Some(length), 1))
                || (named(&["nchar", "nvarchar"]) && bytes(Some(length), 2))
        }
        SqlType::VarChar(length) => {
            (named(&["varchar"]) && bytes(length, 1)) || (named(&["nvarchar"]) && bytes(length, 2))
        }
        SqlType::NChar(length) => named(&["nchar", "nvarchar"]) && bytes(Some(length), 2),
        SqlType::NVarChar(length) => named(&["nvarchar"]) && bytes(length, 2),
        SqlType::UniqueIdentifier => named(&["uniqueidentifier"]),
        SqlType::VarBinary(length) => named(&["varbinary"]) && bytes(length, 1),
        SqlType::Xml => named(&["xml"]),
    }
}

/// The type as DDL writes it.
fn shown(actual: &Actual) -> String {
    let Actual { type_name, max_length, precision, scale, .. } = actual;
    match type_name.as_str() {
        "decimal" | "numeric" => format!("{type_name}({precision},{scale})"),
        "time" | "datetime2" | "datetimeoffset" => format!("{type_name}({scale})"),
        "char" | "varchar" | "nchar" | "nvarchar" | "binary" | "varbinary" => {
            let per_char = if type_name.starts_with('n') { 2 } else { 1 };
            match max_length {
                -1 => format!("{type_name}(max)"),
                bytes => format!("{type_name}({})", bytes / per_char),
            }
        }
        _ => type_name.clone(),
    }
}
