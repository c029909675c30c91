//! Loading documents into the source table, with the files that they are from.

use rusqlite::types::ToSqlOutput;
use rusqlite::{named_params, Connection, OptionalExtension, ToSql, Transaction};
use rusqlite::{Params, TransactionBehavior};

use crate::id::{AppId, SourceHash};
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::transaction::{patiently_unless, NOW};
use crate::store::{failpoint, Result, StoreError};

const LOAD_DOCUMENTS: &str = include_str!("../load_documents.sql");
const INSERT: &str = statement(LOAD_DOCUMENTS, "insert");
const REPLACE: &str = statement(LOAD_DOCUMENTS, "replace");
const LAST_APP_ID: &str = statement(LOAD_DOCUMENTS, "last_app_id");
const EXISTS: &str = statement(LOAD_DOCUMENTS, "exists");
const ADD_FILE: &str = statement(LOAD_DOCUMENTS, "add_file");
const IS_LOADED: &str = statement(LOAD_DOCUMENTS, "is_loaded");
const LAST_OF_FILE: &str = statement(LOAD_DOCUMENTS, "last_of_file");
const HAS_CONTENT: &str = statement(LOAD_DOCUMENTS, "has_content");

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

/// The file that a document is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, as it was given. The name of an archive's member follows the archive's path and `!`.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// Length of the document in bytes, decompressed.
    pub bytes: u64,
    /// Hash of these bytes.
    pub hash: SourceHash,
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
    /// When it started, by the store's clock.
    now: i64,
    /// The highest id that ever was in the source table when it started.
    highest: i64,
}

impl<'s> Loader<'s> {
    /// Takes the write lock, for which it waits until `stop` returns true.
    pub(in crate::store::sqlite) fn start(
        connection: &'s mut Connection,
        existing: Existing,
        stop: impl Fn() -> bool,
    ) -> Step<Option<Self>> {
        // No other transaction starts meanwhile: the borrow is exclusive.
        let connection: &'s Connection = connection;
        let started = patiently_unless(stop, || {
            Ok(Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?)
        })?;
        let Some(transaction) = started else { return Ok(None) };
        let now = transaction.query_row(NOW, [], |row| row.get(0))?;
        let highest: Option<i64> = transaction.query_row(LAST_APP_ID, [], |row| row.get(0))?;
        let highest = highest.unwrap_or(i64::MIN);
        Ok(Some(Self { transaction, existing, loaded: 0, now, highest }))
    }

    /// The ids among `ids` that exist in the source table or the log.
    pub fn existing_app_ids(&self, ids: &[AppId]) -> Result<Vec<AppId>> {
        Ok(existing_app_ids(&self.transaction, ids)?)
    }

    /// The next `count` ids after the highest one that ever was in the source table, or after 0 if that is
    /// lower.
    ///
    /// # Errors
    /// There are not that many ids.
    pub fn free_app_ids(&self, count: usize) -> Result<Vec<AppId>> {
        let highest = self.highest.max(0);
        match i64::try_from(count).ok().and_then(|count| highest.checked_add(count)) {
            Some(last) => Ok((highest..last).map(|id| AppId(id + 1)).collect()),
            None => Err(StoreError::Refused(format!(
                "{count} documents need a new id, and the highest id in use is {highest} of at \
                 most {}",
                i64::MAX
            ))),
        }
    }

    /// Whether a document with this content was loaded from a file of this name, in any folder,
    /// before this load.
    pub fn is_loaded(&self, file: &SourceFile) -> Result<bool> {
        let parameters = named_params! {
            ":file_name": file.name, ":source_hash": file.hash, ":highest": self.highest
        };
        Ok(self.find(IS_LOADED, parameters)?.unwrap_or_default())
    }

    /// The last application that was loaded from this path before this load.
    pub fn last_of_file(&self, file: &SourceFile) -> Result<Option<AppId>> {
        let parameters = named_params! {":file_path": file.path, ":highest": self.highest};
        Ok(self.find(LAST_OF_FILE, parameters)?)
    }

    /// Whether the document of this application has this content.
    pub fn has_content(&self, app_id: AppId, hash: &SourceHash) -> Result<bool> {
        let parameters = named_params! {":app_id": app_id, ":source_hash": hash};
        Ok(self.find(HAS_CONTENT, parameters)?.unwrap_or_default())
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

    /// Adds the document of a file.
    ///
    /// # Errors
    /// As [`Loader::add`].
    pub fn add_file(&mut self, app_id: AppId, file: &SourceFile, document: Vec<u8>) -> Result<()> {
        self.add(app_id, NewDocument::Bytes(document))?;
        Ok(put_file(&self.transaction, app_id, file, self.now)?)
    }

    /// Commits; returns how many documents were loaded.
    ///
    /// # Errors
    /// The database cannot store them; then none is loaded.
    pub fn finish(self) -> Result<u64> {
        commit(self.transaction)?;
        Ok(self.loaded)
    }

    fn find<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        parameters: impl Params,
    ) -> Step<Option<T>> {
        let mut statement = self.transaction.prepare_cached(sql)?;
        Ok(statement.query_row(parameters, |row| row.get(0)).optional()?)
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

fn put_file(tx: &Transaction, app_id: AppId, file: &SourceFile, now: i64) -> Step<()> {
    tx.prepare_cached(ADD_FILE)?.execute(named_params! {
        ":app_id": app_id,
        ":file_path": file.path,
        ":file_name": file.name,
        ":document_bytes": i64::try_from(file.bytes).unwrap_or(i64::MAX),
        ":source_hash": file.hash,
        ":now": now,
    })?;
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
