//! Enqueueing source applications that are neither queued nor logged, and loading documents.
//!
//! A trigger on `app_xml` keeps the lowest id that arrived since enqueueing last completed, so new
//! documents are found exactly, in any order of their ids. Transactions are serial here: two
//! callers share the work, and neither is busy.

use rusqlite::types::ToSqlOutput;
use rusqlite::{named_params, Connection, ToSql, Transaction, TransactionBehavior};

use super::fault::Step;
use super::statement::statement;
use super::transaction::{patiently_unless, read, write, Work};
use crate::id::AppId;
use crate::store::{failpoint, EnqueueMode, Enqueued, Result, StoreError};

const ENQUEUE_APPS: &str = include_str!("enqueue_apps.sql");
const LOWEST_NEW: &str = statement(ENQUEUE_APPS, "lowest_new");
const CHUNK: &str = statement(ENQUEUE_APPS, "chunk");
const ADD: &str = statement(ENQUEUE_APPS, "add");
const ADVANCE: &str = statement(ENQUEUE_APPS, "advance");
const COUNT: &str = statement(include_str!("count_unqueued.sql"), "count");

const LOAD_DOCUMENTS: &str = include_str!("load_documents.sql");
const INSERT: &str = statement(LOAD_DOCUMENTS, "insert");
const REPLACE: &str = statement(LOAD_DOCUMENTS, "replace");
const LAST_APP_ID: &str = statement(LOAD_DOCUMENTS, "last_app_id");
const EXISTS: &str = statement(LOAD_DOCUMENTS, "exists");

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

/// A document to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewDocument {
    /// The bytes of a file: their encoding is detected when they are read.
    Bytes(Vec<u8>),
    /// Text: an encoding declared in it is ignored.
    Text(String),
}

impl ToSql for NewDocument {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Bytes(bytes) => bytes.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}

/// What to do with a document whose id exists in the source table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Refuse it.
    #[default]
    Refuse,
    /// Replace the existing document. Rows made from that one stay until
    /// [`crate::store::RequeueSelector::ChangedDocument`] finds the application.
    Replace,
}

/// Loads documents, all or none: nothing is loaded until [`Loader::finish`] returns. Memory does
/// not grow with them; the write-ahead log does, until the end.
#[must_use = "nothing is loaded before finish"]
pub struct Loader<'s> {
    transaction: Transaction<'s>,
    existing: Existing,
    loaded: u64,
}

impl<'s> Loader<'s> {
    /// Takes the write lock, for which it waits until `stop` returns true.
    pub(super) fn start(
        connection: &'s mut Connection,
        existing: Existing,
        stop: impl Fn() -> bool,
    ) -> Step<Option<Self>> {
        // No other transaction starts meanwhile: the borrow is exclusive.
        let connection: &'s Connection = connection;
        let started = patiently_unless(stop, || {
            Ok(Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?)
        })?;
        Ok(started.map(|transaction| Self { transaction, existing, loaded: 0 }))
    }

    /// The ids among `ids` that exist in the source table.
    pub fn existing_app_ids(&self, ids: &[AppId]) -> Result<Vec<AppId>> {
        Ok(existing_app_ids(&self.transaction, ids)?)
    }

    /// The next `count` ids after the highest one in the source table, or after 0 if that is lower.
    ///
    /// # Errors
    /// There are not that many ids.
    pub fn free_app_ids(&self, count: usize) -> Result<Vec<AppId>> {
        Ok(free_app_ids(&self.transaction, count)?)
    }

    /// Adds one document.
    ///
    /// # Errors
    /// The id exists and existing documents are refused; the database fails. Then what was added
    /// before is loaded only if [`Loader::finish`] is still called.
    pub fn add(&mut self, app_id: AppId, document: NewDocument) -> Result<()> {
        put(&self.transaction, self.existing, app_id, &document)?;
        self.loaded += 1;
        failpoint::hit(failpoint::AMID_LOAD);
        Ok(())
    }

    /// Commits; returns how many documents were loaded.
    ///
    /// # Errors
    /// The database cannot store them; then none is loaded.
    pub fn finish(self) -> Result<u64> {
        commit(self.transaction)?;
        Ok(self.loaded)
    }
}

fn commit(transaction: Transaction) -> Step<()> {
    Ok(transaction.commit()?)
}

fn put(tx: &Transaction, existing: Existing, app_id: AppId, document: &NewDocument) -> Step<()> {
    let statement = match existing {
        Existing::Refuse => INSERT,
        Existing::Replace => REPLACE,
    };
    let written = tx
        .prepare_cached(statement)?
        .execute(named_params! {":app_id": app_id, ":xml": document})?;
    if written == 0 {
        return Err(StoreError::Refused(format!(
            "application {app_id} already exists in app_xml; give the document another id, or \
             replace the existing one"
        ))
        .into());
    }
    Ok(())
}

fn existing_app_ids(tx: &Transaction, ids: &[AppId]) -> Step<Vec<AppId>> {
    let mut exists = tx.prepare_cached(EXISTS)?;
    let mut existing = Vec::new();
    for id in ids {
        if exists.query_row(named_params! {":app_id": id}, |row| row.get(0))? {
            existing.push(*id);
        }
    }
    Ok(existing)
}

fn free_app_ids(tx: &Transaction, count: usize) -> Step<Vec<AppId>> {
    let highest: Option<i64> = tx.prepare_cached(LAST_APP_ID)?.query_row([], |row| row.get(0))?;
    let highest = highest.unwrap_or(0).max(0);
    match i64::try_from(count).ok().and_then(|count| highest.checked_add(count)) {
        Some(last) => Ok((highest..last).map(|id| AppId(id + 1)).collect()),
        None => Err(StoreError::Refused(format!(
            "{count} documents need a new id, and the highest id in use is {highest} of at most {}",
            i64::MAX
        ))
        .into()),
    }
}
