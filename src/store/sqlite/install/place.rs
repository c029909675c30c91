//! Whether the open store is still the one at its path.

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
        let file = identity(path)?;
        let log = connection.path().map(|path| PathBuf::from(format!("{path}-wal")));
        let log = log.and_then(|log| Some((identity(&log).ok()?, log)));
        Ok(Self { path: path.to_owned(), file, log: log.map(|(identity, path)| (path, identity)) })
    }

    /// Looks whether these files still exist.
    ///
    /// # Errors
    /// [`StoreError::Replaced`]
    pub fn check(&self) -> Result<()> {
        let error = |reason: String| StoreError::Replaced { location: shown(&self.path), reason };
        match identity(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(error("the file was deleted or moved".to_owned()))
            }
            Err(e) => return Err(error(format!("the file cannot be found any more: {e}"))),
            Ok(found) if found != self.file => {
                return Err(error("another file is in its place".to_owned()))
            }
            Ok(_) => {}
        }
        match &self.log {
            Some((log, file)) if identity(log).ok() != Some(*file) => {
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
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    let found = path.metadata()?;
    Ok((found.dev(), found.ino()))
}

/// The number of the volume and that of the file on it. Not the time at which it was created: Wine shows the
/// time of the last write instead.
#[cfg(windows)]
type Identity = (u32, u64);

#[cfg(windows)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::windows::fs::OpenOptionsExt;
    use std::os::windows::io::AsRawHandle;

    use windows_sys::Win32::Storage::FileSystem::{
        GetFileInformationByHandle, BY_HANDLE_FILE_INFORMATION,
    };

    // Neither to read nor to write, so that it bothers nobody who has it open.
    let file = std::fs::OpenOptions::new().access_mode(0).open(path)?;
    let mut found = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open, and the structure lives until the call returns.
    match unsafe { GetFileInformationByHandle(file.as_raw_handle(), &mut found) } {
        0 => Err(io::Error::last_os_error()),
        _ => {
            let index = u64::from(found.nFileIndexHigh) << 32 | u64::from(found.nFileIndexLow);
            Ok((found.dwVolumeSerialNumber, index))
        }
    }
}
