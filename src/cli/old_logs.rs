//! Old files in the log folder: a scheduled worker leaves one at every start.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use chrono::NaiveDateTime;
use crossbeam_channel::{bounded, Receiver};
use uuid::Uuid;

/// Closed when the old files have been deleted.
static DELETING: OnceLock<Receiver<()>> = OnceLock::new();

/// Deletes the log files in `dir` that were last written more than `days` days ago, on a thread of
/// its own: the folder may be on a disk that does not answer.
pub(super) fn delete(dir: PathBuf, days: u32) {
    let (running, ended) = bounded(0);
    if DELETING.set(ended).is_err() {
        return;
    }
    std::thread::spawn(move || {
        let _running = running;
        let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        let Some(before) = SystemTime::now().checked_sub(age) else { return };
        // What cannot be deleted now is tried again at the next start.
        for path in old_files(&dir, before) {
            let _ = std::fs::remove_file(path);
        }
    });
}

/// Waits for the end of [`delete`], but not for long.
pub(super) fn finish() {
    if let Some(ended) = DELETING.get() {
        let _ = ended.recv_timeout(Duration::from_secs(1));
    }
}

fn old_files(dir: &Path, before: SystemTime) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(move |entry| {
        let is_log = entry.file_name().to_str().is_some_and(is_log_file);
        // Of a link, this is the link's own.
        let metadata = entry.metadata().ok().filter(|metadata| is_log && metadata.is_file())?;
        (metadata.modified().ok()? < before).then(|| entry.path())
    })
}

/// `xmlshred_20261127T224000Z_….log`: no other file is touched.
fn is_log_file(name: &str) -> bool {
    let parts = name.strip_prefix("xmlshred_").and_then(|rest| rest.strip_suffix(".log"));
    parts.and_then(|parts| parts.split_once('_')).is_some_and(|(started, session)| {
        NaiveDateTime::parse_from_str(started, "%Y%m%dT%H%M%SZ").is_ok()
            && Uuid::parse_str(session).is_ok()
    })
}
