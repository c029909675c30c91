//! Concluding a batch in one transaction: rows, log and queue change together or not at all.

use rusqlite::named_params;

use super::answer::{logged, refused, rows_to_json};
use super::rejection::Rejection;
use crate::contract::Contract;
use crate::id::{ClaimToken, SessionId};
use crate::outcome::{AppOutcome, Failure, TableRows};
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::install::check_installed;
use crate::store::sqlite::session::Tally;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::target::Targets;
use crate::store::sqlite::transaction::Work;
use crate::store::{failpoint, Completed, Fate, StoreError};

const COMPLETE_BATCH: &str = include_str!("../complete_batch.sql");
const HOLD: &str = statement(COMPLETE_BATCH, "hold");
const DEQUEUE: &str = statement(COMPLETE_BATCH, "dequeue");
const LOGGED: &str = statement(COMPLETE_BATCH, "logged");
const REFUSED: &str = statement(COMPLETE_BATCH, "refused");
const SUPERSEDE: &str = statement(COMPLETE_BATCH, "supersede");
const LOG: &str = statement(COMPLETE_BATCH, "log");
const DROP_CLAIM: &str = statement(COMPLETE_BATCH, "drop_claim");

/// How one application is to be concluded.
pub struct Conclusion<'o> {
    app: &'o AppOutcome,
    outcome: std::result::Result<&'o [TableRows], &'o Failure>,
    /// SQLite's number, where it refused the rows.
    error_number: Option<i32>,
}

impl<'o> Conclusion<'o> {
    /// As it was shredded.
    pub fn of(app: &'o AppOutcome) -> Self {
        let outcome = app.outcome.as_ref().map(Vec::as_slice).map_err(|failure| &**failure);
        Self { app, outcome, error_number: None }
    }

    /// As a failure, because the database refused what was shredded.
    pub fn rejected(app: &'o AppOutcome, rejection: &'o Rejection) -> Self {
        let outcome = Err(&rejection.failure);
        Self { app, outcome, error_number: Some(rejection.number) }
    }
}

/// The claim whose applications are concluded.
pub struct Held {
    pub session: SessionId,
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
pub struct Completion<'c> {
    pub token: ClaimToken,
    pub contract: &'c Contract,
    pub max_reaps: u32,
    pub targets: Targets<'c>,
}

impl Completion<'_> {
    /// Concludes all of these in the current transaction, or reports why it cannot.
    pub fn conclude(&self, tx: &Work, conclusions: &[Conclusion]) -> Step<Vec<Completed>> {
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
        self.drop_claim(tx)?;
        tally.record(tx, held.session)?;
        failpoint::hit(failpoint::BETWEEN_STAGE_AND_COMMIT);
        Ok(completed)
    }

    /// Deletes the claim if it holds nothing any more.
    pub fn drop_claim(&self, tx: &Work) -> Step<()> {
        tx.run(DROP_CLAIM, named_params! {":token": self.token}).map(drop)
    }

    /// Extends the lease, which also shows whether the claim is still there.
    pub fn hold(&self, tx: &Work) -> Step<Option<Held>> {
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
        if let Some(earlier) = tx.find(LOGGED, key, logged)? {
            return Ok(Dequeued::Earlier(earlier));
        }
        match tx.find(REFUSED, key, refused)? {
            Some(earlier) => Ok(Dequeued::Earlier(earlier)),
            None => Err(StoreError::LeaseLost(self.token).into()),
        }
    }

    /// Writes the rows of a success, which are then the application's only ones. A failure leaves
    /// the rows of an earlier success as they are.
    fn write_rows(&self, tx: &Work, conclusion: &Conclusion) -> Step<Vec<u64>> {
        let AppOutcome { app_id, attempt, .. } = *conclusion.app;
        let Ok(rows) = conclusion.outcome else { return Ok(Vec::new()) };
        // A first attempt has nothing to supersede: that saves a statement for each application.
        if attempt > 1 {
            tx.run(SUPERSEDE, named_params! {":app_id": app_id})?;
        }
        self.targets.insert(tx, app_id, rows)
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
            ":failure_path_shape": failure.and_then(Failure::path_shape),
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
}

/// The answer for an application that was concluded earlier.
fn concluded_earlier(app: Dequeued) -> Option<Completed> {
    match app {
        Dequeued::Earlier(completed) => Some(completed),
        Dequeued::Now { .. } => None,
    }
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
