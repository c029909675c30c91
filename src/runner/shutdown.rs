//! Requests to stop: Ctrl+C, SIGTERM, a console that closes.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{bounded, Receiver, Sender};

use super::signals::on_signals;

/// A request to stop, shared by the threads that may request it and those that must notice.
///
/// It changes once, from running to stopping, and wakes every waiter.
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
    /// A shutdown that is not requested yet.
    pub fn new() -> Self {
        let (running, requested) = bounded(0);
        Self { running: Arc::new(Mutex::new(Some(running))), requested }
    }

    /// Requests a stop. Returns whether this was the first request.
    pub fn request(&self) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// Whether a stop was requested.
    pub fn is_requested(&self) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// A channel to select on: it carries no message and disconnects when a stop is requested.
    pub fn requested(&self) -> &Receiver<()> {
        &self.requested
    }

    /// Makes signals request a stop, as [`on_signals`] says. The thread that waits for the request logs
    /// it.
    ///
    /// # Errors
    /// When the process already has a handler.
    pub fn on_signals(&self, exit_status: u8) -> Result<(), ctrlc::Error> {
        let shutdown = self.clone();
        on_signals(exit_status, move || shutdown.request())
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
    fn a_waiter_wakes_when_a_stop_is_requested() {
        let shutdown = Shutdown::new();
        let waiter = shutdown.clone();
        let thread = std::thread::spawn(move || waiter.requested().recv().is_err());
        shutdown.request();
        assert!(thread.join().unwrap());
    }
}
