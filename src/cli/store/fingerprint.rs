//! Fingerprints as arguments.

use crate::cli::command_error::CommandError;
use crate::command::command;
use crate::runner::ExitStatus;

/// A fingerprint: sixteen hexadecimal digits.
pub fn parse(text: &str) -> std::result::Result<String, String> {
    match text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(text.to_ascii_lowercase()),
        false => {
            let failures = command("failures");
            Err(format!("a fingerprint is 16 hexadecimal digits, as {failures} lists them"))
        }
    }
}

/// The error where no application has it.
pub fn unknown(fingerprint: &str) -> CommandError {
    let message =
        format!("no application whose last attempt failed has the fingerprint {fingerprint}");
    let hint = format!("{} lists those there are", command("failures"));
    CommandError::new(ExitStatus::Usage, message, hint)
}
