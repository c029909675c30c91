//! Inspecting: the status, an application's life, failures, and the store's health.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::id::{AppId, ClaimToken, SessionId};
use crate::outcome::{Failure, FailureCategory};
use crate::store::session::{Pause, SessionSummary};

/// Counts of applications by place; every enqueued application is in exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Rows of the source table; `None` where the login has no permission to see it.
    pub source: Option<u64>,
    /// Applications ready to be claimed.
    pub ready: u64,
    /// Applications that a claim holds.
    pub claimed: u64,
    /// Applications set aside because they repeatedly killed their workers.
    pub quarantined: u64,
    /// Applications whose last attempt succeeded and that were not requeued.
    pub success: u64,
    /// Applications whose last attempt failed and that were not retried or requeued.
    pub failed: u64,
    /// Of `failed`, applications that succeeded before: the rows in the target tables are those of
    /// that success.
    pub stale: u64,
    /// Source rows that are neither queued nor logged, at most [`Status::MOST_NOT_ENQUEUED`]; `None` where
    /// that is not known before the first enqueue. On SQL Server, those above the watermark.
    pub not_enqueued: Option<u64>,
    /// Applications that were completed in the last ten minutes.
    pub completed_recently: u64,
    /// Seconds since the first minute of these ten in which one was; `None` if none was.
    pub completed_in_seconds: Option<u64>,
    /// `failed` by category, largest first.
    pub failures: Vec<(FailureCategory, u64)>,
    /// Rows per target table of the installed contract, in load order; `None` where the table is
    /// missing or the login has no permission to see it. In the embedded store, those that the log records.
    pub table_rows: Vec<(String, Option<u64>)>,
    /// Current claims.
    pub claims: Vec<ActiveClaim>,
    /// Sessions, newest first, at most 50.
    pub sessions: Vec<SessionSummary>,
    /// The pause in force, if any.
    pub paused: Option<Pause>,
}

impl Status {
    /// The most that [`Status::not_enqueued`] counts.
    pub const MOST_NOT_ENQUEUED: u64 = 100_000;

    /// Applications that are or were in the queue.
    pub fn enqueued(&self) -> u64 {
        self.ready + self.claimed + self.quarantined + self.success + self.failed
    }

    /// Applications completed per second in the last ten minutes; `None` if none was.
    pub fn rate(&self) -> Option<f64> {
        let seconds = self.completed_in_seconds?.max(1) as f64;
        (self.completed_recently > 0).then(|| self.completed_recently as f64 / seconds)
    }

    /// How long the applications in the queue take at that rate, without the quarantined ones; `None` if
    /// there are none, or no rate.
    pub fn time_left(&self) -> Option<Duration> {
        let left = self.ready + self.claimed;
        Duration::try_from_secs_f64(left as f64 / self.rate()?).ok().filter(|_| left > 0)
    }
}

/// One current claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveClaim {
    /// Its token.
    pub token: ClaimToken,
    /// The session that holds it.
    pub session: SessionId,
    /// Its worker.
    pub worker_name: String,
    /// Unfinished applications in it.
    pub apps: u64,
    /// Seconds since it was claimed.
    pub age_seconds: i64,
    /// Seconds until its lease expires; negative if it has expired.
    pub remaining_seconds: i64,
    /// Renewals so far.
    pub renewals: u64,
}

/// One event of an application's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifeEvent {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// `enqueued`, `claimed`, `renewed` (once per claim), `released`, `reaped`, `refused`,
    /// `quarantined`, `requeued`, `success`, `failed`, `wrote` (per target table), `rows_deleted`, `erased`, and
    /// last of all `now`.
    pub event: String,
    /// The attempt it belongs to.
    pub attempt: Option<u32>,
    /// The worker it concerns.
    pub worker_name: Option<String>,
    /// That worker's host.
    pub host: Option<String>,
    /// A sentence: why and where it failed, what was written, what happens next.
    pub detail: Option<String>,
    /// The claim it belongs to.
    pub claim: Option<ClaimToken>,
}

/// A page of the list of source rows that are neither queued nor logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnprocessedPage {
    /// Only ids above this: the last one of the previous page.
    pub after: Option<AppId>,
    /// At most this many, 1 to 10,000.
    pub size: u32,
}

/// A source row that is neither queued nor logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unprocessed {
    /// The application.
    pub app_id: AppId,
    /// Size of its document as it is stored; 0 if it is null.
    pub document_bytes: u64,
    /// Why nobody processes it, and what to do.
    pub reason: String,
}

/// A page of the list of failures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FailurePage {
    /// Only of this category.
    pub category: Option<FailureCategory>,
    /// Only with this fingerprint.
    pub fingerprint: Option<String>,
    /// Only those that were completed within this time before now, by the database's clock.
    pub since: Option<Duration>,
    /// Only ids above this: the last one of the previous page.
    pub after: Option<AppId>,
    /// At most this many, 1 to 10,000.
    pub size: u32,
}

/// An application whose last attempt failed and that was not retried or requeued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedFailure {
    /// The application.
    pub app_id: AppId,
    /// Its last attempt.
    pub attempt: u32,
    /// What was logged.
    pub failure: Failure,
    /// Equal for failures with the same cause, as [`Failure::fingerprint`] computes it.
    pub fingerprint: Option<String>,
    /// The database's error number, if it refused the rows.
    pub error_number: Option<i64>,
    /// When it was concluded.
    pub processed_at: DateTime<Utc>,
    /// The worker that concluded it.
    pub worker_name: Option<String>,
    /// The earlier attempt that its rows in the target tables are of, if it has any.
    pub rows_of: Option<u32>,
    /// Size of the claimed document.
    pub document_bytes: u64,
}

/// Something that is wrong, or soon will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// 1: act now; 2: today; 3: when convenient.
    pub priority: u8,
    /// The problem in a few words.
    pub finding: String,
    /// The figures.
    pub detail: String,
    /// Why it matters.
    pub why: String,
    /// The statement or command that fixes it.
    pub fix: String,
}
