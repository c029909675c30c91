//! Opening the file, without ever writing to one that is not a store.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use super::file::{
    check_header, check_version, not_installed, read_header, shown, unreachable_file, COUNTS,
    SCHEMA, SCHEMA_VERSION,
};
use super::place::Place;
use super::views::{create_counts_view, VIEWS};
use crate::command::{command, quoted};
use crate::files;
use crate::id::SourceHash;
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::transaction::{patiently, wait_for_lock};
use crate::store::{Result, StoreError};

/// Prepared statements kept per connection: all of this store's and a wide contract's.
const STATEMENT_CACHE: usize = 512;

/// Pages in the write-ahead log that make a commit copy them into the file, 16 MiB: four times SQLite's own
/// number. Each batch changes the last pages of the same tables, so fewer copies write far fewer pages.
const CHECKPOINT_PAGES: u32 = 4096;

/// A write-ahead log that one large batch made grow is cut back to this many bytes.
const WAL_LIMIT: u32 = 64 << 20;

/// Opens an existing store of this version; a file that is not one is not touched.
pub fn open(path: &Path) -> Result<(Connection, Place)> {
    let (connection, place) = any_version(path)?;
    check_version(path, &connection)?;
    Ok((connection, place))
}

/// Opens an existing store, maybe one that must be upgraded first.
pub fn any_version(path: &Path) -> Result<(Connection, Place)> {
    check_file(path)?;
    let connection = connect(path).map_err(|fault| unreachable_file(path, &fault))?;
    let place = Place::of(path, &connection).map_err(|error| StoreError::Unreachable {
        location: shown(path),
        reason: error.to_string(),
    })?;
    Ok((connection, place))
}

/// An empty store in memory, for previews.
pub fn open_in_memory() -> Step<Connection> {
    let connection = Connection::open_in_memory()?;
    create_all(&connection)?;
    Ok(connection)
}

/// Nothing in memory, which behaves as a store does.
pub fn bare_in_memory() -> Step<Connection> {
    let connection = Connection::open_in_memory()?;
    behave(&connection)?;
    connection.execute_batch("PRAGMA foreign_keys = ON;")?;
    Ok(connection)
}

/// What SQL means on a connection to a store.
fn behave(connection: &Connection) -> rusqlite::Result<()> {
    // Otherwise the quoted name of a column that is missing is a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    add_sha256(connection)
}

/// Creates all that an empty store has.
pub fn create_all(connection: &Connection) -> Step<()> {
    connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    for part in [SCHEMA, COUNTS, &create_counts_view([]), VIEWS] {
        connection.execute_batch(part)?;
    }
    Ok(())
}

fn connect(path: &Path) -> Step<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(files::reachable(path), flags)?;
    connection.busy_handler(Some(wait_for_lock))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    behave(&connection)?;
    patiently(|| {
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             PRAGMA foreign_keys = ON;
             PRAGMA journal_size_limit = {WAL_LIMIT};
             PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
        ))?;
        // The first read opens the write-ahead log.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(())
    })?;
    Ok(connection)
}

/// `sha256(x)`: the hash of a document's bytes, as [`SourceHash`] is written; null of null.
pub fn add_sha256(connection: &Connection) -> rusqlite::Result<()> {
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
fn check_file(path: &Path) -> Result<()> {
    let unreachable = |reason: String| StoreError::Unreachable { location: shown(path), reason };
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => unreachable(format!(
            "the file does not exist; create it with {}",
            command(&format!(
                "load FILES… --store {}",
                quoted(&format!("sqlite:{}", path.display()))
            ))
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
    // Opening a pipe would wait for its other end.
    files::check(&metadata).map_err(|error| unreachable(format!("{error}; name a file")))?;
    if metadata.permissions().readonly() {
        return Err(unreachable(match is_unreadable(&metadata) {
            true => "no user has permission to read it; change the permissions of the file".into(),
            false => "the file is read-only; make it writable, or copy it and name the copy".into(),
        }));
    }
    before_the_first_connection(&metadata, || {
        let header = read_header(path).map_err(|error| {
            unreachable(format!("it cannot be read ({error}); check the permissions of the file"))
        })?;
        check_header(path, &header).map_err(|reason| not_installed(path, reason))?;
        OpenOptions::new().read(true).write(true).open(path).map(drop).map_err(|error| {
            unreachable(format!(
                "it cannot be written ({error}); check the permissions of the file"
            ))
        })
    })
}

/// Decided without opening the file; [`before_the_first_connection`] says why.
#[cfg(unix)]
fn is_unreadable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o444 == 0
}

/// Other systems have no such bits.
#[cfg(not(unix))]
fn is_unreadable(_: &std::fs::Metadata) -> bool {
    false
}

/// Looks into a file, unless this process did so before and may have connections to it.
///
/// POSIX locks belong to the process: closing any handle to a file releases all locks that SQLite
/// holds on it in this process. Another process would then consider itself the last user and
/// remove the write-ahead log, and what this process commits afterwards would be lost.
#[cfg(unix)]
fn before_the_first_connection(
    metadata: &std::fs::Metadata,
    look: impl FnOnce() -> Result<()>,
) -> Result<()> {
    use std::collections::HashSet;
    use std::os::unix::fs::MetadataExt;
    use std::sync::{Mutex, PoisonError};
    use std::time::SystemTime;

    // Device, inode, and the time that distinguishes a file from a deleted one with its inode.
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
