//! Redriving: retrying failed applications, requeueing finished ones.

use super::call::{clipped, list, yes_or_no, Call};
use super::connection::Connection;
use super::fault::Result;
use crate::store::{Redriven, RequeueRequest, RequeueSelector, RetryRequest, RetrySelector};

pub(super) fn retry_failed(
    connection: &mut Connection,
    request: &RetryRequest,
) -> Result<Vec<Redriven>> {
    let call = Call::slow("usp_RetryFailed");
    let call = match &request.selector {
        RetrySelector::AppIds(ids) => call.with("@app_ids", list(ids)),
        RetrySelector::Category(category) => call.with("@failure_category", category.name()),
        RetrySelector::Fingerprint(fingerprint) => call.with("@fingerprint", fingerprint.as_str()),
        RetrySelector::Quarantined => call.with("@quarantined", "Y"),
        RetrySelector::All => call.with("@all", "Y"),
    };
    redrive(connection, call, request.canary, &request.requested_by, request.execute)
}

pub(super) fn requeue_apps(
    connection: &mut Connection,
    request: &RequeueRequest,
) -> Result<Vec<Redriven>> {
    let call = Call::slow("usp_RequeueApps");
    let call = match &request.selector {
        RequeueSelector::AppIds(ids) => call.with("@app_ids", list(ids)),
        RequeueSelector::Range { start, end } => {
            call.with("@app_id_start", *start).with("@app_id_end", *end)
        }
        RequeueSelector::OlderContract(hash) => call.with("@not_by_contract", *hash),
        RequeueSelector::ChangedDocument => call.with("@changed_document", "Y"),
    };
    redrive(connection, call, request.canary, &request.requested_by, request.execute)
}

fn redrive(
    connection: &mut Connection,
    call: Call,
    canary: Option<u64>,
    requested_by: &str,
    execute: bool,
) -> Result<Vec<Redriven>> {
    let call = call
        .with("@canary", canary)
        .with("@requested_by", clipped(requested_by, 128))
        .with("@Execute", yes_or_no(execute));
    connection.rows(&call, |record| {
        Ok(Redriven {
            app_id: record.get("app_id")?,
            was: record.get("was")?,
            attempts: record.get("attempts")?,
            failure: record.get_or_null("failure_category")?,
        })
    })
}
