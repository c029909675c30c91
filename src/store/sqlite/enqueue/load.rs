//! Loading documents into the source table, with the files that they are from.

use rusqlite::types::{FromSql, ToSqlOutput};
use rusqlite::{named_params, Connection, OptionalExtension, ToSql, Transaction};
use rusqlite::{Params, TransactionBehavior};

use crate::id::{AppId, SourceHash};
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::transaction::{patiently_unless, read, NOW};
use crate::store::{
    failpoint, Added, Candidate, Division, Existing, Found, LoadRules, OtherWay, PlaceId, Result,
    SourceFile, StoreError, UnderId,
};

const LOAD_DOCUMENTS: &str = include_str!("../load_documents.sql");
const INSERT: &str = statement(LOAD_DOCUMENTS, "insert");
const REPLACE: &str = statement(LOAD_DOCUMENTS, "replace");
const LAST_APP_ID: &str = statement(LOAD_DOCUMENTS, "last_app_id");
const EXISTS: &str = statement(LOAD_DOCUMENTS, "exists");
const IS_STORED: &str = statement(LOAD_DOCUMENTS, "is_stored");
const LOGGED: &str = statement(LOAD_DOCUMENTS, "logged");
const ADD_FILE: &str = statement(LOAD_DOCUMENTS, "add_file");
const KNOWS_FILE: &str = statement(LOAD_DOCUMENTS, "knows_file");
const TAKE_PLACE: &str = statement(LOAD_DOCUMENTS, "take_place");
const SAME: &str = statement(LOAD_DOCUMENTS, "same");
const LAST: &str = statement(LOAD_DOCUMENTS, "last");
const OTHER_WAY: &str = statement(LOAD_DOCUMENTS, "other_way");
const MOVED: &str = statement(LOAD_DOCUMENTS, "moved");
const COPY: &str = statement(LOAD_DOCUMENTS, "copy");
const COPIED_RECORD: &str = statement(LOAD_DOCUMENTS, "copied_record");
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

/// Loads documents, all or none: nothing is loaded until [`Loader::finish`] returns. Memory does
/// not grow with them; the write-ahead log does, until the end.
#[must_use = "nothing is loaded before finish"]
pub struct Loader<'s> {
    transaction: Transaction<'s>,
    existing: Existing,
    loaded: u64,
    /// When it started, by the store's clock.
    now: i64,
    /// The highest id that ever was in the source table, or was given by this load.
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

    /// When the load started, in milliseconds by the store's clock.
    pub fn start_ms(&self) -> i64 {
        self.now
    }

    /// Continues a load that started then.
    pub fn set_start(&mut self, ms: i64) {
        self.now = ms;
    }

    /// The next id after the highest one that ever was in the source table or was returned by this, or
    /// after 0 if that is lower.
    ///
    /// # Errors
    /// The highest possible id is in use.
    pub fn next_app_id(&mut self) -> Result<AppId> {
        let highest = self.highest.max(0);
        let next = highest.checked_add(1).ok_or_else(|| {
            StoreError::Refused(format!(
                "a document needs a new id, and the highest id in use is the largest possible one, \
                 {highest}; use --app-id-from digits"
            ))
        })?;
        self.highest = next;
        Ok(AppId(next))
    }

    /// Adds one document.
    ///
    /// # Errors
    /// The id exists and existing documents are refused; the database fails. Then what was added
    /// before is loaded only if [`Loader::finish`] is still called.
    pub fn add(&mut self, app_id: AppId, document: NewDocument) -> Result<()> {
        put(&self.transaction, self.existing, app_id, &document)?;
        self.loaded += 1;
        self.highest = self.highest.max(app_id.0);
        failpoint::hit(failpoint::AMID_LOAD);
        Ok(())
    }

    /// Adds documents of files, each unless the store has it already.
    ///
    /// # Errors
    /// As [`Loader::add`]; an id that is in use is none, but one of the answers.
    pub fn add_documents(
        &mut self,
        documents: Vec<(Candidate, Vec<u8>)>,
        rules: LoadRules,
    ) -> Result<Vec<Added>> {
        let add = |(candidate, document): (Candidate, Vec<u8>)| {
            let (tx, file) = (&self.transaction, &candidate.file);
            take_place(tx, file)?;
            let under_id = match candidate.app_id {
                Some(app_id) => under_id(tx, app_id, file)?,
                None => None,
            };
            let is_same = match candidate.app_id {
                Some(_) => under_id == Some(UnderId::Same),
                None => !rules.again && history(tx, file)?.same.is_some(),
            };
            if is_same && !rules.again {
                return Ok(Added::Already);
            }
            let app_id = match (candidate.app_id, under_id) {
                (None, _) => self.next_app_id()?,
                (Some(app_id), Some(_)) if self.existing == Existing::Refuse => {
                    return Ok(Added::Refused(app_id))
                }
                (Some(app_id), _) => app_id,
            };
            let has_replaced = under_id.is_some()
                && value(&self.transaction, IS_STORED, named_params! {":app_id": app_id})?
                    == Some(true);
            self.add(app_id, NewDocument::Bytes(document))?;
            put_file(&self.transaction, app_id, &candidate.file, has_replaced, self.now)?;
            Ok(Added::Loaded(app_id))
        };
        documents.into_iter().map(add).collect()
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

fn put_file(
    tx: &Transaction,
    app_id: AppId,
    file: &SourceFile,
    has_replaced: bool,
    now: i64,
) -> Step<()> {
    tx.prepare_cached(ADD_FILE)?.execute(named_params! {
        ":app_id": app_id,
        ":file_path": file.path,
        ":file_name": file.name,
        ":place_id": file.place.0,
        ":record_number": number(file.record),
        ":record_path": path_of(file),
        ":has_envelope": has_envelope(file),
        ":document_bytes": number(file.bytes),
        ":source_hash": file.hash,
        ":now": now,
        ":has_replaced": has_replaced,
    })?;
    Ok(())
}

/// Records the place of what version 7 loaded from the file.
fn take_place(tx: &Transaction, file: &SourceFile) -> Step<()> {
    tx.prepare_cached(TAKE_PLACE)?.execute(named_params! {
        ":place_id": file.place.0,
        ":record_number": number(file.record),
        ":file_path": file.path,
    })?;
    Ok(())
}

fn path_of(file: &SourceFile) -> Option<&str> {
    file.division.as_ref().map(|division| division.path.as_str())
}

fn has_envelope(file: &SourceFile) -> Option<bool> {
    file.division.as_ref().map(|division| division.has_envelope)
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Whether any document is from this place, or from a file of this name.
pub(in crate::store::sqlite) fn knows_file(
    connection: &mut Connection,
    place: PlaceId,
    name: &str,
) -> Step<bool> {
    let parameters = named_params! {":place_id": place.0, ":file_name": name};
    read(connection, |tx| tx.value(KNOWS_FILE, parameters))
}

/// What the store has that each candidate resembles.
pub(in crate::store::sqlite) fn find_candidates(
    connection: &mut Connection,
    candidates: &[Candidate],
) -> Step<Vec<Found>> {
    read(connection, |tx| candidates.iter().map(|candidate| find(tx, candidate)).collect())
}

/// What a document without an id resembles elsewhere counts, too.
fn find(connection: &Connection, candidate: &Candidate) -> Step<Found> {
    let file = &candidate.file;
    let mut found = history(connection, file)?;
    if let Some(app_id) = candidate.app_id {
        found.under_id = under_id(connection, app_id, file)?;
        found.is_logged =
            value(connection, LOGGED, named_params! {":app_id": app_id})?.unwrap_or_default();
    }
    if found.same.is_some() {
        return Ok(found);
    }
    let (place, record, hash) = (file.place.0, number(file.record), file.hash);
    let (path, envelope) = (path_of(file), has_envelope(file));
    if found.changed.is_none() && record <= 1 {
        found.other_way = other_way(connection, file)?;
    }
    if candidate.app_id.is_some() {
        return Ok(found);
    }
    if record == 0 {
        let copy =
            named_params! {":file_name": file.name, ":source_hash": hash, ":place_id": place};
        found.copy = pair(connection, COPY, copy)?;
        return Ok(found);
    }
    let moved = named_params! {
        ":place_id": place, ":record_number": record, ":record_path": path, ":has_envelope": envelope,
        ":source_hash": hash
    };
    found.moved = value(connection, MOVED, moved)?;
    let copied = named_params! {
        ":file_name": file.name, ":record_number": record, ":source_hash": hash, ":place_id": place
    };
    found.copy = pair(connection, COPIED_RECORD, copied)?;
    Ok(found)
}

/// What the store has under this id.
fn under_id(connection: &Connection, app_id: AppId, file: &SourceFile) -> Step<Option<UnderId>> {
    let exists = value(connection, EXISTS, named_params! {":app_id": app_id})?;
    Ok(match exists == Some(true) {
        true if has_content(connection, app_id, &file.hash)? => Some(UnderId::Same),
        true => Some(UnderId::Other),
        false => None,
    })
}

/// What was loaded from this place with this number: only the last one is what it is now.
fn history(connection: &Connection, file: &SourceFile) -> Step<Found> {
    let (place, record) = (file.place.0, number(file.record));
    let (path, envelope) = (path_of(file), has_envelope(file));
    let last = named_params! {
        ":place_id": place, ":record_number": record, ":record_path": path, ":has_envelope": envelope,
        ":file_path": file.path
    };
    let Some(last) = max(connection, LAST, last)? else { return Ok(Found::default()) };
    let like = named_params! {
        ":place_id": place, ":record_number": record, ":record_path": path, ":has_envelope": envelope,
        ":file_path": file.path, ":source_hash": file.hash
    };
    Ok(match max(connection, SAME, like)? {
        Some(like) if like == last => Found { same: Some(last), ..Found::default() },
        earlier => Found { changed: Some(last), earlier, ..Found::default() },
    })
}

/// What was taken out of the file in another way.
fn other_way(connection: &Connection, file: &SourceFile) -> Step<Option<OtherWay>> {
    let number_in_path = format!("#{}", file.record);
    let parameters = named_params! {
        ":place_id": file.place.0,
        ":record_number": number(file.record),
        ":record_path": path_of(file),
        ":has_envelope": has_envelope(file),
        ":whole_path": file.path.strip_suffix(&number_in_path),
    };
    let mut statement = connection.prepare_cached(OTHER_WAY)?;
    let found = statement.query_row(parameters, |row| {
        let division: (Option<String>, Option<bool>) = (row.get(2)?, row.get(3)?);
        let (path, has_envelope) = division;
        Ok(OtherWay {
            app_id: row.get(0)?,
            is_whole: row.get(1)?,
            division: path
                .zip(has_envelope)
                .map(|(path, has_envelope)| Division { path, has_envelope }),
        })
    });
    Ok(found.optional()?)
}

/// The highest application, if there is one.
fn max(connection: &Connection, sql: &str, parameters: impl Params) -> Step<Option<AppId>> {
    Ok(value::<Option<AppId>>(connection, sql, parameters)?.flatten())
}

fn pair(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Step<Option<(AppId, String)>> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(parameters, |row| row.try_into()).optional()?)
}

/// Whether the document of this application has this content.
fn has_content(connection: &Connection, app_id: AppId, hash: &SourceHash) -> Step<bool> {
    let parameters = named_params! {":app_id": app_id, ":source_hash": hash};
    Ok(value(connection, HAS_CONTENT, parameters)?.unwrap_or_default())
}

fn value<T: FromSql>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Step<Option<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(parameters, |row| row.get(0)).optional()?)
}
