//! Services of Windows.

mod dispatcher;
mod event_log;
mod manager;

pub use dispatcher::{fail, run};
pub use manager::{create, find, remove, update};

use crate::cli::command_error::Result;

/// # Errors
/// Never.
pub fn supported() -> Result<()> {
    Ok(())
}
