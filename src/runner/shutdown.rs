//! Requests to stop: Ctrl+C, SIGTERM, a console that closes.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{bounded, Receiver, Sender};

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

    /// Makes Ctrl+C, SIGTERM and SIGHUP (on Windows: Ctrl+C and Ctrl+Break) request a stop; a
    /// second one ends the process at once with `exit_status`. Windows gives a process whose
    /// console is closed no time to drain: its claims return when their lease expires.
    ///
    /// The thread that handles signals does nothing else, because it must see the second signal
    /// even if all others hang: the thread that waits for the request logs it.
    ///
    /// # Errors
    /// When the process already has a handler.
    pub fn on_signals(&self, exit_status: u8) -> Result<(), ctrlc::Error> {
        let shutdown = self.clone();
        ctrlc::set_handler(move || {
            if !shutdown.request() {
                end_at_once(exit_status);
            }
        })
    }
}

/// Ends the process without anything that may wait: no destructors, no handlers of the end of a
/// process, no flush.
#[cfg(unix)]
pub fn end_at_once(exit_status: u8) -> ! {
    // SAFETY: it takes a number and does not return.
    unsafe { libc::_exit(exit_status.into()) }
}

/// Ends the process without anything that may wait: no destructors, no handlers of the end of a
/// process, no flush.
#[cfg(windows)]
pub fn end_at_once(exit_status: u8) -> ! {
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

    // SAFETY: the handle of the current process is always valid.
    unsafe { TerminateProcess(GetCurrentProcess(), exit_status.into()) };
    // Terminating oneself does not fail.
    std::process::abort()
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
