//! Spreads the documents of a batch over the worker threads.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use super::batch::{InFlight, Shredded};
use super::shared::Shared;
use crate::shred::panic_message;
use crate::store::ClaimedApp;

/// Hands the documents of a batch to the worker threads. The thread that finishes the last one
/// hands on the batch.
pub(super) fn spread(shared: &Arc<Shared>, batch: &Arc<InFlight>, apps: Vec<ClaimedApp>) {
    for app in apps {
        let (shared, batch) = (shared.clone(), batch.clone());
        shared.clone().pool.spawn_fifo(move || {
            let shredded = shred_one(&shared, &batch, &app);
            drop(app);
            if batch.record(shredded) {
                shared.send_on(batch);
            }
        });
    }
}

fn shred_one(shared: &Shared, batch: &InFlight, app: &ClaimedApp) -> Shredded {
    if !shared.flow.may_shred() || !batch.lease.is_live() {
        return Shredded::Skipped;
    }
    let shred = AssertUnwindSafe(|| shared.shred.shred(app, batch.claimed_at));
    match catch_unwind(shred) {
        Ok(outcome) => Shredded::Outcome(outcome),
        Err(panic) => {
            tracing::error!(
                app_id = app.app_id.0,
                attempt = app.attempt,
                panic = panic_message(panic.as_ref()),
                "defect in xmlshred: shredding this application panicked; it is given back when \
                 the run ends, so please report it with the document"
            );
            Shredded::Panicked(app.app_id)
        }
    }
}
