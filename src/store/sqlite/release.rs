//! Releasing: unfinished applications go back at once, their attempt unspent.

use rusqlite::{named_params, Connection, OptionalExtension};

use super::fault::Step;
use super::statement::statement;
use super::throughput::Tally;
use super::transaction::write;
use crate::id::{ClaimToken, SessionId};

const FILE: &str = include_str!("release_claim.sql");
const CLAIM: &str = statement(FILE, "claim");
const EVENT: &str = statement(FILE, "event");
const QUEUE: &str = statement(FILE, "queue");

pub(super) fn release(connection: &mut Connection, token: ClaimToken, reason: &str) -> Step<u64> {
    write(connection, |tx| {
        let held: Option<SessionId> = tx
            .prepare_cached(CLAIM)?
            .query_row(named_params! {":token": token}, |row| row.get(0))
            .optional()?;
        let Some(session) = held else { return Ok(0) };
        tx.prepare_cached(EVENT)?.execute(named_params! {
            ":now": tx.now,
            ":token": token,
            ":session": session,
            ":reason": reason,
        })?;
        let apps =
            tx.prepare_cached(QUEUE)?.execute(named_params! {":token": token, ":now": tx.now})?;
        Tally { released: apps as u64, ..Tally::default() }.record(tx, session)?;
        Ok(apps as u64)
    })
}
