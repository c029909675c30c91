//! Watching a run.

use std::time::Duration;

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Time since the run began.
    pub elapsed: Duration,
    /// Applications claimed.
    pub claimed: u64,
    /// Applications logged as success.
    pub success: u64,
    /// Applications logged as failed.
    pub failed: u64,
    /// Size of the documents of concluded applications, in bytes.
    pub document_bytes: u64,
    /// Where known, how many applications of this share were ready or in this run's own hands, and
    /// when that was, as time since the run began. What other workers hold is not among them.
    pub to_do: Option<(u64, Duration)>,
}

/// Somebody who watches a run.
pub trait Observer {
    /// Whether [`Progress::to_do`] is of use: counting costs the store a query now and then.
    fn wants_to_do(&self) -> bool {
        false
    }

    /// Called about five times a second from the thread that called [`super::run`].
    fn progress(&mut self, progress: &Progress);
}

/// Nobody watches.
impl Observer for () {
    fn progress(&mut self, _: &Progress) {}
}
