//! Processes that open and close the store beside each other.

use std::os::linux::fs::MetadataExt;

use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::Store;

use super::stage::Stage;

/// SQLite's locks belong to the process. Reading the file's header beside SQLite used to release
/// the locks of earlier sessions; another process with an older SQLite that ended then removed the
/// write-ahead log, and later commits were lost.
#[test]
fn opening_another_session_keeps_the_locks_of_earlier_ones() {
    let stage = Stage::with_apps(1);
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let mut store = SqliteStore::open(&stage.store()).expect("open");
        store.get_status().expect("status");
        sessions.push(store);
        assert!(this_process_has_a_lock(&stage), "with {} sessions", sessions.len());
    }
}

fn this_process_has_a_lock(stage: &Stage) -> bool {
    let inode = std::fs::metadata(stage.store()).expect("metadata").st_ino();
    let (pid, file) = (std::process::id().to_string(), format!(":{inode}"));
    let locks = std::fs::read_to_string("/proc/locks").expect("locks");
    locks.lines().any(|lock| {
        let mut fields = lock.split_ascii_whitespace().skip(4);
        fields.next() == Some(&pid) && fields.next().is_some_and(|field| field.ends_with(&file))
    })
}
