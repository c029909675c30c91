//! Spreads the documents of a batch over the worker threads.

use std::cell::Cell;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::batch::{InFlight, Shredded};
use super::shared::Shared;
use crate::id::{AppId, SourceHash};
use crate::outcome::{AppOutcome, Failure, FailureCategory};
use crate::reason::{nested, reason};
use crate::shred::{panic_message, panic_reason, Control};
use crate::store::ClaimedApp;

/// Hands the documents of a batch to the worker threads. The thread that finishes the last one
/// hands on the batch.
pub(super) fn spread(shared: &Arc<Shared>, batch: &Arc<InFlight>, apps: Vec<ClaimedApp>) {
    for app in apps {
        let (shared, batch) = (shared.clone(), batch.clone());
        shared.clone().pool.spawn_fifo(move || {
            let (shredded, bytes) = shred_one(&shared, &batch, app);
            if batch.record(shredded, bytes) {
                shared.send_on(batch);
            } else if shared.flow.is_short() {
                shared.send_part(&batch);
            }
        });
    }
}

/// The result of one document, and the memory of its outcome. The document itself is freed.
fn shred_one(shared: &Shared, batch: &InFlight, app: ClaimedApp) -> (Shredded, u64) {
    let document = app.document.as_ref().map_or(0, |document| document.bytes.len() as u64);
    let memory = Memory {
        shared,
        batch,
        app_id: app.app_id,
        took: Cell::new(0),
        returned: Cell::new(0),
        is_given_up: Cell::new(false),
    };
    let shredded = match shared.flow.may_shred() && batch.lease.is_live() {
        true => shred(shared, batch, &app, &memory),
        false => Shredded::Skipped,
    };
    let (app_id, took) = (app.app_id, memory.took.get());
    let keeps = match shredded {
        Shredded::Outcome(_) => took - memory.returned.get(),
        Shredded::Skipped => 0,
    };
    drop(app);
    shared.flow.end_document(batch.token, app_id, document, took, keeps);
    (shredded, keeps)
}

fn shred(shared: &Shared, batch: &InFlight, app: &ClaimedApp, memory: &Memory<'_>) -> Shredded {
    let began = Instant::now();
    batch.begin(app.app_id);
    let shred = AssertUnwindSafe(|| shared.shred.shred(app, batch.claimed_at, memory));
    let result = catch_unwind(shred);
    batch.end(app.app_id);
    let outcome = result.unwrap_or_else(|panic| {
        Some(panicked(app, panic_message(panic.as_ref()), began.elapsed()))
    });
    outcome.map_or(Shredded::Skipped, Shredded::Outcome)
}

/// A panic fails its application, and only that one: it is logged like any other failure, so that
/// it neither returns for ever nor keeps others from being done.
///
/// [`crate::shred::Shredder`] catches its own panics, because only it knows the place in the document
/// and that its buffers are of no use any more; `map` and `check` need that too. What is caught here
/// is beyond it: the hash, the memory of the run, another [`super::Shred`]. A document that ended
/// without a result would keep its batch open.
fn panicked(app: &ClaimedApp, message: &str, elapsed: Duration) -> AppOutcome {
    tracing::error!(
        app_id = app.app_id.0,
        attempt = app.attempt,
        panic = message,
        "defect in xmlshred: it panicked on this application, which is logged as failed; please \
         report it with the document"
    );
    let reason =
        reason!("xmlshred itself failed on the document: {}", nested(&panic_reason(message)));
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

/// The memory of one document that is being shredded.
struct Memory<'a> {
    shared: &'a Shared,
    batch: &'a InFlight,
    app_id: AppId,
    took: Cell<u64>,
    returned: Cell<u64>,
    /// Whether the run stopped while it waited for memory.
    is_given_up: Cell<bool>,
}

impl Control for Memory<'_> {
    fn is_cancelled(&self) -> bool {
        self.is_given_up.get() || !self.shared.flow.may_shred()
    }

    fn take(&self, bytes: u64) {
        let on_shortage = || {
            self.shared.held.batches().iter().for_each(|batch| self.shared.send_part(batch));
        };
        let flow = &self.shared.flow;
        // A document that waits here does not hang.
        self.batch.end(self.app_id);
        if flow.take(self.batch.token, self.app_id, bytes, on_shortage) {
            self.took.set(self.took.get() + bytes);
        } else {
            self.is_given_up.set(true);
        }
        self.batch.begin(self.app_id);
    }

    fn give_back(&self, bytes: u64) {
        // It may have taken less than it asked for, if the run stopped meanwhile.
        self.returned.set((self.returned.get() + bytes).min(self.took.get()));
    }
}
