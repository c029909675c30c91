//! Enqueueing source applications that are neither queued nor logged, and loading documents.
//!
//! A trigger on `app_xml` keeps the lowest id that arrived since enqueueing last completed, so new
//! documents are found exactly, in any order of their ids. Transactions are serial here: two
//! callers share the work, and neither is busy.

mod load;

use rusqlite::{named_params, Connection};

pub(super) use self::load::{find_candidates, knows_file};
pub use self::load::{Loader, NewDocument};
use super::fault::Step;
use super::statement::statement;
use super::transaction::{read, write, Work};
use crate::id::AppId;
use crate::store::{EnqueueMode, Enqueued};

const ENQUEUE_APPS: &str = include_str!("../enqueue_apps.sql");
const LOWEST_NEW: &str = statement(ENQUEUE_APPS, "lowest_new");
const CHUNK: &str = statement(ENQUEUE_APPS, "chunk");
const ADD: &str = statement(ENQUEUE_APPS, "add");
const ADVANCE: &str = statement(ENQUEUE_APPS, "advance");
const COUNT: &str = statement(include_str!("../count_unqueued.sql"), "count");

/// Applications per transaction, so that claims get their turn in between.
const CHUNK_SIZE: i64 = 4000;

pub(super) fn enqueue_apps(connection: &mut Connection, mode: EnqueueMode) -> Step<Enqueued> {
    let added = match mode {
        EnqueueMode::New => add_new(connection)?,
        EnqueueMode::Full => add_range(connection, i64::MIN, i64::MAX)?,
        EnqueueMode::Range { start: AppId(start), end: AppId(end) } => {
            add_range(connection, start, end)?
        }
    };
    Ok(Enqueued::Added(added))
}

/// Adds what is new in an inclusive range, in chunks.
fn add_range(connection: &mut Connection, start: i64, end: i64) -> Step<u64> {
    let mut from = start;
    let mut added = 0;
    while let Some(chunk) = next_chunk(connection, from, end)? {
        added += write(connection, |tx| add(tx, chunk.first, chunk.last))?;
        match chunk.rest {
            Some(rest) => from = rest,
            None => break,
        }
    }
    Ok(added)
}

/// Adds everything from the lowest new id on. Each chunk also advances that id, in the same
/// transaction: what a chunk added is no longer new, however the process ends.
fn add_new(connection: &mut Connection) -> Step<u64> {
    let mut added = 0;
    while let Some(from) = lowest_new(connection)? {
        let chunk = next_chunk(connection, from, i64::MAX)?;
        let rest = chunk.and_then(|chunk| chunk.rest);
        // The last chunk includes what arrived since it was searched for.
        let to = rest.map_or(i64::MAX, |rest| rest - 1);
        added += write(connection, |tx| {
            tx.run(ADVANCE, named_params! {":from": from, ":next": rest})?;
            add(tx, from, to)
        })?;
    }
    Ok(added)
}

/// How many applications [`EnqueueMode::New`] would add.
pub(super) fn count_unqueued(connection: &mut Connection) -> Step<u64> {
    let Some(from) = lowest_new(connection)? else { return Ok(0) };
    read(connection, |tx| tx.value(COUNT, named_params! {":from": from}))
}

fn lowest_new(connection: &mut Connection) -> Step<Option<i64>> {
    read(connection, |tx| tx.value(LOWEST_NEW, []))
}

fn add(tx: &Work, from: i64, to: i64) -> Step<u64> {
    tx.run(ADD, named_params! {":from": from, ":to": to, ":now": tx.now})
}

/// New applications that fit one transaction.
struct Chunk {
    first: i64,
    last: i64,
    /// Where the next chunk starts, if this one is full.
    rest: Option<i64>,
}

/// The next chunk of new applications, searched for outside the writing transaction: a long range
/// of applications that are already done must not keep workers from claiming.
fn next_chunk(connection: &mut Connection, from: i64, end: i64) -> Step<Option<Chunk>> {
    read(connection, |tx| {
        let parameters = named_params! {":from": from, ":to": end, ":limit": CHUNK_SIZE};
        let chunk: Option<(Option<i64>, Option<i64>, i64)> =
            tx.find(CHUNK, parameters, |row| row.try_into())?;
        let Some((Some(first), Some(last), count)) = chunk else { return Ok(None) };
        let rest = last.checked_add(1).filter(|_| count == CHUNK_SIZE);
        Ok(Some(Chunk { first, last, rest }))
    })
}
