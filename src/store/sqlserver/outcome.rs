//! What the completing procedures and `usp_GetClaimOutcome` answer.

use std::collections::HashMap;

use super::connection::ResultSets;
use super::fault::Fault;
use super::record::Record;
use crate::id::AppId;
use crate::store::Completed;

/// Applications of a claim, by what became of them.
#[derive(Default)]
pub(super) struct ByOutcome {
    pub(super) held: Vec<AppId>,
    pub(super) completed: HashMap<AppId, Completed>,
}

/// Reads a result set with a row per application and one with a row per application and table.
/// `targets` is how many tables the contract has; tables without rows are not in the answer.
pub(super) fn completed_by_app(sets: ResultSets, targets: usize) -> Result<ByOutcome, Fault> {
    let mut answer = ByOutcome::default();
    let mut sets = sets.into_iter();
    for record in sets.next().unwrap_or_default() {
        let app_id = record.app_id("app_id")?;
        let status = if record.has("outcome") { "outcome" } else { "status" };
        match record.text(status)? {
            "held" => answer.held.push(app_id),
            status => {
                let succeeded = status == "success";
                answer.completed.insert(app_id, completed(&record, app_id, succeeded, targets)?);
            }
        }
    }
    for record in sets.next().unwrap_or_default() {
        let ordinal = record.count("table_ordinal")? as usize;
        let rows = record.count("row_count")?;
        if let Some(completed) = answer.completed.get_mut(&record.app_id("app_id")?) {
            if completed.rows.len() <= ordinal {
                completed.rows.resize(ordinal + 1, 0);
            }
            completed.rows[ordinal] = rows;
        }
    }
    Ok(answer)
}

fn completed(
    record: &Record,
    app_id: AppId,
    succeeded: bool,
    targets: usize,
) -> Result<Completed, Fault> {
    Ok(Completed {
        app_id,
        attempt: record.attempt("attempt")?,
        failure: record.category_or_null("failure_category")?,
        rows: if succeeded { vec![0; targets] } else { Vec::new() },
    })
}
