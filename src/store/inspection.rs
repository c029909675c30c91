//! What people ask a store: whether claiming is paused, how an application fared, what failed, and
//! what is unwell.

use chrono::{DateTime, Utc};

use crate::id::AppId;
use crate::id::ClaimToken;
use crate::outcome::{Failure, FailureCategory};

/// Claiming is paused: by whom and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when, by the database's clock.
    pub since: DateTime<Utc>,
    /// Who paused it.
    pub by: String,
    /// Why, for whoever finds nothing being processed.
    pub reason: String,
}

/// One event of an application's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifeEvent {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// `enqueued`, `claimed`, `renewed` (once per claim), `released`, `reaped`, `quarantined`,
    /// `requeued`, `success`, `failed`, `wrote` (per target table), and last of all `now`.
    pub event: String,
    /// The attempt it belongs to.
    pub attempt: Option<u32>,
    /// The worker it concerns.
    pub worker_name: Option<String>,
    /// That worker's machine.
    pub host: Option<String>,
    /// In words: why it failed and where, what was written, what happens next.
    pub detail: Option<String>,
    /// The claim it belongs to.
    pub claim: Option<ClaimToken>,
}

/// Which failures to list: a page of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FailurePage {
    /// Only of this category.
    pub category: Option<FailureCategory>,
    /// Only with this fingerprint.
    pub fingerprint: Option<String>,
    /// Only ids above this: the last one of the page before.
    pub after: Option<AppId>,
    /// At most this many, 1 to 10,000.
    pub size: u32,
}

/// An application whose last attempt failed and that is not queued again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedFailure {
    /// The application.
    pub app_id: AppId,
    /// Its last attempt.
    pub attempt: u32,
    /// What was logged.
    pub failure: Failure,
    /// What [`Failure::fingerprint`] gave, or the store where the database refused the rows.
    pub fingerprint: Option<String>,
    /// The database's error number, where it refused the rows.
    pub error_number: Option<i64>,
    /// When it was concluded.
    pub processed_at: DateTime<Utc>,
    /// By which worker.
    pub worker_name: Option<String>,
    /// Bytes of the document that was handed out.
    pub document_bytes: u64,
}

/// Something that is unwell, or soon will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// 1 now, 2 today, 3 when convenient.
    pub priority: u8,
    /// What it is, in a few words.
    pub finding: String,
    /// The figures.
    pub detail: String,
    /// Why it matters.
    pub why: String,
    /// The statement that mends it, or what to do.
    pub fix: String,
}
