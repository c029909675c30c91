//! Being asked to stop: Ctrl+C, SIGTERM, a console that closes.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{bounded, Receiver, Sender};

/// A request to stop, shared by whoever may ask and whoever must notice.
///
/// It goes one way, from running to draining, and wakes every waiter at once.
#[derive(Debug, Clone)]
pub struct Shutdown {
    /// Dropping the sender is the request: it disconnects every receiver.
    running: Arc<Mutex<Option<Sender<()>>>>,
    requested: Receiver<()>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A shutdown that nobody has asked for yet.
    pub fn new() -> Self {
        let (running, requested) = bounded(0);
        Self { running: Arc::new(Mutex::new(Some(running))), requested }
    }

    /// Asks to stop. Returns whether this was the first request.
    pub fn request(&self) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// Whether somebody asked to stop.
    pub fn is_requested(&self) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// A channel that nothing is ever sent on and that disconnects when stopping is asked for,
    /// to select on.
    pub fn requested(&self) -> &Receiver<()> {
        &self.requested
    }

    /// Makes Ctrl+C, SIGTERM and SIGHUP (on Windows: Ctrl+C and Ctrl+Break) ask to stop, and a
    /// second of them end the process at once with `exit_status`. Windows gives a process whose
    /// console is closed no time to drain: its claims come back when their lease has passed.
    ///
    /// # Errors
    /// When the process already has a handler.
    pub fn on_signals(&self, exit_status: i32) -> Result<(), ctrlc::Error> {
        let shutdown = self.clone();
        ctrlc::set_handler(move || {
            if shutdown.request() {
                tracing::info!(
                    "stopping: finishing what is being shredded and giving the rest back; \
                     a second signal stops at once"
                );
                return;
            }
            std::process::exit(exit_status);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_request_is_the_first() {
        let shutdown = Shutdown::new();
        assert!(!shutdown.is_requested());
        assert!(shutdown.clone().request());
        assert!(!shutdown.request());
        assert!(shutdown.is_requested());
    }

    #[test]
    fn a_waiter_wakes_when_stopping_is_asked_for() {
        let shutdown = Shutdown::new();
        let waiter = shutdown.clone();
        let thread = std::thread::spawn(move || waiter.requested().recv().is_err());
        shutdown.request();
        assert!(thread.join().unwrap());
    }
}
