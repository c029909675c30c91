//! Creating a store that no other process ever sees half made.

use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::fresh::Fresh;
use super::upgrade::upgrade;
use crate::store::sqlite::SqliteStore;
use crate::store::Result;

/// A store that is being created: a temporary file beside its place that no other process knows.
/// It is deleted when this is dropped, unless it was put in its place; only a process that is
/// killed leaves the file, `.xmlshred-*.new`.
pub struct NewStore {
    // Closed before the file is deleted: fields are dropped in this order.
    store: SqliteStore,
    file: TempPath,
    path: PathBuf,
}

impl NewStore {
    /// Starts a store for `path`.
    ///
    /// # Errors
    /// The folder does not exist or is not writable.
    pub fn create(path: &Path) -> Result<Self> {
        let Fresh { connection, file, path } = Fresh::create(path)?;
        Ok(Self { store: SqliteStore { connection, place: None }, file, path })
    }

    /// The store, to be filled before it is put in its place.
    pub fn store(&mut self) -> &mut SqliteStore {
        &mut self.store
    }

    /// Puts it in its place, complete and synced to the disk. `false`: another process was first,
    /// and its store stays.
    ///
    /// # Errors
    /// The file cannot be written or moved.
    pub fn put_in_place(self) -> Result<bool> {
        let Self { store, file, path } = self;
        Fresh { connection: store.connection, file, path }.put_in_place()
    }
}

impl SqliteStore {
    /// Opens the store; creates it first if the file does not exist, and upgrades it first if an
    /// earlier version of the program created it.
    pub fn open_or_create(path: &Path) -> Result<Self> {
        // Two processes may create at once: the second one opens what the first one created.
        if !path.exists() {
            NewStore::create(path)?.put_in_place()?;
        }
        upgrade(path)?;
        Self::open(path)
    }
}
