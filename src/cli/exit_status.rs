//! What the process says when it ends.

use std::process::ExitCode;

/// Exit statuses; README.md has the same table for people who schedule this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// All that was ready was done.
    Success = 0,
    /// It finished, but more applications failed or were quarantined than `--fail-on` allows.
    SomeFailed = 1,
    /// A flag, a setting or an input file is wrong; nothing was done.
    Usage = 2,
    /// The contract is wrong, or another one is installed.
    Contract = 3,
    /// The store cannot be reached, or has not been installed.
    Store = 4,
    /// Stopped on the way: a lease was lost, or the database refused to go on.
    Aborted = 5,
    /// Stopped by Ctrl+C, SIGTERM or SQL Server Agent; what was claimed was finished or returned.
    Interrupted = 130,
}

impl ExitStatus {
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Its name in log lines; these do not change.
    pub fn category(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::SomeFailed => "some_failed",
            Self::Usage => "usage",
            Self::Contract => "contract",
            Self::Store => "store",
            Self::Aborted => "aborted",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}
