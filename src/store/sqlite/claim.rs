//! Claiming: a batch leased to a token, then its documents.

use rusqlite::types::ValueRef;
use rusqlite::{named_params, Connection, OptionalExtension};

use super::binding::{instant, milliseconds};
use super::fault::Step;
use super::install;
use super::pause;
use super::statement::statement;
use super::throughput::Tally;
use super::transaction::{patiently, write, Work};
use crate::document::{Document, DocumentEncoding};
use crate::id::AppId;
use crate::id::SessionId;
use crate::store::{failpoint, Batch, ClaimRequest, Claimed, ClaimedApp, Pause, Share, StoreError};

const FILE: &str = include_str!("claim_batch.sql");
const HELD: &str = statement(FILE, "held");
const EXTEND_HELD: &str = statement(FILE, "extend_held");
const HELD_APPS: &str = statement(FILE, "held_apps");
const CLAIM: &str = statement(FILE, "claim");
const FIRST: &str = statement(FILE, "first");
const PICK: &str = statement(FILE, "pick");
const TAKE: &str = statement(FILE, "take");
const EVENT: &str = statement(FILE, "event");
const CLAIMED_ELSEWHERE: &str = statement(FILE, "claimed_elsewhere");
const DOCUMENT: &str = statement(FILE, "document");

/// What the claiming transaction answers, before any document is read.
enum Leased {
    Apps { claimed_at: i64, apps: Vec<LeasedApp> },
    Nothing { claimed_elsewhere: u64 },
    Paused(Pause),
}

struct LeasedApp {
    app_id: AppId,
    attempt: u32,
}

pub(super) fn claim(connection: &mut Connection, request: &ClaimRequest) -> Step<Claimed> {
    request.check()?;
    let (claimed_at, leased) = match write(connection, |tx| lease(tx, request))? {
        Leased::Apps { claimed_at, apps } => (claimed_at, apps),
        Leased::Nothing { claimed_elsewhere } => return Ok(Claimed::Empty { claimed_elsewhere }),
        Leased::Paused(pause) => return Ok(Claimed::Paused(pause)),
    };
    failpoint::hit(failpoint::AFTER_CLAIM);
    // Only now: a large document must not keep the queue locked.
    let apps = leased
        .into_iter()
        .map(|LeasedApp { app_id, attempt }| {
            let document = read_document(connection, app_id)?;
            Ok(ClaimedApp { app_id, attempt, document })
        })
        .collect::<Step<Vec<_>>>()?;
    Ok(Claimed::Batch(Batch { token: request.token, claimed_at: instant(claimed_at), apps }))
}

/// One source document; `None` when there is no such row or it is null.
pub(super) fn read_document(connection: &Connection, app_id: AppId) -> Step<Option<Document>> {
    patiently(|| {
        let mut statement = connection.prepare_cached(DOCUMENT)?;
        let found = statement
            .query_row(named_params! {":app_id": app_id}, |row| Ok(document(row.get_ref(0)?)))
            .optional()?;
        Ok(found.flatten())
    })
}

fn document(value: ValueRef<'_>) -> Option<Document> {
    match value {
        ValueRef::Text(bytes) => {
            Some(Document { bytes: bytes.to_vec(), encoding: DocumentEncoding::Utf8 })
        }
        ValueRef::Blob(bytes) => {
            Some(Document { bytes: bytes.to_vec(), encoding: DocumentEncoding::Detect })
        }
        _ => None,
    }
}

fn lease(tx: &Work, request: &ClaimRequest) -> Step<Leased> {
    install::check_installed(tx, request.contract_hash)?;
    if let Some(held) = repeat(tx, request)? {
        return Ok(held);
    }
    if let Some(pause) = pause::in_force(tx)? {
        return Ok(Leased::Paused(pause));
    }
    let picked = pick(tx, request)?;
    if picked.is_empty() {
        return Ok(Leased::Nothing { claimed_elsewhere: claimed_elsewhere(tx, &request.share)? });
    }
    take(tx, request, &picked)?;
    Ok(Leased::Apps { claimed_at: tx.now, apps: picked })
}

/// The claim that the token has already, its lease begun anew: the answer was lost.
fn repeat(tx: &Work, request: &ClaimRequest) -> Step<Option<Leased>> {
    let held: Option<(SessionId, i64)> = tx
        .prepare_cached(HELD)?
        .query_row(named_params! {":token": request.token}, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((session, claimed_at)) = held else { return Ok(None) };
    if session != request.session {
        return Err(StoreError::Refused(format!(
            "claim {} belongs to session {}, not to {}; make a new token for each claim",
            request.token.0, session.0, request.session.0
        ))
        .into());
    }
    tx.prepare_cached(EXTEND_HELD)?.execute(named_params! {
        ":token": request.token,
        ":now": tx.now,
        ":lease_ms": milliseconds(request.lease),
    })?;
    let apps = tx
        .prepare_cached(HELD_APPS)?
        .query_map(named_params! {":token": request.token}, |row| {
            Ok(LeasedApp { app_id: row.get(0)?, attempt: row.get(1)? })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Some(Leased::Apps { claimed_at, apps }))
}

/// The applications to take, in ascending order: above `after_app_id`, then once from the start.
/// All have been reaped equally often, and the more often, the fewer they are: so a document that
/// kills its workers is soon alone.
fn pick(tx: &Work, request: &ClaimRequest) -> Step<Vec<LeasedApp>> {
    let mut picked = Picked::default();
    let mut reaps: Option<u32> = None;
    for span in spans(request) {
        if reaps.is_none() {
            reaps = first_reaps(tx, &request.share, span)?;
        }
        let Some(reaps) = reaps else { continue };
        let limit = request.batch_size.checked_shr(reaps).unwrap_or(0).max(1) as usize;
        pick_span(tx, request, span, reaps, limit, &mut picked)?;
        if picked.full || picked.apps.len() >= limit {
            break;
        }
    }
    picked.apps.sort_by_key(|app| app.app_id);
    Ok(picked.apps)
}

#[derive(Default)]
struct Picked {
    apps: Vec<LeasedApp>,
    bytes: u64,
    /// The next document would have passed the bound on bytes.
    full: bool,
}

/// Inclusive spans of ids to look at, in this order.
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

/// `instance_id` and `instance_count`; the whole queue is partition 0 of 1.
fn partition(share: &Share) -> (u32, u32) {
    share.partition.map_or((0, 1), |p| (p.instance_id, p.instance_count))
}

fn first_reaps(tx: &Work, share: &Share, (from, to): (i64, i64)) -> Step<Option<u32>> {
    let (instance_id, instance_count) = partition(share);
    Ok(tx
        .prepare_cached(FIRST)?
        .query_row(
            named_params! {
                ":from": from,
                ":to": to,
                ":now": tx.now,
                ":instance_id": instance_id,
                ":instance_count": instance_count,
            },
            |row| row.get(0),
        )
        .optional()?)
}

fn pick_span(
    tx: &Work,
    request: &ClaimRequest,
    (from, to): (i64, i64),
    reaps: u32,
    limit: usize,
    picked: &mut Picked,
) -> Step<()> {
    let (instance_id, instance_count) = partition(&request.share);
    let mut statement = tx.prepare_cached(PICK)?;
    let mut rows = statement.query(named_params! {
        ":reaps": reaps,
        ":from": from,
        ":to": to,
        ":now": tx.now,
        ":instance_id": instance_id,
        ":instance_count": instance_count,
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

fn take(tx: &Work, request: &ClaimRequest, picked: &[LeasedApp]) -> Step<()> {
    let ClaimRequest { token, session, .. } = *request;
    let app_count = picked.len();
    tx.prepare_cached(CLAIM)?.execute(named_params! {
        ":token": token,
        ":session": session,
        ":now": tx.now,
        ":lease_ms": milliseconds(request.lease),
        ":app_count": app_count,
    })?;
    let mut take = tx.prepare_cached(TAKE)?;
    for app in picked {
        take.execute(named_params! {":token": token, ":app_id": app.app_id})?;
    }
    tx.prepare_cached(EVENT)?.execute(named_params! {
        ":now": tx.now,
        ":app_count": app_count,
        ":token": token,
        ":session": session,
    })?;
    Tally { claimed: app_count as u64, ..Tally::default() }.record(tx, session)
}

fn claimed_elsewhere(tx: &Work, share: &Share) -> Step<u64> {
    let (from, to) = bounds(share);
    let (instance_id, instance_count) = partition(share);
    let count = tx.prepare_cached(CLAIMED_ELSEWHERE)?.query_row(
        named_params! {
            ":from": from,
            ":to": to,
            ":instance_id": instance_id,
            ":instance_count": instance_count,
        },
        |row| row.get(0),
    )?;
    Ok(count)
}
