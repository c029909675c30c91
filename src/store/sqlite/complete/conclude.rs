//! Concluding a batch in one transaction: rows, log and queue change together or not at all.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{named_params, CachedStatement};

use super::answer::{logged, refused, rows_to_json};
use super::rejection::Rejection;
use crate::contract::{Contract, TargetTable};
use crate::id::{AppId, ClaimToken, SessionId};
use crate::outcome::{AppOutcome, Failure, TableRows};
use crate::store::sqlite::binding::json_list;
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::install::check_installed;
use crate::store::sqlite::session::Tally;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::target::{Inserts, Targets};
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
const SUM_AT_ONCE: &str = statement(COMPLETE_BATCH, "sum_at_once");
const ADD_OUTCOME: &str = statement(COMPLETE_BATCH, "add_outcome");
const ADD_WRITTEN: &str = statement(COMPLETE_BATCH, "add_written");
const SUM_EACH: &str = statement(COMPLETE_BATCH, "sum_each");

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
        let dequeued = self.dequeue(tx, conclusions)?;
        // Nothing to do if every outcome was concluded earlier and only the answer was lost.
        let is_new = |app: &Dequeued| matches!(app, Dequeued::Now { .. });
        let Some(held) = held.filter(|_| dequeued.iter().any(is_new)) else {
            return Ok(dequeued.into_iter().filter_map(concluded_earlier).collect());
        };
        check_installed(tx, self.contract.hash)?;
        let mut tally = Tally::default();
        let mut completed = Vec::with_capacity(conclusions.len());
        let mut sums = Sums::begin(tx, self.contract)?;
        let app_ids = conclusions.iter().map(|conclusion| conclusion.app.app_id);
        let occupied = self.targets.occupied(tx, app_ids)?;
        let mut inserts = self.targets.inserts(tx);
        let mut log = Log::new(self, tx, &held)?;
        for (conclusion, dequeued) in conclusions.iter().zip(dequeued) {
            completed.push(match dequeued {
                Dequeued::Earlier(earlier) => earlier,
                Dequeued::Now { enqueued_at } => {
                    let rows = write_rows(tx, &mut inserts, conclusion, &occupied)?;
                    count(&mut tally, conclusion, &rows);
                    sums.add(conclusion, &rows);
                    log.add(conclusion, enqueued_at, &rows)?;
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
        sums.end(tx, self.contract)?;
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

    /// Removes applications from the queue. The fence: token and attempt must be those of the claim, or
    /// this token must have concluded the attempt already.
    fn dequeue(&self, tx: &Work, conclusions: &[Conclusion]) -> Step<Vec<Dequeued>> {
        let app_ids: Vec<AppId> = conclusions.iter().map(|one| one.app.app_id).collect();
        let parameters = named_params! {":app_ids": json_list(&app_ids), ":token": self.token};
        let removed =
            tx.all(DEQUEUE, parameters, |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
        let mut removed: HashMap<(AppId, u32), i64> = removed.into_iter().collect();
        let dequeued = conclusions
            .iter()
            .map(|one| match removed.remove(&(one.app.app_id, one.app.attempt)) {
                Some(enqueued_at) => Ok(Dequeued::Now { enqueued_at }),
                None => self.concluded_before(tx, one.app),
            })
            .collect::<Step<_>>()?;
        match removed.is_empty() {
            true => Ok(dequeued),
            // Other attempts than those of the claim.
            false => Err(StoreError::LeaseLost(self.token).into()),
        }
    }

    /// What this token concluded in an earlier call, whose answer was lost.
    fn concluded_before(&self, tx: &Work, app: &AppOutcome) -> Step<Dequeued> {
        let key = named_params! {
            ":app_id": app.app_id, ":attempt": app.attempt, ":token": self.token,
        };
        if let Some(earlier) = tx.find(LOGGED, key, logged)? {
            return Ok(Dequeued::Earlier(earlier));
        }
        match tx.find(REFUSED, key, refused)? {
            Some(earlier) => Ok(Dequeued::Earlier(earlier)),
            None => Err(StoreError::LeaseLost(self.token).into()),
        }
    }
}

/// Writes the rows of a success, which are then the application's only ones. A failure leaves the rows of an
/// earlier success as they are.
fn write_rows(
    tx: &Work,
    inserts: &mut Inserts<'_, '_>,
    conclusion: &Conclusion,
    occupied: &[bool],
) -> Step<Vec<u64>> {
    let AppOutcome { app_id, attempt, .. } = *conclusion.app;
    let Ok(rows) = conclusion.outcome else { return Ok(Vec::new()) };
    // A first attempt has nothing to supersede: that saves a statement for each application.
    if attempt > 1 {
        tx.run(SUPERSEDE, named_params! {":app_id": app_id})?;
    }
    inserts.insert(app_id, rows, occupied)
}

/// What adds to the log in one transaction, with what all its rows have.
struct Log<'t> {
    insert: CachedStatement<'t>,
    targets: &'t [TargetTable],
    now: i64,
    claimed_at: i64,
    session: String,
    token: String,
    contract_hash: String,
}

impl<'t> Log<'t> {
    fn new(completion: &Completion<'t>, tx: &'t Work, held: &Held) -> Step<Self> {
        Ok(Self {
            insert: tx.prepare_cached(LOG)?,
            targets: &completion.contract.targets,
            now: tx.now,
            claimed_at: held.claimed_at,
            session: held.session.0.to_string(),
            token: completion.token.0.to_string(),
            contract_hash: completion.contract.hash.to_string(),
        })
    }

    fn add(&mut self, conclusion: &Conclusion, enqueued_at: i64, rows: &[u64]) -> Step<()> {
        let app = conclusion.app;
        let failure = conclusion.outcome.err();
        let names = self.targets.iter().map(|table| table.name.as_str());
        let per_table = failure.is_none().then(|| rows_to_json(names.zip(rows.iter().copied())));
        self.insert.execute(named_params! {
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
            ":session": self.session,
            ":token": self.token,
            ":enqueued_at": enqueued_at,
            ":claimed_at": self.claimed_at,
            ":now": self.now,
            ":shred_micros": app.shred_micros,
            ":document_bytes": app.document_bytes,
            ":rows_written": rows.iter().sum::<u64>(),
            ":rows_per_table": per_table,
            ":source_hash": app.source_hash,
            ":contract_hash": self.contract_hash,
        })?;
        Ok(())
    }
}

/// What one transaction adds to processing_outcome and processing_written: once for all that it logs,
/// where triggers would do it for each row of the log.
struct Sums {
    outcomes: BTreeMap<&'static str, u64>,
    /// In the order of the contract's targets.
    written: Vec<u64>,
}

impl Sums {
    /// From here on the triggers leave what is logged to [`Sums::end`].
    fn begin(tx: &Work, contract: &Contract) -> Step<Self> {
        tx.run(SUM_AT_ONCE, [])?;
        Ok(Self { outcomes: BTreeMap::new(), written: vec![0; contract.targets.len()] })
    }

    fn add(&mut self, conclusion: &Conclusion, rows: &[u64]) {
        let outcome = conclusion.outcome.err().map_or("success", |failure| failure.category.name());
        *self.outcomes.entry(outcome).or_default() += 1;
        self.written.iter_mut().zip(rows).for_each(|(sum, rows)| *sum += rows);
    }

    fn end(self, tx: &Work, contract: &Contract) -> Step<()> {
        for (outcome, applications) in self.outcomes {
            tx.run(
                ADD_OUTCOME,
                named_params! {":outcome": outcome, ":applications": applications},
            )?;
        }
        // A table without rows has its sum, too, from its first application on.
        for (table, rows) in contract.targets.iter().zip(self.written) {
            tx.run(ADD_WRITTEN, named_params! {":table_name": table.name, ":row_count": rows})?;
        }
        tx.run(SUM_EACH, []).map(drop)
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
