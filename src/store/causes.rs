//! The causes of failure: what many applications failed with.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::id::AppId;
use crate::outcome::FailureCategory;

/// Which causes to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CauseQuery {
    /// Only failures that were completed within this time before now, by the database's clock.
    pub since: Option<Duration>,
    /// At most this many causes, those with the most applications, 1 to 10,000.
    pub causes: u32,
    /// At most this many values of each cause, 0 to 100.
    pub values: u32,
}

impl CauseQuery {
    /// As many causes and values as a screen has room for.
    pub const SCREEN: CauseQuery = CauseQuery { since: None, causes: 20, values: 5 };

    pub(crate) fn causes(&self) -> u32 {
        self.causes.clamp(1, 10_000)
    }

    pub(crate) fn values(&self) -> u32 {
        self.values.min(100)
    }
}

/// The causes of the applications whose latest attempt failed and that are not in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FailureCauses {
    /// The most frequent ones, the largest first.
    pub causes: Vec<FailureCause>,
    /// How many causes there are, also those that are not listed.
    pub all_causes: u64,
    /// The applications of all causes.
    pub all_applications: u64,
}

/// What some applications failed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCause {
    /// Equal for failures with the same cause, as [`Failure::fingerprint`](crate::outcome::Failure)
    /// makes it; `None` for outcomes of an adopted log.
    pub fingerprint: Option<String>,
    /// Applications that failed with it.
    pub applications: u64,
    /// The kind of failure.
    pub category: FailureCategory,
    /// Target table, where one is concerned.
    pub table: Option<String>,
    /// Target column, where one is concerned.
    pub column: Option<String>,
    /// Path of the offending node in the example, without its positions.
    pub path_shape: Option<String>,
    /// The database's error number, if it refused the rows.
    pub error_number: Option<i64>,
    /// When the first of the applications failed.
    pub first_at: DateTime<Utc>,
    /// When the last of them failed.
    pub last_at: DateTime<Utc>,
    /// The application with the highest id.
    pub example: AppId,
    /// The reason of the example.
    pub reason: String,
    /// Offending values with their applications, the most frequent first.
    pub values: Vec<(String, u64)>,
}
