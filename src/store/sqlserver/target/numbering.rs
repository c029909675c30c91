//! Identity columns, and the numbers that are in the table already.

use crate::contract::{TargetColumn, TargetTable};
use crate::store::sqlserver::contract_sql::{bracketed, literal};
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::record::Record;
use crate::store::{Difference, DifferenceKind};

/// The query that [`read`] reads: `None` of a table whose rows the server does not number. Only where a unique index
/// would refuse a number, and where this login has SELECT, which a worker does not need, are rows looked at.
pub fn query(schema: &str, table: &TargetTable) -> Option<String> {
    let column = numbered(table)?;
    let name = qualified(schema, table);
    let object = literal(&name);
    // Workers may be inserting: their rows are neither waited for, nor read after the number that they had.
    let numbers = format!(
        "DECLARE @highest bigint = (SELECT MAX(t.{column}) FROM {name} AS t WITH (READPAST, READCOMMITTEDLOCK));
SELECT
    CONVERT(bigint, IDENT_CURRENT({object})) AS latest,
    CONVERT(bigint, IDENT_INCR({object})) AS step,
    @highest AS highest;",
        column = bracketed(&column.name),
    );
    // Compiled only where the table has the column.
    Some(format!(
        "IF EXISTS
    (
        SELECT 1
        FROM sys.indexes AS i
        INNER JOIN sys.index_columns AS k ON i.object_id = k.object_id AND i.index_id = k.index_id
        WHERE i.object_id = OBJECT_ID({object}, N'U')
            AND i.is_unique = 1
            AND k.key_ordinal = 1
            AND k.column_id = COLUMNPROPERTY(i.object_id, {column}, 'ColumnId')
            AND COLUMNPROPERTY(i.object_id, {column}, 'IsIdentity') = 1
            AND HAS_PERMS_BY_NAME({object}, N'OBJECT', N'SELECT') = 1
    )
    EXEC ({numbers});
ELSE
    SELECT CONVERT(bigint, NULL) AS latest;
",
        column = literal(&column.name),
        numbers = literal(&numbers),
    ))
}

/// Reads the answer to [`query`], which comes next if there is one: an identity column whose next number may be
/// taken.
pub fn read(
    schema: &str,
    table: &TargetTable,
    sets: &mut impl Iterator<Item = Vec<Record>>,
) -> Result<Option<Difference>> {
    let Some(column) = numbered(table) else { return Ok(None) };
    let set = sets.next().unwrap_or_default();
    let Some(found) = set.first() else { return Ok(None) };
    let Some(latest) = found.get_or_null::<i64>("latest")? else { return Ok(None) };
    let (step, highest): (Option<i64>, Option<i64>) =
        (found.get_or_null("step")?, found.get_or_null("highest")?);
    let (Some(1..), Some(highest)) = (step, highest) else { return Ok(None) };
    Ok((highest > latest).then(|| Difference {
        table: table.name.clone(),
        column: Some(column.name.clone()),
        kind: DifferenceKind::Other,
        refuses: true,
        what: format!(
            "column {} is numbered from {latest} on, but {highest} is in the table already, so that \
             numbers would collide; run `DBCC CHECKIDENT (N'{}', RESEED, {highest});`",
            column.name,
            qualified(schema, table).replace('\'', "''"),
        ),
    }))
}

fn numbered(table: &TargetTable) -> Option<&TargetColumn> {
    table.columns.iter().find(|column| column.is_generated())
}

fn qualified(schema: &str, table: &TargetTable) -> String {
    format!("{}.{}", bracketed(schema), bracketed(&table.name))
}
