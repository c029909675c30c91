//! Pausing: nothing is handed out until somebody resumes.

use rusqlite::{named_params, Connection, OptionalExtension};

use super::binding::instant;
use super::fault::Step;
use super::statement::statement;
use super::transaction::{write, Work};
use crate::store::{Pause, StoreError};

const FILE: &str = include_str!("pause.sql");
const IN_FORCE: &str = statement(FILE, "in_force");
const PAUSE: &str = statement(FILE, "pause");
const RESUME: &str = statement(FILE, "resume");

pub(super) fn pause(connection: &mut Connection, reason: &str, by: &str) -> Step<Pause> {
    if reason.trim().is_empty() {
        let missing = "say why claiming is paused, for whoever finds nothing being processed";
        return Err(StoreError::Refused(missing.to_owned()).into());
    }
    write(connection, |tx| {
        if let Some(earlier) = in_force(tx)? {
            return Ok(earlier);
        }
        let statement = &mut tx.prepare_cached(PAUSE)?;
        statement.execute(named_params! {":now": tx.now, ":by": by, ":reason": reason})?;
        Ok(Pause { since: instant(tx.now), by: by.to_owned(), reason: reason.to_owned() })
    })
}

pub(super) fn resume(connection: &mut Connection, by: &str) -> Step<Option<Pause>> {
    write(connection, |tx| {
        let ended = in_force(tx)?;
        tx.prepare_cached(RESUME)?.execute(named_params! {":now": tx.now, ":by": by})?;
        Ok(ended)
    })
}

/// The pause that holds now.
pub(super) fn in_force(tx: &Work) -> Step<Option<Pause>> {
    let pause = tx.prepare_cached(IN_FORCE)?.query_row([], |row| {
        Ok(Pause { since: instant(row.get(0)?), by: row.get(1)?, reason: row.get(2)? })
    });
    Ok(pause.optional()?)
}
