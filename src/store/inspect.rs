//! Inspecting: the status, the life of an application, what failed, and what is unhealthy.

use chrono::{DateTime, Utc};

use crate::id::{AppId, ClaimToken, SessionId};
use crate::outcome::{Failure, FailureCategory};
use crate::store::session::Pause;

/// Counts by where applications are; every enqueued application is in exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Rows of the source table.
    pub source: u64,
    /// Ready to claim.
    pub ready: u64,
    /// Held by a claim.
    pub claimed: u64,
    /// Set aside because it kept killing its workers.
    pub quarantined: u64,
    /// Last attempt succeeded, and not queued again.
    pub success: u64,
    /// Last attempt failed, and not queued again.
    pub failed: u64,
    /// `failed` by category, largest first.
    pub failures: Vec<(FailureCategory, u64)>,
    /// Rows per target table of the installed contract, in load order.
    pub table_rows: Vec<(String, u64)>,
    /// Current claims.
    pub claims: Vec<ActiveClaim>,
    /// Sessions, newest first, at most 50.
    pub sessions: Vec<SessionSummary>,
    /// Whether claiming is paused.
    pub paused: Option<Pause>,
}

/// One claim that is held now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveClaim {
    /// Its token.
    pub token: ClaimToken,
    /// Who holds it.
    pub worker_name: String,
    /// Applications unfinished in it.
    pub apps: u64,
    /// Seconds since it was claimed.
    pub age_seconds: i64,
    /// Seconds until it may be reaped; negative when it may be already.
    pub remaining_seconds: i64,
    /// Renewals so far.
    pub renewals: u64,
}

/// One session, as status shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its id.
    pub session: SessionId,
    /// Its worker.
    pub worker_name: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it was last heard of.
    pub last_seen_at: DateTime<Utc>,
    /// When it ended, if it said so.
    pub ended_at: Option<DateTime<Utc>>,
    /// Its exit status, if it ended.
    pub exit_status: Option<u8>,
    /// Applications it claimed.
    pub claimed: u64,
    /// Of these, logged as success.
    pub success: u64,
    /// Of these, logged as failed.
    pub failed: u64,
    /// Of these, given back.
    pub released: u64,
    /// Of these, taken back because a lease passed.
    pub reaped: u64,
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
