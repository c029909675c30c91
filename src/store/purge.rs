//! Purging: requests and answers.

use std::time::Duration;

use crate::store::error::{Result, StoreError};

/// Parameters of [`Store::purge_log`](crate::store::Store::purge_log).
#[derive(Debug, Clone, Copy)]
pub struct PurgeRequest {
    /// Purges only what is older than this.
    pub older_than: Duration,
    /// Rows per transaction, at most 4,000.
    pub chunk: u32,
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
    /// Superseded attempts.
    pub attempts: u64,
    /// Events.
    pub events: u64,
    /// Ended sessions.
    pub sessions: u64,
}
