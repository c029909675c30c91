//! The target tables in the catalog, compared with the contract before the first row is written.

use super::columns::{column_changes, ColumnChange};
use super::features::feature_differences;
use super::look::{self, look_at, FoundType, Look};
use super::numbering;
use crate::contract::{Contract, TargetColumn};
use crate::declared::DeclaredTable;
use crate::store::sqlserver::connection::{first, Connection};
use crate::store::sqlserver::contract_sql::{app_index_name, bracketed, column_list, literal};
use crate::store::sqlserver::fault;
use crate::store::sqlserver::record::Record;
use crate::store::target::differences;
use crate::store::{AlterTables, Difference, Result, StoreError};
use crate::value::SqlType;

/// Refuses a contract whose tables do not exist or cannot hold its rows.
pub fn check(connection: &mut Connection, contract: &Contract) -> Result<()> {
    let differences = compare_targets(connection, contract)
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

/// Every difference, in load order; then identity columns whose next number is taken already.
pub fn compare_targets(
    connection: &mut Connection,
    contract: &Contract,
) -> fault::Result<Vec<Difference>> {
    read_differences(contract, &mut connection.batch(&queries(contract))?.into_iter())
}

/// The queries that [`read_differences`] reads, of all tables at once. They change nothing.
pub fn queries(contract: &Contract) -> String {
    let schema = &contract.target_schema;
    let looks = contract.targets.iter().map(|table| look::queries(schema, &table.name));
    let numbers = contract.targets.iter().filter_map(|table| numbering::query(schema, table));
    looks.chain(numbers).collect::<Vec<_>>().join("\n")
}

/// Reads the answers to [`queries`], which come next.
pub fn read_differences(
    contract: &Contract,
    sets: &mut impl Iterator<Item = Vec<Record>>,
) -> fault::Result<Vec<Difference>> {
    let schema = &contract.target_schema;
    let mut all = Vec::new();
    for table in &contract.targets {
        let Look { table: found, types, features } = look::read(schema, &table.name, sets)?;
        // Of a view or a synonym this is all.
        if features.object_type.is_empty() || !found.columns.is_empty() {
            let holds = |column: &TargetColumn, at: usize| holds(column.sql_type, &types[at]);
            all.extend(differences(contract, table, &found, &holds));
        }
        all.extend(feature_differences(table, &features));
    }
    for table in &contract.targets {
        all.extend(numbering::read(schema, table, sets)?);
    }
    Ok(all)
}

/// The tables of these names that exist.
pub fn declared_tables(
    connection: &mut Connection,
    schema: &str,
    names: &[String],
) -> fault::Result<Vec<DeclaredTable>> {
    let tables = names.iter().map(|name| Ok(look_at(connection, schema, name)?.table));
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

/// Whether a column holds every value of a type, unchanged.
fn holds(sql_type: SqlType, found: &FoundType) -> bool {
    let named = |names: &[&str]| names.contains(&found.name.as_str());
    let bytes = |least: Option<u16>, per_char: i64| {
        found.max_length == -1
            || least.is_some_and(|least| i64::from(least) * per_char <= found.max_length)
    };
    match sql_type {
        SqlType::Bit => named(&["bit"]),
        SqlType::TinyInt => named(&["tinyint", "smallint", "int", "bigint"]),
        SqlType::SmallInt => named(&["smallint", "int", "bigint"]),
        SqlType::Int => named(&["int", "bigint"]),
        SqlType::BigInt => named(&["bigint"]),
        SqlType::Decimal { precision, scale } => {
            named(&["decimal", "numeric"])
                && found.scale >= i64::from(scale)
                && found.precision - found.scale >= i64::from(precision) - i64::from(scale)
        }
        SqlType::Money => named(&["money"]),
        SqlType::Float => named(&["float"]),
        SqlType::Real => named(&["real", "float"]),
        SqlType::Date => named(&["date"]),
        SqlType::Time(digits) => named(&["time"]) && found.scale >= i64::from(digits),
        SqlType::DateTime => named(&["datetime"]),
        SqlType::SmallDateTime => named(&["smalldatetime", "datetime"]),
        SqlType::DateTime2(digits) => named(&["datetime2"]) && found.scale >= i64::from(digits),
        SqlType::DateTimeOffset(digits) => {
            named(&["datetimeoffset"]) && found.scale >= i64::from(digits)
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
