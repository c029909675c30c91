//! Ctrl+C for a command that is all or nothing.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Arc;

use super::{CommandError, ExitStatus};

/// Whether the command may still be broken off. One value says both, so that a command that was
/// asked to stop never completes, and one that completes never says that it was stopped.
#[derive(Debug, Clone, Default)]
pub struct Interruption(Arc<AtomicU8>);

/// Nobody asked to stop yet.
const OPEN: u8 = 0;
/// Somebody did.
const REQUESTED: u8 = 1;
/// It is too late to.
const DECIDED: u8 = 2;

impl Interruption {
    /// Makes Ctrl+C, SIGTERM and SIGHUP ask to stop, and a second of them end the process at once.
    ///
    /// # Errors
    /// When the process already has a handler.
    pub fn on_signals() -> Result<Self, CommandError> {
        let interruption = Self::default();
        let heard = interruption.clone();
        ctrlc::set_handler(move || heard.hear()).map_err(|e| {
            CommandError::new(ExitStatus::Aborted, format!("cannot listen for Ctrl+C: {e}"))
        })?;
        Ok(interruption)
    }

    fn hear(&self) {
        match self.0.compare_exchange(OPEN, REQUESTED, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => tracing::info!("stopping; a second signal stops at once"),
            Err(REQUESTED) => std::process::exit(ExitStatus::Interrupted.code().into()),
            Err(_) => {}
        }
    }

    /// Whether somebody asked to stop.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst) == REQUESTED
    }

    /// Before what cannot be taken back: whether it may be done. If so, signals come too late.
    pub fn decide(&self) -> bool {
        self.0.compare_exchange(OPEN, DECIDED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// What was decided did not happen: signals are heeded again.
    pub fn reopen(&self) {
        self.0.store(OPEN, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_asked_to_stop_may_not_complete() {
        let interruption = Interruption::default();
        interruption.hear();
        assert!(interruption.is_requested());
        assert!(!interruption.decide());
    }

    #[test]
    fn a_signal_that_comes_too_late_changes_nothing() {
        let interruption = Interruption::default();
        assert!(interruption.decide());
        interruption.hear();
        interruption.hear();
        assert!(!interruption.is_requested());
        interruption.reopen();
        interruption.hear();
        assert!(interruption.is_requested());
    }
}
