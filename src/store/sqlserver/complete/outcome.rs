//! The result sets of the completing procedures and of `usp_GetClaimOutcome`.

use std::collections::HashMap;

use crate::id::AppId;
use crate::store::sqlserver::connection::ResultSets;
use crate::store::sqlserver::fault::Result;
use crate::store::{Completed, Fate, Refusal};

/// The applications of a claim.
#[derive(Default)]
pub(super) struct Outcomes {
    pub(super) held: Vec<AppId>,
    pub(super) completed: HashMap<AppId, Completed>,
}

/// Reads a result set with a row per application, and one with a row per application and table.
/// `targets` is the number of tables of the contract; tables without rows are not in the result.
pub(super) fn read(sets: ResultSets, targets: usize) -> Result<Outcomes> {
    let mut outcomes = Outcomes::default();
    let mut sets = sets.into_iter();
    for record in sets.next().unwrap_or_default() {
        let app_id = record.get("app_id")?;
        let refusal = || -> Result<Refusal> {
            Ok(Refusal {
                number: record.get_or_null("error_number")?.unwrap_or(0),
                message: record.get_or_null("failure_reason")?.unwrap_or_default(),
                reaps: record.get_or_null("reaps")?.unwrap_or(0),
                counted: record.get_or_null("is_counted")?.unwrap_or(true),
            })
        };
        let fate = match record.get::<String>("outcome")?.as_str() {
            "held" => {
                outcomes.held.push(app_id);
                continue;
            }
            "success" => Fate::Success { rows: vec![0; targets] },
            "refused" => Fate::Refused(refusal()?),
            "quarantined" => Fate::Quarantined(refusal()?),
            _ => Fate::Failed(record.get("failure_category")?),
        };
        let attempt = record.get("attempt")?;
        outcomes.completed.insert(app_id, Completed { app_id, attempt, fate });
    }
    for record in sets.next().unwrap_or_default() {
        let ordinal = record.get::<u32>("table_ordinal")? as usize;
        let completed = outcomes.completed.get_mut(&record.get("app_id")?);
        if let Some(Completed { fate: Fate::Success { rows }, .. }) = completed {
            if rows.len() <= ordinal {
                rows.resize(ordinal + 1, 0);
            }
            rows[ordinal] = record.get("row_count")?;
        }
    }
    Ok(outcomes)
}
