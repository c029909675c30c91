//! What the columns of existing target tables need, by the statements that an installation runs.

use crate::contract::Contract;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::contract_sql::find_column_changes;
use crate::store::sqlserver::dialect::in_use;
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::record::Record;
use crate::store::{AlterTables, StoreError};

/// A column that is added or altered, or must not be.
#[derive(Debug)]
pub struct ColumnChange {
    ordinal: i64,
    /// The contract's table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Its type with NULL or NOT NULL; `None` where the column does not exist.
    pub old_type: Option<String>,
    /// The type that it needs.
    pub new_type: String,
    /// The type is longer.
    pub is_longer: bool,
    /// It may be NULL from then on.
    pub is_relaxed: bool,
    /// The `ALTER TABLE`.
    pub statement: String,
    /// This pipeline did not create the table.
    pub of_others: bool,
    /// Why it is refused, each with what a person can do; empty where it is made.
    pub obstacles: Vec<(String, String)>,
}

impl ColumnChange {
    /// What is wrong, where it is refused: a sentence that starts in lower case.
    pub fn refusal(&self) -> Option<String> {
        let (reason, _) = self.obstacles.first()?;
        Some(match &self.old_type {
            None => format!("column {} does not exist, and {reason}", self.column),
            Some(old) => {
                format!("column {} is {old} and needs {}, but {reason}", self.column, self.new_type)
            }
        })
    }

    /// What to do, where it is refused.
    pub fn next_step(&self) -> Option<&str> {
        self.obstacles.first().map(|(_, next)| next.as_str())
    }

    /// The error of an installation that meets it, where it is refused.
    pub fn error(&self) -> Option<StoreError> {
        let reason = format!("{}; {}", self.refusal()?, self.next_step()?);
        Some(StoreError::Drift { table: self.table.clone(), reason })
    }
}

/// Everything that an installation of the contract does to columns, in load order.
pub fn column_changes(
    connection: &mut Connection,
    contract: &Contract,
    alter: AlterTables,
) -> Result<Vec<ColumnChange>> {
    let pipeline = connection.settings().schema_name().to_owned();
    let sql = find_column_changes(&pipeline, &contract.target_schema, &contract.targets, alter);
    let mut sets = Vec::new();
    for batch in (in_use().installation)(&sql) {
        sets = connection.slow_batch(&batch)?;
    }
    let set = |at: usize| sets.get(at).into_iter().flatten();
    let mut changes = set(0).map(change).collect::<Result<Vec<_>>>()?;
    for obstacle in set(1) {
        let ordinal: i64 = obstacle.get("ordinal")?;
        let of = changes.iter_mut().find(|change| change.ordinal == ordinal);
        let (reason, next) = (obstacle.get("reason")?, obstacle.get("next_step")?);
        if let Some(change) = of {
            change.obstacles.push((reason, next));
        }
    }
    Ok(changes)
}

fn change(record: &Record) -> Result<ColumnChange> {
    Ok(ColumnChange {
        ordinal: record.get("ordinal")?,
        table: record.get("table_name")?,
        column: record.get("column_name")?,
        old_type: record.get_or_null("old_type")?,
        new_type: record.get("new_type")?,
        is_longer: record.get("is_longer")?,
        is_relaxed: record.get("is_relaxed")?,
        statement: record.get("statement")?,
        of_others: record.get("is_of_others")?,
        obstacles: Vec::new(),
    })
}
