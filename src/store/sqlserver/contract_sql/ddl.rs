//! The DDL of the target tables.

use std::fmt::Write;

use super::names::{bracketed, column_list, fitted, literal, qualified, LONGEST_NAME};
use crate::contract::{ForeignKey, TargetColumn, TargetTable};
use crate::store::AlterTables;
use crate::value::SqlType;

/// One batch per target table, parents first: creates it unless it exists, as the property of a
/// pipeline, adds missing nullable columns, and widens others where no row changes for it. A person
/// must decide any other change.
pub fn target_ddl(
    pipeline: &str,
    schema: &str,
    targets: &[TargetTable],
    alter: AlterTables,
) -> Vec<String> {
    let batch = |table: &TargetTable| {
        let create = create_table(pipeline, schema, table, targets);
        create + &changed_columns(schema, table, alter)
    };
    targets.iter().map(batch).collect()
}

fn create_table(
    pipeline: &str,
    schema: &str,
    table: &TargetTable,
    targets: &[TargetTable],
) -> String {
    let name = qualified(schema, table);
    let mut parts: Vec<String> =
        table.columns.iter().map(|column| column_definition(table, column)).collect();
    if !table.primary_key.is_empty() {
        let key = column_list(names(&table.primary_key));
        let constraint = bracketed(&primary_key_name(table));
        parts.push(format!("CONSTRAINT {constraint} PRIMARY KEY CLUSTERED ({key})"));
    }
    if let Some(foreign_key) = &table.foreign_key {
        let parent = targets.iter().find(|t| t.name.eq_ignore_ascii_case(&foreign_key.references));
        parts.push(format!(
            "CONSTRAINT {} FOREIGN KEY ({})\n            REFERENCES {}.{} ({})",
            bracketed(&foreign_key_name(table, foreign_key)),
            column_list(names(&foreign_key.columns)),
            bracketed(schema),
            bracketed(&foreign_key.references),
            column_list(names(parent.map_or(&[][..], |parent| &parent.primary_key))),
        ));
    }
    let mut sql = format!(
        "IF OBJECT_ID({}, N'U') IS NULL\nBEGIN\n    CREATE TABLE {name}\n    (\n        {}\n    );\n",
        literal(&name),
        parts.join(",\n        "),
    );
    if let Some(index) = app_index(table) {
        let _ = write!(sql, "\n    {index} ON {name} ({});\n", column_list(table.sought_columns()));
    }
    let _ = write!(
        sql,
        "
    EXEC sys.sp_addextendedproperty
        @name = N'xmlshred',
        @value = {},
        @level0type = 'SCHEMA',
        @level0name = {},
        @level1type = 'TABLE',
        @level1name = {};
END;
",
        literal(pipeline),
        literal(schema),
        literal(&table.name)
    );
    sql
}

/// Adds the columns that an existing table does not have and widens those that it has. Of a table of
/// others nothing is widened, and columns are added only where `alter` says so.
fn changed_columns(schema: &str, table: &TargetTable, alter: AlterTables) -> String {
    let name = literal(&qualified(schema, table));
    let is_ours = format!(
        "EXISTS
(
    SELECT 1
    FROM sys.extended_properties AS p
    WHERE p.class = 1
        AND p.major_id = OBJECT_ID({name})
        AND p.minor_id = 0
        AND p.name = N'xmlshred'
)"
    );
    let (added, widened) = (missing_columns(schema, table), widened_columns(schema, table));
    let of = |condition: &str, changes: &str| match changes.is_empty() {
        true => String::new(),
        false => format!("\nIF {condition}\nBEGIN{changes}END;\n"),
    };
    match alter {
        AlterTables::Own => of(&is_ours, &(added + &widened)),
        AlterTables::All => {
            of(&format!("OBJECT_ID({name}, N'U') IS NOT NULL"), &added) + &of(&is_ours, &widened)
        }
    }
}

fn missing_columns(schema: &str, table: &TargetTable) -> String {
    let name = literal(&qualified(schema, table));
    nullable_columns(table)
        .map(|column| {
            let (column, add) = (literal(&column.name), add_column(schema, table, column));
            format!(
                "
    IF COLUMNPROPERTY(OBJECT_ID({name}), {column}, 'ColumnId') IS NULL
    BEGIN
        {add}
    END;
"
            )
        })
        .collect()
}

/// Gives columns the greater length that the contract has now, and lets them be NULL where the contract
/// does. Both change the catalog and no row. Every other type stays, and so do columns that a key or
/// our index has, which SQL Server does not change, and what a column would lose: another collation than
/// the database's, a mask, encryption, being sparse.
fn widened_columns(schema: &str, table: &TargetTable) -> String {
    let name = literal(&qualified(schema, table));
    let widened = |column: &TargetColumn| {
        let (length, is_shorter) = match length_condition(column.sql_type) {
            Some((same_or_less, less)) => (same_or_less, less),
            None => return None,
        };
        let wanted = match (column.required, is_shorter) {
            (true, None) => return None,
            (true, Some(less)) => format!("c.is_nullable = 0\n            AND {less}"),
            (false, None) => "c.is_nullable = 0".to_owned(),
            (false, Some(less)) => format!("(c.is_nullable = 0 OR {less})"),
        };
        let type_name = column.sql_type.to_string();
        let type_name = type_name.split('(').next().unwrap_or_default();
        let collation = match column.sql_type.is_character() {
            true => {
                "\n            AND c.collation_name = \
                 CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Collation'))"
            }
            false => "",
        };
        Some(format!(
            "
    IF EXISTS
    (
        SELECT 1
        FROM sys.columns AS c
        WHERE c.object_id = OBJECT_ID({name})
            AND c.name = {}
            AND TYPE_NAME(c.user_type_id) = {}{length}{collation}
            AND c.is_computed = 0
            AND c.is_sparse = 0
            AND c.is_masked = 0
            AND c.encryption_type IS NULL
            AND {wanted}
    )
    BEGIN
        ALTER TABLE {} ALTER COLUMN {};
    END;
",
            literal(&column.name),
            literal(type_name),
            qualified(schema, table),
            column_definition(table, column),
        ))
    };
    let is_fixed = |column: &TargetColumn| {
        let of_parent = table.foreign_key.iter().flat_map(|key| names(&key.columns));
        let mut fixed = of_parent.chain(table.sought_columns());
        is_key(table, column) || fixed.any(|name| name.eq_ignore_ascii_case(&column.name))
    };
    let columns = table.columns.iter().filter(|c| !c.is_generated() && !is_fixed(c));
    columns.filter_map(widened).collect()
}

/// What tells in `sys.columns` that a column of the type's name has this type or a shorter one, and
/// what tells that it is shorter, for the types with lengths. `None` for `xml`.
fn length_condition(sql_type: SqlType) -> Option<(String, Option<String>)> {
    let and = |condition: String| format!("\n            AND {condition}");
    let up_to = |bytes: u16| {
        let same_or_less = and(format!("c.max_length BETWEEN 1 AND {bytes}"));
        Some((same_or_less, Some(format!("c.max_length < {bytes}"))))
    };
    let same = |condition: String| Some((and(condition), None));
    match sql_type {
        SqlType::VarChar(Some(length)) | SqlType::VarBinary(Some(length)) => up_to(length),
        SqlType::NVarChar(Some(length)) => up_to(2 * length),
        SqlType::VarChar(None) | SqlType::NVarChar(None) | SqlType::VarBinary(None) => {
            same("c.max_length = -1".to_owned())
        }
        SqlType::Char(length) => same(format!("c.max_length = {length}")),
        SqlType::NChar(length) => same(format!("c.max_length = {}", 2 * length)),
        SqlType::Decimal { precision, scale } => {
            same(format!("c.precision = {precision}\n            AND c.scale = {scale}"))
        }
        SqlType::Time(scale) | SqlType::DateTime2(scale) | SqlType::DateTimeOffset(scale) => {
            same(format!("c.scale = {scale}"))
        }
        SqlType::Xml => None,
        _ => Some((String::new(), None)),
    }
}

/// The columns that an existing table can be given.
pub fn nullable_columns(table: &TargetTable) -> impl Iterator<Item = &TargetColumn> {
    table.columns.iter().filter(|c| !c.required && !c.is_generated() && !is_key(table, c))
}

/// The statement that gives a table a column.
pub fn add_column(schema: &str, table: &TargetTable, column: &TargetColumn) -> String {
    format!("ALTER TABLE {} ADD {};", qualified(schema, table), column_definition(table, column))
}

/// The names of the constraints that a new table has.
pub fn constraint_names(table: &TargetTable) -> Vec<String> {
    let primary = (!table.primary_key.is_empty()).then(|| primary_key_name(table));
    let foreign = table.foreign_key.iter().map(|key| foreign_key_name(table, key));
    primary.into_iter().chain(foreign).collect()
}

fn primary_key_name(table: &TargetTable) -> String {
    fitted(format!("PK_{}", table.name), LONGEST_NAME)
}

fn foreign_key_name(table: &TargetTable, key: &ForeignKey) -> String {
    fitted(format!("FK_{}_{}", table.name, key.references), LONGEST_NAME)
}

fn is_key(table: &TargetTable, column: &TargetColumn) -> bool {
    table.primary_key.iter().any(|name| name.eq_ignore_ascii_case(&column.name))
}

fn column_definition(table: &TargetTable, column: &TargetColumn) -> String {
    let identity = if column.is_generated() { " IDENTITY(1, 1)" } else { "" };
    let null = if column.required || column.is_generated() || is_key(table, column) {
        "NOT NULL"
    } else {
        "NULL"
    };
    format!("{} {}{identity} {null}", bracketed(&column.name), column.sql_type)
}

/// Rows are deleted, and parents checked, by application: without an index that is a scan.
fn app_index(table: &TargetTable) -> Option<String> {
    let sought = table.sought_columns();
    let leads_key = table.primary_key.len() >= sought.len()
        && sought.iter().zip(&table.primary_key).all(|(a, b)| a.eq_ignore_ascii_case(b));
    (!leads_key).then(|| format!("CREATE NONCLUSTERED INDEX {}", app_index_name(table)))
}

/// The name of the index by which an application's rows are sought.
pub fn app_index_name(table: &TargetTable) -> String {
    let name = format!("IX_{}_{}", table.name, table.sought_columns().join("_"));
    bracketed(&fitted(name, LONGEST_NAME))
}

fn names(columns: &[String]) -> impl Iterator<Item = &str> {
    columns.iter().map(String::as_str)
}
