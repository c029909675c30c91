//! Batches between claiming and completing.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::id::{AppId, ClaimToken};
use crate::outcome::AppOutcome;
use crate::store::{Batch, ClaimedApp};

use super::lease::Lease;

/// The result of one document on a worker thread.
#[derive(Debug)]
pub(super) enum Shredded {
    /// Rows or a failure.
    Outcome(AppOutcome),
    /// Not started: the run is stopping, or the lease may have expired.
    Skipped,
}

/// A claimed batch until it is completed, released or abandoned.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) token: ClaimToken,
    pub(super) claimed_at: DateTime<Utc>,
    pub(super) lease: Lease,
    /// Number of applications claimed.
    pub(super) apps: usize,
    /// Bytes of its documents.
    pub(super) documents: u64,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    outcomes: Vec<AppOutcome>,
    /// Memory of these outcomes.
    bytes: u64,
    /// Applications whose outcomes were taken before the batch was closed.
    taken: usize,
    /// Documents without a result yet.
    open: usize,
    /// Those of them that are being shredded, and since when.
    running: Vec<(AppId, Instant)>,
    closed: bool,
}

impl InFlight {
    /// The batch, and its applications to be shredded.
    pub(super) fn new(batch: Batch, lease: Lease) -> (Self, Vec<ClaimedApp>) {
        let apps = batch.apps.len();
        let progress = Progress {
            outcomes: Vec::with_capacity(apps),
            bytes: 0,
            taken: 0,
            open: apps,
            running: Vec::new(),
            closed: false,
        };
        let in_flight = Self {
            token: batch.token,
            claimed_at: batch.claimed_at,
            lease,
            apps,
            documents: document_bytes(&batch.apps),
            progress: Mutex::new(progress),
        };
        (in_flight, batch.apps)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A document is being shredded from now on.
    pub(super) fn begin(&self, app_id: AppId) {
        self.progress().running.push((app_id, Instant::now()));
    }

    /// Its shredding has ended, with or without a result.
    pub(super) fn end(&self, app_id: AppId) {
        self.progress().running.retain(|(running, _)| *running != app_id);
    }

    /// A document that has been shredded for longer than this.
    pub(super) fn document_since(&self, limit: Duration) -> Option<AppId> {
        let progress = self.progress();
        let mut running = progress.running.iter();
        running.find(|(_, since)| since.elapsed() > limit).map(|(app_id, _)| *app_id)
    }

    /// Adds the result of one document, whose outcome takes so many bytes. Returns whether it closed
    /// the batch: it was the last result, and the batch was still open.
    pub(super) fn record(&self, shredded: Shredded, bytes: u64) -> bool {
        let mut progress = self.progress();
        if progress.closed {
            return false;
        }
        match shredded {
            Shredded::Outcome(outcome) => {
                progress.outcomes.push(outcome);
                progress.bytes += bytes;
            }
            Shredded::Skipped => {}
        }
        progress.open -= 1;
        progress.closed = progress.open == 0;
        progress.closed
    }

    /// Closes the batch with the results so far; later results are dropped. Returns whether it was
    /// open.
    pub(super) fn close(&self) -> bool {
        !std::mem::replace(&mut self.progress().closed, true)
    }

    /// Removes and returns the results of a closed batch, in ascending order of application, and
    /// how many applications have none.
    pub(super) fn take_outcomes(&self) -> (Vec<AppOutcome>, usize) {
        let mut progress = self.progress();
        let mut outcomes = std::mem::take(&mut progress.outcomes);
        outcomes.sort_unstable_by_key(|outcome| outcome.app_id);
        let unfinished = self.apps - progress.taken - outcomes.len();
        (outcomes, unfinished)
    }

    /// Removes and returns the results so far of a batch that is open, and the memory they take, so
    /// that they are completed before the others. A batch that is closed keeps them.
    pub(super) fn take_part(&self) -> (Vec<AppOutcome>, u64) {
        let mut progress = self.progress();
        if progress.closed {
            return (Vec::new(), 0);
        }
        let mut outcomes = std::mem::take(&mut progress.outcomes);
        outcomes.sort_unstable_by_key(|outcome| outcome.app_id);
        progress.taken += outcomes.len();
        (outcomes, std::mem::take(&mut progress.bytes))
    }

    /// Puts back results that were taken and could not be completed.
    pub(super) fn put_back(&self, outcomes: Vec<AppOutcome>, bytes: u64) {
        let mut progress = self.progress();
        progress.taken -= outcomes.len();
        progress.outcomes.extend(outcomes);
        progress.bytes += bytes;
    }

    /// Whether there are results that [`InFlight::take_part`] would return.
    pub(super) fn has_part(&self) -> bool {
        let progress = self.progress();
        !progress.closed && !progress.outcomes.is_empty()
    }
}

fn document_bytes(apps: &[ClaimedApp]) -> u64 {
    let documents = apps.iter().filter_map(|app| app.document.as_ref());
    documents.map(|document| document.bytes.len() as u64).sum()
}

/// Every batch this process holds, for the lease keeper.
#[derive(Debug, Default)]
pub(super) struct Held {
    state: Mutex<HeldState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct HeldState {
    batches: HashMap<ClaimToken, Arc<InFlight>>,
    closed: bool,
}

impl Held {
    fn state(&self) -> MutexGuard<'_, HeldState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, batch: Arc<InFlight>) {
        self.state().batches.insert(batch.token, batch);
        self.changed.notify_all();
    }

    pub(super) fn remove(&self, token: ClaimToken) {
        self.state().batches.remove(&token);
    }

    /// The batches held at this moment.
    pub(super) fn batches(&self) -> Vec<Arc<InFlight>> {
        self.state().batches.values().cloned().collect()
    }

    /// Ends [`Held::wait_for_renewal`].
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// Waits until a lease is due for renewal; `None` when the run is over.
    pub(super) fn wait_for_renewal(&self) -> Option<Arc<InFlight>> {
        let mut state = self.state();
        while !state.closed {
            let due = state.batches.values().filter_map(|b| Some((b.lease.renewal_due()?, b)));
            let next = due.min_by_key(|(due, _)| *due).map(|(due, batch)| (due, batch.clone()));
            let now = Instant::now();
            let wait = match next {
                Some((due, batch)) if due <= now => return Some(batch),
                Some((due, _)) => due - now,
                None => Duration::from_secs(3600),
            };
            let waited = self.changed.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        None
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn batch(apps: i64) -> InFlight {
        let apps = (0..apps).map(|id| ClaimedApp { app_id: AppId(id), attempt: 1, document: None });
        let batch =
            Batch { token: ClaimToken::random(), claimed_at: Utc::now(), apps: apps.collect() };
        InFlight::new(batch, Lease::new(Duration::from_secs(60), Instant::now())).0
    }

    fn outcome(app_id: i64) -> AppOutcome {
        AppOutcome {
            app_id: AppId(app_id),
            attempt: 1,
            outcome: Ok(Vec::new()),
            shred_micros: 0,
            source_hash: None,
            document_bytes: 0,
        }
    }

    #[test]
    fn the_last_result_closes_a_batch() {
        let batch = batch(2);
        assert!(!batch.record(Shredded::Skipped, 0));
        assert!(batch.record(Shredded::Outcome(outcome(1)), 0));
        assert!(!batch.close());
        assert_eq!(batch.take_outcomes().0.len(), 1);
    }

    #[test]
    fn a_result_after_the_close_is_dropped() {
        let batch = batch(1);
        assert!(batch.close());
        assert!(!batch.record(Shredded::Outcome(outcome(0)), 0));
        assert!(batch.take_outcomes().0.is_empty());
    }
}
