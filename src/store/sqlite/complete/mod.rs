//! Completing: what a claim holds is logged, or returned to the queue by the database's refusal.

mod answer;
mod backfill;
mod bisect;
mod conclude;
mod refuse;
mod rejection;

use rusqlite::Connection;

use self::conclude::Completion;
use super::fault::Step;
use super::target::Targets;
use crate::contract::Contract;
use crate::id::ClaimToken;
use crate::outcome::AppOutcome;
use crate::store::{check_max_reaps, check_outcomes, failpoint, Completed};

pub(super) use self::answer::get_claim_outcome;
pub(super) use self::backfill::backfill_apps;

pub(super) fn complete_batch(
    connection: &mut Connection,
    token: ClaimToken,
    contract: &Contract,
    outcomes: &[AppOutcome],
    max_reaps: u32,
) -> Step<Vec<Completed>> {
    check_max_reaps(max_reaps)?;
    check_outcomes(contract, outcomes)?;
    let completion = Completion { token, contract, max_reaps, targets: Targets::new(contract) };
    let completed = bisect::complete(&completion, connection, outcomes)?;
    failpoint::hit(failpoint::AFTER_COMMIT_BEFORE_ANSWER);
    Ok(completed)
}
