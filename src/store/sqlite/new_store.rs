//! Making a store that nobody ever sees half of.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempPath;

use super::fault::Step;
use super::open::{shown, unreachable_file, APPLICATION_ID, SCHEMA_VERSION};
use super::SqliteStore;
use crate::store::{Result, StoreError};

/// The tables of an empty store.
pub(super) const SCHEMA: &str = include_str!("schema.sql");

/// A store in the making: a file beside its place that no other process knows. Unless it is put
/// in its place it is gone when this is dropped; only a process that is killed leaves the file,
/// `.xmlshred-*.new`.
pub struct NewStore {
    // Closed before the file is removed: fields are dropped in their order.
    store: SqliteStore,
    file: TempPath,
    path: PathBuf,
}

impl NewStore {
    /// Begins a store that is to be at `path`.
    ///
    /// # Errors
    /// The folder is not there, or may not be written.
    pub fn create(path: &Path) -> Result<Self> {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let file = temporary_file(folder)
            .map_err(|error| unreachable(path, no_file_in(folder, &error)))?;
        let connection = write_schema(&file).map_err(|fault| unreachable_file(path, &fault))?;
        Ok(Self { store: SqliteStore { connection }, file, path: path.to_owned() })
    }

    /// The store, to put into it what it is to begin with.
    pub fn store(&mut self) -> &mut SqliteStore {
        &mut self.store
    }

    /// Puts it in its place, whole and on the disk. `false`: another process was there first, and
    /// what it put there stays.
    ///
    /// # Errors
    /// The file cannot be written or moved.
    pub fn put_in_place(self) -> Result<bool> {
        let Self { store, file, path } = self;
        close(store.connection).map_err(|fault| unreachable_file(&path, &fault))?;
        let sync = OpenOptions::new().write(true).open(&file).and_then(|file| file.sync_all());
        sync.map_err(|error| unreachable(&path, error.to_string()))?;
        match file.persist_noclobber(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(unreachable(&path, error.error.to_string())),
        }
    }
}

fn unreachable(path: &Path, reason: String) -> StoreError {
    StoreError::Unreachable { location: shown(path), reason }
}

/// Why no file can be made in a folder, without the temporary file's name that `error` has.
fn no_file_in(folder: &Path, error: &std::io::Error) -> String {
    let shown = folder.display();
    match error.kind() {
        ErrorKind::NotFound => {
            format!("the folder {shown} is not there; create the folder or name a file in another")
        }
        ErrorKind::PermissionDenied => format!(
            "no file may be made in the folder {shown}; see who may write there, or name a file \
             in another"
        ),
        ErrorKind::NotADirectory => format!("{shown} is not a folder; name a file in one"),
        ErrorKind::StorageFull => {
            format!("the disk of the folder {shown} is full; free space, or name another folder")
        }
        kind => format!("no file can be made in the folder {shown}: {kind}; name another folder"),
    }
}

fn temporary_file(folder: &Path) -> std::io::Result<TempPath> {
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

/// Writes an empty store. Nobody knows the file yet, and it is thrown away if anything goes wrong:
/// so it needs no journal, and is made durable once, as a whole, before it gets its name.
fn write_schema(path: &Path) -> Step<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = OFF;
         PRAGMA synchronous = OFF;
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {SCHEMA_VERSION};
         BEGIN;
         {SCHEMA}
         COMMIT;"
    ))?;
    Ok(connection)
}

/// The header must reach the file itself, where opening reads it without SQLite: hence the switch
/// to write-ahead logging only after all else is there.
fn close(connection: Connection) -> Step<()> {
    connection.execute_batch("PRAGMA journal_mode = WAL;")?;
    Ok(connection.close().map_err(|(_, error)| error)?)
}
