//! Backfilling: what finished applications lack in the target tables.

use crate::id::AppId;
use crate::outcome::AppOutcome;

/// A page of finished applications in order of id.
#[derive(Debug, Clone, Default)]
pub struct FinishedPage {
    /// Only these.
    pub app_ids: Option<Vec<AppId>>,
    /// Only those of which an earlier attempt, that the log still has, failed with this cause.
    pub fingerprint: Option<String>,
    /// Only ids above this, the last of the previous page.
    pub after: Option<AppId>,
    /// At most this many, from 1 to 10000.
    pub size: u32,
}

/// Parameters of [`Store::backfill_apps`](crate::store::Store::backfill_apps).
#[derive(Debug, Clone)]
pub struct BackfillRequest {
    /// Finished applications with the attempt that their rows are of, each shredded again with
    /// success. Tables without rows here are left alone.
    pub apps: Vec<AppOutcome>,
    /// Whether missing rows are inserted, or only columns filled.
    pub insert_rows: bool,
    /// `false` only counts.
    pub execute: bool,
    /// Who requests it, for the events.
    pub requested_by: String,
}

/// What an application got, or would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfilled {
    /// The application.
    pub app_id: AppId,
    /// What was missing, in load order; the rows of a table before its columns, which are in order of
    /// their names.
    pub missing: Vec<Missing>,
    /// Why it got nothing.
    pub refusal: Option<String>,
}

/// Rows or values that a target table lacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The target table.
    pub table: String,
    /// The column that was NULL; `None`: whole rows.
    pub column: Option<String>,
    /// How many values or rows.
    pub count: u64,
}
