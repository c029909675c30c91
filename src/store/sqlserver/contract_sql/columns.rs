//! The columns of target tables that exist: what a contract needs there, and how they get it.

use super::ddl::may_be_null;
use super::names::{bracketed, literal};
use crate::contract::{TargetColumn, TargetTable};
use crate::store::AlterTables;
use crate::value::SqlType;

const FIND: &str = include_str!("find_column_changes.sql");
const MAKE: &str = include_str!("make_column_changes.sql");
const RUN: &str = include_str!("run_column_changes.sql");

/// What [`RUN`] has met where it waited too long.
const HELD: &str =
    "N'other work held the table for 10 seconds, so that this was not executed: ', @statement";

/// The most rows of one `VALUES`.
const MOST_ROWS: usize = 900;

/// After [`find_column_changes`]: the changes, and why some of them are refused.
const FOUND: &str = "
SELECT
    h.ordinal,
    w.table_name,
    w.column_name,
    h.old_type,
    h.new_type,
    CONVERT(int, h.is_longer) AS is_longer,
    CONVERT(int, h.is_relaxed) AS is_relaxed,
    h.statement,
    CASE WHEN w.owner = $(Pipeline) THEN 0 ELSE 1 END AS is_of_others
FROM @change AS h
INNER JOIN @wanted AS w ON w.ordinal = h.ordinal
ORDER BY h.ordinal;

SELECT
    b.ordinal,
    b.reason,
    b.next_step
FROM @obstacle AS b
ORDER BY
    b.ordinal,
    b.obstacle_id;
";

/// The batch that returns what [`make_column_changes`] would do; it changes nothing.
pub fn find_column_changes(
    pipeline: &str,
    schema: &str,
    targets: &[TargetTable],
    alter: AlterTables,
) -> String {
    filled(&[FIND, FOUND].concat(), pipeline, schema, targets, alter)
}

/// The batch that gives existing target tables what a contract needs: missing nullable columns, longer
/// types, NULL. It refuses all of it where anything is in the way of one. A person must decide any other
/// change.
pub fn make_column_changes(
    pipeline: &str,
    schema: &str,
    targets: &[TargetTable],
    alter: AlterTables,
) -> String {
    let run = within_lock_timeout(RUN, HELD);
    filled(&[FIND, MAKE, &run].concat(), pipeline, schema, targets, alter)
}

/// Statements of an installation that wait for the work of others, each for 10 seconds at most: what comes
/// later waits for the installation. `held` is what had the lock then, as values of CONCAT. The batch declares
/// @message.
pub fn within_lock_timeout(statements: &str, held: &str) -> String {
    format!(
        "SET LOCK_TIMEOUT 10000;

BEGIN TRY
{statements}END TRY
BEGIN CATCH
    SET LOCK_TIMEOUT -1;

    IF ERROR_NUMBER() NOT IN (1205, 1222)
    BEGIN
        THROW;
    END;

    IF @@TRANCOUNT > 0
    BEGIN
        ROLLBACK TRANSACTION;
    END;

    SET @message = CONCAT(
        {held},
        N' Nothing was changed; pause the workers and install again'
    );
    THROW 50046, @message, 1;
END CATCH;

SET LOCK_TIMEOUT -1;
"
    )
}

fn filled(
    sql: &str,
    pipeline: &str,
    schema: &str,
    targets: &[TargetTable],
    alter: AlterTables,
) -> String {
    let columns = targets.iter().flat_map(|table| {
        let can_change = |column: &&TargetColumn| {
            may_be_null(table, column) || longest_bytes(column.sql_type).is_some()
        };
        table.columns.iter().filter(can_change).map(move |column| row(table, column))
    });
    let columns: Vec<String> = columns.collect();
    let insert = |rows: &[String]| {
        format!(
            "INSERT INTO @wanted (table_name, column_name, new_type, longest_bytes, may_be_null)\n\
             VALUES\n{};\n",
            rows.join(",\n")
        )
    };
    let adds_to_all = if alter == AlterTables::All { "1" } else { "0" };
    // The names come last: they may have any text.
    sql.replace("$(AddsToAll)", adds_to_all)
        .replace("$(Prefix)", &literal(&format!("{}.", bracketed(schema))))
        .replace("$(Pipeline)", &literal(pipeline))
        .replace("$(Rows)", &columns.chunks(MOST_ROWS).map(insert).collect::<String>())
}

fn row(table: &TargetTable, column: &TargetColumn) -> String {
    let longest = longest_bytes(column.sql_type).map_or("NULL".to_owned(), |n| n.to_string());
    format!(
        "({}, {}, N'{}', {longest}, {})",
        literal(&table.name),
        literal(&column.name),
        column.sql_type,
        u8::from(may_be_null(table, column)),
    )
}

/// The bytes of the types that become longer without a change to a row.
fn longest_bytes(sql_type: SqlType) -> Option<u16> {
    match sql_type {
        SqlType::VarChar(length) | SqlType::VarBinary(length) => length,
        SqlType::NVarChar(length) => length.map(|length| 2 * length),
        _ => None,
    }
}
