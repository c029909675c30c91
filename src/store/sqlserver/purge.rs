//! Deleting old history and stale rows, erasing applications, and unloading documents.

use super::call::{clipped, list, whole_seconds, yes_or_no, Call};
use super::connection::Connection;
use super::fault::{Result, ServerFault};
use super::record::Record;
use crate::id::AppId;
use crate::store::{
    EraseRequest, Erased, FilePattern, PurgeRequest, Purged, StaleRows, StaleRowsRequest, Stays,
    UnloadRequest, UnloadSelector, Unloaded,
};

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
    let call = Call::slow("usp_DeleteStaleRows")
        .with("@app_ids", request.app_ids.as_deref().map(list))
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
    Ok(by_application(rows, |app| app.app_id, |app| &mut app.tables))
}

/// The result has one row per application and table, ordered by both.
pub(super) fn erase_apps(
    connection: &mut Connection,
    request: &EraseRequest,
) -> Result<Vec<Erased>> {
    let call = Call::slow("usp_EraseApps")
        .with("@app_ids", list(&request.app_ids))
        .with("@requested_by", clipped(&request.requested_by, 128))
        .with("@Execute", yes_or_no(request.execute));
    let rows = connection.rows(&call, |record| {
        let table = record.get_or_null::<String>("table_name")?;
        let count = record.get_or_null("row_count")?.unwrap_or(0);
        // The contract names its tables without a schema.
        let table = table.map(|table| table.rsplit('.').next().unwrap_or_default().to_owned());
        Ok(Erased {
            app_id: record.get("app_id")?,
            attempts: record.get("attempts")?,
            tables: table.map(|table| (table, count)).into_iter().collect(),
            refusal: record.get_or_null("refusal")?,
        })
    })?;
    Ok(by_application(rows, |app| app.app_id, |app| &mut app.tables))
}

pub(super) fn unload_documents(
    connection: &mut Connection,
    request: &UnloadRequest,
) -> Result<Vec<Unloaded>> {
    let call = Call::slow("usp_UnloadDocuments");
    let call = match &request.selector {
        UnloadSelector::Apps(ids) => call.with("@app_ids", list(ids)),
        UnloadSelector::Files(files) => {
            let patterns: Vec<String> = files.iter().map(FilePattern::like).collect();
            call.with("@files", patterns.join("\n"))
        }
        UnloadSelector::LoadedSince(age) => call.with("@loaded_since_seconds", whole_seconds(*age)),
    };
    let call = call
        .with("@requested_by", clipped(&request.requested_by, 128))
        .with("@Execute", yes_or_no(request.execute));
    // After a lost connection a repetition would find none of what was unloaded, and say so.
    let again = |fault: &ServerFault| {
        fault.is_transient() && (!request.execute || fault.server_number().is_some())
    };
    let sets = connection.patiently(again, |connection| connection.call_once(&call))?;
    sets.iter().flatten().map(unloaded).collect()
}

fn unloaded(record: &Record) -> Result<Unloaded> {
    let fate: String = record.get("fate")?;
    Ok(Unloaded {
        app_id: record.get("app_id")?,
        file_path: record.get_or_null("file_path")?,
        stays: match fate.trim_end() {
            "unloaded" => None,
            "absent" => Some(Stays::Absent),
            "written" => Some(Stays::Written),
            "claimed" => Some(Stays::Claimed),
            "changed" => Some(Stays::Changed),
            "replaced" => Some(Stays::Replaced),
            other => return Err(ServerFault::Unexpected(format!("unknown fate {other}"))),
        },
        attempts: record.get("attempts")?,
    })
}

/// One entry per application, of rows that are one per table.
fn by_application<T>(
    rows: Vec<T>,
    app_id: fn(&T) -> AppId,
    tables: fn(&mut T) -> &mut Vec<(String, u64)>,
) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for mut row in rows {
        match all.last_mut() {
            Some(last) if app_id(last) == app_id(&row) => tables(last).append(tables(&mut row)),
            _ => all.push(row),
        }
    }
    all
}
