//! Retrying: failed and quarantined applications go round again.

use rusqlite::{Connection, ToSql};

use super::fault::Step;
use super::queue_again::{id_list, Redrive};
use super::statement::statement;
use crate::store::{Redriven, RetryRequest, RetrySelector};

const FILE: &str = include_str!("retry_failed.sql");
const APP_IDS: &str = statement(FILE, "app_ids");
const CATEGORY: &str = statement(FILE, "category");
const FINGERPRINT: &str = statement(FILE, "fingerprint");
const QUARANTINED: &str = statement(FILE, "quarantined");
const ALL: &str = statement(FILE, "all");

pub(super) fn retry(connection: &mut Connection, request: &RetryRequest) -> Step<Vec<Redriven>> {
    let app_ids = match &request.selector {
        RetrySelector::AppIds(ids) => id_list(ids),
        _ => String::new(),
    };
    let (select, parameters): (_, Vec<(_, &dyn ToSql)>) = match &request.selector {
        RetrySelector::AppIds(_) => (APP_IDS, vec![(":app_ids", &app_ids)]),
        RetrySelector::Category(category) => (CATEGORY, vec![(":category", category)]),
        RetrySelector::Fingerprint(text) => (FINGERPRINT, vec![(":fingerprint", text)]),
        RetrySelector::Quarantined => (QUARANTINED, vec![]),
        RetrySelector::All => (ALL, vec![]),
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
