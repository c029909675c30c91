//! Opening and creating the file, without ever writing to one that is not a store.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use sha2::{Digest, Sha256};

use super::fault::{damaged, describe, is_damage, Fault, Step};
use super::new_store::{NewStore, SCHEMA};
use super::transaction::{patiently, BUSY_TIMEOUT};
use crate::id::SourceHash;
use crate::store::{Result, StoreError};

/// `PRAGMA application_id` of a store: the letters `xmls`.
pub(super) const APPLICATION_ID: u32 = u32::from_be_bytes(*b"xmls");

/// `PRAGMA user_version`: version of the tables in schema.sql.
pub(super) const SCHEMA_VERSION: u32 = 2;

/// Prepared statements kept per connection: all of this store's and a wide contract's.
const STATEMENT_CACHE: usize = 512;

/// A write-ahead log that one large batch made grow is cut back to this many bytes.
const WAL_LIMIT: u32 = 64 << 20;

/// Opens an existing store; a file that is not one is not touched.
pub(super) fn open(path: &Path) -> Result<Connection> {
    recognise(path)?;
    connect(path).map_err(|fault| unreachable_file(path, &fault))
}

/// Opens the store, making it first where there is no file.
pub(super) fn open_or_create(path: &Path) -> Result<Connection> {
    // Two processes may create at once: whoever comes second opens what the first made.
    if !path.exists() {
        NewStore::create(path)?.put_in_place()?;
    }
    open(path)
}

/// An empty store in memory, which only shows what would be done to one.
pub(super) fn imagine() -> Result<Connection> {
    let connection = Connection::open_in_memory().map_err(Fault::from)?;
    connection.execute_batch(SCHEMA).map_err(Fault::from)?;
    Ok(connection)
}

fn connect(path: &Path) -> Step<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    add_sha256(&connection)?;
    patiently(|| {
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             PRAGMA foreign_keys = ON;
             PRAGMA journal_size_limit = {WAL_LIMIT};"
        ))?;
        Ok(())
    })?;
    Ok(connection)
}

/// `sha256(x)`: the hash of a document's bytes, as [`SourceHash`] is written; null of null.
fn add_sha256(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("sha256", 1, flags, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                Some(SourceHash(Sha256::digest(bytes).into()).to_string())
            }
            _ => None,
        })
    })
}

/// Reads the file's header without SQLite, which would leave files beside it.
fn recognise(path: &Path) -> Result<()> {
    let unreachable = |reason: String| StoreError::Unreachable { location: shown(path), reason };
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => unreachable(format!(
            "there is no such file; create it with `xmlshred load FILES… --store sqlite:{}`",
            path.display()
        )),
        _ => unreachable(error.to_string()),
    })?;
    if metadata.is_dir() {
        let inside = path.join("xmlshred.db");
        return Err(unreachable(format!(
            "it is a folder; name a file in it, such as sqlite:{}",
            inside.display()
        )));
    }
    if metadata.permissions().readonly() {
        return Err(unreachable(match nobody_may_read(&metadata) {
            true => "nobody may read it; see who is to read the file".into(),
            false => "the file is read-only; make it writable, or copy it and name the copy".into(),
        }));
    }
    before_the_first_connection(&metadata, || {
        let header = read_header(path).map_err(|error| {
            unreachable(format!("it cannot be read ({error}); see who may read the file"))
        })?;
        judge(&header)
            .map_err(|reason| StoreError::NotInstalled { location: shown(path), reason })?;
        OpenOptions::new().read(true).write(true).open(path).map(drop).map_err(|error| {
            unreachable(format!("it cannot be written ({error}); see who may write the file"))
        })
    })
}

/// Told without opening the file, which [`before_the_first_connection`] says why not to do.
#[cfg(unix)]
fn nobody_may_read(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o444 == 0
}

/// Elsewhere reading is not a matter of such bits.
#[cfg(not(unix))]
fn nobody_may_read(_: &std::fs::Metadata) -> bool {
    false
}

/// Looks into a file, unless this process did so before and may have connections to it.
///
/// Locks under POSIX belong to the process: closing any handle to a file gives up all locks that
/// SQLite holds on it in this process. Another process would then take itself for the last user,
/// remove the write-ahead log, and what this one commits afterwards would be lost.
#[cfg(unix)]
fn before_the_first_connection(
    metadata: &std::fs::Metadata,
    look: impl FnOnce() -> Result<()>,
) -> Result<()> {
    use std::collections::HashSet;
    use std::os::unix::fs::MetadataExt;
    use std::sync::{Mutex, PoisonError};
    use std::time::SystemTime;

    // Device, number, and the time that tells a file from a deleted one of the same number.
    type Identity = (u64, u64, Option<SystemTime>);
    static KNOWN: Mutex<Option<HashSet<Identity>>> = Mutex::new(None);
    // Held while looking: another thread must not connect before the handles are closed.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_with(HashSet::new);
    let file = (metadata.dev(), metadata.ino(), metadata.created().ok());
    if !known.contains(&file) {
        look()?;
        known.insert(file);
    }
    Ok(())
}

/// Elsewhere locks belong to the handle.
#[cfg(not(unix))]
fn before_the_first_connection(
    _: &std::fs::Metadata,
    look: impl FnOnce() -> Result<()>,
) -> Result<()> {
    look()
}

/// The first bytes of the file, at most as many as SQLite's header has.
fn read_header(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut header = Vec::with_capacity(100);
    File::open(path)?.take(100).read_to_end(&mut header)?;
    Ok(header)
}

/// Whether a file beginning like this is a store of this version; what it is otherwise, and
/// what to do. Offsets are those of SQLite's file format: user version 60, application id 68.
fn judge(header: &[u8]) -> std::result::Result<(), String> {
    let number = |at: usize| u32::from_be_bytes(std::array::from_fn(|i| header[at + i]));
    if header.is_empty() {
        return Err("the file is empty; delete it and run again, or name another file".into());
    }
    if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
        let beginning = String::from_utf8_lossy(&header[..header.len().min(16)]);
        return Err(format!(
            "it is not a SQLite file, it begins with {beginning:?}; name another file"
        ));
    }
    if number(68) != APPLICATION_ID {
        return Err(format!(
            "it is a SQLite database of another program (application_id {}, not \
             {APPLICATION_ID}); name another file",
            number(68)
        ));
    }
    match number(60) {
        SCHEMA_VERSION => Ok(()),
        version => Err(format!(
            "its tables have version {version} and this program knows version \
             {SCHEMA_VERSION}; use the xmlshred that made it, or load into a new file"
        )),
    }
}

pub(super) fn unreachable_file(path: &Path, fault: &Fault) -> StoreError {
    let reason = match fault {
        Fault::Sqlite(error) if is_damage(error) => return damaged(shown(path), error),
        Fault::Sqlite(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => describe(error),
            _ => format!("SQLite says: {error}; see who may write the file's folder"),
        },
        other => format!("{other:?}"),
    };
    StoreError::Unreachable { location: shown(path), reason }
}

pub(super) fn shown(path: &Path) -> String {
    let absolute: PathBuf = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.display().to_string()
}
