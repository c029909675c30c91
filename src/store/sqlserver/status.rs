//! How things stand.

use super::call::Call;
use super::connection::Connection;
use super::fault::Fault;
use super::record::Record;
use crate::id::{ClaimToken, SessionId};
use crate::outcome::FailureCategory;
use crate::store::{ActiveClaim, SessionSummary, Status};

pub(super) fn get_status(connection: &mut Connection) -> Result<Status, Fault> {
    let sets = connection.call_at_length(&Call::new("usp_GetStatus"))?;
    let mut sets = sets.into_iter();
    let mut next = || sets.next().unwrap_or_default();
    let mut status = Status::default();
    for record in next() {
        status.source = record.count("source_rows")?;
        status.ready = record.count("ready")?;
        status.claimed = record.count("claimed")?;
        status.quarantined = record.count("quarantined")?;
        status.success = record.count("success")?;
        status.failed = record.count("failed")?;
        status.paused = super::inspect::pause_of(&record, "pause_reason")?;
    }
    status.failures = collect(next(), failure)?;
    status.table_rows = collect(next(), table_rows)?;
    status.claims = collect(next(), claim)?;
    status.sessions = collect(next(), session)?;
    Ok(status)
}

fn collect<T>(
    records: Vec<Record>,
    read: fn(&Record) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    records.iter().map(read).collect()
}

fn failure(record: &Record) -> Result<(FailureCategory, u64), Fault> {
    let category = record.category_or_null("failure_category")?;
    let category = category.unwrap_or(FailureCategory::ConstraintViolation);
    Ok((category, record.count("app_count")?))
}

fn table_rows(record: &Record) -> Result<(String, u64), Fault> {
    // A target table that somebody dropped has no count.
    let rows = record.integer_or_null("row_count")?.unwrap_or(0);
    Ok((record.text("table_name")?.to_owned(), rows.unsigned_abs()))
}

fn claim(record: &Record) -> Result<ActiveClaim, Fault> {
    Ok(ActiveClaim {
        token: ClaimToken(record.guid("claim_token")?),
        worker_name: record.text("worker_name")?.to_owned(),
        apps: record.count("app_count")?,
        age_seconds: record.integer("age_seconds")?,
        remaining_seconds: record.integer("remaining_seconds")?,
        renewals: record.count("renewals")?,
    })
}

fn session(record: &Record) -> Result<SessionSummary, Fault> {
    Ok(SessionSummary {
        session: SessionId(record.guid("session_id")?),
        worker_name: record.text("worker_name")?.to_owned(),
        started_at: record.instant("started_at_utc")?,
        last_seen_at: record.instant("last_seen_at_utc")?,
        ended_at: record.instant_or_null("ended_at_utc")?,
        exit_status: record
            .integer_or_null("exit_status")?
            .map(|status| u8::try_from(status).unwrap_or(u8::MAX)),
        claimed: record.count("claimed")?,
        success: record.count("success")?,
        failed: record.count("failed")?,
        released: record.count("released")?,
        reaped: if record.has("reaped") { record.count("reaped")? } else { 0 },
    })
}
