//! What stops a load.

use crate::cli::command_error::{CommandError, Result};
use crate::command::command;
use crate::figures::{count, counted};
use crate::id::AppId;
use crate::runner::ExitStatus;
use crate::store::StoreError;

/// The error of a store that rolled everything back.
pub fn not_loaded(error: StoreError) -> CommandError {
    let next = match &error {
        StoreError::Refused(_) => "use --app-id-from digits",
        _ => "remove the cause and run again",
    };
    CommandError { hint: next.to_owned(), ..error.into() }
}

/// A signal came.
pub fn interrupted() -> CommandError {
    let hint = "run the same command again";
    CommandError::new(ExitStatus::Interrupted, "interrupted", hint)
}

/// The error that stopped a load before which so many documents were loaded; `is_repeating`: the same
/// command would load these once more.
pub fn stopped(error: CommandError, loaded: u64, is_repeating: bool) -> CommandError {
    let separator = if error.message.contains('\n') { "\n" } else { "; " };
    let so_far = match loaded {
        0 => "nothing was loaded".to_owned(),
        some => format!("{} loaded before it, which stay", counted(some, "document")),
    };
    let hint = match loaded {
        1.. if is_repeating => format!(
            "take these back before you run the same command again, which would load them once more: {} \
             lists them",
            command("unload --loaded-since 1h --dry-run")
        ),
        _ => error.hint,
    };
    let status = match error.status {
        // Nothing was written, it says.
        ExitStatus::Usage if loaded > 0 => ExitStatus::Aborted,
        status => status,
    };
    let message = format!("{}{separator}{so_far}", error.message);
    CommandError { message, hint, status }
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
