//! Completing a batch: rows and outcomes travel to temp tables, those of small tables in the call itself, and
//! one procedure writes them in one transaction.

mod backfill;
mod inline;
mod outcome;
mod rows;
mod stage;

use super::call::Call;
use super::connection::{Connection, ResultSets};
use super::fault::{Result, ServerFault};
use crate::contract::Contract;
use crate::id::ClaimToken;
use crate::outcome::AppOutcome;
use crate::store::{failpoint, ClaimOutcome, Completed};

pub(super) use backfill::backfill_apps;
pub(super) use stage::Stage;

/// Stages and completes; returns one entry per outcome, in their order.
pub(super) fn complete_batch(
    connection: &mut Connection,
    stage: &mut Stage,
    token: ClaimToken,
    contract: &Contract,
    outcomes: &[AppOutcome],
    max_reaps: u32,
) -> Result<Vec<Completed>> {
    let call = Call::slow("usp_CompleteBatch")
        .with("@claim_token", token)
        .with("@contract_hash", contract.hash)
        .with("@max_reaps", max_reaps);
    let in_order = |sets: ResultSets| -> Result<Option<Vec<Completed>>> {
        let mut completed = outcome::read(sets, contract.targets.len())?.completed;
        Ok(outcomes.iter().map(|app| completed.remove(&app.app_id)).collect())
    };
    let mut is_repeated = false;
    connection.patiently(ServerFault::is_transient, |connection| {
        // The transaction of a broken connection may have committed, or still run.
        if is_repeated {
            let call = Call::new("usp_GetClaimOutcome").with("@claim_token", token);
            let asked = connection.call_once(&call).map_err(ServerFault::before_completing)?;
            if let Some(completed) = in_order(asked)? {
                return Ok(completed);
            }
        }
        is_repeated = true;
        let packed = stage.pack(connection, contract, outcomes);
        let luggage = packed.map_err(ServerFault::before_completing)?;
        failpoint::hit(failpoint::BETWEEN_STAGE_AND_COMMIT);
        let sets = stage.call(connection, &call, luggage)?;
        failpoint::hit(failpoint::AFTER_COMMIT_BEFORE_ANSWER);
        in_order(sets)?.ok_or_else(|| {
            ServerFault::Unexpected(
                "usp_CompleteBatch did not return the outcome of every application".to_owned(),
            )
        })
    })
}

/// `targets` is the number of tables of the contract; the rows of an application end with its last
/// table that has rows where it is 0.
pub(super) fn get_claim_outcome(
    connection: &mut Connection,
    token: ClaimToken,
    targets: usize,
) -> Result<ClaimOutcome> {
    let call = Call::new("usp_GetClaimOutcome").with("@claim_token", token);
    let outcome::Outcomes { held, completed } = outcome::read(connection.call(&call)?, targets)?;
    let mut completed: Vec<_> = completed.into_values().collect();
    completed.sort_by_key(|completed| completed.app_id);
    Ok(ClaimOutcome { held, completed })
}
