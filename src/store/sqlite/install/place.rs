//! Whether the open store is still the one at its path.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::file::shown;
use crate::store::{Result, StoreError};

/// The files of an open store, as they were when it was opened.
///
/// A store that is deleted, or over which another is renamed, stays open: everything could be
/// written to it without an error, and nothing of it would be left. So each operation looks first.
pub struct Place {
    path: PathBuf,
    file: Identity,
    /// The write-ahead log: while a connection is open, nothing of SQLite deletes it.
    log: Option<(PathBuf, Identity)>,
}

impl Place {
    /// Where an open connection has its files; `path` is the name it was opened by.
    pub fn of(path: &Path, connection: &Connection) -> io::Result<Self> {
        let file = identity(&path.metadata()?);
        let log = connection.path().map(|path| PathBuf::from(format!("{path}-wal")));
        let log = log.and_then(|log| Some((identity(&log.metadata().ok()?), log)));
        Ok(Self { path: path.to_owned(), file, log: log.map(|(identity, path)| (path, identity)) })
    }

    /// Looks whether these files still exist.
    ///
    /// # Errors
    /// [`StoreError::Replaced`]
    pub fn check(&self) -> Result<()> {
        let error = |reason: String| StoreError::Replaced { location: shown(&self.path), reason };
        match self.path.metadata() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(error("the file was deleted or moved".to_owned()))
            }
            Err(e) => return Err(error(format!("the file cannot be found any more: {e}"))),
            Ok(found) if identity(&found) != self.file => {
                return Err(error("another file is in its place".to_owned()))
            }
            Ok(_) => {}
        }
        match &self.log {
            Some((log, file))
                if log.metadata().map(|found| identity(&found)).ok() != Some(*file) =>
            {
                Err(error(format!("its write-ahead log {} was deleted or replaced", shown(log))))
            }
            _ => Ok(()),
        }
    }
}

/// Device and inode, which no other file gets while this one is open.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(found: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino())
}

/// When it was created. Windows refuses to delete, rename or replace a file that SQLite has open.
#[cfg(not(unix))]
type Identity = Option<std::time::SystemTime>;

#[cfg(not(unix))]
fn identity(found: &Metadata) -> Identity {
    found.created().ok()
}
