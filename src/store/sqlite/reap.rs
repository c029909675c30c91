//! Reaping: claims whose lease has passed are taken back, one per transaction.

use rusqlite::{named_params, Connection, OptionalExtension};

use super::binding::instant;
use super::fault::Step;
use super::statement::statement;
use super::transaction::{read, write, Work};
use crate::id::AppId;
use crate::id::{ClaimToken, SessionId};
use crate::store::{ReapRequest, Reaped};

const FILE: &str = include_str!("reap_expired.sql");
const EXPIRED: &str = statement(FILE, "expired");
const CLAIM: &str = statement(FILE, "claim");
const HELD: &str = statement(FILE, "held");
const QUEUE: &str = statement(FILE, "queue");
const WORKER: &str = statement(FILE, "worker");
const HISTORY: &str = statement(FILE, "history");
const EVENT: &str = statement(FILE, "event");
const SESSION: &str = statement(FILE, "session");

pub(super) fn reap(connection: &mut Connection, request: ReapRequest) -> Step<Reaped> {
    request.check()?;
    let mut reaped = Reaped::default();
    for token in expired(connection, request.max_claims)? {
        let one = write(connection, |tx| reap_claim(tx, token, request.max_reaps))?;
        reaped.claims += one.claims;
        reaped.apps += one.apps;
        reaped.quarantined += one.quarantined;
    }
    Ok(reaped)
}

fn expired(connection: &mut Connection, max_claims: u32) -> Step<Vec<ClaimToken>> {
    read(connection, |tx| {
        let mut statement = tx.prepare_cached(EXPIRED)?;
        let tokens = statement
            .query_map(named_params! {":now": tx.now, ":max_claims": max_claims}, |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(tokens)
    })
}

/// A claim as it was when it was taken back.
struct DeadClaim {
    token: ClaimToken,
    session: SessionId,
    worker: String,
    expired_at: i64,
}

fn reap_claim(tx: &Work, token: ClaimToken, max_reaps: u32) -> Step<Reaped> {
    let Some(dead) = take_claim(tx, token)? else { return Ok(Reaped::default()) };
    let held = held(tx, token)?;
    let alone = held.len() == 1;
    let mut reaped = Reaped { claims: 1, ..Reaped::default() };
    for app in &held {
        let quarantine = alone && app.lone_reaps + 1 >= max_reaps;
        take_back(tx, &dead, app, alone, quarantine)?;
        match quarantine {
            true => reaped.quarantined += 1,
            false => reaped.apps += 1,
        }
    }
    tx.prepare_cached(SESSION)?
        .execute(named_params! {":session": dead.session, ":apps": held.len()})?;
    Ok(reaped)
}

/// Deletes the claim if its lease is over still; `None` when it was renewed, completed, released
/// or reaped since it was listed.
fn take_claim(tx: &Work, token: ClaimToken) -> Step<Option<DeadClaim>> {
    let taken: Option<(SessionId, i64)> = tx
        .prepare_cached(CLAIM)?
        .query_row(named_params! {":token": token, ":now": tx.now}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((session, expired_at)) = taken else { return Ok(None) };
    let worker: Option<String> = tx
        .prepare_cached(WORKER)?
        .query_row(named_params! {":session": session}, |row| row.get(0))
        .optional()?;
    let worker = worker.unwrap_or_else(|| session.0.to_string());
    Ok(Some(DeadClaim { token, session, worker, expired_at }))
}

struct HeldApp {
    app_id: AppId,
    attempt: u32,
    reaps: u32,
    lone_reaps: u32,
}

fn held(tx: &Work, token: ClaimToken) -> Step<Vec<HeldApp>> {
    let mut statement = tx.prepare_cached(HELD)?;
    let held = statement
        .query_map(named_params! {":token": token}, |row| {
            Ok(HeldApp {
                app_id: row.get(0)?,
                attempt: row.get(1)?,
                reaps: row.get(2)?,
                lone_reaps: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(held)
}

fn take_back(
    tx: &Work,
    dead: &DeadClaim,
    app: &HeldApp,
    alone: bool,
    quarantine: bool,
) -> Step<()> {
    tx.prepare_cached(QUEUE)?.execute(named_params! {
        ":app_id": app.app_id,
        ":token": dead.token,
        ":state": if quarantine { 2 } else { 0 },
        ":alone": alone,
        ":now": tx.now,
    })?;
    let company = if alone { ", alone in its claim" } else { "" };
    let detail = format!(
        "worker {} let its lease pass at {}; reaped {} times{company}",
        dead.worker,
        instant(dead.expired_at).format("%Y-%m-%d %H:%M:%S%.3f UTC"),
        app.reaps + 1,
    );
    record(tx, dead, app, "reaped", &detail)?;
    if !quarantine {
        return Ok(());
    }
    let detail = format!(
        "reaped {} times while alone in its claim; its workers: {}",
        app.lone_reaps + 1,
        history(tx, app.app_id)?.join(", ")
    );
    record(tx, dead, app, "quarantined", &detail)
}

/// The workers that were reaped with the application, oldest first.
fn history(tx: &Work, app_id: AppId) -> Step<Vec<String>> {
    let mut statement = tx.prepare_cached(HISTORY)?;
    let workers = statement
        .query_map(named_params! {":app_id": app_id}, |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(workers)
}

fn record(tx: &Work, dead: &DeadClaim, app: &HeldApp, event_type: &str, detail: &str) -> Step<()> {
    tx.prepare_cached(EVENT)?.execute(named_params! {
        ":now": tx.now,
        ":event_type": event_type,
        ":app_id": app.app_id,
        ":attempt": app.attempt,
        ":token": dead.token,
        ":session": dead.session,
        ":detail": detail,
    })?;
    Ok(())
}
