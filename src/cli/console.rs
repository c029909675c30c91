//! Data goes to stdout, everything else to stderr. Text for people is escaped on its way: names of
//! files, values of documents and messages of others must not command the terminal.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

use super::command_error::{CommandError, Result};
use crate::diagnostic::{escaped, Diagnostics};
use crate::report::Format;
use crate::runner::ExitStatus;

/// Writes text for people to stdout.
///
/// # Errors
/// stdout cannot be written, for instance because a disk is full.
pub fn print(text: &str) -> Result {
    print_data(&escaped(text))
}

/// Writes text to stdout that is for people or for programs.
///
/// # Errors
/// stdout cannot be written, for instance because a disk is full.
pub fn print_as(format: Format, text: &str) -> Result {
    match format {
        Format::Table => print(text),
        Format::Json => print_data(text),
    }
}

/// Writes text for programs to stdout as it is. A reader that stops early, such as `head`, is not
/// an error.
///
/// # Errors
/// stdout cannot be written, for instance because a disk is full.
pub fn print_data(text: &str) -> Result {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(unwritable(&e)),
        _ => Ok(ExitStatus::Success),
    }
}

/// The error for a stdout that cannot be written.
pub fn unwritable(error: &io::Error) -> CommandError {
    let message = format!("cannot write to stdout: {error}");
    CommandError::new(ExitStatus::Aborted, message, "free space where the output is redirected to")
}

/// Writes text for people to stderr.
pub fn note(text: impl Display) {
    note_rendered(&escaped(&text.to_string()));
}

/// Writes text to stderr that is escaped already and may have colours. A closed stderr is ignored.
pub fn note_rendered(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes mistakes to stderr, in colour where it shows colours.
pub fn diagnose(diagnostics: &Diagnostics) {
    note_rendered(&diagnostics.render(has_colours()));
}

/// Whether stderr shows colours: older Windows consoles print the codes.
pub fn has_colours() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    cfg!(unix) && !unwanted && io::stderr().is_terminal()
}
