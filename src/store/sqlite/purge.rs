//! Purging: superseded attempts, old events and ended sessions, in chunks.

use rusqlite::{named_params, Connection};

use super::binding::milliseconds;
use super::fault::Step;
use super::statement::statement;
use super::transaction::{read, write, Work};
use crate::store::{PurgeRequest, Purged};

const FILE: &str = include_str!("purge_log.sql");
const ATTEMPTS: &str = statement(FILE, "attempts");
const DELETE_ATTEMPT: &str = statement(FILE, "delete_attempt");
const COUNT_ATTEMPTS: &str = statement(FILE, "count_attempts");
const DELETE_EVENTS: &str = statement(FILE, "delete_events");
const COUNT_EVENTS: &str = statement(FILE, "count_events");
const DELETE_SESSIONS: &str = statement(FILE, "delete_sessions");
const COUNT_SESSIONS: &str = statement(FILE, "count_sessions");
const DELETE_THROUGHPUT: &str = statement(FILE, "delete_throughput");

pub(super) fn purge(connection: &mut Connection, request: PurgeRequest) -> Step<Purged> {
    request.check()?;
    let before = read(connection, |tx| Ok(tx.now - milliseconds(request.older_than)))?;
    if !request.execute {
        return read(connection, |tx| {
            Ok(Purged {
                attempts: count(tx, COUNT_ATTEMPTS, before)?,
                events: count(tx, COUNT_EVENTS, before)?,
                sessions: count(tx, COUNT_SESSIONS, before)?,
            })
        });
    }
    let chunk = request.chunk;
    let purged = Purged {
        attempts: purge_attempts(connection, before, chunk)?,
        events: purge_rows(connection, DELETE_EVENTS, before, chunk)?,
        sessions: purge_rows(connection, DELETE_SESSIONS, before, chunk)?,
    };
    purge_rows(connection, DELETE_THROUGHPUT, before, chunk)?;
    Ok(purged)
}

fn count(tx: &Work, sql: &str, before: i64) -> Step<u64> {
    let parameters = named_params! {":before": before};
    Ok(tx.prepare_cached(sql)?.query_row(parameters, |row| row.get(0))?)
}

/// A superseded attempt stays superseded, so it is listed outside the deleting transaction; each
/// chunk goes on where the last one ended.
fn purge_attempts(connection: &mut Connection, before: i64, chunk: u32) -> Step<u64> {
    let mut after = (i64::MIN, 0);
    let mut purged = 0;
    loop {
        let listed = read(connection, |tx| superseded(tx, after, before, chunk))?;
        let Some(last) = listed.last() else { return Ok(purged) };
        after = *last;
        purged += write(connection, |tx| {
            let mut delete = tx.prepare_cached(DELETE_ATTEMPT)?;
            let mut deleted = 0;
            for (app_id, attempt) in &listed {
                deleted +=
                    delete.execute(named_params! {":app_id": app_id, ":attempt": attempt})?;
            }
            Ok(deleted as u64)
        })?;
    }
}

fn superseded(
    tx: &Work,
    (app_id, attempt): (i64, i64),
    before: i64,
    chunk: u32,
) -> Step<Vec<(i64, i64)>> {
    let mut statement = tx.prepare_cached(ATTEMPTS)?;
    let listed = statement
        .query_map(
            named_params! {
                ":app_id": app_id,
                ":attempt": attempt,
                ":before": before,
                ":chunk": chunk,
            },
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(listed)
}

fn purge_rows(connection: &mut Connection, sql: &str, before: i64, chunk: u32) -> Step<u64> {
    let mut purged = 0;
    loop {
        let deleted = write(connection, |tx| {
            Ok(tx
                .prepare_cached(sql)?
                .execute(named_params! {":before": before, ":chunk": chunk})?)
        })?;
        purged += deleted as u64;
        if deleted == 0 {
            return Ok(purged);
        }
    }
}
