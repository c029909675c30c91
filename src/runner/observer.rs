//! Watching a run.

use std::time::Duration;

/// The progress of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Time since the start of the run.
    pub elapsed: Duration,
    /// Applications claimed.
    pub claimed: u64,
    /// Applications logged as success.
    pub success: u64,
    /// Applications logged as failed.
    pub failed: u64,
    /// Size of the documents of concluded applications, in bytes.
    pub document_bytes: u64,
    /// Where known, how many applications of this share were ready or claimed by this run, and when
    /// they were counted, as time since the start of the run. Claims of other workers do not count.
    pub to_do: Option<(u64, Duration)>,
    /// What others hold, where nothing else is left to do.
    pub waits_for: Option<Elsewhere>,
}

/// What the claims of other workers hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elsewhere {
    /// Applications.
    pub applications: u64,
    /// When the first of their leases expires unless it is renewed, as time since the start of the run.
    pub lease_ends: Duration,
}

/// An observer of a run.
pub trait Observer {
    /// Whether [`Progress::to_do`] is needed: counting costs the store a query every ten seconds.
    fn wants_to_do(&self) -> bool {
        false
    }

    /// Called about five times a second from the thread that called [`super::run`].
    fn progress(&mut self, progress: &Progress);
}

/// No observer.
impl Observer for () {
    fn progress(&mut self, _: &Progress) {}
}
