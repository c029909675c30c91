//! Rows with the same primary key in one document, which a database refuses.

use std::collections::HashSet;

use crate::contract::{Contract, TargetTable};
use crate::outcome::{Failure, FailureCategory, Outcome, TableRows};
use crate::reason::{known, reason};
use crate::value::to_text;

/// The outcome, or the failure that a store would log for two rows with one key.
pub(super) fn checked(contract: &Contract, outcome: Outcome) -> Outcome {
    let tables = outcome?;
    let mut both = contract.targets.iter().zip(&tables);
    match both.find_map(|(target, rows)| duplicate(target, rows)) {
        None => Ok(tables),
        Some(failure) => Err(Box::new(failure)),
    }
}

/// The first key that two rows have; blanks at the end of text do not count, as in SQL Server.
fn duplicate(target: &TargetTable, rows: &TableRows) -> Option<Failure> {
    let position = |name: &String| target.columns.iter().position(|column| column.name == *name);
    let key: Vec<usize> = target.primary_key.iter().filter_map(position).collect();
    if key.is_empty() || rows.len() < 2 || key.iter().any(|at| target.columns[*at].is_generated()) {
        return None;
    }
    let mut seen = HashSet::with_capacity(rows.len());
    let mut keys = rows.iter().map(|row| {
        let text = |at: &usize| to_text(&row[*at], target.columns[*at].sql_type);
        let texts = key.iter().map(|at| text(at).unwrap_or_default());
        texts.map(|text| text.trim_end_matches(' ').to_owned()).collect::<Vec<String>>()
    });
    let twice = keys.find(|key| !seen.insert(key.clone()))?;
    let reason = reason!(
        "two rows have the primary key ({}): add a column to primary_key, or choose one of the rows with \
         distinct",
        known(target.primary_key.join(", "))
    );
    let mut failure = Failure::new(FailureCategory::ConstraintViolation, reason);
    failure.table = Some(target.name.clone());
    Some(failure.with_value(&twice.join(", ")))
}
