//! Purging the log: superseded attempts, old events and ended sessions, in chunks.

use rusqlite::{named_params, Connection};

use crate::store::sqlite::binding::milliseconds;
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::transaction::{read, write};
use crate::store::{PurgeRequest, Purged};

const FILE: &str = include_str!("../purge_log.sql");
const ATTEMPTS: &str = statement(FILE, "attempts");
const DELETE_ATTEMPT: &str = statement(FILE, "delete_attempt");
const COUNT_ATTEMPTS: &str = statement(FILE, "count_attempts");
const DELETE_EVENTS: &str = statement(FILE, "delete_events");
const COUNT_EVENTS: &str = statement(FILE, "count_events");
const DELETE_SESSIONS: &str = statement(FILE, "delete_sessions");
const COUNT_SESSIONS: &str = statement(FILE, "count_sessions");
const DELETE_THROUGHPUT: &str = statement(FILE, "delete_throughput");

pub fn purge_log(connection: &mut Connection, request: PurgeRequest) -> Step<Purged> {
    request.check()?;
    let before = read(connection, |tx| Ok(tx.now - milliseconds(request.older_than)))?;
    if !request.execute {
        return read(connection, |tx| {
            Ok(Purged {
                attempts: tx.value(
                    COUNT_ATTEMPTS,
                    named_params! {":before": before, ":orphans": request.orphans},
                )?,
                events: tx.value(COUNT_EVENTS, named_params! {":before": before})?,
                sessions: tx.value(COUNT_SESSIONS, named_params! {":before": before})?,
            })
        });
    }
    let chunk = request.chunk;
    let purged = Purged {
        attempts: purge_attempts(connection, before, request)?,
        events: purge_rows(connection, DELETE_EVENTS, before, chunk)?,
        sessions: purge_rows(connection, DELETE_SESSIONS, before, chunk)?,
    };
    purge_rows(connection, DELETE_THROUGHPUT, before, chunk)?;
    Ok(purged)
}

/// A superseded attempt stays superseded, so it is listed outside the deleting transaction; each
/// chunk continues where the last one ended.
fn purge_attempts(connection: &mut Connection, before: i64, request: PurgeRequest) -> Step<u64> {
    let mut after = (i64::MIN, 0);
    let mut purged = 0;
    loop {
        let superseded: Vec<(i64, i64)> = read(connection, |tx| {
            let parameters = named_params! {
                ":app_id": after.0, ":attempt": after.1, ":before": before,
                ":chunk": request.chunk, ":orphans": request.orphans,
            };
            tx.all(ATTEMPTS, parameters, |row| row.try_into())
        })?;
        let Some(last) = superseded.last() else { return Ok(purged) };
        after = *last;
        purged += write(connection, |tx| {
            let delete = |(app_id, attempt): &(i64, i64)| {
                tx.run(DELETE_ATTEMPT, named_params! {":app_id": app_id, ":attempt": attempt})
            };
            superseded.iter().map(delete).sum::<Step<u64>>()
        })?;
    }
}

fn purge_rows(connection: &mut Connection, sql: &str, before: i64, chunk: u32) -> Step<u64> {
    let mut purged = 0;
    loop {
        let parameters = named_params! {":before": before, ":chunk": chunk};
        match write(connection, |tx| tx.run(sql, parameters))? {
            0 => return Ok(purged),
            deleted => purged += deleted,
        }
    }
}
