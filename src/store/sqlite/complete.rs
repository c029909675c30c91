//! Completing: rows, log and queue of a batch change together or not at all.

use std::collections::HashSet;

use rusqlite::{named_params, Connection, OptionalExtension};

use super::fault::{Fault, RefusedRow, Step};
use super::install;
use super::outcome::{logged, rows_to_json};
use super::rows::Targets;
use super::statement::statement;
use super::throughput::Tally;
use super::transaction::{write, Work};
use crate::contract::Contract;
use crate::id::AppId;
use crate::id::{ClaimToken, SessionId};
use crate::outcome::{AppOutcome, Failure, FailureCategory, TableRows};
use crate::store::{failpoint, Completed, Result, StoreError};

const FILE: &str = include_str!("complete_batch.sql");
const HOLD: &str = statement(FILE, "hold");
const DEQUEUE: &str = statement(FILE, "dequeue");
const LOGGED: &str = statement(FILE, "logged");
const LAST_STATUS: &str = statement(FILE, "last_status");
const LOG: &str = statement(FILE, "log");
const DROP_CLAIM: &str = statement(FILE, "drop_claim");

pub(super) fn complete(
    connection: &mut Connection,
    token: ClaimToken,
    contract: &Contract,
    outcomes: &[AppOutcome],
) -> Step<Vec<Completed>> {
    check_outcomes(contract, outcomes)?;
    let completion = Completion { token, contract, targets: Targets::new(contract) };
    let whole: Vec<Conclusion> = outcomes.iter().map(Conclusion::of).collect();
    let completed = match write(connection, |tx| completion.conclude(tx, &whole)) {
        Err(Fault::Data(_)) => completion.one_by_one(connection, outcomes)?,
        other => other?,
    };
    failpoint::hit(failpoint::AFTER_COMMIT_BEFORE_ANSWER);
    Ok(completed)
}

/// Refuses outcomes that were not made with this contract, before anything is touched.
fn check_outcomes(contract: &Contract, outcomes: &[AppOutcome]) -> Result<()> {
    let mut seen = HashSet::new();
    outcomes.iter().try_for_each(|app| {
        if !seen.insert(app.app_id) {
            return Err(StoreError::Refused(format!(
                "application {} is twice in one completion; give each outcome once",
                app.app_id
            )));
        }
        match &app.outcome {
            Ok(rows) if !fits(contract, rows) => Err(StoreError::Refused(format!(
                "the rows of application {} do not have the tables and columns of contract {}; \
                 shred and complete with the same contract",
                app.app_id, contract.name
            ))),
            _ => Ok(()),
        }
    })
}

fn fits(contract: &Contract, rows: &[TableRows]) -> bool {
    let width_fits = |(table, rows): (&crate::contract::TargetTable, &TableRows)| {
        rows.is_empty()
            || (rows.width == table.columns.len() && rows.values.len() % rows.width == 0)
    };
    rows.len() == contract.targets.len() && contract.targets.iter().zip(rows).all(width_fits)
}

/// How one application is to be concluded.
struct Conclusion<'o> {
    app: &'o AppOutcome,
    outcome: std::result::Result<&'o [TableRows], &'o Failure>,
    /// SQLite's number, where it refused the rows.
    error_number: Option<i32>,
    /// The database does not let go of the rows of an earlier success.
    keep_earlier_rows: bool,
}

impl<'o> Conclusion<'o> {
    /// As it was shredded.
    fn of(app: &'o AppOutcome) -> Self {
        let outcome = app.outcome.as_ref().map(Vec::as_slice).map_err(|failure| &**failure);
        Self { app, outcome, error_number: None, keep_earlier_rows: false }
    }

    /// As a failure, whatever was shredded: the database refused it.
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

/// What the queue said of an application.
enum Taken {
    /// It was held and is now taken off.
    Now { enqueued_at: i64 },
    /// This token concluded it earlier.
    Before(Completed),
}

/// One call: everything its transactions have in common.
struct Completion<'c> {
    token: ClaimToken,
    contract: &'c Contract,
    targets: Targets<'c>,
}

impl Completion<'_> {
    /// Concludes all of these in the transaction at hand, or reports why it cannot.
    fn conclude(&self, tx: &Work, conclusions: &[Conclusion]) -> Step<Vec<Completed>> {
        let held = self.hold(tx)?;
        let taken = conclusions
            .iter()
            .map(|conclusion| self.take(tx, conclusion.app))
            .collect::<Step<Vec<_>>>()?;
        // Nothing to do if every outcome was concluded earlier and only the answer was lost.
        let Some(held) = held.filter(|_| taken.iter().any(|t| matches!(t, Taken::Now { .. })))
        else {
            return Ok(taken.into_iter().filter_map(concluded_before).collect());
        };
        install::check_installed(tx, self.contract.hash)?;
        let rows = conclusions
            .iter()
            .zip(&taken)
            .map(|(conclusion, taken)| self.write_rows(tx, conclusion, taken))
            .collect::<Step<Vec<_>>>()?;
        let completed = self.log(tx, &held, conclusions, taken, rows)?;
        failpoint::hit(failpoint::BETWEEN_STAGE_AND_COMMIT);
        Ok(completed)
    }

    /// Extends the lease, which also shows whether the claim is still there.
    fn hold(&self, tx: &Work) -> Step<Option<Held>> {
        Ok(tx
            .prepare_cached(HOLD)?
            .query_row(named_params! {":token": self.token, ":now": tx.now}, |row| {
                Ok(Held { session: row.get(0)?, claimed_at: row.get(1)? })
            })
            .optional()?)
    }

    /// Takes an application off the queue. The fence: token and attempt must be those of the
    /// claim, or this token must have concluded the attempt already.
    fn take(&self, tx: &Work, app: &AppOutcome) -> Step<Taken> {
        let key = named_params! {
            ":app_id": app.app_id,
            ":attempt": app.attempt,
            ":token": self.token,
        };
        let enqueued_at: Option<i64> =
            tx.prepare_cached(DEQUEUE)?.query_row(key, |row| row.get(0)).optional()?;
        if let Some(enqueued_at) = enqueued_at {
            return Ok(Taken::Now { enqueued_at });
        }
        let before = tx
            .prepare_cached(LOGGED)?
            .query_row(key, |row| logged(app.app_id, app.attempt, row, 0))
            .optional()?;
        match before {
            Some(before) => Ok(Taken::Before(before)),
            None => Err(StoreError::LeaseLost(self.token).into()),
        }
    }

    /// Writes the rows of a success. A failure leaves none: those of an earlier success go.
    fn write_rows(&self, tx: &Work, conclusion: &Conclusion, taken: &Taken) -> Step<Vec<u64>> {
        let app_id = conclusion.app.app_id;
        match (taken, conclusion.outcome) {
            (Taken::Before(_), _) => Ok(Vec::new()),
            (Taken::Now { .. }, Ok(rows)) => self.targets.insert(tx, app_id, rows),
            (Taken::Now { .. }, Err(_)) => {
                if !conclusion.keep_earlier_rows && succeeded_last(tx, app_id)? {
                    self.targets.delete_all(tx, app_id)?;
                }
                Ok(Vec::new())
            }
        }
    }

    /// Logs what was taken just now, and counts it.
    fn log(
        &self,
        tx: &Work,
        held: &Held,
        conclusions: &[Conclusion],
        taken: Vec<Taken>,
        rows: Vec<Vec<u64>>,
    ) -> Step<Vec<Completed>> {
        let mut tally = Tally::default();
        let mut completed = Vec::with_capacity(conclusions.len());
        for ((conclusion, taken), rows) in conclusions.iter().zip(taken).zip(rows) {
            completed.push(match taken {
                Taken::Before(before) => before,
                Taken::Now { enqueued_at } => {
                    count(&mut tally, conclusion, &rows);
                    self.log_one(tx, held, conclusion, enqueued_at, &rows)?;
                    Completed {
                        app_id: conclusion.app.app_id,
                        attempt: conclusion.app.attempt,
                        failure: conclusion.outcome.err().map(|failure| failure.category),
                        rows,
                    }
                }
            });
        }
        tx.prepare_cached(DROP_CLAIM)?.execute(named_params! {":token": self.token})?;
        tally.record(tx, held.session)?;
        Ok(completed)
    }

    fn log_one(
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
        tx.prepare_cached(LOG)?.execute(named_params! {
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
        })?;
        Ok(())
    }

    /// The batch again, one application per transaction: the good ones commit and each bad one is
    /// logged. If all are bad in the same way, none is: that is not the documents' fault.
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
                Err(Fault::Data(refused)) => bad.push((index, *refused)),
                Err(other) => return Err(other),
            }
        }
        whole_batch(&bad, outcomes.len())?;
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
            // Not even the rows of its earlier success may go: the log says so, they stay.
            Err(Fault::Data(refused)) => {
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
fn concluded_before(taken: Taken) -> Option<Completed> {
    match taken {
        Taken::Before(completed) => Some(completed),
        Taken::Now { .. } => None,
    }
}

fn succeeded_last(tx: &Work, app_id: AppId) -> Step<bool> {
    let last: Option<String> = tx
        .prepare_cached(LAST_STATUS)?
        .query_row(named_params! {":app_id": app_id}, |row| row.get(0))
        .optional()?;
    Ok(last.as_deref() == Some("success"))
}

/// Stops the worker if a whole batch of two or more failed with one same number.
fn whole_batch(bad: &[(usize, RefusedRow)], batch: usize) -> Result<()> {
    match bad {
        [(_, first), rest @ ..]
            if !rest.is_empty()
                && bad.len() == batch
                && rest.iter().all(|(_, other)| other.number == first.number) =>
        {
            Err(StoreError::WholeBatchFailed {
                number: first.number.into(),
                message: first.to_string(),
            })
        }
        _ => Ok(()),
    }
}

/// Counts one application.
fn count(tally: &mut Tally, conclusion: &Conclusion, rows: &[u64]) {
    match conclusion.outcome {
        Ok(_) => tally.succeeded += 1,
        Err(_) => tally.failed += 1,
    }
    tally.rows_written += rows.iter().sum::<u64>();
    tally.document_bytes += conclusion.app.document_bytes;
    tally.shred_micros += conclusion.app.shred_micros;
}
