//! Backfilling finished applications: rows, log and event of each change together or not at all.

use rusqlite::{named_params, Connection};
use uuid::Uuid;

use super::answer::{rows_from_json, rows_to_json};
use crate::contract::Contract;
use crate::figures::counted;
use crate::id::{ClaimToken, SessionId};
use crate::outcome::AppOutcome;
use crate::store::sqlite::fault::{SqliteFault, Step};
use crate::store::sqlite::install::check_installed;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::target::Targets;
use crate::store::sqlite::transaction::{read, write, Work};
use crate::store::{check_outcomes, failpoint, BackfillRequest, Backfilled, Missing};

const FILE: &str = include_str!("../backfill_apps.sql");
const QUEUED: &str = statement(FILE, "queued");
const FINISHED: &str = statement(FILE, "finished");
const SUPERSEDE: &str = statement(FILE, "supersede");
const LOG: &str = statement(FILE, "log");
const EVENT: &str = statement(FILE, "event");

pub fn backfill_apps(
    connection: &mut Connection,
    contract: &Contract,
    request: &BackfillRequest,
) -> Step<Vec<Backfilled>> {
    check_outcomes(contract, &request.apps)?;
    let backfill = Backfill {
        contract,
        targets: Targets::new(contract),
        request,
        id: SessionId(Uuid::new_v4()),
    };
    let mut all = Vec::with_capacity(request.apps.len());
    for app in &request.apps {
        let done = match request.execute {
            true => write(connection, |tx| backfill.run(tx, app)),
            false => read(connection, |tx| backfill.run(tx, app)),
        };
        all.push(match done {
            Err(SqliteFault::Row(row)) => {
                let refusal = Some(row.to_string());
                Backfilled { app_id: app.app_id, missing: Vec::new(), refusal }
            }
            done => done?,
        });
    }
    all.sort_by_key(|app| app.app_id);
    Ok(all)
}

struct Backfill<'b> {
    contract: &'b Contract,
    targets: Targets<'b>,
    request: &'b BackfillRequest,
    /// Stands in the log for a session.
    id: SessionId,
}

impl Backfill<'_> {
    fn run(&self, tx: &Work, app: &AppOutcome) -> Step<Backfilled> {
        check_installed(tx, self.contract.hash)?;
        let app_id = app.app_id;
        let refused = |reason: &str| {
            let refusal = Some(reason.to_owned());
            Ok(Backfilled { app_id, missing: Vec::new(), refusal })
        };
        if tx.exists(QUEUED, named_params! {":app_id": app_id})? {
            return refused(
                "it is in the queue: a worker processes it with the installed contract",
            );
        }
        let attempt = named_params! {
            ":app_id": app_id, ":attempt": app.attempt, ":source_hash": app.source_hash,
        };
        let logged: Option<String> = tx.find(FINISHED, attempt, |row| row.get(0))?;
        let (Some(logged), Ok(rows)) = (logged, &app.outcome) else {
            return refused(
                "attempt, rows or document are no longer those that were shredded; backfill it again",
            );
        };
        let targets = &self.contract.targets;
        let missing = self.targets.backfill(tx, app_id, rows, targets, self.request)?;
        if self.request.execute && !missing.is_empty() {
            self.log(tx, app, &logged, &missing)?;
            failpoint::hit(failpoint::AMID_BACKFILL);
        }
        Ok(Backfilled { app_id, missing, refusal: None })
    }

    fn log(&self, tx: &Work, app: &AppOutcome, logged: &str, missing: &[Missing]) -> Step<()> {
        let app_id = app.app_id;
        let sum = |of_rows: bool| -> u64 {
            let counted = missing.iter().filter(|missing| missing.column.is_none() == of_rows);
            counted.map(|missing| missing.count).sum()
        };
        tx.run(SUPERSEDE, named_params! {":app_id": app_id, ":attempt": app.attempt})?;
        let rows = self.rows_per_table(tx, app, logged, missing)?;
        let parameters = named_params! {
            ":app_id": app_id,
            ":attempt": app.attempt,
            ":backfill": self.id,
            ":no_claim": ClaimToken(Uuid::nil()),
            ":now": tx.now,
            ":shred_micros": app.shred_micros,
            ":document_bytes": app.document_bytes,
            ":rows_written": rows.iter().map(|(_, rows)| rows).sum::<u64>(),
            ":rows_per_table": rows_to_json(rows.iter().map(|(table, rows)| (table.as_str(), *rows))),
            ":contract_hash": self.contract.hash,
        };
        tx.run(LOG, parameters)?;
        let detail = format!(
            "by {}: {}, {}",
            self.request.requested_by,
            counted(sum(true), "row"),
            counted(sum(false), "value"),
        );
        let parameters = named_params! {
            ":now": tx.now, ":app_id": app_id, ":attempt": app.attempt, ":detail": detail,
        };
        tx.run(EVENT, parameters).map(drop)
    }

    /// The rows that the attempts wrote, of a table that got rows no more than there are: rows that
    /// somebody deleted are back, and count once.
    fn rows_per_table(
        &self,
        tx: &Work,
        app: &AppOutcome,
        logged: &str,
        missing: &[Missing],
    ) -> Step<Vec<(String, u64)>> {
        let logged = rows_from_json(logged);
        let found = self.targets.count_in(tx, app.app_id, |_| true)?;
        let rows = found.into_iter().map(|(table, found)| {
            let logged =
                logged.iter().find(|(name, _)| *name == table).map_or(0, |(_, rows)| *rows);
            let of_table = |missing: &&Missing| missing.table == table && missing.column.is_none();
            let inserted = missing.iter().find(of_table);
            let rows = inserted.map_or(logged, |inserted| (logged + inserted.count).min(found));
            (table, rows)
        });
        Ok(rows.collect())
    }
}
