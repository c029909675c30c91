//! Requeueing: finished applications are done again, their rows replaced.

use rusqlite::{Connection, ToSql};

use super::fault::Step;
use super::install;
use super::queue_again::{id_list, Redrive};
use super::statement::statement;
use crate::contract::Contract;
use crate::store::{check_replaces, Redriven, RequeueRequest, RequeueSelector};

const FILE: &str = include_str!("requeue_apps.sql");
const APP_IDS: &str = statement(FILE, "app_ids");
const RANGE: &str = statement(FILE, "range");
const OLDER_CONTRACT: &str = statement(FILE, "older_contract");
const CHANGED_DOCUMENT: &str = statement(FILE, "changed_document");

pub(super) fn requeue(
    connection: &mut Connection,
    contract: &Contract,
    request: &RequeueRequest,
) -> Step<Vec<Redriven>> {
    check_replaces(contract)?;
    install::check_installed(connection, contract.hash)?;
    let app_ids = match &request.selector {
        RequeueSelector::AppIds(ids) => id_list(ids),
        _ => String::new(),
    };
    let (select, parameters): (_, Vec<(_, &dyn ToSql)>) = match &request.selector {
        RequeueSelector::AppIds(_) => (APP_IDS, vec![(":app_ids", &app_ids)]),
        RequeueSelector::Range { start, end } => (RANGE, vec![(":start", start), (":end", end)]),
        RequeueSelector::OlderContract(hash) => (OLDER_CONTRACT, vec![(":contract_hash", hash)]),
        RequeueSelector::ChangedDocument => (CHANGED_DOCUMENT, vec![]),
    };
    Redrive {
        select,
        parameters,
        canary: request.canary,
        execute: request.execute,
        requested_by: &request.requested_by,
    }
    .run(connection)
}
