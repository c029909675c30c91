//! What became of an application, as the log and the events have it.

use std::fmt::Write;

use rusqlite::{named_params, Connection, Row};

use crate::id::ClaimToken;
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::transaction::read;
use crate::store::{ClaimOutcome, Completed, Fate, Refusal};

const GET_CLAIM_OUTCOME: &str = include_str!("../get_claim_outcome.sql");
const HELD: &str = statement(GET_CLAIM_OUTCOME, "held");
const COMPLETED: &str = statement(GET_CLAIM_OUTCOME, "completed");
const REFUSED: &str = statement(GET_CLAIM_OUTCOME, "refused");

pub fn get_claim_outcome(connection: &mut Connection, token: ClaimToken) -> Step<ClaimOutcome> {
    read(connection, |tx| {
        let token = named_params! {":token": token};
        let mut completed = tx.all(COMPLETED, token, logged)?;
        completed.extend(tx.all(REFUSED, token, refused)?);
        completed.sort_by_key(|app| app.app_id);
        Ok(ClaimOutcome { held: tx.all(HELD, token, |row| row.get(0))?, completed })
    })
}

/// A logged outcome: `app_id`, `attempt`, `failure_category`, `rows_per_table`.
pub fn logged(row: &Row) -> rusqlite::Result<Completed> {
    let rows: Option<String> = row.get(3)?;
    let fate = match row.get(2)? {
        Some(category) => Fate::Failed(category),
        None => {
            let rows = rows.as_deref().map(rows_from_json).unwrap_or_default();
            Fate::Success { rows: rows.into_iter().map(|(_, rows)| rows).collect() }
        }
    };
    Ok(Completed { app_id: row.get(0)?, attempt: row.get(1)?, fate })
}

/// A refusal: `app_id`, `attempt`, `error_number`, `detail`, `reaps`, whether it quarantined the
/// application, and whether it was counted.
pub fn refused(row: &Row) -> rusqlite::Result<Completed> {
    let refusal = Refusal {
        number: row.get::<_, Option<i64>>(2)?.unwrap_or(0),
        message: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
        reaps: row.get(4)?,
        counted: row.get(6)?,
    };
    let fate = match row.get(5)? {
        true => Fate::Quarantined(refusal),
        false => Fate::Refused(refusal),
    };
    Ok(Completed { app_id: row.get(0)?, attempt: row.get(1)?, fate })
}

/// `{"app_base":1,"app_contact":2}`: rows per table, in load order.
pub fn rows_to_json<'t>(rows: impl Iterator<Item = (&'t str, u64)>) -> String {
    let mut json = String::from("{");
    for (table, count) in rows {
        if json.len() > 1 {
            json.push(',');
        }
        match table.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            true => json.extend(["\"", table, "\""]),
            false => json.push_str(&serde_json::Value::from(table).to_string()),
        }
        // Writing to a string does not fail.
        let _ = write!(json, ":{count}");
    }
    json.push('}');
    json
}

/// Tables and rows of [`rows_to_json`].
pub fn rows_from_json(text: &str) -> Vec<(String, u64)> {
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(object)) => {
            object.into_iter().map(|(table, count)| (table, count.as_u64().unwrap_or(0))).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_per_table_keep_their_order() {
        let written = [("z", 1), ("a", 2), (r#"of "m" \"#, 0)];
        let json = rows_to_json(written.into_iter());
        assert_eq!(json, r#"{"z":1,"a":2,"of \"m\" \\":0}"#);
        let read = rows_from_json(&json);
        assert_eq!(read, written.map(|(table, rows)| (table.to_owned(), rows)));
    }
}
