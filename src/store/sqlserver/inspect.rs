//! What people ask: pausing, one application's life, what failed, what is unwell.

use super::call::Call;
use super::claim::head;
use super::connection::Connection;
use super::fault::Fault;
use super::record::Record;
use crate::id::AppId;
use crate::id::ClaimToken;
use crate::outcome::{Failure, FailureCategory};
use crate::store::{FailurePage, Finding, LifeEvent, LoggedFailure, Pause};

pub(super) fn pause(
    connection: &mut Connection,
    reason: &str,
    requested_by: &str,
) -> Result<Pause, Fault> {
    let call = Call::new("usp_Pause")
        .with("@reason", clipped(reason, 400))
        .with("@requested_by", clipped(requested_by, 128));
    let mut sets = connection.call(&call)?;
    pause_of(&head(&mut sets)?, "reason")?
        .ok_or_else(|| Fault::Unexpected("usp_Pause answered without a pause".to_owned()))
}

pub(super) fn resume(
    connection: &mut Connection,
    requested_by: &str,
) -> Result<Option<Pause>, Fault> {
    let call = Call::new("usp_Resume").with("@requested_by", clipped(requested_by, 128));
    let mut sets = connection.call(&call)?;
    pause_of(&head(&mut sets)?, "reason")
}

/// The pause that a row tells of, if it does.
pub(super) fn pause_of(record: &Record, reason: &str) -> Result<Option<Pause>, Fault> {
    let Some(since) = record.instant_or_null("paused_at_utc")? else { return Ok(None) };
    let by = record.text("paused_by")?.to_owned();
    Ok(Some(Pause { since, by, reason: record.text(reason)?.to_owned() }))
}

pub(super) fn explain_app(
    connection: &mut Connection,
    app_id: AppId,
) -> Result<Vec<LifeEvent>, Fault> {
    rows(connection, &Call::new("usp_ExplainApp").with("@app_id", app_id.0), life_event)
}

pub(super) fn list_failures(
    connection: &mut Connection,
    page: &FailurePage,
) -> Result<Vec<LoggedFailure>, Fault> {
    let call = Call::new("usp_ListFailures")
        .with("@failure_category", page.category.map(FailureCategory::name))
        .with("@fingerprint", page.fingerprint.clone())
        .with("@after_app_id", page.after.map(|id| id.0))
        .with("@page_size", page.size.clamp(1, 10_000) as i32);
    rows(connection, &call, logged_failure)
}

pub(super) fn health_check(connection: &mut Connection) -> Result<Vec<Finding>, Fault> {
    rows(connection, &Call::new("usp_HealthCheck"), finding)
}

fn rows<T>(
    connection: &mut Connection,
    call: &Call,
    read: fn(&Record) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let sets = connection.call_at_length(call)?;
    sets.iter().flatten().map(read).collect()
}

fn life_event(record: &Record) -> Result<LifeEvent, Fault> {
    Ok(LifeEvent {
        at: record.instant("occurred_at_utc")?,
        event: record.text("event_type")?.to_owned(),
        attempt: record.attempt_or_null("attempt")?,
        worker_name: owned(record, "worker_name")?,
        host: owned(record, "host_name")?,
        detail: owned(record, "detail")?,
        claim: record.guid_or_null("claim_token")?.map(ClaimToken),
    })
}

fn logged_failure(record: &Record) -> Result<LoggedFailure, Fault> {
    let category = record.category_or_null("failure_category")?;
    let place = |column| Ok::<_, Fault>(record.attempt_or_null(column)?.filter(|n| *n > 0));
    Ok(LoggedFailure {
        app_id: record.app_id("app_id")?,
        attempt: record.attempt("attempt")?,
        failure: Failure {
            category: category.unwrap_or(FailureCategory::ConstraintViolation),
            table: owned(record, "failure_table")?,
            column: owned(record, "failure_column")?,
            path: owned(record, "failure_path")?,
            line: place("failure_line")?,
            column_number: place("failure_column_number")?,
            value: owned(record, "failure_value")?,
            reason: owned(record, "failure_reason")?.unwrap_or_default(),
        },
        fingerprint: owned(record, "fingerprint")?,
        error_number: record.integer_or_null("error_number")?,
        processed_at: record.instant("processed_at_utc")?,
        worker_name: owned(record, "worker_name")?,
        document_bytes: record.count("document_bytes")?,
    })
}

fn finding(record: &Record) -> Result<Finding, Fault> {
    Ok(Finding {
        priority: record.integer("priority")?.clamp(1, 3) as u8,
        finding: record.text("finding")?.to_owned(),
        detail: owned(record, "detail")?.unwrap_or_default(),
        why: owned(record, "why")?.unwrap_or_default(),
        fix: owned(record, "fix")?.unwrap_or_default(),
    })
}

fn owned(record: &Record, column: &str) -> Result<Option<String>, Fault> {
    Ok(record.text_or_null(column)?.map(str::to_owned))
}

/// What fits an `nvarchar(units)` whatever its characters are.
fn clipped(text: &str, units: usize) -> String {
    text.chars().take(units / 2).collect()
}
