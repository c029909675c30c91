//! The file of a store that no other process ever sees half made.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempPath;

use super::file::{temporary_copy, unreachable, unreachable_file, APPLICATION_ID};
use super::open::{add_sha256, create_all};
use crate::files::{persist_new, sync};
use crate::store::sqlite::fault::Step;
use crate::store::Result;

/// An empty store in a temporary file beside its place.
pub struct Fresh {
    // Closed before the file is deleted: fields are dropped in this order.
    pub connection: Connection,
    pub file: TempPath,
    pub path: PathBuf,
}

impl Fresh {
    /// Starts a store for `path`.
    ///
    /// # Errors
    /// The folder does not exist or is not writable.
    pub fn create(path: &Path) -> Result<Self> {
        let file = temporary_copy(path)?;
        let connection = write_schema(&file).map_err(|fault| unreachable_file(path, &fault))?;
        Ok(Self { connection, file, path: path.to_owned() })
    }

    /// Puts it in its place, complete and synced to the disk. `false`: another process was first,
    /// and its store stays.
    ///
    /// # Errors
    /// The file cannot be written or moved.
    pub fn put_in_place(self) -> Result<bool> {
        let Self { connection, file, path } = self;
        close(connection).map_err(|fault| unreachable_file(&path, &fault))?;
        sync(&file).map_err(|error| unreachable(&path, error.to_string()))?;
        match persist_new(file, &path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(unreachable(&path, error.to_string())),
        }
    }
}

/// Writes an empty store. No other process knows the file yet, and it is deleted if anything fails:
/// so it needs no journal, and is synced once, as a whole, before it gets its name.
fn write_schema(path: &Path) -> Step<Connection> {
    let connection = Connection::open(path)?;
    add_sha256(&connection)?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = OFF;
         PRAGMA synchronous = OFF;
         PRAGMA application_id = {APPLICATION_ID};
         BEGIN;"
    ))?;
    create_all(&connection)?;
    connection.execute_batch("COMMIT;")?;
    Ok(connection)
}

/// The header must reach the file itself, because opening reads it without SQLite: so write-ahead
/// logging starts only after everything else is written.
fn close(connection: Connection) -> Step<()> {
    connection.execute_batch("PRAGMA journal_mode = WAL;")?;
    Ok(connection.close().map_err(|(_, error)| error)?)
}
