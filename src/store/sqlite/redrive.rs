//! Redriving: retrying failed and quarantined applications, and requeueing finished ones.

use rusqlite::{named_params, Connection, ToSql};

use super::binding::json_list;
use super::fault::Step;
use super::install::check_installed;
use super::statement::statement;
use super::transaction::{read, write, Work};
use crate::contract::Contract;
use crate::id::AppId;
use crate::store::{
    check_replaces, Redriven, RequeueRequest, RequeueSelector, RetryRequest, RetrySelector,
};

const RETRY_FAILED: &str = include_str!("retry_failed.sql");
const REQUEUE_APPS: &str = include_str!("requeue_apps.sql");

const REDRIVE: &str = include_str!("redrive.sql");
const QUEUE: &str = statement(REDRIVE, "queue");
const FREE: &str = statement(REDRIVE, "free");
const EVENT: &str = statement(REDRIVE, "event");

/// Applications per transaction, so that claims get their turn in between.
const CHUNK: u64 = 1000;

pub(super) fn retry_failed(
    connection: &mut Connection,
    request: &RetryRequest,
) -> Step<Vec<Redriven>> {
    let ids = match &request.selector {
        RetrySelector::AppIds(ids) => json_list(ids),
        _ => String::new(),
    };
    let (select, parameters): (_, Vec<(_, &dyn ToSql)>) = match &request.selector {
        RetrySelector::AppIds(_) => {
            (const { statement(RETRY_FAILED, "app_ids") }, vec![(":app_ids", &ids)])
        }
        RetrySelector::Category(category) => {
            (const { statement(RETRY_FAILED, "category") }, vec![(":category", category)])
        }
        RetrySelector::Fingerprint(text) => {
            (const { statement(RETRY_FAILED, "fingerprint") }, vec![(":fingerprint", text)])
        }
        RetrySelector::Quarantined => (const { statement(RETRY_FAILED, "quarantined") }, vec![]),
        RetrySelector::All => (const { statement(RETRY_FAILED, "all") }, vec![]),
    };
    let RetryRequest { canary, execute, ref requested_by, .. } = *request;
    Redrive { select, parameters, canary, execute, requested_by }.run(connection)
}

pub(super) fn requeue_apps(
    connection: &mut Connection,
    contract: &Contract,
    request: &RequeueRequest,
) -> Step<Vec<Redriven>> {
    check_replaces(contract)?;
    read(connection, |tx| check_installed(tx, contract.hash))?;
    let ids = match &request.selector {
        RequeueSelector::AppIds(ids) => json_list(ids),
        _ => String::new(),
    };
    let (select, parameters): (_, Vec<(_, &dyn ToSql)>) = match &request.selector {
        RequeueSelector::AppIds(_) => {
            (const { statement(REQUEUE_APPS, "app_ids") }, vec![(":app_ids", &ids)])
        }
        RequeueSelector::Range { start, end } => {
            (const { statement(REQUEUE_APPS, "range") }, vec![(":start", start), (":end", end)])
        }
        RequeueSelector::OlderContract(hash) => {
            (const { statement(REQUEUE_APPS, "older_contract") }, vec![(":contract_hash", hash)])
        }
        RequeueSelector::ChangedDocument => {
            (const { statement(REQUEUE_APPS, "changed_document") }, vec![])
        }
    };
    let RequeueRequest { canary, execute, ref requested_by, .. } = *request;
    Redrive { select, parameters, canary, execute, requested_by }.run(connection)
}

/// Which applications, and what to do with them.
struct Redrive<'r> {
    /// Lists applications above `:after`, at most `:limit`, in ascending order.
    select: &'static str,
    /// Its other parameters.
    parameters: Vec<(&'static str, &'r dyn ToSql)>,
    canary: Option<u64>,
    execute: bool,
    requested_by: &'r str,
}

impl Redrive<'_> {
    /// Lists, and moves if told to. Listing is outside the moving transaction, because it may
    /// read every document; moving checks each application again.
    fn run(&self, connection: &mut Connection) -> Step<Vec<Redriven>> {
        let limit = self.canary.unwrap_or(u64::MAX);
        let mut moved: Vec<Redriven> = Vec::new();
        let mut after = AppId(i64::MIN);
        loop {
            let wanted = CHUNK.min(limit - moved.len() as u64);
            let listed = read(connection, |tx| self.list(tx, after, wanted))?;
            let Some(last) = listed.last() else { return Ok(moved) };
            after = last.app_id;
            moved.extend(match self.execute {
                true => write(connection, |tx| self.put_back(tx, &listed))?,
                false => listed,
            });
        }
    }

    fn list(&self, tx: &Work, after: AppId, limit: u64) -> Step<Vec<Redriven>> {
        let mut parameters = self.parameters.clone();
        parameters.extend([(":after", &after as &dyn ToSql), (":limit", &limit)]);
        tx.all(self.select, &parameters[..], |row| {
            Ok(Redriven {
                app_id: row.get(0)?,
                was: row.get(1)?,
                attempts: row.get(2)?,
                failure: row.get(3)?,
            })
        })
    }

    /// Moves those that are still what they were listed as, and returns them.
    fn put_back(&self, tx: &Work, listed: &[Redriven]) -> Step<Vec<Redriven>> {
        let mut moved = Vec::with_capacity(listed.len());
        for app in listed {
            let Redriven { app_id, attempts, .. } = app;
            let changed = match app.was.as_str() {
                "quarantined" => tx.run(FREE, named_params! {":app_id": app_id})?,
                _ => tx.run(
                    QUEUE,
                    named_params! {":app_id": app_id, ":attempts": attempts, ":now": tx.now},
                )?,
            };
            if changed == 1 {
                self.record(tx, app)?;
                moved.push(app.clone());
            }
        }
        Ok(moved)
    }

    fn record(&self, tx: &Work, app: &Redriven) -> Step<()> {
        let category = app.failure.map(|failure| format!(" ({failure})")).unwrap_or_default();
        let detail = format!("by {}; it was {}{category}", self.requested_by, app.was);
        let parameters = named_params! {
            ":now": tx.now, ":app_id": app.app_id, ":attempts": app.attempts, ":detail": detail,
        };
        tx.run(EVENT, parameters).map(drop)
    }
}
