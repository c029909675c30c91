//! Deleting old history and stale rows.

use super::call::{clipped, yes_or_no, Call};
use super::connection::Connection;
use super::fault::Result;
use crate::id::AppId;
use crate::store::{PurgeRequest, Purged, StaleRows, StaleRowsRequest};

pub(super) fn purge_log(connection: &mut Connection, request: PurgeRequest) -> Result<Purged> {
    let age = u32::try_from(request.older_than.as_secs()).unwrap_or(u32::MAX);
    let call = Call::slow("usp_PurgeLog")
        .with("@older_than_seconds", age)
        .with("@chunk_size", request.chunk)
        .with("@orphans", yes_or_no(request.orphans))
        .with("@Execute", yes_or_no(request.execute));
    let head = connection.ask(&call)?;
    Ok(Purged {
        attempts: head.get("attempts_purged")?,
        events: head.get("events_purged")?,
        sessions: head.get("sessions_purged")?,
    })
}

/// The result has one row per application and table, ordered by both.
pub(super) fn delete_stale_rows(
    connection: &mut Connection,
    request: &StaleRowsRequest,
) -> Result<Vec<StaleRows>> {
    let ids = |ids: &Vec<AppId>| ids.iter().map(AppId::to_string).collect::<Vec<_>>().join(",");
    let call = Call::slow("usp_DeleteStaleRows")
        .with("@app_ids", request.app_ids.as_ref().map(ids))
        .with("@canary", request.canary)
        .with("@requested_by", clipped(&request.requested_by, 128))
        .with("@Execute", yes_or_no(request.execute));
    let rows = connection.rows(&call, |record| {
        let table = record.get_or_null::<String>("table_name")?;
        let count = record.get_or_null("row_count")?.unwrap_or(0);
        Ok(StaleRows {
            app_id: record.get("app_id")?,
            attempt: record.get("attempt")?,
            failed_attempt: record.get("failed_attempt")?,
            failure: record.get("failure_category")?,
            tables: table.map(|table| (table, count)).into_iter().collect(),
            refusal: record.get_or_null("refusal")?,
        })
    })?;
    let mut all: Vec<StaleRows> = Vec::new();
    for row in rows {
        match all.last_mut() {
            Some(last) if last.app_id == row.app_id => last.tables.extend(row.tables),
            _ => all.push(row),
        }
    }
    Ok(all)
}
