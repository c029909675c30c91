//! In which order the threads of this process write to a store.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

/// Those who wait to write to one file.
#[derive(Default)]
struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of who comes next.
    next: u64,
    /// The number of who may write.
    now: u64,
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn to write: others of this process, who came later, wait until it is dropped.
///
/// SQLite's lock alone is not enough: who finds it taken sleeps and looks again, and who commits and begins again at
/// once, as the thread that completes does, takes it nearly always before the others look. Between processes there is
/// only that lock.
pub(super) struct Turn(Arc<Line>);

impl Turn {
    /// Waits for the turn to write to the file of a connection. `None` for a store in memory, which has one connection.
    pub fn take(connection: &Connection) -> Option<Self> {
        /// By the path that SQLite knows.
        static LINES: Mutex<BTreeMap<String, Arc<Line>>> = Mutex::new(BTreeMap::new());
        let path = connection.path().filter(|path| !path.is_empty())?;
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match lines.get(path) {
            Some(line) => line.clone(),
            None => lines.entry(path.to_owned()).or_default().clone(),
        };
        drop(lines);
        let mut state = line.state();
        let number = state.next;
        state.next += 1;
        while state.now != number {
            state = line.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        Some(Self(line))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.state().now += 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn turn(folder: &tempfile::TempDir, name: &str) -> Turn {
        let connection = Connection::open(folder.path().join(name)).expect("a file");
        Turn::take(&connection).expect("it has a file")
    }

    #[test]
    fn who_waits_comes_before_who_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let came = Mutex::new(Vec::new());
        let first = turn(&folder, "store.db");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _turn = turn(&folder, "store.db");
                came.lock().expect("a list").push("waited");
            });
            while first.0.state().next < 2 {
                std::thread::yield_now();
            }
            drop(first);
            let _turn = turn(&folder, "store.db");
            came.lock().expect("a list").push("came back");
        });
        assert_eq!(came.into_inner().expect("a list"), ["waited", "came back"]);
    }

    #[test]
    fn one_writes_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let writing = AtomicU32::new(0);
        let write = || {
            for _ in 0..100 {
                let _turn = turn(&folder, "store.db");
                assert_eq!(writing.fetch_add(1, Ordering::SeqCst), 0, "another one writes");
                std::thread::yield_now();
                writing.fetch_sub(1, Ordering::SeqCst);
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(write))));
    }

    #[test]
    fn another_file_has_its_own_turn() {
        let folder = tempfile::tempdir().expect("a folder");
        let _one = turn(&folder, "one.db");
        turn(&folder, "other.db");
        assert!(Turn::take(&Connection::open_in_memory().expect("open")).is_none());
    }
}
