//! Features of tables and columns that a server has beyond plain ones, and what they mean for the rows of a
//! contract.

use std::collections::HashSet;

use crate::contract::{Contract, OnExisting, TargetTable};
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::contract_sql::{bracketed, literal};
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::record::Record;
use crate::store::{Difference, DifferenceKind};

/// What the catalog says of the object with a target table's name. A number that the server's version does
/// not know is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableFeatures {
    /// `sys.objects.type`; empty if there is no such object.
    pub object_type: String,
    /// `sys.tables.temporal_type`: 1 is a history table, 2 a table with one.
    pub temporal_type: i64,
    /// `sys.tables.ledger_type`: 1 is a history table, 2 can be updated, 3 can be appended to only.
    pub ledger_type: i64,
    /// `sys.tables.is_external`.
    pub is_external: bool,
    /// `sys.tables.is_filetable`.
    pub is_filetable: bool,
    /// `sys.tables.is_edge`.
    pub is_edge: bool,
    /// `sys.tables.is_memory_optimized`.
    pub is_memory_optimized: bool,
    /// `sys.databases.is_memory_optimized_elevate_to_snapshot_on`.
    pub elevates_to_snapshot: bool,
    /// Enabled predicates of security policies on the table.
    pub security_predicates: i64,
    /// The columns that have a feature.
    pub columns: Vec<ColumnFeatures>,
}

/// What the catalog says of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnFeatures {
    /// Its name.
    pub name: String,
    /// `sys.columns.is_column_set`.
    pub is_column_set: bool,
    /// `sys.columns.is_masked`.
    pub is_masked: bool,
    /// `sys.columns.encryption_type`: 0 is none.
    pub encryption_type: i64,
}

/// What the features of a table mean for the rows of a contract; nothing where there is no such object. Sparse columns, partitions, graph nodes,
/// row versions and computed columns mean nothing: such rows are written and read as any others.
pub fn feature_differences(table: &TargetTable, found: &TableFeatures) -> Vec<Difference> {
    let of_table = table_differences(table, found).into_iter();
    let of_table = of_table.map(|(refuses, what)| (None, refuses, what.to_owned()));
    let of_columns = found.columns.iter().filter_map(|column| {
        let wanted = table.columns.iter().find(|c| c.name.eq_ignore_ascii_case(&column.name))?;
        let (refuses, what) = column_difference(column)?;
        Some((Some(wanted.name.clone()), refuses, format!("column {} {what}", wanted.name)))
    });
    let all = of_table.chain(of_columns);
    all.map(|(column, refuses, what)| Difference {
        table: table.name.clone(),
        column,
        kind: DifferenceKind::Other,
        refuses,
        what,
    })
    .collect()
}

/// Whether each may refuse rows, and the difference.
fn table_differences(table: &TargetTable, found: &TableFeatures) -> Vec<(bool, &'static str)> {
    match found.object_type.as_str() {
        "U" => {}
        "" => return Vec::new(),
        "V" => return vec![(true, "it is a view; name the table in the contract")],
        "SN" => {
            return vec![(
                true,
                "it is a synonym; name the table that it refers to in the contract",
            )]
        }
        _ => return vec![(true, "it is not a table; name a table in the contract")],
    }
    let replaces = table.on_existing == OnExisting::Replace;
    let appended = found.ledger_type == 3;
    let keeps_history = found.temporal_type == 2 || found.ledger_type == 2;
    let possible = [
        (
            found.is_external,
            true,
            "it is an external table, into which no rows can be inserted like this; name a table of the \
             database",
        ),
        (
            found.temporal_type == 1 || found.ledger_type == 1,
            true,
            "it is the history of another table, and only the server writes into it; name that table",
        ),
        (
            found.is_filetable,
            true,
            "it is a FileTable, whose columns are files' properties; name a plain table",
        ),
        (
            found.is_edge,
            true,
            "it is an edge table of a graph, whose rows need $from_id and $to_id; name a plain table",
        ),
        (
            found.is_memory_optimized && !found.elevates_to_snapshot,
            true,
            "it is memory-optimized, which a transaction with READ COMMITTED cannot use; run `ALTER DATABASE \
             CURRENT SET MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT = ON;`",
        ),
        (
            appended && replaces,
            true,
            "it is an append-only ledger table, whose rows cannot be deleted, but on_existing is \"replace\"; \
             write \"skip\" or \"fail\"",
        ),
        (
            appended && !replaces,
            false,
            "it is an append-only ledger table: rows of an application can be neither replaced nor erased",
        ),
        (
            keeps_history,
            false,
            "its history keeps the rows that are replaced, and those that are erased",
        ),
        (
            found.security_predicates > 0,
            false,
            "it has a security policy: rows that it hides from a login are not replaced, counted or verified",
        ),
    ];
    possible
        .into_iter()
        .filter(|(is_so, ..)| *is_so)
        .map(|(_, refuses, what)| (refuses, what))
        .collect()
}

fn column_difference(column: &ColumnFeatures) -> Option<(bool, &'static str)> {
    if column.encryption_type != 0 {
        let what =
            "is encrypted with Always Encrypted, so that only a client with the key can write it; \
                    leave it out of the contract";
        return Some((true, what));
    }
    if column.is_column_set {
        return Some((true, "is the column set of its table; name the sparse columns instead"));
    }
    let what = "is masked: verify does not compare it for a login without UNMASK";
    column.is_masked.then_some((false, what))
}

/// Columns of the catalog that not every version has: their view, and their name.
const OPTIONAL: [(&str, &str); 12] = [
    ("tables", "temporal_type"),
    ("tables", "ledger_type"),
    ("tables", "is_external"),
    ("tables", "is_filetable"),
    ("tables", "is_edge"),
    ("tables", "is_memory_optimized"),
    ("databases", "is_memory_optimized_elevate_to_snapshot_on"),
    ("security_predicates", "target_object_id"),
    ("columns", "is_column_set"),
    ("columns", "is_masked"),
    ("columns", "encryption_type"),
    ("columns", "graph_type"),
];

/// The features that this server's catalog can tell.
pub struct Known(HashSet<String>);

impl Known {
    /// The query that [`Known::read`] reads.
    pub fn query() -> String {
        let pairs: Vec<String> = OPTIONAL
            .iter()
            .map(|(view, column)| {
                format!("(c.object_id = OBJECT_ID(N'sys.{view}') AND c.name = N'{column}')")
            })
            .collect();
        format!(
            "SELECT c.name AS name\nFROM sys.all_columns AS c\nWHERE {};",
            pairs.join("\n    OR ")
        )
    }

    pub fn read<'r>(records: impl IntoIterator<Item = &'r Record>) -> Result<Self> {
        let names = records.into_iter().map(|record| record.get::<String>("name"));
        Ok(Self(names.collect::<Result<_>>()?))
    }

    pub fn ask(connection: &mut Connection) -> Result<Self> {
        Self::read(connection.batch(&Self::query())?.iter().flatten())
    }

    /// The column, or 0 where the server does not have it.
    fn number(&self, alias: &str, column: &str) -> String {
        match self.0.contains(column) {
            true => format!("COALESCE(CONVERT(int, {alias}.{column}), 0) AS {column}"),
            false => format!("0 AS {column}"),
        }
    }

    /// The condition that a column is not one which the server adds to the nodes and edges of a graph.
    pub fn is_declared(&self, alias: &str) -> String {
        match self.0.contains("graph_type") {
            true => format!("COALESCE({alias}.graph_type, 0) = 0"),
            false => "1 = 1".to_owned(),
        }
    }

    fn numbers(&self, alias: &str, columns: &[&str]) -> String {
        columns.iter().map(|column| self.number(alias, column)).collect::<Vec<_>>().join(",\n    ")
    }
}

/// The queries that [`read_features`] reads, [`FEATURE_SETS`] of them.
pub fn feature_queries(known: &Known, schema: &str, name: &str) -> String {
    let object = literal(&format!("{}.{}", bracketed(schema), bracketed(name)));
    let predicates = match known.0.contains("target_object_id") {
        true => {
            "(
        SELECT COUNT(*)
        FROM sys.security_predicates AS p
        INNER JOIN sys.security_policies AS s ON p.object_id = s.object_id
        WHERE p.target_object_id = o.object_id
            AND s.is_enabled = 1
    )"
        }
        false => "0",
    };
    format!(
        "SELECT
    RTRIM(o.type) AS object_type,
    {},
    {},
    {predicates} AS security_predicates
FROM sys.objects AS o
LEFT OUTER JOIN sys.tables AS t ON o.object_id = t.object_id
INNER JOIN sys.databases AS d ON d.name = DB_NAME()
WHERE o.object_id = OBJECT_ID({object});

SELECT
    c.name,
    {}
FROM sys.columns AS c
WHERE c.object_id = OBJECT_ID({object});",
        known.numbers("t", &TABLE_NUMBERS),
        known.number("d", "is_memory_optimized_elevate_to_snapshot_on"),
        known.numbers("c", &COLUMN_NUMBERS),
    )
}

/// Result sets of [`feature_queries`].
pub const FEATURE_SETS: usize = 2;

pub fn read_features(sets: &[Vec<Record>]) -> Result<TableFeatures> {
    let Some(found) = sets.first().and_then(|rows| rows.first()) else {
        return Ok(TableFeatures::default());
    };
    let columns = sets.get(1).into_iter().flatten().map(column).collect::<Result<Vec<_>>>()?;
    Ok(TableFeatures {
        object_type: found.get("object_type")?,
        temporal_type: found.get("temporal_type")?,
        ledger_type: found.get("ledger_type")?,
        is_external: found.get("is_external")?,
        is_filetable: found.get("is_filetable")?,
        is_edge: found.get("is_edge")?,
        is_memory_optimized: found.get("is_memory_optimized")?,
        elevates_to_snapshot: found.get("is_memory_optimized_elevate_to_snapshot_on")?,
        security_predicates: found.get("security_predicates")?,
        columns,
    })
}

const TABLE_NUMBERS: [&str; 6] = [
    "temporal_type",
    "ledger_type",
    "is_external",
    "is_filetable",
    "is_edge",
    "is_memory_optimized",
];
const COLUMN_NUMBERS: [&str; 3] = ["is_column_set", "is_masked", "encryption_type"];

fn column(record: &Record) -> Result<ColumnFeatures> {
    Ok(ColumnFeatures {
        name: record.get("name")?,
        is_column_set: record.get("is_column_set")?,
        is_masked: record.get("is_masked")?,
        encryption_type: record.get("encryption_type")?,
    })
}

/// The columns of the contract whose values this login sees masked: their tables and columns by index.
pub fn masked_columns(
    connection: &mut Connection,
    contract: &Contract,
) -> Result<Vec<(usize, usize)>> {
    let known = Known::ask(connection)?;
    let mut all = Vec::new();
    for (at, table) in contract.targets.iter().enumerate() {
        let queries = feature_queries(&known, &contract.target_schema, &table.name);
        let found = read_features(&connection.batch(&queries)?)?;
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
