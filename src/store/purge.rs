//! Purging the log, deleting stale rows, and erasing: requests and answers.

use std::time::Duration;

use crate::id::AppId;
use crate::outcome::FailureCategory;
use crate::store::error::{Result, StoreError};

/// Parameters of [`Store::purge_log`](crate::store::Store::purge_log).
#[derive(Debug, Clone, Copy)]
pub struct PurgeRequest {
    /// Purges only what is older than this.
    pub older_than: Duration,
    /// Rows per transaction, at most 4,000.
    pub chunk: u32,
    /// Whether the last attempts of applications without a source row are purged too.
    pub orphans: bool,
    /// `false` only counts.
    pub execute: bool,
}

impl PurgeRequest {
    /// Refuses chunks that are empty or too large for one transaction.
    pub fn check(&self) -> Result<()> {
        match self.chunk {
            1..=4000 => Ok(()),
            chunk => Err(StoreError::Refused(format!(
                "cannot purge in chunks of {chunk} rows: the size must be 1 to 4000"
            ))),
        }
    }
}

/// Answer of [`Store::purge_log`](crate::store::Store::purge_log).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Superseded attempts, except those that the rows in the target tables are of; all attempts of
    /// orphans.
    pub attempts: u64,
    /// Events.
    pub events: u64,
    /// Sessions that ended, or were silent for a day longer.
    pub sessions: u64,
}

/// Parameters of [`Store::delete_stale_rows`](crate::store::Store::delete_stale_rows).
#[derive(Debug, Clone)]
pub struct StaleRowsRequest {
    /// Only these applications; `None` for all that have stale rows.
    pub app_ids: Option<Vec<AppId>>,
    /// At most this many applications, lowest ids first.
    pub canary: Option<u64>,
    /// `false` only lists them.
    pub execute: bool,
    /// Who requests it, for the events.
    pub requested_by: String,
}

/// The stale rows of one application: its last attempt failed, and the rows in the target tables
/// are those of an earlier success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleRows {
    /// The application.
    pub app_id: AppId,
    /// The attempt that the rows are of: its last success.
    pub attempt: u32,
    /// Its last attempt, which failed.
    pub failed_attempt: u32,
    /// Why that one failed.
    pub failure: FailureCategory,
    /// The target tables with rows of that attempt, in load order, and their rows: those that exist,
    /// or that were deleted.
    pub tables: Vec<(String, u64)>,
    /// Why none of them was deleted, such as a foreign key of another table. A preview knows only
    /// that a table is no longer in the contract.
    pub refusal: Option<String>,
}

/// Parameters of [`Store::erase_apps`](crate::store::Store::erase_apps).
#[derive(Debug, Clone)]
pub struct EraseRequest {
    /// The applications; at least one.
    pub app_ids: Vec<AppId>,
    /// `false` only counts.
    pub execute: bool,
    /// Who requests it, for the events.
    pub requested_by: String,
}

/// What an application had, or would lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// The application.
    pub app_id: AppId,
    /// Its rows in the log.
    pub attempts: u64,
    /// The target tables with rows of it, in load order, and their rows.
    pub tables: Vec<(String, u64)>,
    /// Why nothing of it is erased.
    pub refusal: Option<String>,
}
