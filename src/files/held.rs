//! Files that another program holds for a moment.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::{NamedTempFile, TempPath};

/// How long to wait for a program that looks at a new file.
const HELD_AT_MOST: Duration = Duration::from_secs(3);

/// Gives a file its name, in place of what has it.
///
/// # Errors
/// The file cannot be moved.
pub fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    let mut waiting = Some(file);
    patiently(is_held, || {
        let file = waiting.take().expect("a file that was not moved comes back");
        file.persist(path).map(drop).map_err(|refused| {
            waiting = Some(refused.file);
            refused.error
        })
    })
}

/// Gives a file its name, unless something has it.
///
/// # Errors
/// The file cannot be moved.
pub fn persist_new(file: TempPath, path: &Path) -> io::Result<()> {
    let mut waiting = Some(file);
    patiently(is_held, || {
        let file = waiting.take().expect("a file that was not moved comes back");
        file.persist_noclobber(path).map_err(|refused| {
            waiting = Some(refused.path);
            refused.error
        })
    })
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
}
