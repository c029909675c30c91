//! Backfilling: what finished applications should have travels to the stage, and one procedure adds
//! what they lack.

use super::Stage;
use crate::contract::Contract;
use crate::store::sqlserver::call::{clipped, yes_or_no, Call};
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault::Result;
use crate::store::{failpoint, BackfillRequest, Backfilled, Missing};

/// Calls once: after a lost answer, a repetition would find less missing than was.
pub fn backfill_apps(
    connection: &mut Connection,
    stage: &mut Stage,
    contract: &Contract,
    request: &BackfillRequest,
) -> Result<Vec<Backfilled>> {
    let call = Call::slow("usp_BackfillApps")
        .with("@contract_hash", contract.hash)
        .with("@insert_rows", yes_or_no(request.insert_rows))
        .with("@requested_by", clipped(&request.requested_by, 128))
        .with("@Execute", yes_or_no(request.execute));
    stage.fill(connection, contract, &request.apps)?;
    let sets = connection.call_once(&call)?;
    failpoint::hit(failpoint::AMID_BACKFILL);
    // One row per application, table and column, ordered by them.
    let mut all: Vec<Backfilled> = Vec::new();
    for record in sets.into_iter().flatten() {
        let app_id = record.get("app_id")?;
        if all.last().is_none_or(|last| last.app_id != app_id) {
            let refusal = record.get_or_null("refusal")?;
            all.push(Backfilled { app_id, missing: Vec::new(), refusal });
        }
        let table = record.get_or_null("table_name")?;
        if let (Some(last), Some(table)) = (all.last_mut(), table) {
            let column = record.get_or_null("column_name")?;
            last.missing.push(Missing { table, column, count: record.get("item_count")? });
        }
    }
    Ok(all)
}
