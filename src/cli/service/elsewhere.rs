//! Systems that are not Windows have no such services.

use super::definition::{Definition, Existing};
use crate::cli::command_error::{CommandError, Result};
use crate::runner::{ExitStatus, Shutdown};

/// # Errors
/// Always.
pub fn supported() -> Result<()> {
    let message = "services of this kind exist on Windows only";
    let hint = "let systemd or a container run the worker, as docs/servers.md shows";
    Err(CommandError::usage(message, hint))
}

/// # Errors
/// Always.
pub fn find(_: &str) -> Result<Option<Existing>> {
    supported().map(|()| None)
}

/// # Errors
/// Always.
pub fn create(_: &Definition) -> Result<Vec<&'static str>> {
    supported().map(|()| Vec::new())
}

/// # Errors
/// Always.
pub fn update(_: &Definition) -> Result<Vec<&'static str>> {
    supported().map(|()| Vec::new())
}

/// # Errors
/// Always.
pub fn remove(_: &str) -> Result<()> {
    supported()
}

/// # Errors
/// Always.
pub fn run(_: &str, _: impl FnOnce(&Shutdown) -> Result) -> Result {
    supported().map(|()| ExitStatus::Usage)
}

/// Nobody started a service.
pub fn fail(_: &str, _: &CommandError) {}
