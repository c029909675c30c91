//! How long this process may act on a claim, by its own clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A claim's lease as this process knows it.
///
/// The database's clock decides when a lease ends, and it is never compared with this machine's
/// clock. This process knows that the lease ends no sooner than its length after the call that
/// started or renewed it was *sent*; so a monotonic clock read before that call gives a time that
/// is never too late. The process stops acting on a claim a margin before that time. Only a clock
/// that stops (a suspended machine) escapes this rule; then the claim token, which the database
/// checks, is the fence.
#[derive(Debug)]
pub(super) struct Lease {
    length: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When the next renewal is due.
    renew_at: Instant,
    /// From this time on, the process no longer acts on the claim.
    abandon_at: Instant,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Held,
    /// A completion is under way: its answer, not that of a renewal, decides about the claim.
    Completing,
    /// Final: a renewal that succeeds later changes nothing.
    Abandoned,
}

/// The longest margin before the end of a lease.
const MAX_MARGIN: Duration = Duration::from_secs(10);

impl Lease {
    /// A lease whose claim was sent at `sent`.
    pub(super) fn new(length: Duration, sent: Instant) -> Self {
        let (renew_at, abandon_at) = Self::times(length, sent);
        let state = State { renew_at, abandon_at, phase: Phase::Held };
        Self { length, state: Mutex::new(state) }
    }

    /// A third of the lease until the renewal: two more tries fit before the end.
    fn times(length: Duration, sent: Instant) -> (Instant, Instant) {
        (sent + length / 3, sent + length - (length / 6).min(MAX_MARGIN))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.phase == Phase::Held && Instant::now() >= state.abandon_at {
            state.phase = Phase::Abandoned;
        }
        state
    }

    /// Whether the claim may still be acted on.
    pub(super) fn is_live(&self) -> bool {
        self.state().phase != Phase::Abandoned
    }

    /// Whether a completion may be sent, or sent again: not once the lease may have expired.
    pub(super) fn may_complete(&self) -> bool {
        let mut state = self.state();
        let live = state.phase != Phase::Abandoned && Instant::now() < state.abandon_at;
        state.phase = if live { Phase::Completing } else { Phase::Abandoned };
        live
    }

    /// A completion ended and part of the claim is still held.
    pub(super) fn completion_ended(&self) {
        let mut state = self.state();
        if state.phase == Phase::Completing {
            state.phase = Phase::Held;
        }
    }

    /// Gives the claim up: it is not renewed and not acted on any more.
    pub(super) fn abandon(&self) {
        self.state().phase = Phase::Abandoned;
    }

    /// When a renewal is due; `None` when there is nothing left to renew.
    pub(super) fn renewal_due(&self) -> Option<Instant> {
        let state = self.state();
        (state.phase != Phase::Abandoned).then_some(state.renew_at)
    }

    /// A renewal that was sent at `sent` succeeded.
    pub(super) fn renewed(&self, sent: Instant) {
        let mut state = self.state();
        if state.phase != Phase::Abandoned {
            (state.renew_at, state.abandon_at) = Self::times(self.length, sent);
        }
    }

    /// A renewal could not be sent or its answer was lost: it is tried again soon.
    pub(super) fn renewal_failed(&self, retry_at: Instant) {
        self.state().renew_at = retry_at;
    }

    /// The database reports that the claim is gone. Returns whether the lease was lost: while a
    /// completion is under way, the completion itself may have ended the claim.
    pub(super) fn lost(&self) -> bool {
        let mut state = self.state();
        let news = state.phase == Phase::Held;
        match state.phase {
            Phase::Held => state.phase = Phase::Abandoned,
            Phase::Completing => state.renew_at += self.length,
            Phase::Abandoned => {}
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_lease_is_abandoned_before_it_ends() {
        let fresh = Lease::new(MINUTE, Instant::now());
        assert!(fresh.is_live() && fresh.may_complete());

        let nearly_over = Lease::new(MINUTE, Instant::now() - Duration::from_secs(55));
        assert!(!nearly_over.is_live() && !nearly_over.may_complete());
        assert_eq!(nearly_over.renewal_due(), None);
    }

    #[test]
    fn a_renewal_after_abandoning_changes_nothing() {
        let lease = Lease::new(MINUTE, Instant::now() - MINUTE);
        assert!(!lease.is_live());
        lease.renewed(Instant::now());
        assert!(!lease.is_live());
    }

    #[test]
    fn a_renewal_counts_from_when_it_was_sent() {
        let sent = Instant::now() - Duration::from_secs(30);
        let lease = Lease::new(MINUTE, sent);
        assert_eq!(lease.renewal_due(), Some(sent + MINUTE / 3));
        let sent = Instant::now();
        lease.renewed(sent);
        assert_eq!(lease.renewal_due(), Some(sent + MINUTE / 3));
    }

    #[test]
    fn a_lost_renewal_is_not_a_lost_lease_while_completing() {
        let lease = Lease::new(MINUTE, Instant::now());
        assert!(lease.may_complete());
        assert!(!lease.lost());
        assert!(lease.is_live());

        let lease = Lease::new(MINUTE, Instant::now());
        assert!(lease.lost());
        assert!(!lease.may_complete());
    }
}
