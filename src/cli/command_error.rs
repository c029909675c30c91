//! What stops a command, and what to do next.

use std::fmt;

use crate::command::{command, split_step};
use crate::runner::ExitStatus;
use crate::screen::{Ink, Screen};
use crate::settings::SettingsError;
use crate::store::StoreError;

/// The target of the log line that says what stopped a command.
pub const TARGET: &str = "xmlshred::stopped";

/// The result of a command.
pub type Result<T = ExitStatus> = std::result::Result<T, CommandError>;

/// What stopped a command. With [`ExitStatus::Success`] it is not an error, but the reason why
/// there was nothing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// Exit status of the process.
    pub status: ExitStatus,
    /// What is wrong; may have several lines.
    pub message: String,
    /// The next step: one action.
    pub hint: String,
}

impl CommandError {
    /// An error with its next step.
    pub fn new(status: ExitStatus, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { status, message: message.into(), hint: hint.into() }
    }

    /// A mistake in the call: a flag, a setting or an input file.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ExitStatus::Usage, message, hint)
    }

    /// Several mistakes in the call; `title` is the line above them.
    pub fn several(title: &str, problems: &[String], hint: impl Into<String>) -> Self {
        match problems {
            [only] => Self::usage(only, hint),
            many => Self::usage(format!("{title}\n  {}", many.join("\n  ")), hint),
        }
    }

    /// The error for people.
    pub fn on(&self, screen: Screen) -> String {
        if self.status == ExitStatus::Success {
            return format!("{}\n", self.message);
        }
        let (error, hint) = (screen.ink(Ink::Bad, "error"), screen.ink(Ink::Good, "hint"));
        format!("{error}: {}\n{hint}: {}\n", self.message, self.hint)
    }

    /// Logs the error in one line that has everything.
    pub fn log(&self) {
        let (exit_status, category, hint) =
            (self.status.code(), self.status.category(), &*self.hint);
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
        f.write_str(&self.on(Screen::PLAIN))
    }
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        Self::several(
            "several settings are wrong",
            &error.problems,
            format!(
                "run {} to see every setting and where its value comes from",
                command("settings")
            ),
        )
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        if let StoreError::Unreachable { .. } | StoreError::Refused(_) | StoreError::Drift { .. } =
            error
        {
            // These name the next step after the last semicolon, where they know one.
            if let Some((problem, step)) = split_step(&message) {
                let status = match error {
                    StoreError::Refused(_) => ExitStatus::Usage,
                    StoreError::Drift { .. } => ExitStatus::Contract,
                    _ => ExitStatus::Store,
                };
                return Self::new(status, problem, step);
            }
        }
        let (status, hint): (_, String) = match &error {
            StoreError::NotPrimary { .. } => (ExitStatus::Success, String::new()),
            StoreError::OtherVersion { installed, needed, .. } if installed < needed => {
                (ExitStatus::Store, format!("run {} with a login that may create objects", command("install")))
            }
            StoreError::OtherVersion { .. } => (
                ExitStatus::Store,
                "use the version of xmlshred that installed them, or a newer one".into(),
            ),
            StoreError::Damaged { .. } => (
                ExitStatus::Store,
                "stop the workers, delete FILE-wal and FILE-shm, then copy a backup to FILE; without a \
                 backup, copy what can be read with `sqlite3 FILE .recover`".into(),
            ),
            StoreError::Replaced { .. } => (
                ExitStatus::Store,
                "stop all workers before the files of a store are moved, deleted or restored, then \
                 run again".into(),
            ),
            StoreError::Unanswered { .. } => (
                ExitStatus::Store,
                format!("run {}; when the server answers, repeat the command: what is done is not \
                 done again", command("doctor")),
            ),
            StoreError::Unreachable { .. } | StoreError::NotInstalled { .. } => (
                ExitStatus::Store,
                format!("check --store or --server; {} shows where its value comes from", command("settings")),
            ),
            StoreError::ContractNotInstalled { .. } => (
                ExitStatus::Contract,
                format!("start with the installed contract, or install this one with {}", command("install")),
            ),
            StoreError::Drift { .. } => (
                ExitStatus::Contract,
                format!("change the contract or the table, then run {}", command("install --contract FILE")),
            ),
            StoreError::LeaseLost(_) => (
                ExitStatus::Aborted,
                "run again, with a longer --lease if one batch takes longer than half of it".into(),
            ),
            StoreError::Refused(_) => (ExitStatus::Usage, "correct the request".into()),
            StoreError::Database(_) => (
                ExitStatus::Aborted,
                "remove the cause and run again; what was not committed returns to the queue".into(),
            ),
        };
        Self::new(status, message, hint)
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
