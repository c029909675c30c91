//! What comes before anything is claimed: it may wait for the store, and can be stopped.

use std::time::Duration;

use crossbeam_channel::{after, bounded, never, select};

use super::config::RunError;
use super::shutdown::Shutdown;

/// A wait that is longer than this is spoken of.
const SILENT_FOR: Duration = Duration::from_secs(1);

/// After a request to stop, how long what is nearly done may still take.
const STOP_WITHIN: Duration = Duration::from_secs(1);

/// Does `work`, which may have to wait for `store`, on a thread of its own, so that a request to
/// stop is heeded meanwhile. Then the thread is left behind: the process is to end.
///
/// # Errors
/// [`RunError::Stopped`], or the system gave no thread.
pub fn unless_stopped<T: Send + 'static>(
    shutdown: &Shutdown,
    store: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RunError> {
    let (answer, answered) = bounded(1);
    let thread = std::thread::Builder::new().name("xmlshred-start".into());
    let started = thread.spawn(move || answer.send(work()).ok());
    started.map_err(|error| RunError::Threads { threads: 1, reason: error.to_string() })?;

    let (mut silence, mut patience) = (after(SILENT_FOR), never());
    let mut requested = shutdown.requested().clone();
    loop {
        select! {
            // A thread that panicked has said so, and there is nothing to go on with.
            recv(answered) -> answer => return answer.map_err(|_| RunError::Stopped),
            recv(silence) -> _ => {
                silence = never();
                tracing::warn!(
                    store,
                    "waiting for the store: another process may hold it locked, or it is slow"
                );
            }
            recv(requested) -> _ => {
                requested = never();
                patience = after(STOP_WITHIN);
            }
            recv(patience) -> _ => return Err(RunError::Stopped),
        }
    }
}
