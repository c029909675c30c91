//! Completing: what became of the applications of a claim.

use std::collections::HashSet;

use crate::contract::{Contract, TargetTable};
use crate::id::AppId;
use crate::outcome::{AppOutcome, FailureCategory, TableRows};
use crate::store::error::{Result, StoreError};

/// What became of one application of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The application.
    pub app_id: AppId,
    /// Its attempt.
    pub attempt: u32,
    /// `None` for success, else the category that was logged.
    pub failure: Option<FailureCategory>,
    /// Rows written, per entry of [`Contract::targets`]; empty for a failure. Skipped rows are not
    /// counted.
    pub rows: Vec<u64>,
}

/// Answer of [`Store::get_claim_outcome`](crate::store::Store::get_claim_outcome).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimOutcome {
    /// Applications the token still holds.
    pub held: Vec<AppId>,
    /// Applications that were concluded under the token.
    pub completed: Vec<Completed>,
}

/// Refuses outcomes that do not have the tables and columns of this contract, and duplicates.
pub(crate) fn check_outcomes(contract: &Contract, outcomes: &[AppOutcome]) -> Result<()> {
    let mut seen = HashSet::new();
    outcomes.iter().try_for_each(|app| {
        if !seen.insert(app.app_id) {
            return Err(StoreError::Refused(format!(
                "duplicate outcome of application {} in one completion",
                app.app_id
            )));
        }
        match &app.outcome {
            Ok(rows) if !fits(contract, rows) => Err(StoreError::Refused(format!(
                "the rows of application {} do not have the tables and columns of contract {}; \
                 shred and complete with the same contract",
                app.app_id, contract.name
            ))),
            _ => Ok(()),
        }
    })
}

fn fits(contract: &Contract, rows: &[TableRows]) -> bool {
    let width_fits = |(table, rows): (&TargetTable, &TableRows)| {
        rows.is_empty()
            || (rows.width == table.columns.len() && rows.values.len() % rows.width == 0)
    };
    rows.len() == contract.targets.len() && contract.targets.iter().zip(rows).all(width_fits)
}
