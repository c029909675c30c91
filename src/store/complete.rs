//! Completing: what became of the applications of a claim.

use std::collections::HashSet;

use crate::contract::{Contract, TargetTable};
use crate::id::AppId;
use crate::outcome::{AppOutcome, FailureCategory, TableRows};
use crate::store::error::{Result, StoreError};

/// One application of a completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The application.
    pub app_id: AppId,
    /// Its attempt.
    pub attempt: u32,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an application that was completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Logged as a success.
    Success {
        /// Rows written, per entry of [`Contract::targets`]. Skipped rows are not counted.
        rows: Vec<u64>,
    },
    /// Logged as failed, with this category.
    Failed(FailureCategory),
    /// The database refused it, and its data is not known to be the cause: it is ready again, its
    /// attempt is used up, and nothing was logged.
    Refused(Refusal),
    /// It was refused as often as is allowed, and is quarantined.
    Quarantined(Refusal),
}

/// Why the database refused an application whose data is not known to be the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The database's error number.
    pub number: i64,
    /// Its message.
    pub message: String,
    /// How often the application has been reaped or refused by now. In the answer to a repeated
    /// request this may be a later number, or 0 if the application has left the queue since.
    pub reaps: u32,
    /// Whether it counts towards quarantine. A refusal by a number of the server does not, unless
    /// the session has completed an application as a success: then the server works.
    pub counted: bool,
}

impl Completed {
    /// The category of a failure that was logged.
    pub fn failure(&self) -> Option<FailureCategory> {
        match self.fate {
            Fate::Failed(category) => Some(category),
            _ => None,
        }
    }

    /// Whether it was logged as a success.
    pub fn is_success(&self) -> bool {
        matches!(self.fate, Fate::Success { .. })
    }

    /// Rows written, per entry of [`Contract::targets`]; empty unless it is a success.
    pub fn rows(&self) -> &[u64] {
        match &self.fate {
            Fate::Success { rows } => rows,
            _ => &[],
        }
    }

    /// Why the database refused it, also if it is quarantined for that.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.fate {
            Fate::Refused(refusal) | Fate::Quarantined(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// Answer of [`Store::get_claim_outcome`](crate::store::Store::get_claim_outcome).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimOutcome {
    /// Applications the token still holds.
    pub held: Vec<AppId>,
    /// Applications that were completed under the token: logged, or refused by the database.
    pub completed: Vec<Completed>,
}

/// Refuses completing with a number of reaps that would quarantine everything.
pub(crate) fn check_max_reaps(max_reaps: u32) -> Result<()> {
    match max_reaps {
        0 => Err(StoreError::Refused(
            "cannot complete: the number of reaps until quarantine is 0: it must be at least 1"
                .into(),
        )),
        _ => Ok(()),
    }
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
