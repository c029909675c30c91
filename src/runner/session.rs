//! A thread's session with the store, reconnected when it is lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::store::{self, Store, StoreError};

/// What a session is for: each has its own, so that a long claim never holds up a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Claims and reaps.
    Claim,
    /// Completes and releases.
    Complete,
    /// Renews leases.
    Renew,
    /// Reads the counts that progress is shown against.
    Status,
}

impl Role {
    /// The name, for thread and application names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Complete => "complete",
            Self::Renew => "renew",
            Self::Status => "status",
        }
    }
}

/// Opens a session with the store. It is called once for each [`Role`], and again by the role's
/// own thread whenever a session was lost.
pub type Connect = Arc<dyn Fn(Role) -> store::Result<Box<dyn Store>> + Send + Sync>;

/// The shortest and longest wait between two tries.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Wait after `tries` failed tries: it doubles, and half of it is random, so that workers that lost
/// the same server do not return in step.
pub(super) fn backoff(tries: u32) -> Duration {
    let ceiling = BACKOFF.0.saturating_mul(1 << tries.min(10)).min(BACKOFF.1);
    let random = (Uuid::new_v4().as_u128() & 0xffff) as u32;
    ceiling / 2 + ceiling / 2 * random / 0xffff
}

/// Since when a session waits for its store.
#[derive(Debug)]
pub(super) struct CallClock {
    pub(super) role: Role,
    since: Mutex<Option<Instant>>,
}

impl CallClock {
    fn new(role: Role) -> Arc<Self> {
        Arc::new(Self { role, since: Mutex::new(None) })
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a call, which may take long.
    fn time<T>(&self, call: impl FnOnce() -> T) -> T {
        *self.since() = Some(Instant::now());
        let answer = call();
        *self.since() = None;
        answer
    }

    /// Whether a call has been waiting for longer than this.
    pub(super) fn waits_longer_than(&self, limit: Duration) -> bool {
        self.since().is_some_and(|since| since.elapsed() > limit)
    }
}

pub(super) struct Session {
    connect: Connect,
    role: Role,
    clock: Arc<CallClock>,
    store: Option<Box<dyn Store>>,
}

impl Session {
    pub(super) fn open(connect: &Connect, role: Role) -> store::Result<Self> {
        let store = Some(connect(role)?);
        Ok(Self { connect: connect.clone(), role, clock: CallClock::new(role), store })
    }

    /// A session that connects with its first call: a run that finds nothing to do needs it for nothing.
    pub(super) fn later(connect: &Connect, role: Role) -> Self {
        Self { connect: connect.clone(), role, clock: CallClock::new(role), store: None }
    }

    /// Whether a connection is open.
    pub(super) fn is_open(&self) -> bool {
        self.store.is_some()
    }

    /// Since when it waits for the store.
    pub(super) fn clock(&self) -> Arc<CallClock> {
        self.clock.clone()
    }

    /// Calls the store, connecting first where the session was lost. A session whose store could
    /// not be reached, or gave no answer, is not used again.
    pub(super) fn call<T>(
        &mut self,
        operation: impl FnOnce(&mut dyn Store) -> store::Result<T>,
    ) -> store::Result<T> {
        let clock = self.clock.clone();
        let answer = clock.time(|| {
            let store = match &mut self.store {
                Some(store) => store,
                lost => lost.insert((self.connect)(self.role)?),
            };
            operation(store.as_mut())
        });
        if answer.as_ref().is_err_and(StoreError::is_lost) {
            self.store = None;
        }
        answer
    }

    /// [`Session::call`], repeated while the store cannot be reached, until `patience` is over or
    /// `pause`, which waits between two tries, returns false.
    pub(super) fn call_patiently<T>(
        &mut self,
        patience: Duration,
        pause: impl Fn(Duration) -> bool,
        mut operation: impl FnMut(&mut dyn Store) -> store::Result<T>,
    ) -> store::Result<T> {
        let began = Instant::now();
        let mut tries = 0;
        loop {
            let error = match self.call(&mut operation) {
                Err(error) if error.is_lost() => error,
                answer => return answer,
            };
            let wait = backoff(tries);
            if began.elapsed() + wait > patience || !pause(wait) {
                return Err(error);
            }
            tries += 1;
            tracing::warn!(role = self.role.name(), tries, %error, "cannot reach the store, trying again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_are_never_zero() {
        for tries in 0..40 {
            let wait = backoff(tries);
            assert!(wait >= BACKOFF.0 / 2 && wait <= BACKOFF.1, "{tries}: {wait:?}");
        }
        assert!(backoff(20) >= BACKOFF.1 / 2);
    }
}
