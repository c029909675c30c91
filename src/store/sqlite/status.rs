//! Status: where every application is, read on one view of the database.

use rusqlite::{named_params, Connection};

use super::binding::instant;
use super::fault::Step;
use super::install;
use super::statement::statement;
use super::target::quoted;
use super::transaction::{read, Work};
use crate::outcome::FailureCategory;
use crate::store::{ActiveClaim, SessionSummary, Status};

const FILE: &str = include_str!("get_status.sql");
const SOURCE: &str = statement(FILE, "source");
const QUEUE: &str = statement(FILE, "queue");
const LOG: &str = statement(FILE, "log");
const CLAIMS: &str = statement(FILE, "claims");
const SESSIONS: &str = statement(FILE, "sessions");

pub(super) fn status(connection: &mut Connection) -> Step<Status> {
    read(connection, |tx| {
        let mut status = Status {
            source: count(tx, SOURCE)?,
            table_rows: table_rows(tx)?,
            claims: claims(tx)?,
            sessions: sessions(tx)?,
            paused: super::pause::in_force(tx)?,
            ..Status::default()
        };
        count_queue(tx, &mut status)?;
        count_log(tx, &mut status)?;
        Ok(status)
    })
}

fn count(tx: &Work, sql: &str) -> Step<u64> {
    Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

fn count_queue(tx: &Work, status: &mut Status) -> Step<()> {
    let mut statement = tx.prepare_cached(QUEUE)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let count = row.get(1)?;
        match row.get(0)? {
            0 => status.ready = count,
            1 => status.claimed = count,
            _ => status.quarantined = count,
        }
    }
    Ok(())
}

fn count_log(tx: &Work, status: &mut Status) -> Step<()> {
    let mut statement = tx.prepare_cached(LOG)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let count = row.get(1)?;
        match row.get::<_, Option<FailureCategory>>(0)? {
            None => status.success = count,
            Some(category) => {
                status.failed += count;
                status.failures.push((category, count));
            }
        }
    }
    Ok(())
}

/// Rows per target table. A table that somebody dropped has none.
fn table_rows(tx: &Work) -> Step<Vec<(String, u64)>> {
    install::installed_tables(tx)?
        .into_iter()
        .map(|table| {
            let rows = match install::table_exists(tx, &table)? {
                true => count(tx, &format!("SELECT count(*) FROM {}", quoted(&table)))?,
                false => 0,
            };
            Ok((table, rows))
        })
        .collect()
}

fn claims(tx: &Work) -> Step<Vec<ActiveClaim>> {
    let mut statement = tx.prepare_cached(CLAIMS)?;
    let claims = statement
        .query_map(named_params! {":now": tx.now}, |row| {
            Ok(ActiveClaim {
                token: row.get(0)?,
                worker_name: row.get(1)?,
                apps: row.get(2)?,
                age_seconds: row.get::<_, i64>(3)?.div_euclid(1000),
                remaining_seconds: row.get::<_, i64>(4)?.div_euclid(1000),
                renewals: row.get(5)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(claims)
}

fn sessions(tx: &Work) -> Step<Vec<SessionSummary>> {
    let mut statement = tx.prepare_cached(SESSIONS)?;
    let sessions = statement
        .query_map([], |row| {
            Ok(SessionSummary {
                session: row.get(0)?,
                worker_name: row.get(1)?,
                started_at: instant(row.get(2)?),
                last_seen_at: instant(row.get(3)?),
                ended_at: row.get::<_, Option<i64>>(4)?.map(instant),
                exit_status: row.get(5)?,
                claimed: row.get(6)?,
                success: row.get(7)?,
                failed: row.get(8)?,
                released: row.get(9)?,
                reaped: row.get(10)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(sessions)
}
