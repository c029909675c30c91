//! What a report says beside the status and the causes: the course of the work.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::id::{AppId, ContractHash, SessionId};
use crate::store::session::SessionSummary;

/// What to report on, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportQuery {
    /// Only this time before now, by the database's clock.
    pub since: Option<Duration>,
    /// Only this session.
    pub session: Option<SessionId>,
    /// The time is divided into at most this many slices, 1 to 1,000.
    pub slices: u32,
    /// At most this many sessions, the newest, 1 to 1,000.
    pub sessions: u32,
    /// Times are of this many of the newest attempts, 1 to 100,000.
    pub sample: u32,
    /// Events are counted among this many of the newest, 1 to 1,000,000.
    pub events: u32,
}

impl ReportQuery {
    /// As much as a page has room for.
    pub const PAGE: ReportQuery = ReportQuery {
        since: None,
        session: None,
        slices: 80,
        sessions: 25,
        sample: 10_000,
        events: 100_000,
    };

    pub(crate) fn slices(&self) -> u32 {
        self.slices.clamp(1, 1_000)
    }

    pub(crate) fn sessions(&self) -> u32 {
        self.sessions.clamp(1, 1_000)
    }

    pub(crate) fn sample(&self) -> u32 {
        self.sample.clamp(1, 100_000)
    }

    pub(crate) fn events(&self) -> u32 {
        self.events.clamp(1, 1_000_000)
    }
}

/// The course of the work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// When it was made, by the database's clock.
    pub taken_at: DateTime<Utc>,
    /// From when to when the sessions worked, as far as that was asked for; `None` if none did.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Minutes of a slice.
    pub slice_minutes: u32,
    /// What was done in each slice in which anything was, in order.
    pub slices: Vec<Slice>,
    /// How long shredding took in the sample; `None` if nothing was shredded.
    pub shred_times: Option<ShredTimes>,
    /// The attempts of the sample that took longest, at most ten.
    pub slowest: Vec<SlowApp>,
    /// Sessions, the newest first.
    pub sessions: Vec<SessionSummary>,
    /// How many sessions there are, also those that are not listed.
    pub all_sessions: u64,
    /// What happened to the claims of the listed sessions.
    pub incidents: Vec<Incidents>,
    /// The source rows, and each target table in order of their names.
    pub reconciliation: Vec<Reconciled>,
    /// Contracts, the last installed first, at most twenty.
    pub contracts: Vec<InstalledContract>,
}

/// What was done in a slice of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Its first minute.
    pub at: DateTime<Utc>,
    /// Applications that were claimed.
    pub claimed: u64,
    /// Applications that succeeded.
    pub success: u64,
    /// Applications that failed.
    pub failed: u64,
    /// Rows in the target tables.
    pub rows_written: u64,
    /// Size of the documents.
    pub document_bytes: u64,
    /// Time spent on shredding, in all threads.
    pub shred_micros: u64,
}

/// How long shredding a document took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShredTimes {
    /// Attempts in the sample.
    pub attempts: u64,
    /// When the first of them was completed.
    pub first_at: DateTime<Utc>,
    /// As long as half of them took, or less; in microseconds.
    pub p50: u64,
    /// As long as 90 of 100 took, or less.
    pub p90: u64,
    /// As long as 99 of 100 took, or less.
    pub p99: u64,
    /// As long as the slowest took.
    pub max: u64,
}

/// An attempt that took long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowApp {
    /// The application.
    pub app_id: AppId,
    /// The attempt.
    pub attempt: u32,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// How long shredding took.
    pub shred_micros: u64,
    /// Size of the document.
    pub document_bytes: u64,
    /// The worker, unless its session was purged.
    pub worker_name: Option<String>,
}

/// What happened to the claims of a session in a slice of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incidents {
    /// The session.
    pub session: SessionId,
    /// When the first of it happened.
    pub at: DateTime<Utc>,
    /// Claims whose lease was renewed.
    pub renewed: u64,
    /// Applications that were released.
    pub released: u64,
    /// Applications that were reaped.
    pub reaped: u64,
    /// Applications that the database refused for an unknown reason.
    pub refused: u64,
    /// Applications that were quarantined.
    pub quarantined: u64,
}

/// Whether everything is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// `source rows`, or a target table.
    pub subject: String,
    /// The source's rows, or those that the last successful attempts wrote.
    pub expected: u64,
    /// Rows that are queued, quarantined or logged, or that are in the table; `None` where the table is
    /// missing or the login has no permission to see it.
    pub actual: Option<u64>,
    /// How many are missing, below 0.
    pub difference: Option<i64>,
    /// Rows beyond those that are expected: of other programs.
    pub not_ours: Option<u64>,
    /// Of the expected rows, those of applications whose last attempt failed.
    pub stale: Option<u64>,
}

/// A contract that is or was installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledContract {
    /// Its hash.
    pub hash: ContractHash,
    /// Its name.
    pub name: String,
    /// When it was first installed.
    pub installed_at: DateTime<Utc>,
    /// When another replaced it; `None` for the installed one.
    pub retired_at: Option<DateTime<Utc>>,
}
