//! What became of a claim, by its token.

use rusqlite::{named_params, Connection, Row};

use super::fault::Step;
use super::statement::statement;
use super::transaction::read;
use crate::id::AppId;
use crate::id::ClaimToken;
use crate::store::{ClaimOutcome, Completed};

const FILE: &str = include_str!("get_claim_outcome.sql");
const HELD: &str = statement(FILE, "held");
const COMPLETED: &str = statement(FILE, "completed");

pub(super) fn outcome(connection: &mut Connection, token: ClaimToken) -> Step<ClaimOutcome> {
    read(connection, |tx| {
        let held = tx
            .prepare_cached(HELD)?
            .query_map(named_params! {":token": token}, |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<AppId>>>()?;
        let completed = tx
            .prepare_cached(COMPLETED)?
            .query_map(named_params! {":token": token}, |row| {
                logged(row.get(0)?, row.get(1)?, row, 2)
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(ClaimOutcome { held, completed })
    })
}

/// A logged outcome; `at` is the column of `failure_category`, followed by `rows_per_table`.
pub(super) fn logged(
    app_id: AppId,
    attempt: u32,
    row: &Row,
    at: usize,
) -> rusqlite::Result<Completed> {
    let rows: Option<String> = row.get(at + 1)?;
    Ok(Completed {
        app_id,
        attempt,
        failure: row.get(at)?,
        rows: rows.as_deref().map(rows_from_json).unwrap_or_default(),
    })
}

/// `{"app_base":1,"app_contact":2}`: rows per table, in load order.
pub(super) fn rows_to_json<'t>(rows: impl Iterator<Item = (&'t str, u64)>) -> String {
    let object: serde_json::Map<String, serde_json::Value> =
        rows.map(|(table, count)| (table.to_owned(), count.into())).collect();
    serde_json::Value::Object(object).to_string()
}

fn rows_from_json(text: &str) -> Vec<u64> {
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(object)) => {
            object.values().map(|count| count.as_u64().unwrap_or(0)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_per_table_keep_their_order() {
        let json = rows_to_json([("z", 1), ("a", 2), ("m", 0)].into_iter());
        assert_eq!(json, r#"{"z":1,"a":2,"m":0}"#);
        assert_eq!(rows_from_json(&json), [1, 2, 0]);
    }
}
