//! The applications whose rows are in the target tables, for a comparison with their documents.

use chrono::{DateTime, Utc};

use crate::id::{AppId, ContractHash, SourceHash};

/// A page of applications in order of id, each with a source row.
#[derive(Debug, Clone, Default)]
pub struct WrittenPage {
    /// Only these.
    pub app_ids: Option<Vec<AppId>>,
    /// Also those whose rows the log does not know.
    pub unlogged: bool,
    /// Only ids above this, the last of the previous page.
    pub after: Option<AppId>,
    /// At most this many, from 1 to 10000.
    pub size: u32,
}

/// An application with rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenApp {
    /// The application.
    pub app_id: AppId,
    /// The attempt that its rows are of; `None` if the log knows none.
    pub logged: Option<WrittenAttempt>,
}

/// The attempt that rows are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenAttempt {
    /// Its number.
    pub attempt: u32,
    /// The value that `NOW_UTC()` had.
    pub claimed_at: DateTime<Utc>,
    /// Hash of the document that it shredded.
    pub source_hash: Option<SourceHash>,
    /// The contract that it was shredded with; all zeros where another program did it.
    pub contract: ContractHash,
}

impl WrittenAttempt {
    /// Whether the log of another program knew it: then there was no claim.
    pub fn is_adopted(&self) -> bool {
        self.contract.0 == [0; 32]
    }
}
