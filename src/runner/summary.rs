//! The result of a run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::exit_status::ExitStatus;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Everything claimed was concluded, and no more applications failed than allowed.
    Done,
    /// Finished, but more applications failed or were quarantined than [`super::FailOn`] allows.
    SomeFailed,
    /// The store has another contract installed.
    ContractRefused,
    /// The store could not be reached for longer than [`super::RunConfig::store_patience`].
    StoreUnreachable,
    /// A lease was lost, or the database refused to continue.
    Lost,
    /// Everything claimed was concluded, but the log file lost lines.
    NotLogged,
    /// A stop was requested.
    Interrupted,
}

impl RunEnd {
    /// The process's exit status for it.
    pub fn exit_status(self) -> ExitStatus {
        match self {
            Self::Done => ExitStatus::Success,
            Self::SomeFailed => ExitStatus::SomeFailed,
            Self::ContractRefused => ExitStatus::Contract,
            Self::StoreUnreachable => ExitStatus::Store,
            Self::Lost | Self::NotLogged => ExitStatus::Aborted,
            Self::Interrupted => ExitStatus::Interrupted,
        }
    }

    /// What it means, for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::SomeFailed => "finished; some applications failed",
            Self::ContractRefused => "stopped: the store has another contract installed",
            Self::StoreUnreachable => "stopped: the store cannot be reached",
            Self::Lost => "some claimed work was not concluded; run it again",
            Self::NotLogged => "done, but the log file lost lines",
            Self::Interrupted => "interrupted; run it again to continue",
        }
    }
}

/// The rows of one target table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableCount {
    /// The table.
    pub table: String,
    /// Rows written to it by this run.
    pub rows: u64,
}

/// What is left when nothing is ready, so that "done" is not mistaken for "everything is done".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Left {
    /// Applications of this share in claims of other workers, dead or alive; `None` when the run
    /// ended while there was still work to claim.
    pub claimed_elsewhere: Option<u64>,
    /// Source documents that are not enqueued; `None` when the run ended earlier, and where counting
    /// them requires a scan of the source table, as on SQL Server.
    pub not_enqueued: Option<u64>,
    /// Whether claiming is paused.
    pub paused: bool,
}

impl Left {
    /// Whether anything is left.
    pub fn is_something(&self) -> bool {
        self.paused || self.claimed_elsewhere > Some(0) || self.not_enqueued > Some(0)
    }
}

/// The counts and measures of a run; the field names are those of `--format json` and do not change.
///
/// `claimed` is the sum of `success`, `failed`, `refused`, `released`, `abandoned` and `unsettled`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// How it ended.
    pub end: RunEnd,
    /// The exit status for that.
    pub exit_status: u8,
    /// The error that stopped it, where one did.
    pub stopped_by: Option<String>,
    /// The worker's name.
    pub worker: String,
    /// The session's id.
    pub session: String,
    /// Applications claimed.
    pub claimed: u64,
    /// Of these, logged as success.
    pub success: u64,
    /// Of these, logged as failed.
    pub failed: u64,
    /// `failed` by category.
    pub failed_by_category: BTreeMap<String, u64>,
    /// Quarantined by this run, because they repeatedly killed their workers or were refused. They
    /// count as failed for `--fail-on`; those that were reaped are not in `claimed`.
    pub quarantined: u64,
    /// Of `claimed`, refused by the database for an unknown reason: they are ready again with their
    /// attempt used up, or quarantined.
    pub refused: u64,
    /// Released unfinished, without using up the attempt.
    pub released: u64,
    /// Abandoned because their lease was lost or could not be renewed in time.
    pub abandoned: u64,
    /// Still claimed, or concluded without an answer, when the process had to end; reaping
    /// recovers them.
    pub unsettled: u64,
    /// Batches of which applications were abandoned.
    pub lost_leases: u64,
    /// What other workers hold, what is not enqueued, and whether claiming is paused.
    pub left: Left,
    /// Rows written, per target table in load order.
    pub rows: Vec<TableCount>,
    /// Size of the documents of concluded applications, in bytes.
    pub document_bytes: u64,
    /// From start to end, in seconds.
    pub wall_seconds: f64,
    /// Concluded applications per second.
    pub apps_per_second: f64,
    /// Document megabytes (10^6 bytes) of concluded applications per second.
    pub megabytes_per_second: f64,
    /// Half of the documents took at most this long to shred, in milliseconds.
    pub shred_p50_ms: Option<f64>,
    /// 99 of 100 documents took at most this long to shred, in milliseconds.
    pub shred_p99_ms: Option<f64>,
    /// Peak resident memory of the process in bytes, where the system reports it.
    pub peak_memory_bytes: Option<u64>,
}
