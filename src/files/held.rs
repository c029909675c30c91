//! Files that another program holds for a moment.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::{NamedTempFile, TempPath};

use super::reachable;

/// How long to wait for a program that looks at a new file.
const HELD_AT_MOST: Duration = Duration::from_secs(3);

/// Gives a file its name, in place of what has it.
///
/// # Errors
/// The file cannot be moved.
pub fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    check_writable(path)?;
    let mut waiting = Some(file);
    let moved = patiently(is_held, || {
        let file = waiting.take().expect("a file that was not moved comes back");
        file.persist(reachable(path)).map(drop).map_err(|refused| {
            waiting = Some(refused.file);
            refused.error
        })
    });
    discard(waiting.map(NamedTempFile::into_temp_path));
    moved
}

/// Gives a file its name, unless something has it.
///
/// # Errors
/// The file cannot be moved.
pub fn persist_new(file: TempPath, path: &Path) -> io::Result<()> {
    let mut waiting = Some(file);
    let moved = patiently(is_held, || {
        let file = waiting.take().expect("a file that was not moved comes back");
        file.persist_noclobber(reachable(path)).map_err(|refused| {
            waiting = Some(refused.path);
            refused.error
        })
    });
    discard(waiting);
    moved
}

/// Writes what the system still holds of a file to the disk.
///
/// # Errors
/// The file cannot be opened or written.
pub fn sync(path: &Path) -> io::Result<()> {
    let file = patiently(is_held, || OpenOptions::new().write(true).open(path))?;
    file.sync_all()
}

/// Deletes a file, if there is one.
///
/// # Errors
/// The file cannot be deleted.
pub fn remove(path: &Path) -> io::Result<()> {
    match patiently(is_held, || fs::remove_file(path)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Refuses a file that could not be replaced, before anything else is: on Windows, one that is read-only or that
/// another program does not share.
///
/// # Errors
/// What is in the way.
pub fn check_replaceable(path: &Path) -> io::Result<()> {
    check_writable(path)?;
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;

        const DELETE: u32 = 0x1_0000;
        let open = || OpenOptions::new().access_mode(DELETE).open(path).map(drop);
        match patiently(is_held, open) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Windows says of a file that is read-only what it says of one that a scanner holds, which is waited for.
fn check_writable(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if cfg!(windows) && found.is_file() && found.permissions().readonly() => {
            Err(io::Error::new(ErrorKind::PermissionDenied, "the file is read-only"))
        }
        _ => Ok(()),
    }
}

/// Deletes what was not moved: who held it may hold it still.
fn discard(file: Option<TempPath>) {
    if let Some(Ok(path)) = file.map(TempPath::keep) {
        remove(&path).ok();
    }
}

/// Repeats a step while it is refused because another program holds a file.
fn patiently<T>(
    is_held: impl Fn(&io::Error) -> bool,
    mut step: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let began = Instant::now();
    loop {
        match step() {
            Err(error) if is_held(&error) && began.elapsed() < HELD_AT_MOST => {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

/// On Windows a scanner that looks at a new file, or an indexer, refuses others to move it:
/// ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION. Elsewhere nobody can.
fn is_held(error: &io::Error) -> bool {
    cfg!(windows) && matches!(error.raw_os_error(), Some(5 | 32 | 33))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_for_a_moment_is_tried_again_and_nothing_else_is() {
        let mut tries = 0;
        let held = |error: &io::Error| error.raw_os_error() == Some(32);
        let moved = patiently(held, || {
            tries += 1;
            if tries < 3 {
                Err(io::Error::from_raw_os_error(32))
            } else {
                Ok(tries)
            }
        });
        assert_eq!(moved.unwrap(), 3);
        let mut tries = 0;
        let refused = patiently(held, || -> io::Result<()> {
            tries += 1;
            Err(io::Error::from_raw_os_error(2))
        });
        assert!(refused.is_err());
        assert_eq!(tries, 1);
    }

    /// As a scanner does: it does not share the file, and closes it soon.
    #[cfg(windows)]
    #[test]
    fn a_file_that_a_scanner_holds_gets_its_name() {
        use std::os::windows::fs::OpenOptionsExt;

        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("place");
        let file = crate::files::temporary(folder.path()).unwrap().into_temp_path();
        let scanner = std::fs::OpenOptions::new().read(true).share_mode(3).open(&file).unwrap();
        let (started, begin) = std::sync::mpsc::channel();
        let scanning = std::thread::spawn(move || {
            begin.recv().unwrap();
            drop(scanner);
        });
        let mut waiting = Some(file);
        patiently(is_held, || {
            let result = waiting.take().unwrap().persist_noclobber(&place).map_err(|refused| {
                waiting = Some(refused.path);
                refused.error
            });
            started.send(()).ok();
            result
        })
        .unwrap();
        scanning.join().unwrap();
        assert!(place.exists());
    }

    /// As a spreadsheet does, which holds a file until it is closed.
    #[cfg(windows)]
    #[test]
    fn what_cannot_be_replaced_is_known_before() {
        use std::os::windows::fs::OpenOptionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        check_replaceable(&path).unwrap();
        fs::write(&path, "old").unwrap();
        check_replaceable(&path).unwrap();
        let sheet = OpenOptions::new().read(true).share_mode(1).open(&path).unwrap();
        assert_eq!(check_replaceable(&path).unwrap_err().raw_os_error(), Some(32));
        drop(sheet);
        let writable = fs::metadata(&path).unwrap().permissions();
        let mut permissions = writable.clone();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        let refused = crate::files::write(&path, b"new").unwrap_err();
        assert_eq!(refused.to_string(), "the file is read-only");
        fs::set_permissions(&path, writable).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
