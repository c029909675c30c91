//! Claiming a batch and reading its documents.

use std::time::Duration;

use tiberius::ColumnData;

use super::call::Call;
use super::connection::{Connection, ResultSets};
use super::fault::Fault;
use super::record::Record;
use crate::document::{Document, DocumentEncoding};
use crate::id::AppId;
use crate::store::{failpoint, Batch, ClaimRequest, Claimed, ClaimedApp};

/// What the procedure takes at most.
const MOST_APPS: u32 = 4_000;

/// Claims; while neighbours merely hold locks, asks again with the same token.
pub(super) fn claim(
    connection: &mut Connection,
    request: &ClaimRequest,
    documents_as_text: bool,
) -> Result<Claimed, Fault> {
    let call = call(request, documents_as_text);
    loop {
        let mut sets = connection.call(&call)?;
        let head = head(&mut sets)?;
        match head.text("claim_status")? {
            "claimed" => {
                failpoint::hit(failpoint::AFTER_CLAIM);
                return batch(request, &head, sets);
            }
            "empty" => {
                let claimed_elsewhere = head.count("apps_claimed_elsewhere")?;
                return Ok(Claimed::Empty { claimed_elsewhere });
            }
            "paused" => {
                let pause = super::inspect::pause_of(&head, "pause_reason")?;
                return pause.map(Claimed::Paused).ok_or_else(|| {
                    Fault::Unexpected("usp_ClaimBatch is paused and does not say by whom".into())
                });
            }
            // The procedure has tried for a while itself.
            _ => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn call(request: &ClaimRequest, documents_as_text: bool) -> Call {
    let share = &request.share;
    let (id, count) = share.partition.map_or((0, 1), |p| (p.instance_id, p.instance_count));
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    Call::new("usp_ClaimBatch")
        .with("@claim_token", request.token.0)
        .with("@session_id", request.session.0)
        .with("@contract_hash", request.contract_hash.0)
        .with("@batch_size", request.batch_size.min(MOST_APPS) as i32)
        // One application is always handed out, so that a bound of nothing means one.
        .with("@max_bytes", i64::try_from(request.max_bytes).unwrap_or(i64::MAX).max(1))
        .with("@lease_ms", lease_ms(request.lease))
        .with("@instance_id", i32::try_from(id).unwrap_or(i32::MAX))
        .with("@instance_count", count)
        .with("@app_id_start", share.app_id_start.map(|id| id.0))
        .with("@app_id_end", share.app_id_end.map(|id| id.0))
        .with("@after_app_id", request.after_app_id.map(|id| id.0))
        .with("@documents_as_text", documents_as_text)
}

/// A lease in milliseconds; the procedures take a day at most.
pub(super) fn lease_ms(lease: Duration) -> i32 {
    const DAY_MS: u128 = 86_400_000;
    lease.as_millis().min(DAY_MS) as i32
}

/// The first result set's only row.
pub(super) fn head(sets: &mut ResultSets) -> Result<Record, Fault> {
    let first = if sets.is_empty() { Vec::new() } else { sets.remove(0) };
    first.into_iter().next().ok_or_else(|| {
        Fault::Unexpected(
            "a procedure answered without a row: the installed procedures and this version of \
             xmlshred do not belong together; run xmlshred install"
                .to_owned(),
        )
    })
}

fn batch(request: &ClaimRequest, head: &Record, sets: ResultSets) -> Result<Claimed, Fault> {
    let records = sets.into_iter().next().unwrap_or_default();
    let apps = records.into_iter().map(app).collect::<Result<Vec<_>, _>>()?;
    Ok(Claimed::Batch(Batch {
        token: request.token,
        claimed_at: head.instant("claimed_at_utc")?,
        apps,
    }))
}

fn app(record: Record) -> Result<ClaimedApp, Fault> {
    Ok(ClaimedApp {
        app_id: record.app_id("app_id")?,
        attempt: record.attempt("attempt")?,
        document: document(&record)?,
    })
}

/// The document of a row; `None` when the source row is gone or its document is null.
pub(super) fn document(record: &Record) -> Result<Option<Document>, Fault> {
    let encoding = match record.text("document_encoding")? {
        "detect" => DocumentEncoding::Detect,
        "text" => DocumentEncoding::Utf8,
        _ => DocumentEncoding::Utf16Le,
    };
    let column = match encoding {
        DocumentEncoding::Utf8 => "document_text",
        _ => "document",
    };
    let bytes = match record.raw(column)? {
        ColumnData::Binary(bytes) => bytes.as_ref().map(|bytes| bytes.to_vec()),
        ColumnData::String(text) => text.as_ref().map(|text| text.as_bytes().to_vec()),
        _ => None,
    };
    Ok(bytes.map(|bytes| Document { bytes, encoding }))
}

/// One source document by id.
pub(super) fn read_document(
    connection: &mut Connection,
    app_id: AppId,
    documents_as_text: bool,
) -> Result<Option<Document>, Fault> {
    let call = Call::new("usp_ReadDocument")
        .with("@app_id", app_id.0)
        .with("@documents_as_text", documents_as_text);
    let sets = connection.call(&call)?;
    match sets.into_iter().flatten().next() {
        Some(record) => document(&record),
        None => Ok(None),
    }
}
