//! Renewing: one row, however large the batch.

use std::time::Duration;

use rusqlite::{named_params, Connection, OptionalExtension};

use super::binding::milliseconds;
use super::fault::Step;
use super::statement::statement;
use super::transaction::write;
use crate::id::{ClaimToken, SessionId};
use crate::store::{check_lease, Renewal};

const FILE: &str = include_str!("renew_lease.sql");
const RENEW: &str = statement(FILE, "renew");
const SESSION: &str = statement(FILE, "session");
const EVENT: &str = statement(FILE, "event");

pub(super) fn renew(
    connection: &mut Connection,
    token: ClaimToken,
    lease: Duration,
) -> Step<Renewal> {
    check_lease(lease)?;
    write(connection, |tx| {
        let held: Option<(SessionId, i64)> = tx
            .prepare_cached(RENEW)?
            .query_row(
                named_params! {
                    ":token": token,
                    ":now": tx.now,
                    ":lease_ms": milliseconds(lease),
                },
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((session, app_count)) = held else { return Ok(Renewal::Lost) };
        tx.prepare_cached(SESSION)?.execute(named_params! {":session": session, ":now": tx.now})?;
        tx.prepare_cached(EVENT)?.execute(named_params! {
            ":now": tx.now,
            ":app_count": app_count,
            ":token": token,
            ":session": session,
        })?;
        Ok(Renewal::Renewed)
    })
}
