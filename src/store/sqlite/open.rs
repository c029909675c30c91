//! Opening and creating the file, without ever writing to one that is not a store.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use sha2::{Digest, Sha256};

use super::fault::{Fault, Step};
use super::transaction::{patiently, BUSY_TIMEOUT};
use crate::outcome::SourceHash;
use crate::store::{Result, StoreError};

/// `PRAGMA application_id` of a store: the letters `xmls`.
pub(super) const APPLICATION_ID: u32 = u32::from_be_bytes(*b"xmls");

/// `PRAGMA user_version`: version of the tables in schema.sql.
pub(super) const SCHEMA_VERSION: u32 = 1;

const SCHEMA: &str = include_str!("schema.sql");

/// Prepared statements kept per connection: all of this store's and a wide contract's.
const STATEMENT_CACHE: usize = 512;

/// A write-ahead log that one large batch made grow is cut back to this many bytes.
const WAL_LIMIT: u32 = 64 << 20;

/// Opens an existing store; a file that is not one is not touched.
pub(super) fn open(path: &Path) -> Result<Connection> {
    recognise(path)?;
    connect(path).map_err(|fault| unreachable_file(path, fault))
}

/// Opens the store, making it first where there is no file.
pub(super) fn open_or_create(path: &Path) -> Result<Connection> {
    // Two processes may create at once: whoever comes second opens what the first made.
    if !path.exists() {
        create(path)?;
    }
    open(path)
}

/// Makes a whole store under a temporary name and moves it into place, so that nobody ever sees
/// half of one.
fn create(path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let unreachable = |reason: String| StoreError::Unreachable { location: shown(path), reason };
    let temporary = temporary_file(folder).map_err(|error| {
        unreachable(format!(
            "{error} in folder {}; create the folder or name a file in another one",
            folder.display()
        ))
    })?;
    write_schema(&temporary).map_err(|fault| unreachable_file(path, fault))?;
    let sync = OpenOptions::new().write(true).open(&temporary).and_then(|file| file.sync_all());
    sync.map_err(|error| unreachable(error.to_string()))?;
    match temporary.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => {
            Err(unreachable(error.error.to_string()))
        }
        _ => Ok(()),
    }
}

fn temporary_file(folder: &Path) -> std::io::Result<tempfile::TempPath> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".xmlshred-").suffix(".new");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What the umask leaves, as for any other new file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    Ok(builder.tempfile_in(folder)?.into_temp_path())
}

/// Writes an empty store. The header must reach the file itself, where [`read_marks`] looks for it:
/// hence the switch to write-ahead logging only after the tables are there.
fn write_schema(path: &Path) -> Step<()> {
    let connection = Connection::open(path)?;
    // Nobody knows the file yet: it is made durable once, as a whole, before it gets its name.
    connection.execute_batch(&format!(
        "PRAGMA synchronous = OFF;
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {SCHEMA_VERSION};
         BEGIN;
         {SCHEMA}
         COMMIT;
         PRAGMA journal_mode = WAL;"
    ))?;
    connection.close().map_err(|(_, error)| Fault::from(error))
}

fn connect(path: &Path) -> Step<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // SQLite opens for reading what it may not write.
    if connection.is_readonly(c"main")? {
        let reason = "it cannot be written; see who may write the file".into();
        return Err(StoreError::Unreachable { location: shown(path), reason }.into());
    }
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

/// Tells a store from everything else. Nothing is written, neither to the file nor beside it.
fn recognise(path: &Path) -> Result<()> {
    let unreachable = |reason: String| StoreError::Unreachable { location: shown(path), reason };
    let not_installed = |reason: String| StoreError::NotInstalled { location: shown(path), reason };
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
    if metadata.len() == 0 {
        return Err(not_installed(
            "the file is empty; delete it and run again, or name another file".into(),
        ));
    }
    let marks = read_marks(path).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => not_installed(format!(
            "it is not a SQLite file, it begins with {:?}; name another file",
            beginning(path)
        )),
        _ => unreachable(format!("it cannot be read ({error}); see who may read the file")),
    })?;
    judge(marks).map_err(not_installed)?;
    if metadata.permissions().readonly() {
        return Err(unreachable(
            "the file is read-only; make it writable, or copy it and name the copy".into(),
        ));
    }
    Ok(())
}

/// What a SQLite file says of itself.
struct Marks {
    application_id: u32,
    user_version: u32,
}

/// Reads the marks through SQLite, with `immutable` so that it takes no lock and leaves no file
/// behind. A handle of our own would do harm: under POSIX, closing any handle to a file gives up
/// all locks that SQLite holds on it in this process, and another process could then take itself
/// for the last user and remove the write-ahead log.
fn read_marks(path: &Path) -> rusqlite::Result<Marks> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(immutable_uri(path), flags)?;
    let mark = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    Ok(Marks {
        application_id: mark("application_id")?.cast_unsigned(),
        user_version: mark("user_version")?.cast_unsigned(),
    })
}

/// `file:` URI of a path: an empty authority, then a path that begins with a slash. Every byte
/// that may mean something in a URI is written as its code.
fn immutable_uri(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut escaped = String::new();
    for byte in absolute.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => escaped.push('/'),
            b'/' | b':' | b'.' | b'-' | b'_' => escaped.push(char::from(*byte)),
            letter if letter.is_ascii_alphanumeric() => escaped.push(char::from(*letter)),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    let root = if escaped.starts_with('/') { "" } else { "/" };
    format!("file://{root}{escaped}?mode=ro&immutable=1")
}

/// The first characters of a file that SQLite does not take for its own.
fn beginning(path: &Path) -> String {
    let mut bytes = Vec::new();
    // Only for a message: what cannot be read is not shown.
    let _ = File::open(path).and_then(|file| file.take(16).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether these are the marks of a store of this version; what it is otherwise, and what to do.
fn judge(Marks { application_id, user_version }: Marks) -> std::result::Result<(), String> {
    if application_id != APPLICATION_ID {
        return Err(format!(
            "it is a SQLite database of another program (application_id {application_id}, not \
             {APPLICATION_ID}); name another file"
        ));
    }
    match user_version {
        SCHEMA_VERSION => Ok(()),
        version => Err(format!(
            "its tables have version {version} and this program knows version \
             {SCHEMA_VERSION}; use the xmlshred that made it, or load into a new file"
        )),
    }
}

fn unreachable_file(path: &Path, fault: Fault) -> StoreError {
    let Fault::Sqlite(error) = fault else { return fault.into() };
    let reason = format!("SQLite says: {error}; see who may write the file's folder");
    StoreError::Unreachable { location: shown(path), reason }
}

fn shown(path: &Path) -> String {
    let absolute: PathBuf = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.display().to_string()
}
