//! Reading the rows of applications.

use rusqlite::types::ValueRef;
use rusqlite::Connection;

use super::declaration::RowStatements;
use super::rows::{app_key, prepare};
use crate::contract::{Contract, TargetTable};
use crate::id::AppId;
use crate::outcome::TableRows;
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::transaction::{read, Work};
use crate::store::stored_value;
use crate::value::{SqlType, Value};

/// All of them as they are at one moment.
pub fn read_rows(
    connection: &mut Connection,
    contract: &Contract,
    app_ids: &[AppId],
) -> Step<Vec<Vec<TableRows>>> {
    let targets: Vec<(&TargetTable, RowStatements)> = contract
        .targets
        .iter()
        .map(|table| (table, RowStatements::new(table, &contract.targets)))
        .collect();
    read(connection, |tx| {
        let rows_of = |app_id: &AppId| {
            targets
                .iter()
                .map(|(table, statements)| table_rows(tx, table, statements, *app_id))
                .collect()
        };
        app_ids.iter().map(rows_of).collect()
    })
}

fn table_rows(
    tx: &Work,
    table: &TargetTable,
    statements: &RowStatements,
    app_id: AppId,
) -> Step<TableRows> {
    let width = table.columns.len();
    let mut values = Vec::new();
    let mut select = prepare(tx, table, &statements.read)?;
    let mut rows = select.query([app_key(statements.app_type, app_id)])?;
    while let Some(row) = rows.next()? {
        for (at, column) in table.columns.iter().enumerate() {
            values.push(value(row.get_ref(at)?, column.sql_type));
        }
    }
    Ok(TableRows { width, values })
}

/// A value as [`storage_type`](super::declaration::storage_type) stores it.
fn value(stored: ValueRef<'_>, sql_type: SqlType) -> Value {
    match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) if sql_type == SqlType::Bit => Value::Bit(number != 0),
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Text(text) => stored_value::of_text(&String::from_utf8_lossy(text), sql_type),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.into()),
    }
}
