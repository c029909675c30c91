//! Enqueueing: source applications that are neither queued nor logged.
//!
//! A trigger on `app_xml` keeps the lowest id that came since enqueueing last ran to its end, so
//! new documents are found exactly, whatever the order of their ids. Transactions are serial
//! here: two callers share the work, and neither has to be told that the other is busy.

use rusqlite::{named_params, Connection};

use super::fault::Step;
use super::statement::statement;
use super::transaction::{read, write, Work};
use crate::id::AppId;
use crate::store::{EnqueueMode, Enqueued};

const FILE: &str = include_str!("enqueue_apps.sql");
const LOWEST_NEW: &str = statement(FILE, "lowest_new");
const CHUNK: &str = statement(FILE, "chunk");
const ADD: &str = statement(FILE, "add");
const COUNT: &str = statement(FILE, "count");
const ADVANCE: &str = statement(FILE, "advance");

/// Applications per transaction, so that claims get their turn in between.
const CHUNK_SIZE: i64 = 4000;

pub(super) fn enqueue(connection: &mut Connection, mode: EnqueueMode) -> Step<Enqueued> {
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

/// Adds everything from the lowest new id on. Each chunk also moves that id on, in the same
/// transaction: what a chunk added is no longer new, however the process ends.
fn add_new(connection: &mut Connection) -> Step<u64> {
    let mut added = 0;
    while let Some(from) = lowest_new(connection)? {
        let chunk = next_chunk(connection, from, i64::MAX)?;
        let rest = chunk.and_then(|chunk| chunk.rest);
        // The last chunk takes whatever came since it was looked for.
        let to = rest.map_or(i64::MAX, |rest| rest - 1);
        added += write(connection, |tx| {
            tx.prepare_cached(ADVANCE)?.execute(named_params! {":from": from, ":next": rest})?;
            add(tx, from, to)
        })?;
    }
    Ok(added)
}

/// How many applications [`EnqueueMode::New`] would add.
pub(super) fn count_unqueued(connection: &mut Connection) -> Step<u64> {
    let Some(from) = lowest_new(connection)? else { return Ok(0) };
    read(connection, |tx| {
        Ok(tx.prepare_cached(COUNT)?.query_row(named_params! {":from": from}, |row| row.get(0))?)
    })
}

fn lowest_new(connection: &mut Connection) -> Step<Option<i64>> {
    read(connection, |tx| Ok(tx.prepare_cached(LOWEST_NEW)?.query_row([], |row| row.get(0))?))
}

fn add(tx: &Work, from: i64, to: i64) -> Step<u64> {
    let parameters = named_params! {":from": from, ":to": to, ":now": tx.now};
    Ok(tx.prepare_cached(ADD)?.execute(parameters)? as u64)
}

/// New applications that fit one transaction.
struct Chunk {
    first: i64,
    last: i64,
    /// Where the next chunk begins, if this one is full.
    rest: Option<i64>,
}

/// The next chunk of new applications, looked for outside the writing transaction: a long stretch
/// of what is already done must not keep the others from claiming.
fn next_chunk(connection: &mut Connection, from: i64, end: i64) -> Step<Option<Chunk>> {
    read(connection, |tx| {
        let (first, last, count): (Option<i64>, Option<i64>, i64) = tx
            .prepare_cached(CHUNK)?
            .query_row(named_params! {":from": from, ":to": end, ":limit": CHUNK_SIZE}, |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let (Some(first), Some(last)) = (first, last) else { return Ok(None) };
        let rest = last.checked_add(1).filter(|_| count == CHUNK_SIZE);
        Ok(Some(Chunk { first, last, rest }))
    })
}
