//! Spreads the documents of a batch over the worker threads.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::batch::{InFlight, Shredded};
use super::shared::Shared;
use crate::id::SourceHash;
use crate::outcome::{AppOutcome, Failure, FailureCategory};
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
    let began = Instant::now();
    batch.begin(app.app_id);
    let shred = AssertUnwindSafe(|| shared.shred.shred(app, batch.claimed_at));
    let result = catch_unwind(shred);
    batch.end(app.app_id);
    let outcome = result
        .unwrap_or_else(|panic| panicked(app, panic_message(panic.as_ref()), began.elapsed()));
    Shredded::Outcome(outcome)
}

/// A panic fails its application, and only that one: it is logged like any other failure, so that
/// it neither returns for ever nor keeps others from being done.
fn panicked(app: &ClaimedApp, message: &str, elapsed: Duration) -> AppOutcome {
    tracing::error!(
        app_id = app.app_id.0,
        attempt = app.attempt,
        panic = message,
        "defect in xmlshred: it panicked on this application, which is logged as failed; please \
         report it with the document"
    );
    let reason = format!("xmlshred itself failed on the document: {message}");
    let document = app.document.as_ref();
    AppOutcome {
        app_id: app.app_id,
        attempt: app.attempt,
        outcome: Err(Box::new(Failure::new(FailureCategory::InternalError, reason))),
        shred_micros: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        source_hash: document.map(|document| SourceHash(Sha256::digest(&document.bytes).into())),
        document_bytes: document.map_or(0, |document| document.bytes.len() as u64),
    }
}
