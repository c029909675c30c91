//! Columns that this login does not see as they are.

use super::look::look_at;
use crate::contract::Contract;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::contract_sql::{bracketed, literal};
use crate::store::sqlserver::fault::Result;

/// The columns of the contract whose values this login sees masked: their tables and columns by index.
pub fn masked_columns(
    connection: &mut Connection,
    contract: &Contract,
) -> Result<Vec<(usize, usize)>> {
    let mut all = Vec::new();
    for (at, table) in contract.targets.iter().enumerate() {
        let found = look_at(connection, &contract.target_schema, &table.name)?.features;
        for column in found.columns.iter().filter(|column| column.is_masked) {
            let place =
                table.columns.iter().position(|c| c.name.eq_ignore_ascii_case(&column.name));
            let object =
                format!("{}.{}", bracketed(&contract.target_schema), bracketed(&table.name));
            if let Some(place) = place {
                if !may_unmask(connection, &object, &column.name)? {
                    all.push((at, place));
                }
            }
        }
    }
    Ok(all)
}

/// UNMASK is a permission on the database, and since SQL Server 2022 also on smaller things.
fn may_unmask(connection: &mut Connection, object: &str, column: &str) -> Result<bool> {
    let head = connection.query(&format!(
        "SELECT COALESCE(
    HAS_PERMS_BY_NAME({}, N'OBJECT', N'UNMASK', {}, N'COLUMN'),
    HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'UNMASK'),
    0
) AS may_unmask;",
        literal(object),
        literal(column)
    ))?;
    head.get("may_unmask")
}
