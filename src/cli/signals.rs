//! Ctrl+C and the other signals that ask a command to stop.

use super::command_error::{CommandError, Result};
use crate::runner::{ExitStatus, Shutdown};

/// A shutdown that signals request; a second signal ends the process at once.
///
/// # Errors
/// The process already has a handler.
pub fn shutdown() -> Result<Shutdown> {
    let shutdown = Shutdown::new();
    shutdown.on_signals(ExitStatus::Interrupted.code()).map_err(no_handler)?;
    Ok(shutdown)
}

/// The error for a process that cannot handle signals.
pub fn no_handler(error: ctrlc::Error) -> CommandError {
    let message = format!("cannot handle Ctrl+C: {error}");
    CommandError::new(ExitStatus::Aborted, message, "start xmlshred from another shell")
}
