//! Sending applications round again: failed ones, and finished ones.

use super::call::Call;
use super::connection::Connection;
use super::fault::Fault;
use crate::id::AppId;
use crate::store::{Redriven, RequeueRequest, RequeueSelector, RetryRequest, RetrySelector};

pub(super) fn retry_failed(
    connection: &mut Connection,
    request: &RetryRequest,
) -> Result<Vec<Redriven>, Fault> {
    // The procedure takes no limit that leaves nothing to do.
    if request.canary == Some(0) {
        return Ok(Vec::new());
    }
    let call = Call::new("usp_RetryFailed");
    let call = match &request.selector {
        RetrySelector::AppIds(ids) => call.with("@app_ids", list(ids)),
        RetrySelector::Category(category) => call.with("@failure_category", category.name()),
        RetrySelector::Fingerprint(fingerprint) => call.with("@fingerprint", fingerprint.as_str()),
        RetrySelector::Quarantined => call.with("@quarantined", "Y"),
        RetrySelector::All => call.with("@all", "Y"),
    };
    let call = call.with("@canary", canary(request.canary));
    moved(connection, call, &request.requested_by, request.execute)
}

pub(super) fn requeue_apps(
    connection: &mut Connection,
    request: &RequeueRequest,
) -> Result<Vec<Redriven>, Fault> {
    if request.canary == Some(0) {
        return Ok(Vec::new());
    }
    let call = Call::new("usp_RequeueApps");
    let call = match &request.selector {
        RequeueSelector::AppIds(ids) => call.with("@app_ids", list(ids)),
        RequeueSelector::Range { start, end } => {
            call.with("@app_id_start", start.0).with("@app_id_end", end.0)
        }
        RequeueSelector::OlderContract(hash) => call.with("@not_by_contract", hash.0),
        RequeueSelector::ChangedDocument => call.with("@changed_document", "Y"),
    };
    let call = call.with("@canary", canary(request.canary));
    moved(connection, call, &request.requested_by, request.execute)
}

fn moved(
    connection: &mut Connection,
    call: Call,
    requested_by: &str,
    execute: bool,
) -> Result<Vec<Redriven>, Fault> {
    // The parameter is nvarchar(128); a longer name would be refused.
    let requested_by: String = requested_by.chars().take(64).collect();
    let call =
        call.with("@requested_by", requested_by).with("@Execute", if execute { "Y" } else { "N" });
    let sets = connection.call_at_length(&call)?;
    sets.into_iter()
        .flatten()
        .map(|record| {
            Ok(Redriven {
                app_id: record.app_id("app_id")?,
                was: record.text("was")?.to_owned(),
                attempts: record.attempt("attempts")?,
                failure: record.category_or_null("failure_category")?,
            })
        })
        .collect()
}

fn list(ids: &[AppId]) -> String {
    ids.iter().map(AppId::to_string).collect::<Vec<_>>().join(",")
}

fn canary(canary: Option<u64>) -> Option<i64> {
    canary.map(|canary| i64::try_from(canary).unwrap_or(i64::MAX))
}
