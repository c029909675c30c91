//! The status of queue, log, claims and sessions.

use crate::outcome::FailureCategory;
use crate::store::sqlserver::call::Call;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::record::Record;
use crate::store::{ActiveClaim, Status};

pub(crate) fn get_status(connection: &mut Connection) -> Result<Status> {
    let mut sets = connection.call(&Call::slow("usp_GetStatus"))?.into_iter();
    let mut next = || sets.next().unwrap_or_default();
    let mut status = Status::default();
    for record in next() {
        status.source = record.get_or_null("source_rows")?;
        status.ready = record.get("ready")?;
        status.claimed = record.get("claimed")?;
        status.quarantined = record.get("quarantined")?;
        status.success = record.get("success")?;
        status.failed = record.get("failed")?;
        status.stale = record.get("stale")?;
        status.not_enqueued = record.get_or_null("not_enqueued")?;
        status.completed_recently = record.get("completed_10_min")?;
        status.completed_in_seconds = record.get_or_null("completed_in_seconds")?;
        status.paused = record.pause("pause_reason")?;
    }
    status.failures = next().iter().map(failure).collect::<Result<_>>()?;
    status.table_rows = next().iter().map(table_rows).collect::<Result<_>>()?;
    status.claims = next().iter().map(claim).collect::<Result<_>>()?;
    status.sessions = next().iter().map(Record::session).collect::<Result<_>>()?;
    Ok(status)
}

fn failure(record: &Record) -> Result<(FailureCategory, u64)> {
    let category = record.get_or_null("failure_category")?;
    Ok((category.unwrap_or(FailureCategory::ConstraintViolation), record.get("app_count")?))
}

fn table_rows(record: &Record) -> Result<(String, Option<u64>)> {
    Ok((record.get("table_name")?, record.get_or_null("row_count")?))
}

fn claim(record: &Record) -> Result<ActiveClaim> {
    Ok(ActiveClaim {
        token: record.get("claim_token")?,
        session: record.get("session_id")?,
        worker_name: record.get("worker_name")?,
        apps: record.get("app_count")?,
        age_seconds: record.get("age_seconds")?,
        remaining_seconds: record.get("remaining_seconds")?,
        renewals: record.get("renewals")?,
    })
}
