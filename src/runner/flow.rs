//! What is in flight, how much may be, and whether the run continues.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::account::Account;
use super::stop::Stop;
use crate::id::{AppId, ClaimToken};

/// After a request to drain, documents are still started for this long.
const DRAIN_GRACE: Duration = Duration::from_millis(1500);

/// The monitor that claiming and shredding wait on: bytes and batches in flight, and the request to
/// stop.
///
/// Memory is bounded by bytes, not by documents, because one document can be 2 MB and the next
/// 5 KB. A batch has an account: of its documents, of what is being made of them, and of the rows
/// that are not completed. At first as much is reserved for rows as for documents; a document that
/// needs more takes more, or waits.
///
/// # Why nothing waits for ever
///
/// Documents that wait hold memory themselves. So one document at a time may exceed the limit and
/// never waits ([`State::ahead`]). What it can take is bounded by the limits of a document. It
/// begins only when no finished rows are left to be completed, because completing them makes room
/// too. A thread that waits sends the finished rows of every batch to be completed, and one that
/// finishes a document while others wait does so, too: also batches with open documents get rid of
/// what is finished. Completing waits for no document.
#[derive(Debug, Default)]
pub(super) struct Flow {
    max_bytes: u64,
    max_batches: usize,
    state: Mutex<State>,
    changed: Condvar,
    /// That a batch may be claimed, or the run stops.
    claimable: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes reserved, for claims and for batches.
    bytes: u64,
    batches: usize,
    accounts: HashMap<ClaimToken, Account>,
    /// Bytes of outcomes that are not completed.
    finished: u64,
    /// Documents that wait for memory.
    waiting: usize,
    /// Threads that wait for anything but the next batch.
    sleeping: usize,
    /// Threads that wait for the next batch.
    reserving: usize,
    /// The document that may exceed the limit.
    ahead: Option<(ClaimToken, AppId)>,
    stop: Option<(Stop, Instant)>,
}

impl State {
    fn replace(&mut self, token: ClaimToken, account: Account) {
        if let Some(old) = self.accounts.insert(token, account) {
            self.bytes = self.bytes - old.reserved + account.reserved;
            self.finished = self.finished - old.finished + account.finished;
        }
    }
}

impl Flow {
    pub(super) fn new(max_bytes: u64, max_batches: usize) -> Self {
        let (max_bytes, max_batches) = (max_bytes.max(1), max_batches.max(1));
        Self { max_bytes, max_batches, ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.sleeping += 1;
        let mut state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.sleeping -= 1;
        state
    }

    /// Bytes for a batch that is claimed: a third, so that one can be claimed, one shredded, one completed.
    fn share(&self) -> u64 {
        (self.max_bytes / 3).max(1)
    }

    fn may_claim(&self, state: &State) -> bool {
        let fits = state.bytes + self.share() <= self.max_bytes && state.waiting == 0;
        (fits || state.batches == 0) && state.batches < self.max_batches
    }

    /// Wakes those who wait. Every document comes here, and waking nobody would be a call of the system.
    fn wake(&self, state: &State) {
        if state.sleeping > 0 {
            self.changed.notify_all();
        }
        if state.reserving > 0 && self.may_claim(state) {
            self.claimable.notify_all();
        }
    }

    /// Waits until another batch may be claimed, and reserves bytes for it. `None` when stopping.
    pub(super) fn reserve(&self) -> Option<u64> {
        let mut state = self.state();
        while !self.may_claim(&state) && state.stop.is_none() {
            state.reserving += 1;
            state = self.claimable.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.reserving -= 1;
        }
        if state.stop.is_some() {
            return None;
        }
        state.bytes += self.share();
        state.batches += 1;
        Some(self.share())
    }

    /// Ends a reservation that no batch came of.
    pub(super) fn cancel(&self, reserved: u64) {
        let mut state = self.state();
        state.bytes -= reserved;
        state.batches -= 1;
        self.wake(&state);
    }

    /// Replaces a reservation by the account of a batch with so many bytes of documents. A batch
    /// that is larger than its reservation (it is one document) waits until it fits beside the
    /// others, or is alone.
    pub(super) fn settle(&self, reserved: u64, token: ClaimToken, documents: u64) {
        let actual = 2 * documents;
        let mut state = self.state();
        while actual > reserved
            && state.bytes - reserved + actual > self.max_bytes
            && state.batches > 1
            && state.stop.is_none()
        {
            state = self.wait(state);
        }
        let account = Account::of(actual, documents);
        state.bytes = state.bytes - reserved + actual;
        state.accounts.insert(token, account);
        self.wake(&state);
    }

    /// Takes so many bytes more for a document of the batch, as soon as there is room for them or it
    /// is the document that may exceed the limit. Before it waits it calls `on_shortage`, which
    /// sends finished outcomes to be completed. Returns whether the document may go on: not when the
    /// run stops or the batch has ended.
    pub(super) fn take(
        &self,
        token: ClaimToken,
        app: AppId,
        bytes: u64,
        on_shortage: impl Fn(),
    ) -> bool {
        let mut state = self.state();
        let mut waits = false;
        let may_go_on = loop {
            let Some(account) = state.accounts.get(&token) else { break false };
            let (reserved, account) = (account.reserved, account.with(bytes));
            let fits = state.bytes - reserved + account.reserved <= self.max_bytes;
            let is_ahead = state.ahead == Some((token, app));
            let may_exceed = state.ahead.is_none() && state.finished == 0;
            if account.reserved <= reserved || fits || is_ahead || (waits && may_exceed) {
                if account.reserved > reserved && !fits {
                    state.ahead = Some((token, app));
                }
                state.replace(token, account);
                break true;
            }
            if state.stop.is_some() {
                break false;
            }
            if !waits {
                waits = true;
                state.waiting += 1;
                drop(state);
                on_shortage();
                state = self.state();
            } else {
                state = self.wait(state);
            }
        };
        if waits {
            state.waiting -= 1;
            self.wake(&state);
        }
        may_go_on
    }

    /// Ends a document of the batch: it and the bytes that it took are freed, except those that its
    /// outcome keeps.
    pub(super) fn end_document(
        &self,
        token: ClaimToken,
        app: AppId,
        document: u64,
        took: u64,
        keeps: u64,
    ) {
        let mut state = self.state();
        if state.ahead == Some((token, app)) {
            state.ahead = None;
        }
        if let Some(account) = state.accounts.get(&token).copied() {
            state.replace(token, account.after_document(document, took, keeps));
        }
        self.wake(&state);
    }

    /// Whether a document waits for memory, or one exceeds the limit.
    pub(super) fn is_short(&self) -> bool {
        let state = self.state();
        state.waiting > 0 || state.ahead.is_some() || state.bytes > self.max_bytes
    }

    /// Outcomes of so many bytes were completed while their batch continues.
    pub(super) fn end_part(&self, token: ClaimToken, bytes: u64) {
        let mut state = self.state();
        if let Some(account) = state.accounts.get(&token).copied() {
            state.replace(token, account.after_part(bytes));
        }
        self.wake(&state);
    }

    /// Ends a batch.
    pub(super) fn release(&self, token: ClaimToken) {
        let mut state = self.state();
        if let Some(account) = state.accounts.remove(&token) {
            state.bytes -= account.reserved;
            state.finished -= account.finished;
        }
        if state.ahead.is_some_and(|(of, _)| of == token) {
            state.ahead = None;
        }
        state.batches -= 1;
        self.wake(&state);
    }

    /// Batches reserved, claimed, shredding or completing.
    pub(super) fn batches(&self) -> usize {
        self.state().batches
    }

    /// Waits until no batch is in flight. Returns whether there was one and the run continues.
    pub(super) fn wait_until_idle(&self) -> bool {
        let mut state = self.state();
        let was_busy = state.batches > 0;
        while state.batches > 0 && state.stop.is_none() {
            state = self.wait(state);
        }
        was_busy && state.stop.is_none()
    }

    /// Requests a stop. Aborting overrides draining; nothing overrides aborting.
    pub(super) fn stop(&self, stop: Stop) {
        let mut state = self.state();
        let since = state.stop.map_or_else(Instant::now, |(_, since)| since);
        if state.stop.is_none() || stop == Stop::Abort {
            state.stop = Some((stop, since));
        }
        self.changed.notify_all();
        self.claimable.notify_all();
    }

    /// Whether nothing new may be claimed.
    pub(super) fn is_stopping(&self) -> bool {
        self.state().stop.is_some()
    }

    /// Whether everything held is to be released.
    pub(super) fn is_aborting(&self) -> bool {
        matches!(self.state().stop, Some((Stop::Abort, _)))
    }

    /// Whether a document may be started.
    pub(super) fn may_shred(&self) -> bool {
        match self.state().stop {
            None => true,
            Some((Stop::Drain, since)) => since.elapsed() < DRAIN_GRACE,
            Some((Stop::Abort, _)) => false,
        }
    }

    /// How long ago the stop was requested.
    pub(super) fn stopping_for(&self) -> Option<(Stop, Duration)> {
        self.state().stop.map(|(stop, since)| (stop, since.elapsed()))
    }

    /// Waits this long, or until a stop is requested. Returns whether the run continues.
    pub(super) fn sleep(&self, duration: Duration) -> bool {
        let until = Instant::now() + duration;
        let mut state = self.state();
        while state.stop.is_none() {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return true };
            if left.is_zero() {
                return true;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn token() -> ClaimToken {
        ClaimToken::random()
    }

    /// A batch with so many bytes of documents.
    fn batch(flow: &Flow, documents: u64) -> ClaimToken {
        let (reserved, token) = (flow.reserve().unwrap(), token());
        flow.settle(reserved, token, documents);
        token
    }

    /// Bytes in flight, and those that are finished.
    fn bytes(flow: &Flow) -> (u64, u64) {
        let state = flow.state();
        (state.bytes, state.finished)
    }

    #[test]
    fn three_batches_fit_and_a_fourth_waits_for_one_to_end() {
        let flow = Flow::new(300, 10);
        let batches: Vec<_> = (0..3).map(|_| batch(&flow, 50)).collect();
        std::thread::scope(|scope| {
            let fourth = scope.spawn(|| flow.reserve());
            flow.release(batches[0]);
            assert_eq!(fourth.join().unwrap(), Some(100));
        });
    }

    #[test]
    fn a_small_batch_returns_the_rest_of_its_reservation() {
        let flow = Flow::new(300, 10);
        for _ in 0..7 {
            batch(&flow, 10);
        }
        assert_eq!(flow.state().bytes, 140);
    }

    #[test]
    fn a_document_larger_than_everything_waits_until_it_is_alone() {
        let flow = Flow::new(300, 10);
        let small = batch(&flow, 50);
        let (reserved, large) = (flow.reserve().unwrap(), token());
        std::thread::scope(|scope| {
            let settled = scope.spawn(|| flow.settle(reserved, large, 5_000));
            flow.release(small);
            settled.join().unwrap();
        });
        assert_eq!(flow.state().bytes, 10_000);
        assert_eq!(flow.batches(), 1);
        flow.release(large);
        assert_eq!(flow.reserve(), Some(100));
    }

    #[test]
    fn rows_take_what_was_reserved_for_them_and_then_more() {
        let flow = Flow::new(300, 10);
        let token = batch(&flow, 50);
        assert!(flow.take(token, AppId(1), 50, || panic!("there is room")));
        assert_eq!(flow.state().bytes, 100);
        assert!(flow.take(token, AppId(1), 150, || panic!("there is room")));
        assert_eq!(flow.state().bytes, 250);
        flow.end_document(token, AppId(1), 50, 200, 20);
        assert_eq!(bytes(&flow), (20, 20));
        flow.end_part(token, 20);
        assert_eq!(bytes(&flow), (0, 0));
        flow.release(token);
        assert_eq!(bytes(&flow), (0, 0));
        assert_eq!(flow.batches(), 0);
    }

    #[test]
    fn one_document_may_exceed_the_limit_and_the_next_waits_for_it() {
        let flow = &Flow::new(300, 10);
        let [one, other] = [batch(flow, 50), batch(flow, 50)];
        assert!(flow.take(one, AppId(1), 1_000, || {}), "nothing else makes room");
        assert!(flow.take(one, AppId(1), 1_000, || panic!("it does not wait")));
        let sent = AtomicU64::new(0);
        std::thread::scope(|scope| {
            let send = || {
                sent.fetch_add(1, Ordering::SeqCst);
            };
            let waits = scope.spawn(move || flow.take(other, AppId(2), 100, send));
            while !flow.is_short() || sent.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
            // Its rows are finished, but not completed: there is no room yet.
            flow.end_document(one, AppId(1), 50, 2_000, 1_500);
            assert!(!waits.is_finished());
            flow.end_part(one, 1_500);
            assert!(waits.join().unwrap());
        });
        assert_eq!(flow.state().ahead, None);
        assert_eq!(flow.state().waiting, 0);
    }

    #[test]
    fn nothing_is_claimed_while_a_document_waits() {
        let flow = Flow::new(300, 10);
        let [one, other] = [batch(&flow, 10), batch(&flow, 10)];
        assert!(flow.take(one, AppId(1), 1_000, || {}));
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| flow.take(other, AppId(2), 500, || {}));
            while flow.state().waiting == 0 {
                std::thread::yield_now();
            }
            let claims = scope.spawn(|| flow.reserve());
            flow.stop(Stop::Drain);
            assert_eq!(claims.join().unwrap(), None);
            assert!(!waits.join().unwrap(), "a stopping run gives up what waits");
        });
    }

    /// Many threads that take and finish at random: all end, and never do two documents exceed the
    /// limit at once.
    #[test]
    fn every_document_gets_its_turn() {
        let (flow, documents) = (Flow::new(3_000, 10), AtomicU64::new(0));
        let (most, max_document) = (AtomicU64::new(0), 5_000);
        let token = batch(&flow, 100);
        let finished = AtomicU64::new(0);
        let complete = || {
            let bytes = finished.swap(0, Ordering::SeqCst);
            if bytes > 0 {
                flow.end_part(token, bytes);
            }
        };
        std::thread::scope(|scope| {
            for thread in 0..8u64 {
                let (flow, documents, most, finished, complete) =
                    (&flow, &documents, &most, &finished, &complete);
                scope.spawn(move || {
                    for round in 0..200u64 {
                        let app = AppId((thread * 1_000 + round) as i64);
                        let wanted = (thread * 7_919 + round * 104_729) % max_document;
                        let mut took = 0;
                        while took < wanted {
                            let step = 1 + (wanted * 31 + took) % 700;
                            assert!(flow.take(token, app, step, complete));
                            took += step;
                            most.fetch_max(flow.state().bytes, Ordering::SeqCst);
                        }
                        flow.end_document(token, app, 0, took, took / 2);
                        finished.fetch_add(took / 2, Ordering::SeqCst);
                        if flow.is_short() {
                            complete();
                        }
                        documents.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        complete();
        assert_eq!(documents.into_inner(), 1_600);
        let (most, bound) = (most.into_inner(), 3_000 + max_document + 700);
        assert!(most <= bound, "{most} bytes at once, {bound} at most");
        assert_eq!(bytes(&flow).1, 0);
        assert_eq!(flow.state().waiting, 0);
    }

    #[test]
    fn stopping_wakes_every_waiter() {
        let flow = Flow::new(3, 1);
        assert!(flow.reserve().is_some());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| flow.reserve());
            let sleeping = scope.spawn(|| flow.sleep(Duration::from_secs(3600)));
            flow.stop(Stop::Drain);
            assert_eq!(waiting.join().unwrap(), None);
            assert!(!sleeping.join().unwrap());
        });
    }

    #[test]
    fn aborting_overrides_draining_and_not_the_other_way_round() {
        let flow = Flow::new(3, 1);
        flow.stop(Stop::Drain);
        assert!(flow.may_shred() && !flow.is_aborting());
        flow.stop(Stop::Abort);
        flow.stop(Stop::Drain);
        assert!(!flow.may_shred() && flow.is_aborting());
    }
}
