//! Data goes to console, all else to stderr.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use super::command_error::CommandError;
use super::logging::colours_suit_stderr;
use crate::diagnostic::Diagnostics;
use crate::runner::ExitStatus;

/// Writes `text` to stdout. A reader that has seen enough, such as `head`, is no error.
///
/// # Errors
/// stdout cannot be written, for instance because a disk is full.
pub fn print(text: &str) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(unwritable(&e)),
        _ => Ok(()),
    }
}

/// The error for a stdout that cannot be written.
pub fn unwritable(error: &io::Error) -> CommandError {
    CommandError::new(ExitStatus::Aborted, format!("cannot write to stdout: {error}"))
        .hint("see where the output was sent: the disk may be full")
}

/// Writes `text` to stderr. Where that is closed nobody wants to know.
pub fn note(text: impl Display) {
    let _ = io::stderr().write_all(text.to_string().as_bytes());
}

/// Writes mistakes to stderr, with colours where they suit it.
pub fn diagnose(diagnostics: &Diagnostics) {
    note(diagnostics.render(colours_suit_stderr()));
}
