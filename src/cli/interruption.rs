//! Ctrl+C for a command that does all or nothing.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Arc;

use super::command_error::Result;
use super::signals::no_handler;
use crate::runner::{on_signals, ExitStatus};

/// Whether a command that does all or nothing may still be interrupted. It is one value, so that a
/// command that was asked to stop never completes, and one that completes never reports that it
/// was stopped.
#[derive(Debug, Clone, Default)]
pub struct Interruption(Arc<AtomicU8>);

/// No signal yet.
const OPEN: u8 = 0;
/// A signal came.
const REQUESTED: u8 = 1;
/// Signals come too late.
const DECIDED: u8 = 2;
/// A signal came too late.
const TOO_LATE: u8 = 3;

impl Interruption {
    /// An interruption that Ctrl+C, SIGTERM and SIGHUP request; a second signal ends the process
    /// at once.
    ///
    /// # Errors
    /// The process already has a handler.
    pub fn on_signals() -> Result<Self> {
        let interruption = Self::default();
        let signalled = interruption.clone();
        on_signals(ExitStatus::Interrupted.code(), move || {
            let is_first = signalled.request();
            if is_first && signalled.is_requested() {
                // On a thread of its own: this one must be free for the second signal.
                let log = || tracing::info!("stopping; a second signal stops at once");
                std::thread::Builder::new().spawn(log).ok();
            }
            is_first
        })
        .map_err(no_handler)?;
        Ok(interruption)
    }

    /// Returns whether this was the first signal. Nothing here may wait: the second signal must be
    /// seen even if the command hangs.
    fn request(&self) -> bool {
        let next = |state| match state {
            OPEN => Some(REQUESTED),
            DECIDED => Some(TOO_LATE),
            _ => None,
        };
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).is_ok()
    }

    /// Whether a signal came.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst) == REQUESTED
    }

    /// Before a step that cannot be undone: whether it may be done. If so, signals come too late.
    #[cfg(feature = "embedded")]
    pub fn decide(&self) -> bool {
        self.0.compare_exchange(OPEN, DECIDED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The step was not done: signals count again.
    #[cfg(feature = "embedded")]
    pub fn reopen(&self) {
        self.0.store(OPEN, Ordering::SeqCst);
    }
}

#[cfg(all(test, feature = "embedded"))]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_command_may_not_complete() {
        let interruption = Interruption::default();
        assert!(interruption.request());
        assert!(interruption.is_requested());
        assert!(!interruption.decide());
        assert!(!interruption.request(), "the second ends the process");
    }

    #[test]
    fn a_signal_that_comes_too_late_changes_nothing() {
        let interruption = Interruption::default();
        assert!(interruption.decide());
        assert!(interruption.request());
        assert!(!interruption.is_requested());
        assert!(!interruption.request(), "the second ends the process");
        interruption.reopen();
        assert!(interruption.request());
        assert!(interruption.is_requested());
    }
}
