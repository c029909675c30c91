//! Erasing applications: rows, log, events, queue and document.

use std::collections::BTreeSet;

use rusqlite::{named_params, Connection};

use super::stale_rows::tables_with_rows;
use crate::contract::Contract;
use crate::figures::counted;
use crate::id::AppId;
use crate::store::sqlite::fault::{SqliteFault, Step};
use crate::store::sqlite::install::check_installed;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::target::Targets;
use crate::store::sqlite::transaction::{read, write, Work};
use crate::store::{EraseRequest, Erased};

const FILE: &str = include_str!("../erase_apps.sql");
const STATE: &str = statement(FILE, "state");
const WROTE: &str = statement(FILE, "wrote");
const COUNT_ATTEMPTS: &str = statement(FILE, "count_attempts");
pub(super) const EVENT: &str = statement(FILE, "event");
/// All that the store has of an application beside its rows. The document comes first: without log and queue
/// it would be new again.
pub(super) const ERASE: [&str; 4] = [
    statement(FILE, "erase_document"),
    statement(FILE, "erase_log"),
    statement(FILE, "erase_events"),
    statement(FILE, "erase_queue"),
];

pub(super) const CLAIMED: i64 = 1;

pub fn erase_apps(
    connection: &mut Connection,
    contract: &Contract,
    request: &EraseRequest,
) -> Step<Vec<Erased>> {
    read(connection, |tx| check_installed(tx, contract.hash))?;
    let erasure = Erasure { contract, targets: Targets::new(contract), request };
    let app_ids: BTreeSet<i64> = request.app_ids.iter().map(|app_id| app_id.0).collect();
    let mut all = Vec::with_capacity(app_ids.len());
    for app_id in app_ids.into_iter().map(AppId) {
        let erased = match request.execute {
            false => read(connection, |tx| erasure.count(tx, app_id))?,
            true => match write(connection, |tx| erasure.erase(tx, app_id)) {
                Err(SqliteFault::Row(row)) => {
                    let counted = read(connection, |tx| erasure.count(tx, app_id))?;
                    Erased { refusal: Some(row.to_string()), ..counted }
                }
                result => result?,
            },
        };
        all.push(erased);
    }
    Ok(all)
}

struct Erasure<'e> {
    contract: &'e Contract,
    targets: Targets<'e>,
    request: &'e EraseRequest,
}

impl Erasure<'_> {
    fn count(&self, tx: &Work, app_id: AppId) -> Step<Erased> {
        let key = named_params! {":app_id": app_id};
        let states: Vec<i64> = tx.all(STATE, key, |row| row.get(0))?;
        let wrote: Vec<String> = tx.all(WROTE, key, |row| row.get(0))?;
        let is_claimed = states.contains(&CLAIMED);
        let claimed = "a worker has claimed it; erase it when the claim has ended";
        let mut tables = self.targets.count_in(tx, app_id, |_| true)?;
        tables.retain(|(_, rows)| *rows > 0);
        Ok(Erased {
            app_id,
            attempts: tx.value(COUNT_ATTEMPTS, key)?,
            tables,
            refusal: match is_claimed {
                true => Some(claimed.to_owned()),
                false => wrote.iter().find_map(|wrote| self.lost_table(wrote)),
            },
        })
    }

    /// A table of an earlier contract, which this one does not know.
    fn lost_table(&self, wrote: &str) -> Option<String> {
        let known = |name: &String| self.contract.targets.iter().any(|table| table.name == *name);
        let lost = tables_with_rows(wrote).into_iter().find(|name| !known(name))?;
        Some(format!(
            "it also wrote to table {lost}, which is not in the contract; install that contract"
        ))
    }

    fn erase(&self, tx: &Work, app_id: AppId) -> Step<Erased> {
        let erased = self.count(tx, app_id)?;
        if erased.refusal.is_some() {
            return Ok(erased);
        }
        self.targets.delete_from(tx, app_id, |_| true)?;
        for sql in ERASE {
            tx.run(sql, named_params! {":app_id": app_id})?;
        }
        let rows = erased.tables.iter().map(|(_, rows)| rows).sum::<u64>();
        let detail = format!(
            "by {}: {}, {}",
            self.request.requested_by,
            counted(rows, "row"),
            counted(erased.attempts, "attempt"),
        );
        tx.run(EVENT, named_params! {":now": tx.now, ":app_id": app_id, ":detail": detail})?;
        Ok(erased)
    }
}
