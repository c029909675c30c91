//! Claiming, renewing, releasing and reaping: what a token holds, and for how long.

use std::time::Duration;

use rusqlite::{named_params, Connection};

use super::binding::{instant, json_list, milliseconds};
use super::fault::Step;
use super::inspect::read_document;
use super::install::check_installed;
use super::session::{pause_in_force, record_share, Tally};
use super::statement::statement;
use super::transaction::{read, write, Work};
use crate::figures::counted;
use crate::id::{AppId, ClaimToken, SessionId};
use crate::store::{
    check_lease, failpoint, Batch, ClaimRequest, Claimed, ClaimedApp, Pause, ReapRequest, Reaped,
    Renewal, Share, StoreError,
};

const CLAIM_BATCH: &str = include_str!("claim_batch.sql");
const HELD: &str = statement(CLAIM_BATCH, "held");
const EXTEND_HELD: &str = statement(CLAIM_BATCH, "extend_held");
const HELD_APPS: &str = statement(CLAIM_BATCH, "held_apps");
const CLAIM: &str = statement(CLAIM_BATCH, "claim");
const NEXT_REAPS: &str = statement(CLAIM_BATCH, "next_reaps");
const PICK: &str = statement(CLAIM_BATCH, "pick");
const CLAIM_APPS: &str = statement(CLAIM_BATCH, "claim_apps");
const CLAIMED: &str = statement(CLAIM_BATCH, "event");
const CLAIMED_ELSEWHERE: &str = statement(CLAIM_BATCH, "claimed_elsewhere");

const RENEW_LEASE: &str = include_str!("renew_lease.sql");
const RENEW: &str = statement(RENEW_LEASE, "renew");
const SEEN: &str = statement(RENEW_LEASE, "session");
const RENEWED: &str = statement(RENEW_LEASE, "event");

const RELEASE_CLAIM: &str = include_str!("release_claim.sql");
const END_CLAIM: &str = statement(RELEASE_CLAIM, "claim");
const RELEASED: &str = statement(RELEASE_CLAIM, "event");
const RELEASE_APPS: &str = statement(RELEASE_CLAIM, "queue");

const REAP_EXPIRED: &str = include_str!("reap_expired.sql");
const FROM_THE_FUTURE: &str = statement(REAP_EXPIRED, "from_the_future");
const SHORTEN: &str = statement(REAP_EXPIRED, "shorten");
const EXPIRED: &str = statement(REAP_EXPIRED, "expired");
const REAP_CLAIM: &str = statement(REAP_EXPIRED, "claim");
const EXPIRED_APPS: &str = statement(REAP_EXPIRED, "held");
const REAP_APP: &str = statement(REAP_EXPIRED, "queue");
const WORKER: &str = statement(REAP_EXPIRED, "worker");
const HISTORY: &str = statement(REAP_EXPIRED, "history");
const REAPED: &str = statement(REAP_EXPIRED, "event");
const COUNT_REAPED: &str = statement(REAP_EXPIRED, "session");

/// What the claiming transaction returns, before any document is read.
enum Leased {
    Apps { claimed_at: i64, apps: Vec<LeasedApp> },
    Nothing { claimed_elsewhere: u64 },
    Paused(Pause),
}

struct LeasedApp {
    app_id: AppId,
    attempt: u32,
}

pub(super) fn claim_batch(connection: &mut Connection, request: &ClaimRequest) -> Step<Claimed> {
    request.check()?;
    let (claimed_at, leased) = match write(connection, |tx| lease(tx, request))? {
        Leased::Apps { claimed_at, apps } => (instant(claimed_at), apps),
        Leased::Nothing { claimed_elsewhere } => return Ok(Claimed::Empty { claimed_elsewhere }),
        Leased::Paused(pause) => return Ok(Claimed::Paused(pause)),
    };
    failpoint::hit(failpoint::AFTER_CLAIM);
    // Documents are read after the commit: a large one must not keep the queue locked.
    let apps = read(connection, |tx| {
        let read = |app: &LeasedApp| {
            let LeasedApp { app_id, attempt } = *app;
            Ok(ClaimedApp { app_id, attempt, document: read_document(tx, app_id)? })
        };
        leased.iter().map(read).collect::<Step<Vec<_>>>()
    })?;
    Ok(Claimed::Batch(Batch { token: request.token, claimed_at, apps }))
}

fn lease(tx: &Work, request: &ClaimRequest) -> Step<Leased> {
    check_installed(tx, request.contract_hash)?;
    if let Some(held) = repeat(tx, request)? {
        return Ok(held);
    }
    if let Some(pause) = pause_in_force(tx)? {
        return Ok(Leased::Paused(pause));
    }
    let apps = pick(tx, request)?;
    if apps.is_empty() {
        return Ok(Leased::Nothing { claimed_elsewhere: claimed_elsewhere(tx, &request.share)? });
    }
    claim_apps(tx, request, &apps)?;
    Ok(Leased::Apps { claimed_at: tx.now, apps })
}

/// The claim that the token already has, with its lease extended: the earlier answer was lost.
fn repeat(tx: &Work, request: &ClaimRequest) -> Step<Option<Leased>> {
    let token = named_params! {":token": request.token};
    let held: Option<(SessionId, i64)> = tx.find(HELD, token, |row| row.try_into())?;
    let Some((session, claimed_at)) = held else { return Ok(None) };
    if session != request.session {
        return Err(StoreError::Refused(format!(
            "claim {} belongs to session {}, not to {}; generate a new token for each claim",
            request.token.0, session.0, request.session.0
        ))
        .into());
    }
    let lease_ms = milliseconds(request.lease);
    tx.run(
        EXTEND_HELD,
        named_params! {":token": request.token, ":now": tx.now, ":lease_ms": lease_ms},
    )?;
    let apps = tx
        .all(HELD_APPS, token, |row| Ok(LeasedApp { app_id: row.get(0)?, attempt: row.get(1)? }))?;
    Ok(Some(Leased::Apps { claimed_at, apps }))
}

/// The applications to claim, in ascending order: above `after_app_id`, then once from the start.
/// Those that were reaped or refused least often come first, and the more often that was, the fewer
/// they are: so a document that kills its workers is soon alone, and one that stops them comes last.
fn pick(tx: &Work, request: &ClaimRequest) -> Step<Vec<LeasedApp>> {
    let mut picked = Picked::default();
    let mut reaps = Some(0);
    while let Some(level) = reaps.filter(|_| picked.apps.is_empty()) {
        let limit = request.batch_size.checked_shr(level).unwrap_or(0).max(1) as usize;
        for span in spans(request) {
            pick_span(tx, request, span, level, limit, &mut picked)?;
            if picked.full || picked.apps.len() >= limit {
                break;
            }
        }
        reaps = tx.find(NEXT_REAPS, named_params! {":reaps": level}, |row| row.get(0))?;
    }
    picked.apps.sort_by_key(|app| app.app_id);
    Ok(picked.apps)
}

#[derive(Default)]
struct Picked {
    apps: Vec<LeasedApp>,
    bytes: u64,
    /// The next document would have exceeded the limit of bytes.
    full: bool,
}

/// Inclusive spans of ids to search, in this order.
fn spans(request: &ClaimRequest) -> Vec<(i64, i64)> {
    let (start, end) = bounds(&request.share);
    match request.after_app_id {
        Some(AppId(after)) if after < end => {
            vec![(start.max(after + 1), end), (start, after)]
        }
        _ => vec![(start, end)],
    }
}

fn bounds(share: &Share) -> (i64, i64) {
    (share.app_id_start.map_or(i64::MIN, |id| id.0), share.app_id_end.map_or(i64::MAX, |id| id.0))
}

fn pick_span(
    tx: &Work,
    request: &ClaimRequest,
    (from, to): (i64, i64),
    reaps: u32,
    limit: usize,
    picked: &mut Picked,
) -> Step<()> {
    let (instance_id, instance_count) = request.share.instance();
    let mut statement = tx.prepare_cached(PICK)?;
    let mut rows = statement.query(named_params! {
        ":reaps": reaps, ":from": from, ":to": to,
        ":instance_id": instance_id, ":instance_count": instance_count,
        ":limit": limit - picked.apps.len(),
    })?;
    while let Some(row) = rows.next()? {
        let bytes = row.get::<_, u64>(2)?;
        if !picked.apps.is_empty() && picked.bytes.saturating_add(bytes) > request.max_bytes {
            picked.full = true;
            break;
        }
        picked.bytes = picked.bytes.saturating_add(bytes);
        picked.apps.push(LeasedApp { app_id: row.get(0)?, attempt: row.get::<_, u32>(1)? + 1 });
    }
    Ok(())
}

fn claim_apps(tx: &Work, request: &ClaimRequest, picked: &[LeasedApp]) -> Step<()> {
    let ClaimRequest { token, session, .. } = *request;
    let app_count = picked.len();
    tx.run(
        CLAIM,
        named_params! {
            ":token": token, ":session": session, ":now": tx.now,
            ":lease_ms": milliseconds(request.lease), ":app_count": app_count,
        },
    )?;
    let app_ids: Vec<AppId> = picked.iter().map(|app| app.app_id).collect();
    tx.run(CLAIM_APPS, named_params! {":token": token, ":app_ids": json_list(&app_ids)})?;
    tx.run(
        CLAIMED,
        named_params! {
            ":now": tx.now, ":app_count": app_count, ":token": token, ":session": session,
        },
    )?;
    record_share(tx, session, &request.share)?;
    Tally { claimed: app_count as u64, ..Tally::default() }.record(tx, session)
}

fn claimed_elsewhere(tx: &Work, share: &Share) -> Step<u64> {
    let (from, to) = bounds(share);
    let (instance_id, instance_count) = share.instance();
    let parameters = named_params! {
        ":from": from, ":to": to,
        ":instance_id": instance_id, ":instance_count": instance_count,
    };
    tx.value(CLAIMED_ELSEWHERE, parameters)
}

/// One row, however large the batch.
pub(super) fn renew_lease(
    connection: &mut Connection,
    token: ClaimToken,
    lease: Duration,
) -> Step<Renewal> {
    check_lease(lease)?;
    write(connection, |tx| {
        let lease_ms = milliseconds(lease);
        let parameters = named_params! {":token": token, ":now": tx.now, ":lease_ms": lease_ms};
        let held: Option<(SessionId, i64)> = tx.find(RENEW, parameters, |row| row.try_into())?;
        let Some((session, app_count)) = held else { return Ok(Renewal::Lost) };
        tx.run(SEEN, named_params! {":session": session, ":now": tx.now})?;
        tx.run(
            RENEWED,
            named_params! {
                ":now": tx.now, ":app_count": app_count, ":token": token, ":session": session,
            },
        )?;
        Ok(Renewal::Renewed)
    })
}

pub(super) fn release_claim(
    connection: &mut Connection,
    token: ClaimToken,
    reason: &str,
) -> Step<u64> {
    write(connection, |tx| {
        let held = tx.find(END_CLAIM, named_params! {":token": token}, |row| row.get(0))?;
        let Some(session): Option<SessionId> = held else { return Ok(0) };
        tx.run(
            RELEASED,
            named_params! {
                ":now": tx.now, ":token": token, ":session": session, ":reason": reason,
            },
        )?;
        let released = tx.run(RELEASE_APPS, named_params! {":token": token})?;
        Tally { released, ..Tally::default() }.record(tx, session)?;
        Ok(released)
    })
}

pub(super) fn reap_expired(connection: &mut Connection, request: ReapRequest) -> Step<Reaped> {
    request.check()?;
    if read(connection, |tx| tx.exists(FROM_THE_FUTURE, named_params! {":now": tx.now}))? {
        write(connection, |tx| tx.run(SHORTEN, named_params! {":now": tx.now}))?;
    }
    let expired: Vec<ClaimToken> = read(connection, |tx| {
        let parameters = named_params! {":now": tx.now, ":max_claims": request.max_claims};
        tx.all(EXPIRED, parameters, |row| row.get(0))
    })?;
    let mut reaped = Reaped::default();
    for token in expired {
        let one = write(connection, |tx| reap_claim(tx, token, request.max_reaps))?;
        reaped.claims += one.claims;
        reaped.apps += one.apps;
        reaped.quarantined += one.quarantined;
    }
    Ok(reaped)
}

/// A claim as it was when it was reaped.
struct DeadClaim {
    token: ClaimToken,
    session: SessionId,
    worker: String,
    expired_at: i64,
}

struct ExpiredApp {
    app_id: AppId,
    attempt: u32,
    reaps: u32,
    lone_reaps: u32,
}

fn reap_claim(tx: &Work, token: ClaimToken, max_reaps: u32) -> Step<Reaped> {
    let Some(dead) = end_expired(tx, token)? else { return Ok(Reaped::default()) };
    let held = tx.all(EXPIRED_APPS, named_params! {":token": token}, |row| {
        Ok(ExpiredApp {
            app_id: row.get(0)?,
            attempt: row.get(1)?,
            reaps: row.get(2)?,
            lone_reaps: row.get(3)?,
        })
    })?;
    let alone = held.len() == 1;
    let mut reaped = Reaped { claims: 1, ..Reaped::default() };
    for app in &held {
        let quarantine = alone && app.lone_reaps + 1 >= max_reaps;
        reap_app(tx, &dead, app, alone, quarantine)?;
        match quarantine {
            true => reaped.quarantined += 1,
            false => reaped.apps += 1,
        }
    }
    tx.run(COUNT_REAPED, named_params! {":session": dead.session, ":apps": held.len()})?;
    Ok(reaped)
}

/// Deletes the claim if its lease is still expired; `None` when it was renewed, completed,
/// released or reaped since it was listed.
fn end_expired(tx: &Work, token: ClaimToken) -> Step<Option<DeadClaim>> {
    let parameters = named_params! {":token": token, ":now": tx.now};
    let ended: Option<(SessionId, i64)> = tx.find(REAP_CLAIM, parameters, |row| row.try_into())?;
    let Some((session, expired_at)) = ended else { return Ok(None) };
    let worker = tx.find(WORKER, named_params! {":session": session}, |row| row.get(0))?;
    let worker = worker.unwrap_or_else(|| session.0.to_string());
    Ok(Some(DeadClaim { token, session, worker, expired_at }))
}

fn reap_app(
    tx: &Work,
    dead: &DeadClaim,
    app: &ExpiredApp,
    alone: bool,
    quarantine: bool,
) -> Step<()> {
    tx.run(
        REAP_APP,
        named_params! {
            ":app_id": app.app_id, ":token": dead.token, ":alone": alone,
            ":state": if quarantine { 2 } else { 0 },
        },
    )?;
    let record = |event_type: &str, detail: String| {
        tx.run(
            REAPED,
            named_params! {
                ":now": tx.now, ":event_type": event_type, ":app_id": app.app_id,
                ":attempt": app.attempt, ":token": dead.token, ":session": dead.session,
                ":detail": detail,
            },
        )
    };
    record(
        "reaped",
        format!(
            "the lease of worker {} expired at {}; reaped {}{}",
            dead.worker,
            instant(dead.expired_at).format("%Y-%m-%d %H:%M:%S%.3f UTC"),
            counted(app.reaps + 1, "time"),
            match alone {
                true => format!(", {} of them alone in its claim", app.lone_reaps + 1),
                false => String::new(),
            },
        ),
    )?;
    if quarantine {
        record("quarantined", reason_for_quarantine(tx, app.app_id, app.lone_reaps + 1)?)?;
    }
    Ok(())
}

/// Why an application is quarantined: the workers that were reaped with it, and what the database
/// refused it for.
pub(super) fn reason_for_quarantine(tx: &Work, app_id: AppId, lone_reaps: u32) -> Step<String> {
    let history: Vec<(String, String, Option<String>)> =
        tx.all(HISTORY, named_params! {":app_id": app_id}, |row| row.try_into())?;
    let (reaped, refused): (Vec<_>, Vec<_>) =
        history.iter().partition(|(event, ..)| event == "reaped");
    let workers: Vec<&str> = reaped.iter().map(|(_, worker, _)| worker.as_str()).collect();
    let mut reason = format!("the only possible cause {}", counted(lone_reaps, "time"));
    if !workers.is_empty() {
        reason += &format!("; reaped from workers that died or lost it: {}", workers.join(", "));
    }
    if let Some((.., Some(message))) = refused.last() {
        reason += &format!(
            "; refused by the database {}, at last: {message}",
            counted(refused.len(), "time")
        );
    }
    Ok(reason)
}
