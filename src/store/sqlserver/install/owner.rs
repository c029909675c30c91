//! The schema, the source and the target tables must have one owner: otherwise ownership chaining
//! ends between them, and a role with only EXECUTE permissions could not run the job.

use super::files::Names;
use crate::contract::Contract;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::contract_sql::{bracketed, literal};
use crate::store::sqlserver::dialect::in_use;
use crate::store::{Result, StoreError};

/// Refuses tables with another owner than the schema's; checks the source if `names` is set.
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
                "the owner of schema {schema} is {of_schema} and that of table {table} is \
                 {of_table}, so that a role with only EXECUTE permissions cannot reach the table; \
                 give both the same owner, such as ALTER AUTHORIZATION ON OBJECT::{table} TO {}",
                bracketed(&of_schema)
            )));
        }
    }
    Ok(())
}

/// The owners of a schema and of a table; `None` where the login cannot see both.
fn owners(
    connection: &mut Connection,
    schema: &str,
    table: &str,
) -> Result<Option<(String, String)>> {
    let owner = |name: String| (in_use().owner)(&name).to_owned();
    let answer = connection.batch(&format!(
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
    let owners = answer.and_then(|sets| {
        let Some(record) = sets.into_iter().flatten().next() else { return Ok(None) };
        let owners = (record.get_or_null("schema_owner")?, record.get_or_null("table_owner")?);
        Ok(match owners {
            (Some(of_schema), Some(of_table)) => Some((owner(of_schema), owner(of_table))),
            _ => None,
        })
    });
    owners.map_err(|fault| fault.into_store_error(connection.settings().location()))
}
