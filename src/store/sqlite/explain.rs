//! One application's whole life.

use rusqlite::{named_params, Connection, OptionalExtension, Row};

use super::binding::instant;
use super::fault::Step;
use super::pause;
use super::statement::statement;
use super::transaction::{read, Work};
use crate::id::AppId;
use crate::store::LifeEvent;

const FILE: &str = include_str!("explain_app.sql");
const LIFE: &str = statement(FILE, "life");
const STATE: &str = statement(FILE, "state");
const CONCLUDED: &str = statement(FILE, "concluded");
const SOURCE: &str = statement(FILE, "source");

pub(super) fn explain(connection: &mut Connection, app_id: AppId) -> Step<Vec<LifeEvent>> {
    read(connection, |tx| {
        let mut life: Vec<LifeEvent> = tx
            .prepare_cached(LIFE)?
            .query_map(named_params! {":app_id": app_id}, event)?
            .collect::<rusqlite::Result<_>>()?;
        life.push(now(tx, app_id)?);
        Ok(life)
    })
}

fn event(row: &Row) -> rusqlite::Result<LifeEvent> {
    Ok(LifeEvent {
        at: instant(row.get(0)?),
        event: row.get(1)?,
        attempt: row.get(2)?,
        worker_name: row.get(3)?,
        host: row.get(4)?,
        detail: row.get(5)?,
        claim: row.get(6)?,
    })
}

/// Where it is at this moment, and what happens next.
fn now(tx: &Work, app_id: AppId) -> Step<LifeEvent> {
    let mut now = LifeEvent {
        at: instant(tx.now),
        event: "now".to_owned(),
        attempt: None,
        worker_name: None,
        host: None,
        detail: None,
        claim: None,
    };
    let queued = tx.prepare_cached(STATE)?.query_row(named_params! {":app_id": app_id}, queued);
    now.detail = Some(match queued.optional()? {
        None => unqueued(tx, app_id)?,
        Some(queued) => {
            now.attempt = Some(queued.attempts);
            now.claim = queued.claim;
            now.worker_name = queued.worker_name.clone();
            now.host = queued.host.clone();
            in_words(tx, app_id, &queued)?
        }
    });
    Ok(now)
}

struct Queued {
    state: u8,
    attempts: u32,
    reaps: u32,
    available_at: i64,
    claim: Option<crate::id::ClaimToken>,
    lease_expires_at: Option<i64>,
    worker_name: Option<String>,
    host: Option<String>,
}

fn queued(row: &Row) -> rusqlite::Result<Queued> {
    Ok(Queued {
        state: row.get(0)?,
        attempts: row.get(1)?,
        reaps: row.get(2)?,
        available_at: row.get(3)?,
        claim: row.get(4)?,
        lease_expires_at: row.get(5)?,
        worker_name: row.get(6)?,
        host: row.get(7)?,
    })
}

fn in_words(tx: &Work, app_id: AppId, queued: &Queued) -> Step<String> {
    Ok(match queued.state {
        1 => {
            let left = queued.lease_expires_at.unwrap_or(tx.now) - tx.now;
            format!("claimed; the lease ends in {} seconds unless it is renewed", left / 1000)
        }
        2 => format!("quarantined; mend the cause, then `xmlshred retry --app-id {app_id}`"),
        _ => match pause::in_force(tx)? {
            Some(pause) => format!("ready, but claiming is paused: {}", pause.reason),
            None if queued.available_at > tx.now => {
                format!("ready from {} on", instant(queued.available_at))
            }
            None if queued.reaps > 0 => {
                format!("ready; reaped {} times, so it goes out in a smaller batch", queued.reaps)
            }
            None => "ready: the next worker that comes to it takes it".to_owned(),
        },
    })
}

fn unqueued(tx: &Work, app_id: AppId) -> Step<String> {
    let parameters = named_params! {":app_id": app_id};
    let concluded: Option<Option<String>> =
        tx.prepare_cached(CONCLUDED)?.query_row(parameters, |row| row.get(0)).optional()?;
    Ok(match concluded {
        Some(None) => "finished".to_owned(),
        Some(Some(category)) => {
            format!("failed ({category}); mend the cause, then `xmlshred retry --app-id {app_id}`")
        }
        None if tx.prepare_cached(SOURCE)?.exists(parameters)? => {
            "in the source table, but not enqueued: run `xmlshred enqueue`".to_owned()
        }
        None => "unknown: not in the source table, the queue or the log".to_owned(),
    })
}
