//! Filling the source table.

use rusqlite::types::ToSqlOutput;
use rusqlite::{named_params, Connection, ToSql};

use super::fault::Step;
use super::statement::statement;
use super::transaction::{read, write, Work};
use crate::outcome::AppId;
use crate::store::{Result, StoreError};

const FILE: &str = include_str!("load_documents.sql");
const INSERT: &str = statement(FILE, "insert");
const REPLACE: &str = statement(FILE, "replace");
const LAST_APP_ID: &str = statement(FILE, "last_app_id");
const EXISTS: &str = statement(FILE, "exists");

/// Bytes of documents per transaction.
const CHUNK_BYTES: usize = 8 << 20;

/// Documents per transaction.
const CHUNK_DOCUMENTS: usize = 4000;

/// A document to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewDocument {
    /// Bytes as they are in a file: their encoding is detected when they are read.
    Bytes(Vec<u8>),
    /// Text: an encoding declared in it is ignored.
    Text(String),
}

impl NewDocument {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Text(text) => text.len(),
        }
    }
}

impl ToSql for NewDocument {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Bytes(bytes) => bytes.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}

/// What to do with a document whose id is in the source table already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Refuse it; the chunk it came in is not loaded.
    #[default]
    Refuse,
    /// Put it in place of the one that is there. What was made of that one stays as it is, until
    /// [`crate::store::RequeueSelector::ChangedDocument`] finds it.
    Replace,
}

/// Loads documents in chunks of some megabytes, a transaction each. Nothing is promised to be
/// there before [`Loader::finish`]; what an error or a crash leaves is whole chunks.
#[must_use = "the last chunk is written by finish"]
pub struct Loader<'s> {
    connection: &'s mut Connection,
    existing: Existing,
    chunk: Vec<(AppId, NewDocument)>,
    chunk_bytes: usize,
    loaded: u64,
}

impl<'s> Loader<'s> {
    pub(super) fn new(connection: &'s mut Connection, existing: Existing) -> Self {
        Self { connection, existing, chunk: Vec::new(), chunk_bytes: 0, loaded: 0 }
    }

    /// Adds one document.
    pub fn add(&mut self, app_id: AppId, document: NewDocument) -> Result<()> {
        self.chunk_bytes += document.len();
        self.chunk.push((app_id, document));
        if self.chunk_bytes >= CHUNK_BYTES || self.chunk.len() >= CHUNK_DOCUMENTS {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is left; returns how many documents were loaded in all.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        Ok(self.loaded)
    }

    fn flush(&mut self) -> Result<()> {
        let (chunk, existing) = (&self.chunk, self.existing);
        write(self.connection, |tx| {
            chunk.iter().try_for_each(|(app_id, document)| put(tx, existing, *app_id, document))
        })?;
        self.loaded += self.chunk.len() as u64;
        self.chunk.clear();
        self.chunk_bytes = 0;
        Ok(())
    }
}

fn put(tx: &Work, existing: Existing, app_id: AppId, document: &NewDocument) -> Step<()> {
    let statement = match existing {
        Existing::Refuse => INSERT,
        Existing::Replace => REPLACE,
    };
    let written = tx
        .prepare_cached(statement)?
        .execute(named_params! {":app_id": app_id, ":xml": document})?;
    if written == 0 {
        return Err(StoreError::Refused(format!(
            "application {app_id} is in app_xml already; give the document another id, or ask \
             for it to be replaced"
        ))
        .into());
    }
    Ok(())
}

/// Those of the ids that the source table has.
pub(super) fn existing_app_ids(connection: &mut Connection, ids: &[AppId]) -> Step<Vec<AppId>> {
    read(connection, |tx| {
        let mut exists = tx.prepare_cached(EXISTS)?;
        let mut existing = Vec::new();
        for id in ids {
            if exists.query_row(named_params! {":app_id": id}, |row| row.get(0))? {
                existing.push(*id);
            }
        }
        Ok(existing)
    })
}

/// One more than the highest id there is; 1 in an empty source table.
pub(super) fn next_free_app_id(connection: &mut Connection) -> Step<AppId> {
    let last: Option<i64> =
        read(connection, |tx| Ok(tx.prepare_cached(LAST_APP_ID)?.query_row([], |r| r.get(0))?))?;
    match last.unwrap_or(0).max(0).checked_add(1) {
        Some(next) => Ok(AppId(next)),
        None => Err(StoreError::Refused(
            "the highest application id is in use; give the documents ids of their own".into(),
        )
        .into()),
    }
}
