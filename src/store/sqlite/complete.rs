//! Completing: rows, log and queue of a batch change together or not at all.

use rusqlite::{named_params, Connection, Row};

use super::fault::{RefusedRow, SqliteFault, Step};
use super::install::check_installed;
use super::session::Tally;
use super::statement::statement;
use super::target::Targets;
use super::transaction::{read, write, Work};
use crate::contract::Contract;
use crate::id::{AppId, ClaimToken, SessionId};
use crate::outcome::{AppOutcome, Failure, FailureCategory, TableRows};
use crate::store::{
    check_max_reaps, check_outcomes, failpoint, ClaimOutcome, Completed, Fate, StoreError,
};

const COMPLETE_BATCH: &str = include_str!("complete_batch.sql");
const HOLD: &str = statement(COMPLETE_BATCH, "hold");
const DEQUEUE: &str = statement(COMPLETE_BATCH, "dequeue");
const LOGGED: &str = statement(COMPLETE_BATCH, "logged");
const LAST_STATUS: &str = statement(COMPLETE_BATCH, "last_status");
const LOG: &str = statement(COMPLETE_BATCH, "log");
const DROP_CLAIM: &str = statement(COMPLETE_BATCH, "drop_claim");

const GET_CLAIM_OUTCOME: &str = include_str!("get_claim_outcome.sql");
const HELD: &str = statement(GET_CLAIM_OUTCOME, "held");
const COMPLETED: &str = statement(GET_CLAIM_OUTCOME, "completed");

pub(super) fn complete_batch(
    connection: &mut Connection,
    token: ClaimToken,
    contract: &Contract,
    outcomes: &[AppOutcome],
    max_reaps: u32,
) -> Step<Vec<Completed>> {
    check_max_reaps(max_reaps)?;
    check_outcomes(contract, outcomes)?;
    let completion = Completion { token, contract, targets: Targets::new(contract) };
    let whole: Vec<Conclusion> = outcomes.iter().map(Conclusion::of).collect();
    let completed = match write(connection, |tx| completion.conclude(tx, &whole)) {
        Err(SqliteFault::Data(_)) => completion.one_by_one(connection, outcomes)?,
        other => other?,
    };
    failpoint::hit(failpoint::AFTER_COMMIT_BEFORE_ANSWER);
    Ok(completed)
}

/// How one application is to be concluded.
struct Conclusion<'o> {
    app: &'o AppOutcome,
    outcome: std::result::Result<&'o [TableRows], &'o Failure>,
    /// SQLite's number, where it refused the rows.
    error_number: Option<i32>,
    /// The database refuses to delete the rows of an earlier success.
    keep_earlier_rows: bool,
}

impl<'o> Conclusion<'o> {
    /// As it was shredded.
    fn of(app: &'o AppOutcome) -> Self {
        let outcome = app.outcome.as_ref().map(Vec::as_slice).map_err(|failure| &**failure);
        Self { app, outcome, error_number: None, keep_earlier_rows: false }
    }

    /// As a failure, because the database refused what was shredded.
    fn refused(app: &'o AppOutcome, violation: &'o Violation) -> Self {
        Self {
            outcome: Err(&violation.failure),
            error_number: Some(violation.number),
            ..Self::of(app)
        }
    }
}

/// A refused row as it is logged.
struct Violation {
    failure: Failure,
    number: i32,
}

impl From<RefusedRow> for Violation {
    fn from(refused: RefusedRow) -> Self {
        let (number, reason) = (refused.number, refused.to_string());
        let mut failure = Failure::new(FailureCategory::ConstraintViolation, reason);
        failure.table = Some(refused.table);
        failure.column = refused.column;
        if let Some(value) = refused.value {
            failure = failure.with_value(&value);
        }
        Self { failure, number }
    }
}

/// The claim whose applications are concluded.
struct Held {
    session: SessionId,
    claimed_at: i64,
}

/// An application that the fence let through.
enum Dequeued {
    /// It was held and has left the queue.
    Now { enqueued_at: i64 },
    /// This token concluded it earlier.
    Earlier(Completed),
}

/// One call: everything its transactions have in common.
struct Completion<'c> {
    token: ClaimToken,
    contract: &'c Contract,
    targets: Targets<'c>,
}

impl Completion<'_> {
    /// Concludes all of these in the current transaction, or reports why it cannot.
    fn conclude(&self, tx: &Work, conclusions: &[Conclusion]) -> Step<Vec<Completed>> {
        let held = self.hold(tx)?;
        let dequeued = conclusions
            .iter()
            .map(|conclusion| self.dequeue(tx, conclusion.app))
            .collect::<Step<Vec<_>>>()?;
        // Nothing to do if every outcome was concluded earlier and only the answer was lost.
        let is_new = |app: &Dequeued| matches!(app, Dequeued::Now { .. });
        let Some(held) = held.filter(|_| dequeued.iter().any(is_new)) else {
            return Ok(dequeued.into_iter().filter_map(concluded_earlier).collect());
        };
        check_installed(tx, self.contract.hash)?;
        let mut tally = Tally::default();
        let mut completed = Vec::with_capacity(conclusions.len());
        for (conclusion, dequeued) in conclusions.iter().zip(dequeued) {
            completed.push(match dequeued {
                Dequeued::Earlier(earlier) => earlier,
                Dequeued::Now { enqueued_at } => {
                    let rows = self.write_rows(tx, conclusion)?;
                    count(&mut tally, conclusion, &rows);
                    self.log(tx, &held, conclusion, enqueued_at, &rows)?;
                    Completed {
                        app_id: conclusion.app.app_id,
                        attempt: conclusion.app.attempt,
                        fate: match conclusion.outcome {
                            Ok(_) => Fate::Success { rows },
                            Err(failure) => Fate::Failed(failure.category),
                        },
                    }
                }
            });
        }
        tx.run(DROP_CLAIM, named_params! {":token": self.token})?;
        tally.record(tx, held.session)?;
        failpoint::hit(failpoint::BETWEEN_STAGE_AND_COMMIT);
        Ok(completed)
    }

    /// Extends the lease, which also shows whether the claim is still there.
    fn hold(&self, tx: &Work) -> Step<Option<Held>> {
        tx.find(HOLD, named_params! {":token": self.token, ":now": tx.now}, |row| {
            Ok(Held { session: row.get(0)?, claimed_at: row.get(1)? })
        })
    }

    /// Removes an application from the queue. The fence: token and attempt must be those of the
    /// claim, or this token must have concluded the attempt already.
    fn dequeue(&self, tx: &Work, app: &AppOutcome) -> Step<Dequeued> {
        let key = named_params! {
            ":app_id": app.app_id, ":attempt": app.attempt, ":token": self.token,
        };
        if let Some(enqueued_at) = tx.find(DEQUEUE, key, |row| row.get(0))? {
            return Ok(Dequeued::Now { enqueued_at });
        }
        match tx.find(LOGGED, key, logged)? {
            Some(earlier) => Ok(Dequeued::Earlier(earlier)),
            None => Err(StoreError::LeaseLost(self.token).into()),
        }
    }

    /// Writes the rows of a success. A failure leaves none: those of an earlier success are deleted.
    fn write_rows(&self, tx: &Work, conclusion: &Conclusion) -> Step<Vec<u64>> {
        let app_id = conclusion.app.app_id;
        match conclusion.outcome {
            Ok(rows) => self.targets.insert(tx, app_id, rows),
            Err(_) => {
                if !conclusion.keep_earlier_rows && succeeded_last(tx, app_id)? {
                    self.targets.delete_all(tx, app_id)?;
                }
                Ok(Vec::new())
            }
        }
    }

    fn log(
        &self,
        tx: &Work,
        held: &Held,
        conclusion: &Conclusion,
        enqueued_at: i64,
        rows: &[u64],
    ) -> Step<()> {
        let app = conclusion.app;
        let failure = conclusion.outcome.err();
        let names = self.contract.targets.iter().map(|table| table.name.as_str());
        let per_table = failure.is_none().then(|| rows_to_json(names.zip(rows.iter().copied())));
        let parameters = named_params! {
            ":app_id": app.app_id,
            ":attempt": app.attempt,
            ":failure_category": failure.map(|f| f.category),
            ":failure_table": failure.and_then(|f| f.table.as_deref()),
            ":failure_column": failure.and_then(|f| f.column.as_deref()),
            ":failure_path": failure.and_then(|f| f.path.as_deref()),
            ":failure_line": failure.and_then(|f| f.line),
            ":failure_column_number": failure.and_then(|f| f.column_number),
            ":failure_value": failure.and_then(|f| f.value.as_deref()),
            ":failure_reason": failure.map(|f| f.reason.as_str()),
            ":fingerprint": failure.map(Failure::fingerprint),
            ":error_number": conclusion.error_number,
            ":session": held.session,
            ":token": self.token,
            ":enqueued_at": enqueued_at,
            ":claimed_at": held.claimed_at,
            ":now": tx.now,
            ":shred_micros": app.shred_micros,
            ":document_bytes": app.document_bytes,
            ":rows_written": rows.iter().sum::<u64>(),
            ":rows_per_table": per_table,
            ":source_hash": app.source_hash,
            ":contract_hash": self.contract.hash,
        };
        tx.run(LOG, parameters).map(drop)
    }

    /// The batch again, one application per transaction: the good ones commit and each bad one is
    /// logged.
    fn one_by_one(
        &self,
        connection: &mut Connection,
        outcomes: &[AppOutcome],
    ) -> Step<Vec<Completed>> {
        let mut completed = Vec::with_capacity(outcomes.len());
        let mut bad = Vec::new();
        for (index, app) in outcomes.iter().enumerate() {
            match write(connection, |tx| self.conclude(tx, &[Conclusion::of(app)])) {
                Ok(one) => completed.extend(one.into_iter().map(|one| (index, one))),
                Err(SqliteFault::Data(refused)) => bad.push((index, *refused)),
                Err(other) => return Err(other),
            }
        }
        for (index, refused) in bad {
            let one = self.log_refused(connection, &outcomes[index], refused)?;
            completed.extend(one.into_iter().map(|one| (index, one)));
        }
        completed.sort_by_key(|(index, _)| *index);
        Ok(completed.into_iter().map(|(_, one)| one).collect())
    }

    /// Logs an application whose rows the database refused.
    fn log_refused(
        &self,
        connection: &mut Connection,
        app: &AppOutcome,
        refused: RefusedRow,
    ) -> Step<Vec<Completed>> {
        let violation = Violation::from(refused);
        match write(connection, |tx| self.conclude(tx, &[Conclusion::refused(app, &violation)])) {
            // The rows of its earlier success cannot be deleted either: they stay, as the log says.
            Err(SqliteFault::Data(refused)) => {
                let violation = Violation::from(*refused);
                let conclusion =
                    Conclusion { keep_earlier_rows: true, ..Conclusion::refused(app, &violation) };
                write(connection, |tx| self.conclude(tx, std::slice::from_ref(&conclusion)))
            }
            other => other,
        }
    }
}

/// The answer for an application that was concluded earlier.
fn concluded_earlier(app: Dequeued) -> Option<Completed> {
    match app {
        Dequeued::Earlier(completed) => Some(completed),
        Dequeued::Now { .. } => None,
    }
}

fn succeeded_last(tx: &Work, app_id: AppId) -> Step<bool> {
    let last: Option<String> =
        tx.find(LAST_STATUS, named_params! {":app_id": app_id}, |row| row.get(0))?;
    Ok(last.as_deref() == Some("success"))
}

/// Counts one application.
fn count(tally: &mut Tally, conclusion: &Conclusion, rows: &[u64]) {
    match conclusion.outcome {
        Ok(_) => tally.success += 1,
        Err(_) => tally.failed += 1,
    }
    tally.rows_written += rows.iter().sum::<u64>();
    tally.document_bytes += conclusion.app.document_bytes;
    tally.shred_micros += conclusion.app.shred_micros;
}

pub(super) fn get_claim_outcome(
    connection: &mut Connection,
    token: ClaimToken,
) -> Step<ClaimOutcome> {
    read(connection, |tx| {
        let token = named_params! {":token": token};
        Ok(ClaimOutcome {
            held: tx.all(HELD, token, |row| row.get(0))?,
            completed: tx.all(COMPLETED, token, logged)?,
        })
    })
}

/// A logged outcome: `app_id`, `attempt`, `failure_category`, `rows_per_table`.
fn logged(row: &Row) -> rusqlite::Result<Completed> {
    let rows: Option<String> = row.get(3)?;
    let fate = match row.get(2)? {
        Some(category) => Fate::Failed(category),
        None => Fate::Success { rows: rows.as_deref().map(rows_from_json).unwrap_or_default() },
    };
    Ok(Completed { app_id: row.get(0)?, attempt: row.get(1)?, fate })
}

/// `{"app_base":1,"app_contact":2}`: rows per table, in load order.
fn rows_to_json<'t>(rows: impl Iterator<Item = (&'t str, u64)>) -> String {
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
