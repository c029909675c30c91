//! What stops a load.

use crate::cli::command_error::{CommandError, Result};
use crate::figures::count;
use crate::id::AppId;
use crate::runner::ExitStatus;
use crate::store::StoreError;

/// The error of a store that rolled everything back.
pub fn not_loaded(error: StoreError) -> CommandError {
    match error {
        // It says what to do.
        StoreError::Refused(_) => error.into(),
        _ => CommandError { hint: "remove the cause and run again".to_owned(), ..error.into() },
    }
}

/// A signal came.
pub fn interrupted() -> CommandError {
    let hint = "run the same command again";
    CommandError::new(ExitStatus::Interrupted, "interrupted", hint)
}

/// Refuses ids that the store has with other documents: the first of them, and how many they are.
pub fn check_ids(first: &[AppId], all: u64) -> Result<()> {
    if all == 0 {
        return Ok(());
    }
    let mut ids: Vec<String> = first.iter().map(AppId::to_string).collect();
    if all > ids.len() as u64 {
        ids.push(format!("{} more", count(all - ids.len() as u64)));
    }
    let message = format!("the store already has other documents with the ids {}", ids.join(", "));
    Err(CommandError::usage(message, "add --replace to replace them"))
}
