//! Deleting the rows of applications that failed after a success.

use rusqlite::{named_params, Connection};

use crate::contract::Contract;
use crate::id::AppId;
use crate::store::sqlite::binding::json_list;
use crate::store::sqlite::fault::{SqliteFault, Step};
use crate::store::sqlite::install::check_installed;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::target::Targets;
use crate::store::sqlite::transaction::{read, write, Work};
use crate::store::{StaleRows, StaleRowsRequest};

const FILE: &str = include_str!("../delete_stale_rows.sql");
const ALL: &str = statement(FILE, "all");
const APP_IDS: &str = statement(FILE, "app_ids");
const FORGET: &str = statement(FILE, "forget");
const EVENT: &str = statement(FILE, "event");

/// Applications per transaction, so that claims get their turn in between.
const CHUNK: u64 = 500;

pub fn delete_stale_rows(
    connection: &mut Connection,
    contract: &Contract,
    request: &StaleRowsRequest,
) -> Step<Vec<StaleRows>> {
    read(connection, |tx| check_installed(tx, contract.hash))?;
    let deletion = Deletion {
        contract,
        targets: Targets::new(contract),
        app_ids: request.app_ids.as_deref().map(json_list),
        requested_by: &request.requested_by,
    };
    let limit = request.canary.unwrap_or(u64::MAX);
    let mut all: Vec<StaleRows> = Vec::new();
    let mut after = AppId(i64::MIN);
    loop {
        let wanted = CHUNK.min(limit - all.len() as u64);
        let listed = read(connection, |tx| deletion.list(tx, after, wanted))?;
        let Some(last) = listed.last() else { return Ok(all) };
        after = last.app_id;
        match request.execute {
            true => all.extend(deletion.delete(connection, listed)?),
            false => all.extend(listed),
        }
    }
}

struct Deletion<'d> {
    contract: &'d Contract,
    targets: Targets<'d>,
    /// A JSON array; `None` for all.
    app_ids: Option<String>,
    requested_by: &'d str,
}

impl Deletion<'_> {
    /// The next applications with stale rows, and how many rows there are.
    fn list(&self, tx: &Work, after: AppId, limit: u64) -> Step<Vec<StaleRows>> {
        let read_row = |row: &rusqlite::Row| {
            let wrote: String = row.get(4)?;
            let stale = StaleRows {
                app_id: row.get(0)?,
                attempt: row.get(1)?,
                failed_attempt: row.get(2)?,
                failure: row.get(3)?,
                tables: Vec::new(),
                refusal: None,
            };
            Ok((stale, tables_with_rows(&wrote)))
        };
        let listed = match &self.app_ids {
            Some(app_ids) => tx.all(
                APP_IDS,
                named_params! {":app_ids": app_ids, ":after": after, ":limit": limit},
                read_row,
            )?,
            None => tx.all(ALL, named_params! {":after": after, ":limit": limit}, read_row)?,
        };
        let count = |(mut stale, wrote): (StaleRows, Vec<String>)| {
            stale.tables = self.targets.count_in(tx, stale.app_id, |t| wrote.contains(&t.name))?;
            stale.refusal = self.lost_table(&wrote);
            Ok(stale)
        };
        listed.into_iter().map(count).collect()
    }

    /// Why none of an application's rows can be deleted: some are in a table that this program does
    /// not know, and an application has all its rows or none.
    fn lost_table(&self, wrote: &[String]) -> Option<String> {
        let known = |name: &&String| self.contract.targets.iter().any(|table| table.name == **name);
        let lost = wrote.iter().find(|name| !known(name))?;
        Some(format!("the attempt also wrote to table {lost}, which is not in the contract"))
    }

    /// Deletes together what the database does not refuse, and alone what it may.
    fn delete(&self, connection: &mut Connection, listed: Vec<StaleRows>) -> Step<Vec<StaleRows>> {
        let delete_all = |tx: &Work| {
            let deleted = listed.iter().map(|app| self.delete_app(tx, app));
            deleted.collect::<Step<Vec<_>>>()
        };
        match write(connection, delete_all) {
            Ok(deleted) => return Ok(deleted.into_iter().flatten().collect()),
            Err(SqliteFault::Row(_)) => {}
            Err(fault) => return Err(fault),
        }
        let mut all = Vec::with_capacity(listed.len());
        for mut app in listed {
            match write(connection, |tx| self.delete_app(tx, &app)) {
                Ok(deleted) => all.extend(deleted),
                Err(SqliteFault::Row(row)) => {
                    app.refusal = Some(row.to_string());
                    all.push(app);
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(all)
    }

    /// `None` if the application was redriven since it was listed.
    fn delete_app(&self, tx: &Work, app: &StaleRows) -> Step<Option<StaleRows>> {
        if app.refusal.is_some() {
            return Ok(Some(app.clone()));
        }
        let key = named_params! {
            ":app_id": app.app_id, ":attempt": app.attempt, ":failed_attempt": app.failed_attempt,
        };
        if tx.run(FORGET, key)? == 0 {
            return Ok(None);
        }
        let listed = |name: &str| app.tables.iter().any(|(table, _)| table == name);
        let tables = self.targets.delete_from(tx, app.app_id, |table| listed(&table.name))?;
        let rows: Vec<String> =
            tables.iter().map(|(table, rows)| format!("{rows} of {table}")).collect();
        let detail = format!("by {}; rows: {}", self.requested_by, rows.join(", "));
        tx.run(
            EVENT,
            named_params! {
                ":now": tx.now, ":app_id": app.app_id, ":attempt": app.attempt, ":detail": detail,
            },
        )?;
        Ok(Some(StaleRows { tables, ..app.clone() }))
    }
}

/// The tables that an attempt wrote rows to, of `{"table": rows, …}`.
pub(super) fn tables_with_rows(rows_per_table: &str) -> Vec<String> {
    let Ok(serde_json::Value::Object(tables)) = serde_json::from_str(rows_per_table) else {
        return Vec::new();
    };
    let wrote = tables.into_iter().filter(|(_, rows)| rows.as_u64() > Some(0));
    wrote.map(|(table, _)| table).collect()
}
