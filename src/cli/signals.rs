//! Ctrl+C and the other signals that ask a command to stop.

#[cfg(feature = "embedded")]
use std::sync::atomic::{AtomicU8, Ordering};
#[cfg(feature = "embedded")]
use std::sync::Arc;

use super::command_error::{CommandError, Result};
use crate::runner::{ExitStatus, Shutdown};

/// A shutdown that signals request; a second signal ends the process at once.
///
/// # Errors
/// The process already has a handler.
pub fn shutdown() -> Result<Shutdown> {
    let shutdown = Shutdown::new();
    shutdown.on_signals(ExitStatus::Interrupted.code().into()).map_err(no_handler)?;
    Ok(shutdown)
}

fn no_handler(error: ctrlc::Error) -> CommandError {
    let message = format!("cannot handle Ctrl+C: {error}");
    CommandError::new(ExitStatus::Aborted, message, "start xmlshred from another shell")
}

/// Whether a command that does all or nothing may still be interrupted. It is one value, so that a
/// command that was asked to stop never completes, and one that completes never reports that it
/// was stopped.
#[cfg(feature = "embedded")]
#[derive(Debug, Clone, Default)]
pub struct Interruption(Arc<AtomicU8>);

/// No signal yet.
#[cfg(feature = "embedded")]
const OPEN: u8 = 0;
/// A signal came.
#[cfg(feature = "embedded")]
const REQUESTED: u8 = 1;
/// Signals come too late.
#[cfg(feature = "embedded")]
const DECIDED: u8 = 2;

#[cfg(feature = "embedded")]
impl Interruption {
    /// An interruption that Ctrl+C, SIGTERM and SIGHUP request; a second signal ends the process
    /// at once.
    ///
    /// # Errors
    /// The process already has a handler.
    pub fn on_signals() -> Result<Self> {
        let interruption = Self::default();
        let signalled = interruption.clone();
        ctrlc::set_handler(move || signalled.request()).map_err(no_handler)?;
        Ok(interruption)
    }

    fn request(&self) {
        match self.0.compare_exchange(OPEN, REQUESTED, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => tracing::info!("stopping; a second signal stops at once"),
            Err(REQUESTED) => std::process::exit(ExitStatus::Interrupted.code().into()),
            Err(_) => {}
        }
    }

    /// Whether a signal came.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst) == REQUESTED
    }

    /// Before a step that cannot be undone: whether it may be done. If so, signals come too late.
    pub fn decide(&self) -> bool {
        self.0.compare_exchange(OPEN, DECIDED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The step was not done: signals count again.
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
        interruption.request();
        assert!(interruption.is_requested());
        assert!(!interruption.decide());
    }

    #[test]
    fn a_signal_that_comes_too_late_changes_nothing() {
        let interruption = Interruption::default();
        assert!(interruption.decide());
        interruption.request();
        interruption.request();
        assert!(!interruption.is_requested());
        interruption.reopen();
        interruption.request();
        assert!(interruption.is_requested());
    }
}
