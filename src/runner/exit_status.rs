//! The exit statuses of the program: the help and the documentation take theirs from here.

use std::process::ExitCode;

/// How the program ended, for schedulers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// All that was ready is done.
    Success = 0,
    /// More applications failed or were quarantined than `--fail-on` allows, rows differ from their
    /// documents, a contract reads less than `--fail-under`, or `install --plan` lists a change.
    SomeFailed = 1,
    /// A flag, a setting or an input file is wrong.
    Usage = 2,
    /// The contract is wrong, or another one is installed.
    Contract = 3,
    /// The store cannot be reached, or is not installed.
    Store = 4,
    /// A lease was lost, the database refused to continue, or a report or the log could not be
    /// written.
    Aborted = 5,
    /// Stopped by Ctrl+C, SIGTERM or SQL Server Agent.
    Interrupted = 130,
}

impl ExitStatus {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Success,
        Self::SomeFailed,
        Self::Usage,
        Self::Contract,
        Self::Store,
        Self::Aborted,
        Self::Interrupted,
    ];

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

    /// What it means, in the words that the help and the documentation use.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "all that was ready is done",
            Self::SomeFailed => {
                "finished, but too many applications failed: by default one is, see --fail-on; or \
                 verify found a difference, or a contract reads less than --fail-under"
            }
            Self::Usage => "a flag, a setting or an input file is wrong; nothing was written",
            Self::Contract => "the contract is wrong, or another one is installed",
            Self::Store => "the store cannot be reached, or is not installed",
            Self::Aborted => {
                "a claim was lost, the database returned an error, or output could not be written"
            }
            Self::Interrupted => "interrupted; claimed applications are finished or released",
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}
