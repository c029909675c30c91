//! Opening: a file that is not a store is recognised, and never written to.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;
use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::{Store, StoreError};

/// A folder and a file in it, which a test fills.
struct Place {
    folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("some.db");
        Self { folder, path }
    }

    /// Names and contents of everything in the folder.
    fn contents(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut contents: Vec<_> = fs::read_dir(self.folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .map(|path| (path.clone(), fs::read(&path).expect("a file")))
            .collect();
        contents.sort();
        contents
    }

    /// The error of opening the file, in both ways; the folder stays as it was.
    fn refused(&self) -> StoreError {
        let before = self.contents();
        let error = refusal(SqliteStore::open(&self.path));
        if self.path.exists() {
            let creating = refusal(SqliteStore::open_or_create(&self.path));
            assert_eq!(creating.to_string(), error.to_string());
        }
        assert_eq!(self.contents(), before);
        error
    }
}

fn refusal(opened: Result<SqliteStore, StoreError>) -> StoreError {
    match opened {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

/// The error names the file and each of the parts.
fn assert_says(error: &StoreError, path: &Path, parts: &[&str]) {
    let text = error.to_string();
    for part in parts.iter().chain(&[path.display().to_string().as_str()]) {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn a_missing_file_is_unreachable_and_says_how_to_create_it() {
    let place = Place::new();
    let error = place.refused();
    assert!(matches!(error, StoreError::Unreachable { .. }));
    assert_says(&error, &place.path, &["the file does not exist", "xmlshred load"]);
}

#[test]
fn a_folder_is_unreachable_and_says_to_name_a_file() {
    let place = Place::new();
    let folder = place.folder.path().to_owned();
    for opened in [SqliteStore::open(&folder), SqliteStore::open_or_create(&folder)] {
        let error = refusal(opened);
        assert!(matches!(error, StoreError::Unreachable { .. }));
        assert_says(&error, &folder, &["folder", "name a file"]);
    }
    assert!(place.contents().is_empty());
}

#[test]
fn an_empty_file_is_not_a_store() {
    let place = Place::new();
    fs::write(&place.path, b"").expect("write");
    let error = place.refused();
    assert!(matches!(error, StoreError::NotInstalled { .. }));
    assert_says(&error, &place.path, &["empty"]);
}

#[test]
fn a_file_of_another_format_is_not_a_store() {
    let place = Place::new();
    fs::write(&place.path, "<?xml version=\"1.0\"?><a/>".repeat(99)).expect("write");
    let error = place.refused();
    assert!(matches!(error, StoreError::NotInstalled { .. }));
    assert_says(&error, &place.path, &["not a SQLite file", "<?xml"]);
}

#[test]
fn a_short_file_is_not_a_store() {
    let place = Place::new();
    fs::write(&place.path, b"SQLite format 3\0").expect("write");
    assert!(matches!(place.refused(), StoreError::NotInstalled { .. }));
}

/// What the database of another program has.
const OF_OTHERS: &str = "with view app_xml, table processing_log, table t";

#[test]
fn a_database_of_another_program_is_not_a_store_and_is_not_changed() {
    for mode in ["DELETE", "WAL"] {
        let place = Place::new();
        let foreign = Connection::open(&place.path).expect("open");
        foreign
            .execute_batch(&format!(
                "PRAGMA journal_mode = {mode}; CREATE TABLE t (a); INSERT INTO t VALUES (1);
                 CREATE TABLE processing_log (log_id); CREATE VIEW app_xml AS SELECT a FROM t;"
            ))
            .expect("fill");
        drop(foreign);
        let error = place.refused();
        assert!(matches!(error, StoreError::NotInstalled { .. }));
        assert_says(&error, &place.path, &["another program", "application_id 0", OF_OTHERS]);
    }
}

#[test]
fn a_store_of_another_version_says_which() {
    let place = Place::new();
    let made = place.path.with_extension("made");
    drop(SqliteStore::open_or_create(&made).expect("create"));
    let store = Connection::open(&made).expect("open");
    store.execute_batch("PRAGMA user_version = 77").expect("age");
    drop(store);
    fs::copy(&made, &place.path).expect("copy");
    let error = place.refused();
    assert!(matches!(error, StoreError::NotInstalled { .. }));
    assert_says(&error, &place.path, &["version 77"]);
}

#[test]
fn a_read_only_file_is_unreachable() {
    let place = Place::new();
    drop(SqliteStore::open_or_create(&place.path).expect("create"));
    let mut permissions = fs::metadata(&place.path).expect("metadata").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&place.path, permissions.clone()).expect("set");
    let error = place.refused();
    assert!(matches!(error, StoreError::Unreachable { .. }));
    assert_says(&error, &place.path, &["read-only"]);
    // Windows does not delete read-only files.
    #[allow(clippy::permissions_set_readonly_false)]
    permissions.set_readonly(false);
    fs::set_permissions(&place.path, permissions).expect("set");
}

#[cfg(unix)]
#[test]
fn a_file_that_nobody_may_read_is_unreachable() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    drop(SqliteStore::open_or_create(&place.path).expect("create"));
    fs::set_permissions(&place.path, fs::Permissions::from_mode(0o000)).expect("set");
    let error = refusal(SqliteStore::open(&place.path));
    assert!(matches!(error, StoreError::Unreachable { .. }));
    assert_says(&error, &place.path, &["no user has permission to read it"]);
}

#[test]
fn a_store_in_a_missing_folder_is_not_created() {
    let place = Place::new();
    let path = place.folder.path().join("no").join("some.db");
    let error = refusal(SqliteStore::open_or_create(&path));
    assert!(matches!(error, StoreError::Unreachable { .. }));
    assert_says(&error, &path, &["no does not exist; create it"]);
    assert!(!error.to_string().contains(".xmlshred-"), "{error}");
    assert!(place.contents().is_empty());
}

#[test]
fn a_store_below_a_file_is_not_created() {
    let place = Place::new();
    fs::write(&place.path, b"").expect("write");
    let error = refusal(SqliteStore::open_or_create(&place.path.join("some.db")));
    assert!(matches!(error, StoreError::Unreachable { .. }));
    assert!(!error.to_string().contains(".xmlshred-"), "{error}");
    assert!(!error.to_string().contains("create it"), "{error}");
}

#[test]
fn a_truncated_store_is_damaged() {
    let place = Place::new();
    drop(SqliteStore::open_or_create(&place.path).expect("create"));
    let file = fs::OpenOptions::new().write(true).open(&place.path).expect("open");
    file.set_len(5000).expect("truncate");
    drop(file);
    let error = match SqliteStore::open(&place.path).and_then(|mut store| store.get_status()) {
        Ok(status) => panic!("{status:?}"),
        Err(error) => error,
    };
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_says(&error, &place.path, &["is damaged", "malformed"]);
}

#[test]
fn a_store_with_only_a_sound_header_is_damaged() {
    let place = Place::new();
    drop(SqliteStore::open_or_create(&place.path).expect("create"));
    let mut bytes = fs::read(&place.path).expect("read");
    bytes[4096..].fill(0xa5);
    fs::write(&place.path, bytes).expect("write");
    let error = match SqliteStore::open(&place.path).and_then(|mut store| store.get_status()) {
        Ok(status) => panic!("{status:?}"),
        Err(error) => error,
    };
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_says(&error, &place.path, &["is damaged"]);
}

#[test]
fn creating_leaves_one_file_that_opens() {
    let place = Place::new();
    drop(SqliteStore::open_or_create(&place.path).expect("create"));
    let names: Vec<_> = place.contents().into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, std::slice::from_ref(&place.path));
    let mut store = SqliteStore::open(&place.path).expect("open");
    let empty =
        xmlshred::store::Status { source: Some(0), not_enqueued: Some(0), ..Default::default() };
    assert_eq!(store.get_status().expect("status"), empty);
}

#[test]
fn opening_or_creating_keeps_an_existing_store() {
    let place = Place::new();
    let mut store = SqliteStore::open_or_create(&place.path).expect("create");
    store.install_contract(&crate::store::harness::contract()).expect("install");
    drop(store);
    let mut store = SqliteStore::open_or_create(&place.path).expect("open");
    assert!(store.get_contract().expect("installed").is_some());
}

#[test]
fn creators_side_by_side_share_one_store() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for id in 1..=4 {
            let path = &place.path;
            scope.spawn(move || {
                let mut store = SqliteStore::open_or_create(path).expect("create");
                let mut loader = store.loader(Default::default()).expect("a loader");
                let document = xmlshred::store::sqlite::NewDocument::Text("<a/>".into());
                loader.add(xmlshred::id::AppId(id), document).expect("add");
                assert_eq!(loader.finish().expect("load"), 1);
            });
        }
    });
    let mut store = SqliteStore::open(&place.path).expect("open");
    assert_eq!(store.get_status().expect("status").source, Some(4));
    drop(store);
    assert_eq!(place.contents().len(), 1, "no temporary file is left");
}
