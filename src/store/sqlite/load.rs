//! Filling the source table.

use rusqlite::types::ToSqlOutput;
use rusqlite::{named_params, Connection, ToSql, Transaction, TransactionBehavior};

use super::fault::Step;
use super::statement::statement;
use super::transaction::patiently_unless;
use crate::id::AppId;
use crate::store::{failpoint, Result, StoreError};

const FILE: &str = include_str!("load_documents.sql");
const INSERT: &str = statement(FILE, "insert");
const REPLACE: &str = statement(FILE, "replace");
const LAST_APP_ID: &str = statement(FILE, "last_app_id");
const EXISTS: &str = statement(FILE, "exists");

/// A document to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewDocument {
    /// Bytes as they are in a file: their encoding is detected when they are read.
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

/// What to do with a document whose id is in the source table already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Refuse it.
    #[default]
    Refuse,
    /// Put it in place of the one that is there. What was made of that one stays as it is, until
    /// [`crate::store::RequeueSelector::ChangedDocument`] finds it.
    Replace,
}

/// Loads documents, all or none: they are there when [`Loader::finish`] has returned, and none of
/// them is if it never did. Memory does not grow with them; the write-ahead log does, until
/// the end.
#[must_use = "nothing is loaded before finish"]
pub struct Loader<'s> {
    transaction: Transaction<'s>,
    existing: Existing,
    loaded: u64,
}

impl<'s> Loader<'s> {
    /// Takes the write lock, for which it waits until `stop` says not to.
    pub(super) fn begin(
        connection: &'s mut Connection,
        existing: Existing,
        stop: impl Fn() -> bool,
    ) -> Step<Option<Self>> {
        // Nobody else begins one meanwhile: the borrow is exclusive.
        let connection: &'s Connection = connection;
        let begun = patiently_unless(stop, || {
            Ok(Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?)
        })?;
        Ok(begun.map(|transaction| Self { transaction, existing, loaded: 0 }))
    }

    /// Those of the ids that the source table has.
    pub fn existing_app_ids(&self, ids: &[AppId]) -> Result<Vec<AppId>> {
        Ok(existing_app_ids(&self.transaction, ids)?)
    }

    /// So many ids on from the highest one in the source table, or from 0 if that is lower.
    ///
    /// # Errors
    /// There are not so many.
    pub fn free_app_ids(&self, count: usize) -> Result<Vec<AppId>> {
        Ok(free_app_ids(&self.transaction, count)?)
    }

    /// Adds one document.
    ///
    /// # Errors
    /// The id is there already and nothing is to be replaced; the database refuses to go on.
    /// What was added before is not loaded either, unless [`Loader::finish`] is called all the same.
    pub fn add(&mut self, app_id: AppId, document: NewDocument) -> Result<()> {
        put(&self.transaction, self.existing, app_id, &document)?;
        self.loaded += 1;
        failpoint::hit(failpoint::AMID_LOAD);
        Ok(())
    }

    /// Makes it so; returns how many documents were loaded.
    ///
    /// # Errors
    /// The database cannot keep them; then none is loaded.
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
            "application {app_id} is in app_xml already; give the document another id, or ask \
             for it to be replaced"
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
            "the highest application id in use is {highest}, and ids end at {}: there are not \
             {count} more",
            i64::MAX
        ))
        .into()),
    }
}
