//! The work before the first claim: it may wait for the store, and can be stopped.

use std::time::Duration;

use crossbeam_channel::{after, bounded, never, select};

use super::config::RunError;
use super::shutdown::Shutdown;

/// A longer wait is logged.
const SILENT_FOR: Duration = Duration::from_secs(1);

/// After a request to stop, how long the work may still take.
const STOP_WITHIN: Duration = Duration::from_secs(1);

/// Does `work`, which may have to wait for `store`, on a separate thread, so that a request to stop
/// takes effect meanwhile. The thread is then abandoned, because the process is about to end.
///
/// # Errors
/// [`RunError::Stopped`], [`RunError::Defect`], or the system cannot start a thread.
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
            recv(answered) -> answer => return answer.map_err(|_| RunError::Defect),
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
