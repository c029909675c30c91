//! Features of tables and columns that a server has beyond plain ones, and what they mean for the rows of a
//! contract.

use crate::contract::{OnExisting, TargetTable};
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
