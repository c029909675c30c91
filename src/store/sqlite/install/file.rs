//! The file of a store: how it is recognised, and errors that name it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};
use tempfile::TempPath;

use super::ownership::objects_of_others;
use crate::command::command;
use crate::files::{folder_of, temporary};
use crate::store::sqlite::fault::{code, damaged, describe, is_damage, SqliteFault, Step};
use crate::store::{Result, StoreError};

/// The tables of an empty store.
pub const SCHEMA: &str = include_str!("schema.sql");

/// What spares counting them.
pub const COUNTS: &str = include_str!("counts.sql");

/// `PRAGMA application_id` of a store: the letters `xmls`.
pub const APPLICATION_ID: u32 = u32::from_be_bytes(*b"xmls");

/// `PRAGMA user_version`: the version of the tables in schema.sql.
pub const SCHEMA_VERSION: u32 = 10;

/// The oldest version that [`mod@super::upgrade`] can upgrade.
const OLDEST_VERSION: u32 = 7;

/// The first bytes of the file, at most as many as SQLite's header has.
pub fn read_header(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut header = Vec::with_capacity(100);
    File::open(path)?.take(100).read_to_end(&mut header)?;
    Ok(header)
}

/// Refuses a file with another header than that of a store of this version, or of one that can be
/// upgraded, with what it is and what to do. Offsets are those of SQLite's file format: user version 60, application id 68.
pub fn check_header(path: &Path, header: &[u8]) -> std::result::Result<(), String> {
    let number = |at: usize| u32::from_be_bytes(std::array::from_fn(|i| header[at + i]));
    if header.is_empty() {
        return Err("the file is empty; delete it and run again, or name another file".into());
    }
    if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
        let start = String::from_utf8_lossy(&header[..header.len().min(16)]);
        return Err(format!(
            "it is not a SQLite file, it starts with {start:?}; name another file"
        ));
    }
    if number(68) != APPLICATION_ID {
        let has = match objects_of_others(path).join(", ") {
            none if none.is_empty() => String::new(),
            all => format!(", with {all}"),
        };
        return Err(format!(
            "it is a SQLite database of another program (application_id {}, not \
             {APPLICATION_ID}{has}); name another file",
            number(68)
        ));
    }
    match number(60) {
        OLDEST_VERSION..=SCHEMA_VERSION => Ok(()),
        version => Err(format!(
            "its tables have version {version} and this program uses version {SCHEMA_VERSION}; \
             use the xmlshred that created it, or load into a new file"
        )),
    }
}

/// The version of a store's own tables.
pub fn version(connection: &Connection) -> Step<u32> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Refuses a store of an earlier version, for all commands except the one that upgrades it.
pub fn check_version(path: &Path, connection: &Connection) -> Result<()> {
    match version(connection)? {
        SCHEMA_VERSION => Ok(()),
        found => Err(not_installed(
            path,
            format!(
                "its tables have version {found} and this program uses version {SCHEMA_VERSION}; run \
                 {} to upgrade it",
                command("install")
            ),
        )),
    }
}

pub fn not_installed(path: &Path, reason: String) -> StoreError {
    StoreError::NotInstalled { location: shown(path), reason }
}

pub fn unreachable_file(path: &Path, fault: &SqliteFault) -> StoreError {
    let reason = match fault {
        SqliteFault::Sqlite(error) if is_damage(error) => return damaged(shown(path), error),
        SqliteFault::Sqlite(error) => match code(error) {
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => describe(error),
            _ => format!("SQLite: {error}; check the permissions of the file's folder"),
        },
        other => format!("{other:?}"),
    };
    StoreError::Unreachable { location: shown(path), reason }
}

pub fn shown(path: &Path) -> String {
    let absolute: PathBuf = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.display().to_string()
}

/// An empty temporary file beside the place of a store.
///
/// # Errors
/// The folder does not exist or is not writable.
pub fn temporary_copy(path: &Path) -> Result<TempPath> {
    let folder = folder_of(path);
    let file = temporary(folder).map_err(|error| unreachable(path, no_file_in(folder, &error)))?;
    Ok(file.into_temp_path())
}

/// The error for a file that cannot be reached.
pub fn unreachable(path: &Path, reason: String) -> StoreError {
    StoreError::Unreachable { location: shown(path), reason }
}

/// Why a file cannot be created in a folder, without the temporary file's name that `error` has.
fn no_file_in(folder: &Path, error: &std::io::Error) -> String {
    let shown = folder.display();
    // Windows says of a folder that is a file that it was not found.
    let other = folder.ancestors().find(|part| part.metadata().is_ok_and(|found| !found.is_dir()));
    if let Some(other) = other {
        return format!("{} is not a folder; name a file in one", other.display());
    }
    match error.kind() {
        ErrorKind::NotFound => {
            format!("the folder {shown} does not exist; create it or name a file in another folder")
        }
        ErrorKind::PermissionDenied => format!(
            "permission denied to create a file in the folder {shown}; check its permissions, or \
             name a file in another folder"
        ),
        ErrorKind::StorageFull => {
            format!("the disk of the folder {shown} is full; free space or name another folder")
        }
        kind => {
            format!("cannot create a file in the folder {shown}: {kind}; name another folder")
        }
    }
}
