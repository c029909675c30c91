//! The schema, the source and the target tables must have one owner: otherwise ownership chaining
//! ends between them, and a role with only EXECUTE permissions could not run the job. What does not exist
//! gets the owner that the installation gives it.

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
    let source = names.map(|names| {
        (names.fill("$(SourceSchema)"), names.fill("[$(SourceSchema)].[$(SourceTable)]"))
    });
    let targets = contract.into_iter().flat_map(|contract| {
        let schema = &contract.target_schema;
        let qualified = move |name: &String| format!("{}.{}", bracketed(schema), bracketed(name));
        contract.targets.iter().map(move |table| (schema.clone(), qualified(&table.name)))
    });
    for (within, table) in source.into_iter().chain(targets) {
        let Some(owners) = owners(connection, &schema, &within, &table)? else { continue };
        let Owners { of_schema, of_table, is_missing } = owners;
        if of_schema != of_table {
            let owned = match is_missing {
                true => format!("SCHEMA::{}", bracketed(&within)),
                false => format!("OBJECT::{table}"),
            };
            return Err(StoreError::Refused(format!(
                "the owner of schema {schema} is {of_schema} and that of table {table} is \
                 {of_table}, so that a role with only EXECUTE permissions cannot reach the table; \
                 give both the same owner, such as ALTER AUTHORIZATION ON {owned} TO {}",
                bracketed(&of_schema)
            )));
        }
    }
    Ok(())
}

/// Who owns a schema, and a table in another.
struct Owners {
    of_schema: String,
    of_table: String,
    /// The table does not exist: it would belong to the owner of its schema.
    is_missing: bool,
}

/// `None` where the login cannot see both.
fn owners(
    connection: &mut Connection,
    schema: &str,
    within: &str,
    table: &str,
) -> Result<Option<Owners>> {
    let owner = |name: String| (in_use().owner)(&name).to_owned();
    let answer = connection.batch(&format!(
        "SELECT
    CASE WHEN SCHEMA_ID({schema}) IS NULL THEN N'dbo' ELSE USER_NAME(p.principal_id) END AS schema_owner,
    USER_NAME(COALESCE(o.principal_id, s.principal_id)) AS table_owner,
    CASE WHEN o.object_id IS NULL THEN 1 ELSE 0 END AS is_missing
FROM sys.schemas AS s
LEFT OUTER JOIN sys.schemas AS p ON p.schema_id = SCHEMA_ID({schema})
LEFT OUTER JOIN sys.objects AS o ON o.object_id = OBJECT_ID({table})
WHERE s.schema_id = SCHEMA_ID({within});",
        schema = literal(schema),
        within = literal(within),
        table = literal(table)
    ));
    let owners = answer.and_then(|sets| {
        let Some(record) = sets.into_iter().flatten().next() else { return Ok(None) };
        let owners = (record.get_or_null("schema_owner")?, record.get_or_null("table_owner")?);
        let (Some(of_schema), Some(of_table)) = owners else { return Ok(None) };
        let is_missing = record.get("is_missing")?;
        Ok(Some(Owners { of_schema: owner(of_schema), of_table: owner(of_table), is_missing }))
    });
    owners.map_err(|fault| fault.into_store_error(connection.settings().location()))
}
