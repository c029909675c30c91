//! Identity columns, and the numbers that are in the table already.

use crate::contract::TargetTable;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::contract_sql::{bracketed, literal};
use crate::store::sqlserver::fault;
use crate::store::{Difference, DifferenceKind};

/// An identity column whose next number may be taken. Only where a unique index would refuse it, and where
/// this login has SELECT, which a worker does not need.
pub fn taken_number(
    connection: &mut Connection,
    schema: &str,
    table: &TargetTable,
) -> fault::Result<Option<Difference>> {
    let Some(column) = table.columns.iter().find(|column| column.is_generated()) else {
        return Ok(None);
    };
    let name = format!("{}.{}", bracketed(schema), bracketed(&table.name));
    let may_collide = connection.query(&format!(
        "SELECT COUNT(*) AS indexes
FROM sys.indexes AS i
INNER JOIN sys.index_columns AS k ON i.object_id = k.object_id AND i.index_id = k.index_id
WHERE i.object_id = OBJECT_ID({object}, N'U')
    AND i.is_unique = 1
    AND k.key_ordinal = 1
    AND k.column_id = COLUMNPROPERTY(i.object_id, {column}, 'ColumnId')
    AND COLUMNPROPERTY(i.object_id, {column}, 'IsIdentity') = 1
    AND HAS_PERMS_BY_NAME({object}, N'OBJECT', N'SELECT') = 1;",
        object = literal(&name),
        column = literal(&column.name),
    ))?;
    if may_collide.get::<i64>("indexes")? == 0 {
        return Ok(None);
    }
    // Workers may be inserting: their rows are neither waited for, nor read after the number that they had.
    let found = connection.query(&format!(
        "DECLARE @highest bigint = (SELECT MAX(t.{column}) FROM {name} AS t WITH (READPAST, READCOMMITTEDLOCK));
SELECT
    CONVERT(bigint, IDENT_CURRENT({object})) AS latest,
    CONVERT(bigint, IDENT_INCR({object})) AS step,
    @highest AS highest;",
        column = bracketed(&column.name),
        object = literal(&name),
    ))?;
    let latest: Option<i64> = found.get_or_null("latest")?;
    let (step, highest): (Option<i64>, Option<i64>) =
        (found.get_or_null("step")?, found.get_or_null("highest")?);
    let (Some(latest), Some(1..), Some(highest)) = (latest, step, highest) else { return Ok(None) };
    Ok((highest > latest).then(|| Difference {
        table: table.name.clone(),
        column: Some(column.name.clone()),
        kind: DifferenceKind::Other,
        refuses: true,
        what: format!(
            "column {} is numbered from {latest} on, but {highest} is in the table already, so that \
             numbers would collide; run `DBCC CHECKIDENT (N'{}', RESEED, {highest});`",
            column.name,
            name.replace('\'', "''"),
        ),
    }))
}
