//! What is in flight, how much may be, and whether the run continues.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a run that is stopping treats what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Finish what is quick, release the rest.
    Drain,
    /// Release everything that is not being completed at this moment.
    Abort,
}

/// After a request to drain, documents are still started for this long.
const DRAIN_GRACE: Duration = Duration::from_millis(1500);

/// The monitor that claiming waits on: bytes and batches in flight, and the request to stop.
///
/// Memory is bounded by bytes, not by documents, because one document can be 2 MB and the next
/// 5 KB. A batch counts twice its document bytes: for the documents and for their rows.
#[derive(Debug)]
pub(super) struct Flow {
    max_bytes: u64,
    max_batches: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    batches: usize,
    stop: Option<(Stop, Instant)>,
}

impl Flow {
    pub(super) fn new(max_bytes: u64, max_batches: usize) -> Self {
        let (max_bytes, max_batches) = (max_bytes.max(1), max_batches.max(1));
        Self { max_bytes, max_batches, state: Mutex::default(), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until another batch may be claimed and reserves bytes for it: a third of all, so
    /// that one batch can be claimed, one shredded and one completed. `None` when stopping.
    pub(super) fn reserve(&self) -> Option<u64> {
        let share = (self.max_bytes / 3).max(1);
        let mut state = self.state();
        loop {
            if state.stop.is_some() {
                return None;
            }
            let fits = state.bytes + share <= self.max_bytes || state.batches == 0;
            if fits && state.batches < self.max_batches {
                break;
            }
            state = self.wait(state);
        }
        state.bytes += share;
        state.batches += 1;
        Some(share)
    }

    /// Replaces a reservation by the actual size of the batch. A batch that is larger than its
    /// reservation (it is one document) waits until it fits beside the others, or is alone.
    pub(super) fn settle(&self, reserved: u64, actual: u64) {
        let mut state = self.state();
        while actual > reserved
            && state.bytes - reserved + actual > self.max_bytes
            && state.batches > 1
            && state.stop.is_none()
        {
            state = self.wait(state);
        }
        state.bytes = state.bytes - reserved + actual;
        self.changed.notify_all();
    }

    /// Ends a batch of this many bytes.
    pub(super) fn release(&self, bytes: u64) {
        let mut state = self.state();
        state.bytes -= bytes;
        state.batches -= 1;
        self.changed.notify_all();
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
    use super::*;

    #[test]
    fn three_batches_fit_and_a_fourth_waits_for_one_to_end() {
        let flow = Flow::new(300, 10);
        let shares: Vec<_> = (0..3).map(|_| flow.reserve().unwrap()).collect();
        assert_eq!(shares, [100, 100, 100]);
        std::thread::scope(|scope| {
            let fourth = scope.spawn(|| flow.reserve());
            flow.release(100);
            assert_eq!(fourth.join().unwrap(), Some(100));
        });
    }

    #[test]
    fn a_small_batch_returns_the_rest_of_its_reservation() {
        let flow = Flow::new(300, 10);
        for _ in 0..7 {
            let reserved = flow.reserve().unwrap();
            flow.settle(reserved, 20);
        }
        assert_eq!(flow.state().bytes, 140);
    }

    #[test]
    fn a_document_larger_than_everything_waits_until_it_is_alone() {
        let flow = Flow::new(300, 10);
        let small = flow.reserve().unwrap();
        let large = flow.reserve().unwrap();
        std::thread::scope(|scope| {
            let settled = scope.spawn(|| flow.settle(large, 10_000));
            flow.release(small);
            settled.join().unwrap();
        });
        assert_eq!(flow.state().bytes, 10_000);
        assert_eq!(flow.batches(), 1);
        flow.release(10_000);
        assert_eq!(flow.reserve(), Some(100));
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
