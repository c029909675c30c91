//! The target tables in the catalog, compared with the contract before the first row is written.

use crate::contract::{Contract, TargetColumn};
use crate::declared::{DeclaredColumn, DeclaredKey, DeclaredTable};
use crate::store::sqlserver::connection::{first, Connection};
use crate::store::sqlserver::contract_sql::{app_index_name, bracketed, column_list, literal};
use crate::store::sqlserver::fault;
use crate::store::sqlserver::record::Record;
use crate::store::sqlserver::target::columns::{column_changes, ColumnChange};
use crate::store::sqlserver::target::features::{
    feature_differences, feature_queries, read_features, Known, FEATURE_SETS,
};
use crate::store::sqlserver::target::numbering::taken_number;
use crate::store::target::differences;
use crate::store::{AlterTables, Difference, Result, StoreError};
use crate::value::SqlType;

/// Refuses a contract whose tables do not exist or cannot hold its rows.
pub fn check(connection: &mut Connection, contract: &Contract) -> Result<()> {
    let known = Known::ask(connection);
    let differences = known
        .and_then(|known| compare_targets(connection, &known, contract))
        .map_err(|fault| fault.into_store_error(connection.settings().location()))?;
    let Some(found) = differences.into_iter().find(|found| found.refuses) else { return Ok(()) };
    // For a login that may not read the catalog, the difference is enough.
    let changes = column_changes(connection, contract, AlterTables::Own).unwrap_or_default();
    let is_it = |change: &&ColumnChange| {
        change.table == found.table && Some(&change.column) == found.column.as_ref()
    };
    let refused = changes.iter().find(is_it).and_then(ColumnChange::error);
    Err(refused.unwrap_or(StoreError::Drift { table: found.table, reason: found.what }))
}

/// Every difference, in load order; then identity columns whose next number is taken already. Asks for all
/// tables at once.
pub fn compare_targets(
    connection: &mut Connection,
    known: &Known,
    contract: &Contract,
) -> fault::Result<Vec<Difference>> {
    let schema = &contract.target_schema;
    let queries = contract.targets.iter().map(|table| {
        let read = read_queries(known, schema, &table.name);
        format!("{read}\n\n{}\n", feature_queries(known, schema, &table.name))
    });
    let queries: Vec<String> = queries.collect();
    let mut sets = connection.batch(&queries.join("\n"))?.into_iter();
    let mut next = |count: usize| sets.by_ref().take(count).collect::<Vec<_>>();
    let mut all = Vec::new();
    for table in &contract.targets {
        let Found { sizes, table: found } = read(schema, &table.name, &next(READ_SETS))?;
        let features = read_features(&next(FEATURE_SETS))?;
        // Of a view or a synonym this is all.
        if features.object_type.is_empty() || !found.columns.is_empty() {
            let holds = |column: &TargetColumn, at: usize| holds(column.sql_type, &sizes[at]);
            all.extend(differences(contract, table, &found, &holds));
        }
        all.extend(feature_differences(table, &features));
    }
    for table in &contract.targets {
        all.extend(taken_number(connection, schema, table)?);
    }
    Ok(all)
}

/// The tables of these names that exist.
pub fn declared_tables(
    connection: &mut Connection,
    schema: &str,
    names: &[String],
) -> fault::Result<Vec<DeclaredTable>> {
    let known = Known::ask(connection)?;
    let tables = names.iter().map(|name| {
        let sets = connection.batch(&read_queries(&known, schema, name))?;
        Ok(read(schema, name, &sets)?.table)
    });
    let all = tables.collect::<fault::Result<Vec<_>>>()?;
    Ok(all.into_iter().filter(|table| !table.columns.is_empty()).collect())
}

/// The target tables without an index that begins with the application's id, each with the statement
/// that creates one. Such a table works, but each completion reads all of it.
pub fn without_index(
    connection: &mut Connection,
    contract: &Contract,
) -> fault::Result<Vec<String>> {
    let schema = bracketed(&contract.target_schema);
    let mut found = Vec::new();
    for table in &contract.targets {
        let (name, sought) = (bracketed(&table.name), table.sought_columns());
        let object = literal(&format!("{schema}.{name}"));
        let sets = connection.batch(&format!(
            "SELECT COUNT(*) AS indexes
FROM sys.indexes AS i
INNER JOIN sys.index_columns AS k ON i.object_id = k.object_id AND i.index_id = k.index_id
WHERE i.object_id = OBJECT_ID({object}, N'U')
    AND i.type IN (1, 2)
    AND i.is_disabled = 0
    AND i.has_filter = 0
    AND k.key_ordinal = 1
    AND COL_NAME(k.object_id, k.column_id) = {};",
            literal(sought[0])
        ))?;
        if first(sets)?.get::<i64>("indexes")? == 0 {
            let (index, columns) = (app_index_name(table), column_list(sought));
            found.push(format!("CREATE INDEX {index} ON {schema}.{name} ({columns});"));
        }
    }
    Ok(found)
}

/// A table of the catalog.
struct Found {
    table: DeclaredTable,
    /// For each of its columns.
    sizes: Vec<Actual>,
}

/// The type of a column in the catalog.
struct Actual {
    type_name: String,
    /// In bytes; -1 is max.
    max_length: i64,
    precision: i64,
    scale: i64,
}

/// The queries that [`read`] reads, [`READ_SETS`] of them.
fn read_queries(known: &Known, schema: &str, name: &str) -> String {
    let object = literal(&format!("{}.{}", bracketed(schema), bracketed(name)));
    format!(
        "SELECT
    c.name,
    COALESCE(TYPE_NAME(c.system_type_id), TYPE_NAME(c.user_type_id)) AS type_name,
    CONVERT(int, c.max_length) AS max_length,
    CONVERT(int, c.precision) AS precision,
    CONVERT(int, c.scale) AS scale,
    CONVERT(int, c.is_nullable) AS is_nullable,
    CONVERT(int, c.is_identity) AS is_identity,
    CASE WHEN c.is_computed = 1 OR c.generated_always_type <> 0 OR c.system_type_id = 189 THEN 1 ELSE 0 END
        AS is_computed,
    CASE WHEN c.default_object_id <> 0 THEN 1 ELSE 0 END AS has_default
FROM sys.columns AS c
WHERE c.object_id = OBJECT_ID({object}, N'U')
    AND {};

SELECT COL_NAME(k.object_id, k.column_id) AS name
FROM sys.indexes AS i
INNER JOIN sys.index_columns AS k ON i.object_id = k.object_id AND i.index_id = k.index_id
WHERE i.object_id = OBJECT_ID({object}, N'U')
    AND i.is_primary_key = 1
ORDER BY k.key_ordinal;

SELECT
    OBJECT_NAME(f.referenced_object_id) AS name,
    CONVERT(int, k.constraint_object_id) AS key_id,
    COL_NAME(k.parent_object_id, k.parent_column_id) AS column_name,
    COL_NAME(k.referenced_object_id, k.referenced_column_id) AS referenced_name
FROM sys.foreign_keys AS f
INNER JOIN sys.foreign_key_columns AS k ON f.object_id = k.constraint_object_id
WHERE f.parent_object_id = OBJECT_ID({object}, N'U')
ORDER BY k.constraint_object_id, k.constraint_column_id;",
        known.is_declared("c")
    )
}

/// Result sets of [`read_queries`].
const READ_SETS: usize = 3;

fn read(schema: &str, name: &str, sets: &[Vec<Record>]) -> fault::Result<Found> {
    let set = |at: usize| sets.get(at).into_iter().flatten();
    let columns = set(0).map(column).collect::<fault::Result<Vec<_>>>()?;
    let (columns, sizes) = columns.into_iter().unzip();
    let primary_key = set(1).map(|record| record.get("name")).collect::<fault::Result<_>>()?;
    let foreign_keys = foreign_keys(set(2))?;
    let (schema, name) = (schema.to_owned(), name.to_owned());
    Ok(Found { table: DeclaredTable { schema, name, columns, primary_key, foreign_keys }, sizes })
}

fn column(record: &Record) -> fault::Result<(DeclaredColumn, Actual)> {
    let actual = Actual {
        type_name: record.get::<String>("type_name")?.to_lowercase(),
        max_length: record.get("max_length")?,
        precision: record.get("precision")?,
        scale: record.get("scale")?,
    };
    let column = DeclaredColumn {
        name: record.get("name")?,
        sql_type: shown(&actual),
        nullable: record.get("is_nullable")?,
        identity: record.get("is_identity")?,
        computed: record.get("is_computed")?,
        has_default: record.get("has_default")?,
    };
    Ok((column, actual))
}

fn foreign_keys<'r>(records: impl Iterator<Item = &'r Record>) -> fault::Result<Vec<DeclaredKey>> {
    let mut keys: Vec<(i64, DeclaredKey)> = Vec::new();
    for record in records {
        let id = record.get("key_id")?;
        if keys.last().is_none_or(|(last, _)| *last != id) {
            keys.push((id, DeclaredKey { parent: record.get("name")?, ..DeclaredKey::default() }));
        }
        let (_, key) = keys.last_mut().expect("one was added");
        key.columns.push(record.get("column_name")?);
        key.references.push(record.get("referenced_name")?);
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
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
