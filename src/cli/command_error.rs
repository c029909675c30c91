//! Why a command did not do its work, and what to do next.

use std::fmt;

use super::console;
use crate::runner::ExitStatus;
use crate::settings::SettingsError;
use crate::store::StoreError;

/// The target of the log line that says what stopped a command.
pub const TARGET: &str = "xmlshred::stopped";

/// What stopped a command: a message, the next step, and the exit status. With
/// [`ExitStatus::Success`] it is no error, but the one line that says why nothing was to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// Exit status of the process.
    pub status: ExitStatus,
    /// What is wrong; may have several lines.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl CommandError {
    /// An error without a hint yet.
    pub fn new(status: ExitStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), hint: None }
    }

    /// Something the person who called us got wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Usage, message)
    }

    /// Adds the next step.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Several things that the person got wrong, told together: `what` stands above them.
    pub fn several(what: &str, problems: &[String]) -> Self {
        match problems {
            [only] => Self::usage(only.clone()),
            many => Self::usage(format!("{what}\n  {}", many.join("\n  "))),
        }
    }

    /// Writes the error to stderr and returns the exit status.
    pub fn report(&self) -> ExitStatus {
        console::note(self);
        self.status
    }

    /// Logs the error, once logging has begun, in one line that has everything.
    pub fn log(&self) {
        let (exit_status, category) = (self.status.code(), self.status.category());
        let hint = self.hint.as_deref();
        match self.status {
            ExitStatus::Success => {
                tracing::info!(target: TARGET, exit_status, category, "{}", self.message);
            }
            _ => tracing::error!(target: TARGET, exit_status, category, hint, "{}", self.message),
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.status == ExitStatus::Success {
            return writeln!(f, "{}", self.message);
        }
        writeln!(f, "error: {}", self.message)?;
        match &self.hint {
            Some(hint) => writeln!(f, "hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        Self::several("the settings do not hold", &error.problems)
            .hint("`xmlshred settings` shows every setting and where it came from")
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let (status, hint) = match &error {
            StoreError::NotPrimary { .. } => {
                return Self::new(ExitStatus::Success, error.to_string());
            }
            StoreError::OtherVersion { installed, needed, .. } if installed < needed => (
                ExitStatus::Store,
                "bring the objects up to date with `xmlshred install`, with a login that may \
                 create objects",
            ),
            StoreError::OtherVersion { .. } => (
                ExitStatus::Store,
                "run the xmlshred that installed them, or a newer one: `xmlshred --version` \
                 says which one this is",
            ),
            StoreError::Damaged { .. } => (
                ExitStatus::Store,
                "keep the file as it is; restore a backup, or copy what can be read with \
                 `sqlite3 FILE .recover`",
            ),
            StoreError::Unreachable { .. } | StoreError::NotInstalled { .. } => (
                ExitStatus::Store,
                "see what --store or --server names; `xmlshred settings` says where its value \
                 comes from",
            ),
            StoreError::ContractNotInstalled { .. } => (
                ExitStatus::Contract,
                "use the contract that is installed, or make this one the installed one with \
                 `xmlshred install --contract FILE`",
            ),
            StoreError::Drift { .. } => (
                ExitStatus::Contract,
                "change the contract or the table, then `xmlshred install --contract FILE`",
            ),
            StoreError::LeaseLost(_) => (
                ExitStatus::Aborted,
                "run again: whoever reaped the claim has its applications; a longer --lease \
                 helps where one batch takes longer than half of it",
            ),
            StoreError::WholeBatchFailed { .. } => (
                ExitStatus::Aborted,
                "this is not the documents' fault: mend what the message names, then run again",
            ),
            StoreError::Refused(_) => (ExitStatus::Usage, "nothing was changed"),
            StoreError::Database(_) => (
                ExitStatus::Aborted,
                "run again once the cause is gone: what was not committed returns to the queue",
            ),
        };
        Self::new(status, error.to_string()).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_that_is_not_the_primary_is_one_line_and_no_error() {
        let error = CommandError::from(StoreError::NotPrimary { location: "db2/loans".into() });
        assert_eq!(error.to_string(), "db2/loans is not the primary, nothing to do\n");
        assert_eq!(error.status, ExitStatus::Success);
    }
}
