//! One owner for the schema, the source and the target tables: otherwise ownership chaining ends
//! between them, and a role that may only execute the procedures could not run the job.

use super::files::Names;
use crate::contract::Contract;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::contract_sql::{bracketed, literal};
use crate::store::sqlserver::dialect::spoken;
use crate::store::{Result, StoreError};

/// Refuses tables whose owner is not the schema's; the source is known where names are given.
pub(super) fn check(
    connection: &mut Connection,
    names: Option<&Names>,
    contract: Option<&Contract>,
) -> Result<()> {
    let schema = connection.settings().schema_name().to_owned();
    let source = names.map(|names| names.fill("[$(SourceSchema)].[$(SourceTable)]"));
    let targets = contract.into_iter().flat_map(|contract| {
        let schema = bracketed(&contract.target_schema);
        contract.targets.iter().map(move |table| format!("{schema}.{}", bracketed(&table.name)))
    });
    for table in source.into_iter().chain(targets) {
        let Some((of_schema, of_table)) = owners(connection, &schema, &table)? else { continue };
        if of_schema != of_table {
            return Err(StoreError::Refused(format!(
                "schema {schema} belongs to {of_schema} and table {table} to {of_table}, so that \
                 a role with EXECUTE alone would not reach the table through the procedures: \
                 give both one owner, for instance ALTER AUTHORIZATION ON OBJECT::{table} TO {}",
                bracketed(&of_schema)
            )));
        }
    }
    Ok(())
}

/// The owners of a schema and of a table; `None` where the login may not see both.
fn owners(
    connection: &mut Connection,
    schema: &str,
    table: &str,
) -> Result<Option<(String, String)>> {
    let meant = |owner: &str| (spoken().owner)(owner).to_owned();
    let asked = connection.batch(&format!(
        "SELECT
    USER_NAME(p.principal_id) AS schema_owner,
    USER_NAME(COALESCE(o.principal_id, s.principal_id)) AS table_owner
FROM sys.objects AS o
INNER JOIN sys.schemas AS s ON o.schema_id = s.schema_id
INNER JOIN sys.schemas AS p ON p.schema_id = SCHEMA_ID({})
WHERE o.object_id = OBJECT_ID({});",
        literal(schema),
        literal(table)
    ));
    let read = asked.and_then(|sets| {
        let Some(record) = sets.into_iter().flatten().next() else { return Ok(None) };
        let owners = (record.text_or_null("schema_owner")?, record.text_or_null("table_owner")?);
        Ok(match owners {
            (Some(of_schema), Some(of_table)) => Some((meant(of_schema), meant(of_table))),
            _ => None,
        })
    });
    read.map_err(|fault| fault.into_store_error(connection.settings().location()))
}
