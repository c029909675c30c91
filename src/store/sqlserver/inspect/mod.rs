//! Inspecting: one application's history, failures, health, documents.

mod causes;
mod report;
mod server;
mod status;

use super::call::{end_of, list, whole_seconds, yes_or_no, Call, FILE_NAME};
use super::connection::Connection;
use super::fault::Result;
use super::record::Record;
use crate::document::Document;
use crate::id::AppId;
use crate::outcome::{Failure, FailureCategory};
use crate::store::{
    FailurePage, Finding, FinishedPage, LifeEvent, LoggedFailure, Unprocessed, UnprocessedPage,
    WrittenApp, WrittenAttempt, WrittenPage,
};

pub(super) use causes::list_causes;
pub(super) use report::get_report;
pub(super) use server::inspect_server;
pub use server::ServerFact;
pub(super) use status::get_status;

/// One source document by id.
pub(super) fn read_document(
    connection: &mut Connection,
    app_id: AppId,
) -> Result<Option<Document>> {
    let call = Call::new("usp_ReadDocument").with("@app_id", app_id);
    Ok(connection.rows(&call, Record::document)?.into_iter().flatten().next())
}

pub(super) fn explain_app(connection: &mut Connection, app_id: AppId) -> Result<Vec<LifeEvent>> {
    let call = Call::slow("usp_ExplainApp").with("@app_id", app_id);
    connection.rows(&call, |record| {
        Ok(LifeEvent {
            at: record.get("occurred_at_utc")?,
            event: record.get("event_type")?,
            attempt: record.get_or_null("attempt")?,
            worker_name: record.get_or_null("worker_name")?,
            host: record.get_or_null("host_name")?,
            detail: record.get_or_null("detail")?,
            claim: record.get_or_null("claim_token")?,
        })
    })
}

pub(super) fn list_unprocessed(
    connection: &mut Connection,
    page: &UnprocessedPage,
) -> Result<Vec<Unprocessed>> {
    let call = Call::slow("usp_ListUnprocessed")
        .with("@after_app_id", page.after)
        .with("@page_size", page.size.clamp(1, 10_000));
    connection.rows(&call, |record| {
        Ok(Unprocessed {
            app_id: record.get("app_id")?,
            document_bytes: record.get("document_bytes")?,
            reason: record.get("reason")?,
        })
    })
}

pub(super) fn list_failures(
    connection: &mut Connection,
    page: &FailurePage,
) -> Result<Vec<LoggedFailure>> {
    let call = Call::slow("usp_ListFailures")
        .with("@failure_category", page.category.map(FailureCategory::name))
        .with("@fingerprint", page.fingerprint.clone())
        .with("@since_seconds", page.since.map(whole_seconds))
        .with("@after_app_id", page.after)
        .with("@page_size", page.size.clamp(1, 10_000));
    connection.rows(&call, |record| {
        let category = record.get_or_null("failure_category")?;
        let place =
            |column| -> Result<Option<u32>> { Ok(record.get_or_null(column)?.filter(|n| *n > 0)) };
        Ok(LoggedFailure {
            app_id: record.get("app_id")?,
            attempt: record.get("attempt")?,
            failure: Failure {
                category: category.unwrap_or(FailureCategory::ConstraintViolation),
                table: record.get_or_null("failure_table")?,
                column: record.get_or_null("failure_column")?,
                path: record.get_or_null("failure_path")?,
                line: place("failure_line")?,
                column_number: place("failure_column_number")?,
                value: record.get_or_null("failure_value")?,
                reason: record.get_or_null("failure_reason")?.unwrap_or_default(),
                template: None,
                each_value: false,
            },
            fingerprint: record.get_or_null("fingerprint")?,
            error_number: record.get_or_null("error_number")?,
            processed_at: record.get("processed_at_utc")?,
            worker_name: record.get_or_null("worker_name")?,
            rows_of: record.get_or_null("rows_of_attempt")?,
            document_bytes: record.get("document_bytes")?,
        })
    })
}

pub(super) fn list_written(
    connection: &mut Connection,
    page: &WrittenPage,
) -> Result<Vec<WrittenApp>> {
    let call = Call::slow("usp_ListWritten")
        .with("@app_ids", page.app_ids.as_deref().map(list))
        .with("@unlogged", yes_or_no(page.unlogged))
        .with("@after_app_id", page.after)
        .with("@page_size", page.size.clamp(1, 10_000));
    connection.rows(&call, written_app)
}

pub(super) fn list_finished(
    connection: &mut Connection,
    page: &FinishedPage,
) -> Result<Vec<WrittenApp>> {
    let call = Call::slow("usp_ListFinished")
        .with("@app_ids", page.app_ids.as_deref().map(list))
        .with("@fingerprint", page.fingerprint.as_deref())
        .with("@after_app_id", page.after)
        .with("@page_size", page.size.clamp(1, 10_000));
    connection.rows(&call, written_app)
}

/// `name` as `processing_file` has it.
pub(super) fn list_apps_of_file(
    connection: &mut Connection,
    name: &str,
) -> Result<Vec<(AppId, String)>> {
    let call = Call::slow("usp_ListAppsOfFile").with("@file_name", end_of(name, FILE_NAME));
    connection.rows(&call, |record| Ok((record.get("app_id")?, record.get("file_path")?)))
}

fn written_app(record: &Record) -> Result<WrittenApp> {
    let logged = match record.get_or_null("attempt")? {
        Some(attempt) => Some(WrittenAttempt {
            attempt,
            claimed_at: record.get("claimed_at_utc")?,
            source_hash: record.get_or_null("source_hash")?,
            contract: record.get("contract_hash")?,
        }),
        None => None,
    };
    Ok(WrittenApp { app_id: record.get("app_id")?, logged })
}

pub(super) fn health_check(connection: &mut Connection) -> Result<Vec<Finding>> {
    connection.rows(&Call::slow("usp_HealthCheck"), |record| {
        Ok(Finding {
            priority: record.get::<u8>("priority")?.clamp(1, 3),
            finding: record.get("finding")?,
            detail: record.get_or_null("detail")?.unwrap_or_default(),
            why: record.get_or_null("why")?.unwrap_or_default(),
            fix: record.get_or_null("fix")?.unwrap_or_default(),
        })
    })
}
