//! The T-SQL of a contract: the DDL of its target tables, the stage that rows travel through, and
//! `usp_LoadApps`, which moves them from the stage into the tables.
//!
//! The text depends on the contract alone, so that it can be reviewed, kept and compared.
//! `sql/README.md` says what `usp_LoadApps` is given and what it answers.

use std::fmt::Write;

use crate::contract::{OnExisting, TargetColumn, TargetTable};
use crate::value::SqlType;

/// Rows that one statement inserts at most: above about 5,000 locks SQL Server locks the table.
const ROWS_PER_STATEMENT: u32 = 4_000;

/// Column of every stage table: the application that the row belongs to.
pub const STAGE_APP_ID: &str = "__app_id";

/// Column of every stage table: the row's place in the stage, from 1 without a gap.
pub const STAGE_ROW: &str = "__row";

/// Every statement runs many times on temp tables of a few rows or many: the plan is the seek
/// that suits both, made once.
const OPTIONS: &str = "OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1)";

/// `name` between brackets.
pub fn bracketed(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// `text` as a Unicode literal.
pub fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// `#stage_<table>`, as it stands in a statement.
pub fn stage_name(table: &TargetTable) -> String {
    bracketed(&format!("#stage_{}", table.name))
}

/// The columns that travel: all but those the database fills itself.
pub fn staged_columns(table: &TargetTable) -> impl Iterator<Item = (usize, &TargetColumn)> {
    table.columns.iter().enumerate().filter(|(_, column)| !column.identity)
}

/// The type that a column's values travel in. Bulk load is exact for these types only; they are
/// wide enough that nothing is lost on the way.
pub fn stage_type(sql_type: SqlType) -> String {
    match sql_type {
        SqlType::Bit | SqlType::BigInt | SqlType::Decimal { .. } | SqlType::UniqueIdentifier => {
            sql_type.to_string()
        }
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => "int".into(),
        SqlType::Money => "decimal(19,4)".into(),
        SqlType::Float | SqlType::Real => "float".into(),
        SqlType::Date | SqlType::SmallDateTime => "datetime2(0)".into(),
        SqlType::DateTime => "datetime2(3)".into(),
        SqlType::Time(digits) | SqlType::DateTime2(digits) => format!("datetime2({digits})"),
        SqlType::VarBinary(_) => "varbinary(max)".into(),
        SqlType::DateTimeOffset(_)
        | SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::Xml => STAGE_TEXT.into(),
    }
}

/// The type that texts, and what is sent as text, travel in.
pub const STAGE_TEXT: &str = "nvarchar(max) COLLATE DATABASE_DEFAULT";

/// The expression that turns a staged value into the column's.
fn load_expression(column: &TargetColumn) -> String {
    let staged = format!("s.{}", bracketed(&column.name));
    match column.sql_type {
        // Travels as what it is.
        SqlType::Bit
        | SqlType::Int
        | SqlType::BigInt
        | SqlType::Decimal { .. }
        | SqlType::Float
        | SqlType::DateTime2(_)
        | SqlType::UniqueIdentifier => staged,
        // CONVERT would cut what is too long without a word; the insert refuses it.
        SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::VarBinary(_) => staged,
        // Style 1 keeps white space between elements.
        SqlType::Xml => format!("CONVERT(xml, {staged}, 1)"),
        other => format!("CONVERT({other}, {staged})"),
    }
}

/// The batch that makes the stage of every target table, once per connection.
pub fn stage_ddl(targets: &[TargetTable]) -> String {
    stage_ddl_of(targets, stage_type)
}

/// [`stage_ddl`] with other types than [`stage_type`]'s.
pub fn stage_ddl_of(targets: &[TargetTable], type_of: fn(SqlType) -> String) -> String {
    targets.iter().map(|table| stage_table(table, type_of)).collect::<Vec<_>>().join("\n")
}

fn stage_table(table: &TargetTable, type_of: fn(SqlType) -> String) -> String {
    let mut sql = format!("CREATE TABLE {}\n(\n", stage_name(table));
    let _ = writeln!(sql, "    {STAGE_APP_ID} bigint NULL,\n    {STAGE_ROW} bigint NULL,");
    for (_, column) in staged_columns(table) {
        let (name, stage_type) = (bracketed(&column.name), type_of(column.sql_type));
        let _ = writeln!(sql, "    {name} {stage_type} NULL,");
    }
    sql.truncate(sql.trim_end_matches(",\n").len());
    let _ = write!(
        sql,
        "\n);\n\nCREATE CLUSTERED INDEX IX_stage_row ON {} ({STAGE_ROW});\n",
        stage_name(table)
    );
    sql
}

/// The batch that empties the stage.
pub fn clear_stage(targets: &[TargetTable]) -> String {
    targets.iter().map(|table| format!("TRUNCATE TABLE {};\n", stage_name(table))).collect()
}

/// One batch per target table, parents first: creates it if there is none of that name.
pub fn target_ddl(schema: &str, targets: &[TargetTable]) -> Vec<String> {
    targets.iter().map(|table| target_table(schema, table, targets)).collect()
}

fn target_table(schema: &str, table: &TargetTable, targets: &[TargetTable]) -> String {
    let name = format!("{}.{}", bracketed(schema), bracketed(&table.name));
    let mut parts: Vec<String> =
        table.columns.iter().map(|column| column_definition(table, column)).collect();
    if !table.primary_key.is_empty() {
        let constraint = constraint(format!("PK_{}", table.name));
        let key = column_list(&table.primary_key);
        parts.push(format!("{constraint}PRIMARY KEY CLUSTERED ({key})"));
    }
    if let Some(foreign_key) = &table.foreign_key {
        let parent = targets.iter().find(|t| t.name.eq_ignore_ascii_case(&foreign_key.references));
        parts.push(format!(
            "{}FOREIGN KEY ({})\n            REFERENCES {}.{} ({})",
            constraint(format!("FK_{}_{}", table.name, foreign_key.references)),
            column_list(&foreign_key.columns),
            bracketed(schema),
            bracketed(&foreign_key.references),
            column_list(parent.map_or(&[][..], |parent| &parent.primary_key)),
        ));
    }
    let mut sql = format!(
        "IF OBJECT_ID({}, N'U') IS NULL\nBEGIN\n    CREATE TABLE {name}\n    (\n        {}\n    );\n",
        literal(&name),
        parts.join(",\n        "),
    );
    if let Some(index) = app_index(table) {
        let _ = write!(sql, "\n    {index} ON {name} ({});\n", bracketed(app_column(table)));
    }
    sql.push_str("END;\n");
    sql.push_str(&missing_columns(&name, table));
    sql
}

/// Adds to a table of before what rows may leave empty; anything else is for a person to decide.
fn missing_columns(name: &str, table: &TargetTable) -> String {
    let added = table.columns.iter().filter(|c| !c.required && !c.identity && !is_key(table, c));
    added
        .map(|column| {
            format!(
                "
IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID({})
        AND c.name = {}
)
BEGIN
    ALTER TABLE {name} ADD {};
END;
",
                literal(name),
                literal(&column.name),
                column_definition(table, column)
            )
        })
        .collect()
}

fn is_key(table: &TargetTable, column: &TargetColumn) -> bool {
    table.primary_key.iter().any(|name| name.eq_ignore_ascii_case(&column.name))
}

/// Names a constraint, unless the name is longer than SQL Server takes: then it makes one.
fn constraint(name: String) -> String {
    if name.encode_utf16().count() > 128 {
        return String::new();
    }
    format!("CONSTRAINT {} ", bracketed(&name))
}

fn column_definition(table: &TargetTable, column: &TargetColumn) -> String {
    let identity = if column.identity { " IDENTITY(1, 1)" } else { "" };
    let null = if column.required || column.identity || is_key(table, column) {
        "NOT NULL"
    } else {
        "NULL"
    };
    format!("{} {}{identity} {null}", bracketed(&column.name), column.sql_type)
}

/// Rows are removed, and parents checked, by application: without an index that is a scan.
fn app_index(table: &TargetTable) -> Option<String> {
    let app_column = app_column(table);
    let leads_key =
        table.primary_key.first().is_some_and(|first| first.eq_ignore_ascii_case(app_column));
    let name = bracketed(&format!("IX_{}_{app_column}", table.name));
    (!leads_key).then(|| format!("CREATE NONCLUSTERED INDEX {name}"))
}

fn app_column(table: &TargetTable) -> &str {
    &table.columns[table.app_column].name
}

fn column_list(names: &[String]) -> String {
    names.iter().map(|name| bracketed(name)).collect::<Vec<_>>().join(", ")
}

/// `CREATE OR ALTER PROCEDURE usp_LoadApps` of a contract; `schema` is the installation's,
/// `target_schema` the tables'.
pub fn load_procedure(
    schema: &str,
    contract_name: &str,
    target_schema: &str,
    targets: &[TargetTable],
) -> String {
    let mut sql = header(schema, contract_name);
    for (ordinal, table) in targets.iter().enumerate().rev() {
        sql.push_str(&delete_statement(ordinal, target_schema, table));
    }
    for (ordinal, table) in targets.iter().enumerate() {
        sql.push_str(&insert_statements(ordinal, target_schema, table));
    }
    sql.push_str(FOOTER);
    sql
}

fn header(schema: &str, contract_name: &str) -> String {
    // A comment's end in the name would end the header.
    let contract_name = contract_name.replace("*/", "* /");
    let procedure = format!("{}.[usp_LoadApps]", bracketed(schema));
    format!(
        "/*
Purpose:    Moves the rows of the applications in #load_app from the #stage_* tables into the
            target tables of contract {contract_name}. Generated by
            xmlshred contract sql: change the contract, not this text.
Parameters: @table_ordinal  OUTPUT: the target table at hand, in load order, from 0
            @error_number   OUTPUT: what the database refused the rows with, and its message
            @error_message  OUTPUT
            Tables of the connection: reads #load_app (app_id, clear_only) and #stage_*, and
            answers in #loaded (app_id, table_ordinal, row_count). With clear_only = 1 the rows
            that are there go and none come.
Results:    none. RETURN 0: done. RETURN 1: refused (@error_*), and the transaction is lost.
Errors:     returned, but for that of a trigger that rolled back: it is passed on
Called by:  usp_ApplyOutcomes, in its transaction
Isolation:  READ COMMITTED. Locks the target tables: rows go children first, come parents first.
Example:    not called by hand
*/
CREATE OR ALTER PROCEDURE {procedure}
    @table_ordinal int OUTPUT,
    @error_number int OUTPUT,
    @error_message nvarchar(2048) OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @row bigint;
    DECLARE @last_row bigint;
    DECLARE @deleted int;
    DECLARE @skipped TABLE (app_id bigint NOT NULL PRIMARY KEY);

    BEGIN TRY
"
    )
}

const FOOTER: &str = "    END TRY
    BEGIN CATCH
        -- A trigger has rolled back: returning without a transaction would hide why.
        IF XACT_STATE() = 0
        BEGIN
            THROW;
        END;

        SET @error_number = ERROR_NUMBER();
        SET @error_message = ERROR_MESSAGE();
        RETURN 1;
    END CATCH;

    RETURN 0;
END;
";

/// Removes what is there: of a failure everything, of a success only where the table says so.
fn delete_statement(ordinal: usize, schema: &str, table: &TargetTable) -> String {
    let which = match table.on_existing {
        OnExisting::Replace => "",
        OnExisting::Fail | OnExisting::Skip => "\n                    WHERE a.clear_only = 1",
    };
    format!(
        "        -- {comment}
        SET @table_ordinal = {ordinal};
        SET @deleted = {ROWS_PER_STATEMENT};

        WHILE @deleted = {ROWS_PER_STATEMENT}
        BEGIN
            DELETE TOP ({ROWS_PER_STATEMENT}) FROM {target}
            WHERE {column} IN
                (
                    SELECT TRY_CONVERT({app_type}, a.app_id)
                    FROM #load_app AS a{which}
                )
            {OPTIONS};

            SET @deleted = @@ROWCOUNT;
        END;

",
        comment = comment(table, "rows that are there"),
        target = qualified(schema, table),
        column = bracketed(app_column(table)),
        app_type = table.columns[table.app_column].sql_type,
    )
}

fn insert_statements(ordinal: usize, schema: &str, table: &TargetTable) -> String {
    let skips = table.on_existing == OnExisting::Skip;
    let mut sql = format!(
        "        -- {}\n        SET @table_ordinal = {ordinal};\n\n",
        comment(
            table,
            match table.on_existing {
                OnExisting::Fail => "existing rows fail the application",
                OnExisting::Skip => "an application with existing rows is skipped",
                OnExisting::Replace => "existing rows were removed above",
            }
        ),
    );
    if skips {
        sql.push_str(&skip_statements(schema, table));
    }
    let not_skipped = if skips {
        "\n            AND a.app_id NOT IN (SELECT k.app_id FROM @skipped AS k)"
    } else {
        ""
    };
    let inner = not_skipped.replace("\n            ", "\n                ");
    let stage = stage_name(table);
    let columns = |write: &dyn Fn(&TargetColumn) -> String, indent: &str| {
        staged_columns(table)
            .map(|(_, column)| format!("{indent}{}", write(column)))
            .collect::<Vec<_>>()
            .join(",\n")
    };
    let _ = write!(
        sql,
        "        SELECT
            @row = MIN(s.{STAGE_ROW}) - 1,
            @last_row = MAX(s.{STAGE_ROW})
        FROM {stage} AS s
        INNER JOIN #load_app AS a ON s.{STAGE_APP_ID} = a.app_id
        WHERE a.clear_only = 0{not_skipped};

        WHILE @row < @last_row
        BEGIN
            INSERT INTO {target}
            (
{names}
            )
            SELECT
{values}
            FROM {stage} AS s
            INNER JOIN #load_app AS a ON s.{STAGE_APP_ID} = a.app_id
            WHERE a.clear_only = 0{inner}
                AND s.{STAGE_ROW} > @row
                AND s.{STAGE_ROW} <= @row + {ROWS_PER_STATEMENT}
            ORDER BY s.{STAGE_ROW}
            {OPTIONS};

            SET @row += {ROWS_PER_STATEMENT};
        END;

        INSERT INTO #loaded (app_id, table_ordinal, row_count)
        SELECT
            a.app_id,
            {ordinal},
            COUNT_BIG(*)
        FROM {stage} AS s
        INNER JOIN #load_app AS a ON s.{STAGE_APP_ID} = a.app_id
        WHERE a.clear_only = 0{not_skipped}
        GROUP BY a.app_id
        {OPTIONS};

",
        target = qualified(schema, table),
        names = columns(&|column| bracketed(&column.name), "                "),
        values = columns(&load_expression, "                "),
    );
    sql
}

/// Notes who has rows already, before a row is inserted: afterwards everybody has.
fn skip_statements(schema: &str, table: &TargetTable) -> String {
    format!(
        "        DELETE FROM @skipped;

        INSERT INTO @skipped (app_id)
        SELECT a.app_id
        FROM #load_app AS a
        WHERE a.clear_only = 0
            AND EXISTS
            (
                SELECT 1
                FROM {target} AS t
                WHERE t.{column} = TRY_CONVERT({app_type}, a.app_id)
            )
        {OPTIONS};

",
        target = qualified(schema, table),
        column = bracketed(app_column(table)),
        app_type = table.columns[table.app_column].sql_type,
    )
}

fn qualified(schema: &str, table: &TargetTable) -> String {
    format!("{}.{}", bracketed(schema), bracketed(&table.name))
}

/// A line comment: a line break in the name would end it.
fn comment(table: &TargetTable, what: &str) -> String {
    format!("{}: {what}", table.name.replace(['\r', '\n'], " "))
}
